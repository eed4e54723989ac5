import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBytes } from '../../../src/formats/source.js';
import {
  decodeAudio,
  listen,
  openAudio,
  resample,
  resampledLength,
  type DecodedAudio,
} from '../../../src/media/audio/index.js';
import { crc32 } from '../../../src/platform/crc32.js';
import { plainFlac } from '../../support/media/flac.js';
import { readJson } from '../../support/models/expected.js';

const folder = join(process.cwd(), 'test/fixtures/media');
const files = join(folder, 'audio');

interface Expected {
  readonly rate: number;
  readonly channels: number;
  readonly length: number;
  readonly crc32?: number;
  readonly samples?: string;
}

const expected = readJson<Record<string, Expected>>(readFileSync(join(folder, 'audio.json'), 'utf8'));

const read = (name: string) => new Uint8Array(readFileSync(join(files, name)));

/** Numbers as they were kept: float32, base64. */
function floats(text: string): Float32Array {
  const bytes = new Uint8Array(Buffer.from(text, 'base64'));
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

/** In turns. // (sample, channel) */
function interleaved(channels: readonly Float32Array[]): Float32Array {
  const count = channels[0]?.length ?? 0;
  return Float32Array.from(
    { length: count * channels.length },
    (_, at) => channels[at % channels.length]?.[Math.floor(at / channels.length)] ?? NaN,
  );
}

function bytesOf(numbers: Float32Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

function distance(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((most, value, at) => Math.max(most, Math.abs(value - (b[at] ?? NaN))), 0);
}

async function sentence(bytes: Uint8Array): Promise<string> {
  try {
    await decodeAudio(bytes, 'it.wav');
  } catch (error) {
    assert.ok(error instanceof Error && error.name === 'AudioError', String(error));
    assert.ok(error.message.startsWith('it.wav ') && !error.message.includes('\n'), error.message);
    return error.message;
  }
  return assert.fail('it was read');
}

describe('decoding recordings', () => {
  for (const name of readdirSync(files)) {
    it(`reads ${name} as its own program does`, async () => {
      const want = expected[name] ?? assert.fail('the fixture does not name it');
      const { rate, channels, samples, duration } = await decodeAudio(read(name), name);
      assert.deepEqual([rate, channels, samples.length], [want.rate, want.channels, want.channels]);
      assert.deepEqual(samples.map(({ length }) => length), samples.map(() => want.length));
      assert.equal(duration, want.length / want.rate);
      const all = interleaved(samples);
      if (want.samples === undefined) assert.equal(crc32(bytesOf(all), 0), want.crc32);
      // Decoders of Opus need not agree to the bit (RFC 6716, §6); these two are built with other instructions.
      else assert.ok(distance(all, floats(want.samples)) < 1e-4, `differs by ${distance(all, floats(want.samples))}`);
    });

    it(`reads any part of ${name} as it is in the whole`, async () => {
      const whole = await decodeAudio(read(name), name);
      const length = whole.samples[0]?.length ?? 0;
      const recording = await openAudio(fromBytes(name, read(name)), name);
      // Backwards, so that reading has to go back as well.
      for (const start of [Math.floor(length / 2), Math.floor(length / 3), 0]) {
        const end = Math.min(length, start + 37);
        const part = await recording.read({ start, end });
        part.forEach((samples, channel) => {
          const own = whole.samples[channel]?.subarray(start, end) ?? new Float32Array(0);
          assert.ok(distance(samples, own) < (name.endsWith('opus') ? 1e-4 : 1e-30), `from ${start}`);
        });
      }
    });
  }

  it('seeks in a long FLAC file, reading little of it', async () => {
    // What looks like the beginning of a frame stands in it, too.
    const samples = Int16Array.from({ length: 2_000_000 }, (_, at) => (at % 50 === 0 ? -8 : (at * 7919) % 30011));
    const bytes = plainFlac(samples);
    const whole = fromBytes('long.flac', bytes);
    let count = 0;
    const source = {
      ...whole,
      read(offset: number, length: number) {
        count += length;
        return whole.read(offset, length);
      },
    };
    const recording = await openAudio(source, 'long.flac');
    assert.equal(recording.length, samples.length);
    for (const start of [1_500_123, 700_001, 1_999_000]) {
      const [part] = await recording.read({ start, end: start + 500 });
      assert.deepEqual(part, Float32Array.from(samples.subarray(start, start + 500), (value) => value / 32768));
    }
    assert.ok(count < bytes.length, `${count} of ${bytes.length} bytes`);
  });

  it('says what was taken for what', async () => {
    const notes = async (name: string) => (await decodeAudio(read(name), name)).notes.join(' ');
    assert.match(await notes('size-unknown.wav'), /claims 4294967295 bytes|does not say how long/);
    assert.match(await notes('size-too-large.wav'), /claims 1048576 bytes of samples and has 202/);
    assert.match(await notes('part-of-a-sample.wav'), /not whole/);
    assert.match(await notes('flac-streamed.flac'), /does not say how long/);
    assert.equal(await notes('pcm-16-1.wav'), '');
  });

  it('refuses what it does not read by a sentence that names it', async () => {
    const text = (letters: string) => Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
    assert.match(await sentence(new Uint8Array(0)), /is empty/);
    assert.match(await sentence(text('Dear all, this is no sound.')), /not a recording/);
    assert.match(await sentence(text('ID3\x04\0\0\0\0\0\x02..\xff\xfb\x90\x64')), /is MP3/);
    assert.match(await sentence(text('\xff\xfb\x90\x64\0\0\0\0')), /is MP3/);
    assert.match(await sentence(text('\0\0\0\x20ftypM4A isom')), /is MPEG-4/);
    assert.match(await sentence(text('RIFF\x24\0\0\0WAVEfmt ')), /neither|too early/);
  });

  it('names what an Ogg file holds that is not read', async () => {
    const page = (packet: string): Uint8Array => {
      const bytes = Buffer.alloc(28 + packet.length);
      bytes.write('OggS\0\x02', 'latin1');
      [bytes[26], bytes[27]] = [1, packet.length];
      bytes.write(packet, 28, 'latin1');
      // Of polynomial 0x04c11db7, from the highest bit.
      let sum = 0;
      for (const byte of bytes) {
        sum ^= byte << 24;
        for (let bit = 0; bit < 8; bit++) sum = sum < 0 ? (sum << 1) ^ 0x04c11db7 : sum << 1;
      }
      bytes.writeInt32LE(sum | 0, 22);
      return new Uint8Array(bytes);
    };
    assert.match(await sentence(page('\x01vorbis\0\0\0\0\x01\x80\x3e\0\0')), /Vorbis.* Convert it first/);
    assert.match(await sentence(page('\x7fFLAC\x01\0')), /FLAC in Ogg/);
    assert.match(await sentence(page('Speex   1.2')), /Speex/);
  });

  const wav = (coding: number, channels: number, rate: number, bits: number, data: number) => {
    const bytes = new Uint8Array(44 + data);
    const view = new DataView(bytes.buffer);
    const block = (channels * bits) / 8;
    bytes.set(Buffer.from('RIFF\0\0\0\0WAVEfmt \x10\0\0\0', 'latin1'));
    [coding, channels].forEach((value, at) => view.setUint16(20 + 2 * at, value, true));
    view.setUint32(24, rate, true);
    view.setUint16(32, block, true);
    view.setUint16(34, bits, true);
    bytes.set(Buffer.from('data'), 36);
    view.setUint32(40, data, true);
    return bytes;
  };

  it('refuses claims that make no sense', async () => {
    assert.match(await sentence(wav(1, 1, 16000, 16, 0)), /holds no samples/);
    assert.match(await sentence(wav(1, 1, 0, 16, 8)), /claims 0 samples a second/);
    assert.match(await sentence(wav(1, 1, 4_000_000_000, 16, 8)), /claims 4000000000/);
    assert.match(await sentence(wav(1, 0, 16000, 16, 8)), /claims 0 channels/);
    assert.match(await sentence(wav(1, 65535, 16000, 16, 8)), /claims 65535 channels/);
    assert.match(await sentence(wav(0x11, 1, 16000, 4, 8)), /IMA ADPCM/);
    assert.match(await sentence(wav(99, 1, 16000, 16, 8)), /coding 99/);
    const broken = wav(3, 1, 16000, 32, 8);
    new DataView(broken.buffer).setFloat32(44, NaN, true);
    assert.match(await sentence(broken), /no numbers/);
  });

  it('takes an empty recording with tags behind it for no sound', async () => {
    const bytes = new Uint8Array(44 + 12);
    bytes.set(wav(1, 1, 16000, 16, 0));
    bytes.set(Buffer.from('LIST\x04\0\0\0INFO', 'latin1'), 44);
    assert.match(await sentence(bytes), /holds no samples/);
  });

  it('reads a part of ten hours without holding the rest', async () => {
    const size = 44 + 2 * 10 * 3600 * 48000;
    const head = wav(1, 1, 48000, 16, 0);
    new DataView(head.buffer).setUint32(40, size - 44, true);
    let most = 0;
    const source = {
      name: 'long.wav',
      size,
      read: (offset: number, length: number) => {
        most = Math.max(most, length);
        const bytes = new Uint8Array(length);
        if (offset < 44) bytes.set(head.subarray(offset, Math.min(44, offset + length)));
        return Promise.resolve(bytes);
      },
      close: () => Promise.resolve(),
    };
    const recording = await openAudio(source, 'long.wav');
    assert.equal(recording.length / recording.rate, 36000);
    const { samples, start, end } = await listen(recording, 16000, 'long.wav', { start: 35990, end: 36020 });
    assert.deepEqual([samples.length, start, end], [160000, 35990, 36000]);
    assert.ok(most < 2 ** 22, `${most} bytes at a time`);
    await assert.rejects(recording.read({ start: 0, end: recording.length }), /36000 seconds long; at most/);
  });

  it('refuses every file that is cut off, or says that it reads what is there', async () => {
    for (const name of readdirSync(files)) {
      const whole = read(name);
      for (const share of [0.02, 0.1, 0.3, 0.6, 0.9]) {
        const cut = whole.subarray(0, Math.floor(whole.length * share));
        let found: DecodedAudio;
        try {
          found = await decodeAudio(cut, name);
        } catch (error) {
          assert.ok(error instanceof Error && error.name === 'AudioError', `${name}: ${String(error)}`);
          continue;
        }
        // Behind the samples may stand what nobody needs.
        const all = found.samples[0]?.length === expected[name]?.length;
        assert.ok(all || (name.endsWith('wav') && found.notes.length > 0), `${name} at ${share}`);
      }
    }
  });

  it('says one sentence about damage wherever it is, and never reads other samples of FLAC or Opus', async () => {
    let state = 1;
    const next = (below: number) => {
      state = (state * 1103515245 + 12345) % 2 ** 31;
      return Math.floor((state / 2 ** 31) * below);
    };
    for (const name of readdirSync(files)) {
      for (let round = 0; round < 6; round++) {
        const bytes = read(name);
        for (let hit = 0; hit < 3; hit++) bytes[next(bytes.length)] = next(256);
        try {
          const { samples } = await decodeAudio(bytes, name);
          const want = expected[name];
          if (!name.startsWith('flac-') || want?.crc32 === undefined || name.includes('streamed')) continue;
          assert.equal(crc32(bytesOf(interleaved(samples)), 0), want.crc32, name);
        } catch (error) {
          assert.ok(error instanceof Error && error.name === 'AudioError', `${name}: ${String(error)}`);
        }
      }
    }
  });
});

describe('resampling', () => {
  interface Case {
    readonly rate: number;
    readonly samples: string;
    readonly resampled: string;
  }
  const cases = readJson<readonly Case[]>(readFileSync(join(folder, 'resampled-audio.json'), 'utf8'));

  for (const each of cases) {
    it(`brings ${each.rate} samples a second to 16,000 as soxr does at its best`, () => {
      const [samples, want] = [floats(each.samples), floats(each.resampled)];
      const length = resampledLength(samples.length, each.rate, 16000);
      assert.ok(Math.abs(length - want.length) <= 1, `${length} and ${want.length}`);
      const own = resample({ samples, start: 0 }, each.rate, 16000, { start: 0, end: length });
      const count = Math.min(length, want.length);
      let [signal, noise] = [0, 0];
      for (let at = 0; at < count; at++) {
        signal += (want[at] ?? NaN) ** 2;
        noise += ((want[at] ?? NaN) - (own[at] ?? NaN)) ** 2;
      }
      const decibels = 10 * Math.log10(signal / noise);
      assert.ok(decibels > 72, `${decibels.toFixed(1)} dB`);
    });
  }

  it('leaves samples at the rate that is wanted bit for bit', () => {
    const samples = floats(cases[0]?.samples ?? '');
    const own = resample({ samples, start: 0 }, 16000, 16000, { start: 0, end: samples.length });
    assert.deepEqual(bytesOf(own), bytesOf(samples));
  });

  it('makes the same samples of a part as of the whole, at common rates and at odd ones', async () => {
    for (const rate of [44100, 44101]) {
      const samples = Float32Array.from({ length: 9000 }, (_, at) => Math.sin(at / 7) + Math.sin(at / 3.3));
      const recording = {
        format: 'made',
        rate,
        channels: 2,
        length: samples.length,
        notes: [],
        read: ({ start, end }: { start: number; end: number }) =>
          Promise.resolve([samples.slice(start, end), new Float32Array(end - start)]),
      };
      const whole = await listen(recording, 16000, 'made');
      const part = await listen(recording, 16000, 'made', { start: 0.1, end: 0.15 });
      assert.deepEqual(part.samples, whole.samples.slice(1600, 2400));
      assert.match(whole.notes.join(' '), /mean of 2 channels.*to 16000 samples a second: windowed sinc/);
    }
  });
});
