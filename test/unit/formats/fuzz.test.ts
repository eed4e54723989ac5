import assert from 'node:assert/strict';
import { sizeOf } from '../../../src/engine/tensor.js';
import { formats } from '../../../src/formats/index.js';
import type { Contents, Format } from '../../../src/formats/format.js';
import { FormatError, fromBytes, type ByteSource } from '../../../src/formats/source.js';
import { platform } from '../../support/platform.js';
import { expected, fixtureBytes, readAll } from '../../support/formats/fixtures.js';

/** Deflate cannot do better, so nothing read from a file may be larger than this many times the file. */
const MAX_RATIO = 1032;

/** Readers may ask for a header of fixed length before they know that the file is shorter. */
const MOST_HEADER_BYTES = 64;

const FLIPS = 300;

/** Marsaglia's xorshift: the same bytes on every run. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/**
 * A source that fails the test when far more is asked for than there is, and whose bytes are always a part of a
 * larger buffer, as those of a Node Buffer are.
 */
function bounded(name: string, bytes: Uint8Array): ByteSource {
  const source = fromBytes(name, bytes);
  return {
    ...source,
    async read(offset, length) {
      assert.ok(length <= bytes.length + MOST_HEADER_BYTES, `${length} bytes asked of ${bytes.length}`);
      const larger = new Uint8Array(length + 5).fill(0xa5);
      larger.set(await source.read(offset, length), 3);
      return larger.subarray(3, 3 + length);
    },
  };
}

function formatOf(file: string): Format {
  const format = formats.find(({ extensions }) => extensions.some((extension) => file.endsWith(extension)));
  assert.ok(format);
  return format;
}

/** What a file turned out to be: its contents with all numbers, or the sentence it was refused with. */
type Outcome =
  { readonly contents: Contents; readonly numbers: readonly Float32Array[] } | { readonly refusal: string };

async function outcomeOf(format: Format, file: string, bytes: Uint8Array): Promise<Outcome> {
  try {
    const contents = await format.open(platform, bounded(file, bytes));
    const numbers: Float32Array[] = [];
    for (const tensor of contents.tensors) {
      assert.ok(
        sizeOf(tensor.shape) <= bytes.length * MAX_RATIO,
        `${tensor.shape.join(' × ')} of ${bytes.length} bytes`,
      );
      numbers.push(await readAll(tensor));
    }
    return { contents, numbers };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { refusal: error.message };
  }
}

function checkRefusal(refusal: string, file: string): void {
  assert.ok(refusal.startsWith(file), refusal);
  assert.ok(refusal.length < 500, refusal);
  assert.doesNotMatch(refusal, /[\n\r]/);
}

/** A binary format says how long it is; of text, a shorter one may be sound. */
const isText = (format: Format) => format.recognises === undefined;

/** Without what comes behind its first array, a file of several is whole. */
const isSeveral = (file: string) => expected[file]?.notices?.includes('more than one array') === true;

/** Of the many tables of one format a few of each kind are enough. */
const isTried = (file: string) =>
  !file.startsWith('tables/') ||
  /\/(?:odd_corner_word|pandas_odd|remarks|utf-16|german|r)\.[ct]sv$/.test(file);

describe('damaged files', function () {
  this.timeout(20_000);

  for (const file of Object.keys(expected).filter(isTried)) {
    const format = formatOf(file);

    it(`${file}, cut short anywhere, is refused by name or read as the whole rows it still holds`, async () => {
      const bytes = fixtureBytes(file);
      // Containers that other files are cut in everywhere already: the larger of their variants here and there.
      const step = file.startsWith('variants/') ? Math.ceil(bytes.length / 1024) : 1;
      for (let length = 0; length < bytes.length; length += step) {
        const outcome = await outcomeOf(format, file, bytes.subarray(0, length));
        if ('refusal' in outcome) checkRefusal(outcome.refusal, file);
        else
          assert.ok(
            isText(format) || isSeveral(file),
            `the first ${length} of ${bytes.length} bytes were taken for all of it`,
          );
      }
    });

    it(`${file}, with a byte changed, is refused by name or read in the shape it claims`, async () => {
      const original = fixtureBytes(file);
      const random = randomFrom(0x9e3779b9 ^ original.length);
      for (let flip = 0; flip < FLIPS; flip++) {
        const bytes = original.slice();
        // Headers, where a byte means most, are at the ends of a file.
        const near = Math.min(bytes.length, 256);
        const at = [random(near), bytes.length - 1 - random(near), random(bytes.length)][flip % 3] ?? 0;
        bytes[at] = flip % 2 === 0 ? (bytes[at] ?? 0) ^ (1 << random(8)) : random(256);
        const outcome = await outcomeOf(format, file, bytes);
        if ('refusal' in outcome) checkRefusal(outcome.refusal, file);
        else {
          outcome.contents.tensors.forEach((tensor, i) => {
            assert.equal(outcome.numbers[i]?.length, sizeOf(tensor.shape));
            assert.ok(tensor.shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0));
          });
        }
      }
    });
  }

  it('of plain numbers differ from the sound one only where a byte was changed', async () => {
    const bytes = fixtureBytes('version_1.npy');
    const format = formatOf('version_1.npy');
    const sound = await outcomeOf(format, 'version_1.npy', bytes);
    assert.ok('numbers' in sound);
    for (let number = 0; number < 24; number++) {
      const changed = bytes.slice();
      const at = bytes.length - 96 + number * 4 + 3;
      changed[at] = (changed[at] ?? 0) ^ 0x80;
      const outcome = await outcomeOf(format, 'version_1.npy', changed);
      assert.ok('numbers' in outcome);
      const reference: Float32Array = Float32Array.from(sound.numbers[0] ?? []);
      reference[number] = -(reference[number] ?? 0);
      assert.deepEqual(outcome.numbers[0], reference);
    }
  });

  it('in a compressed archive are noticed by their checksum: numbers are right or refused', async () => {
    const file = 'savez_compressed.npz';
    const original = fixtureBytes(file);
    const sound = await outcomeOf(formatOf(file), file, original);
    assert.ok('numbers' in sound);
    const random = randomFrom(7);
    let refusals = 0;
    for (let flip = 0; flip < 500; flip++) {
      const bytes = original.slice();
      const at = random(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
      const outcome = await outcomeOf(formatOf(file), file, bytes);
      if ('refusal' in outcome) refusals++;
      else {
        // A member may have lost its ending, and so not count as an array; the others are untouched.
        for (const numbers of outcome.numbers) {
          assert.ok(
            sound.numbers.some((reference) => reference.every((value, i) => Object.is(value, numbers[i]))),
          );
        }
      }
    }
    assert.ok(refusals > 300, `only ${refusals} refused`);
  });
});
