import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBytes, type ByteSource } from '../../../src/formats/source.js';
import { openAudio } from '../../../src/media/audio/index.js';

const folder = join(process.cwd(), 'test/fixtures/media/audio');

/** A file that answers in a later turn, as one on disk does. */
function slow(source: ByteSource): ByteSource {
  return {
    name: source.name,
    size: source.size,
    async read(offset, length) {
      await new Promise((resolve) => setImmediate(resolve));
      return source.read(offset, length);
    },
    close: () => source.close(),
  };
}

describe('Parts of a recording that are asked for at once', () => {
  const whole = new Set(['pcm-16-2.wav', 'flac-16.flac', 'flac-stereo.flac', 'flac-streamed.flac', 'opus-2.opus']);
  const names = readdirSync(folder).filter((name) => whole.has(name));
  assert.equal(names.length, whole.size);

  for (const name of names) {
    it(`are those that are read one after the other: ${name}`, async () => {
      const source = fromBytes(name, new Uint8Array(readFileSync(join(folder, name))));
      const recording = await openAudio(slow(source), name);
      const { length } = recording;
      const parts = Array.from({ length: 9 }, (_, at) => ({
        start: Math.floor((((at * 5) % 9) * length) / 9),
        end: Math.min(length, Math.floor(((((at * 5) % 9) + 1.5) * length) / 9)),
      }));
      const atOnce = await Promise.all(parts.map((part) => recording.read(part)));
      for (const [at, part] of parts.entries()) assert.deepEqual(atOnce[at], await recording.read(part));
      await assert.rejects(recording.read({ start: 0, end: length + 1 }), { name: 'AudioError' });
      assert.equal((await recording.read({ start: 0, end: 1 }))[0]?.length, 1);
    });
  }
});
