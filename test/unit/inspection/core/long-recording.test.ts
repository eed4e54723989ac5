import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BroughtRecording } from '../../../../src/inspection/core/recording.js';
import { platform } from '../../../support/platform.js';

const rate = 1000;
const seconds = 36_000;

/** Ten hours of one byte a sample, all of them 0, which is −1, but for a second, ten seconds behind half of it. */
function tenHours(path: string): void {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + rate * seconds, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate, 28);
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34);
  header.write('data', 36);
  header.writeUInt32LE(rate * seconds, 40);
  const file = openSync(path, 'w');
  writeSync(file, header, 0, 44, 0);
  writeSync(file, Buffer.alloc(rate, 192), 0, rate, 44 + (rate * seconds) / 2 + 10 * rate);
  ftruncateSync(file, 44 + rate * seconds);
  closeSync(file);
}

describe('A recording of ten hours', () => {
  let folder: string;
  let recording: BroughtRecording;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'recording-'));
    const path = join(folder, 'long.wav');
    tenHours(path);
    recording = await BroughtRecording.open(platform, { kind: 'path', path });
  });
  after(async () => {
    await recording.close();
    rmSync(folder, { recursive: true });
  });

  it('is opened, heard and drawn in part without being read', async () => {
    assert.equal(recording.duration, seconds);
    const heard = await recording.hear(16_000, { start: 35_999.5, end: seconds });
    assert.deepEqual([heard.samples.length, heard.start, heard.end], [8000, 35_999.5, seconds]);
    const { maximum } = await recording.waveform({ start: 18_009, end: 18_012 }, 3, {});
    assert.deepEqual([...maximum], [-1, 0.5, -1]);
  });

  it('is drawn whole, read once and in parts, whatever is asked for of it', async () => {
    const told: number[] = [];
    const task = {
      progress: (_message: string, fraction: number | null) => {
        if (fraction !== null) told.push(fraction);
      },
    };
    const before = process.memoryUsage().arrayBuffers;
    const all = await recording.waveform({ start: 0, end: seconds }, 36, task);
    const loud = [...all.maximum].flatMap((value, column) => (value > 0 ? [column] : []));
    assert.deepEqual(loud, [18]);
    assert.deepEqual([...new Set(all.minimum)], [-1]);
    assert.ok(told.length > 30, `${told.length} parts`);
    const held = process.memoryUsage().arrayBuffers - before;
    assert.ok(held < 64 * 2 ** 20, `${held} bytes are held`);
    const hour = await recording.waveform({ start: 18_000, end: 21_600 }, 60, task);
    assert.deepEqual([...hour.maximum].flatMap((value, column) => (value > 0 ? [column] : [])), [0]);
    const parts = told.length;
    await recording.waveform({ start: 0, end: seconds }, 500, task);
    assert.equal(told.length, parts);
  }).timeout(60_000);
});
