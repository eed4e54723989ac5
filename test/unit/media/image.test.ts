import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeImage, filterNumbers, resize } from '../../../src/media/image/index.js';
import { crc32 } from '../../../src/platform/crc32.js';
import { noise } from '../../support/media/noise.js';
import { distance, readJson } from '../../support/models/expected.js';

const folder = join(process.cwd(), 'test/fixtures/media');
const files = join(folder, 'images');

interface Expected {
  readonly width: number;
  readonly height: number;
  readonly crc32: number;
  readonly pixels?: string;
}

const expected = readJson<Record<string, Expected>>(readFileSync(join(folder, 'images.json'), 'utf8'));

/** What is read by Pillow and refused here, by a sentence that says why. */
const refusals: ReadonlyMap<string, RegExp> = new Map([['jpeg.tiff', /packed by JPEG, which is not read/]]);

async function sentence(bytes: Uint8Array): Promise<string> {
  try {
    await decodeImage(bytes, 'it.img');
  } catch (error) {
    assert.ok(error instanceof Error && error.name === 'ImageError', String(error));
    assert.ok(/^it\.img .*\.$/.test(error.message), error.message);
    return error.message;
  }
  return assert.fail('it was read');
}

const read = (name: string) => new Uint8Array(readFileSync(join(files, name)));

describe('decoding images', () => {
  for (const name of readdirSync(files)) {
    it(`reads ${name} as Pillow does`, async () => {
      const reason = refusals.get(name);
      if (reason !== undefined) return assert.match(await sentence(read(name)), reason);
      const want = expected[name] ?? assert.fail('the fixture does not name it');
      const { width, height, data } = await decodeImage(read(name), name);
      assert.deepEqual([width, height], [want.width, want.height]);
      if (want.pixels === undefined) return assert.equal(crc32(data, 0), want.crc32);
      const difference = distance(data, Buffer.from(want.pixels, 'base64'));
      assert.ok(difference <= 4, `differs by ${difference}`);
    });
  }

  it('refuses every file that is cut off, at any place, by a sentence or reads what is there', async () => {
    for (const name of readdirSync(files)) {
      const whole = read(name);
      for (const share of [0.02, 0.1, 0.3, 0.6, 0.9]) {
        // What Pillow does not need may be missing: trailing parts of an animation, of EXIF.
        const cut = whole.subarray(0, Math.floor(whole.length * share));
        if (name.startsWith('frames') && share > 0.3) continue;
        await sentence(cut);
      }
    }
  });

  it('says one sentence about damage wherever it is', async () => {
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
          const { width, height, data } = await decodeImage(bytes, name);
          assert.equal(data.length, 3 * width * height);
        } catch (error) {
          assert.ok(error instanceof Error && error.name === 'ImageError', `${name}: ${String(error)}`);
        }
      }
    }
  });

  it('refuses what is empty, no image, or claims too much', async () => {
    assert.match(await sentence(new Uint8Array(0)), /is empty/);
    assert.match(await sentence(new TextEncoder().encode('not an image at all')), /none of JPEG, PNG/);
    const bomb = read('rgb.bmp');
    new DataView(bomb.buffer).setInt32(18, 100_000, true);
    new DataView(bomb.buffer).setInt32(22, 100_000, true);
    assert.match(await sentence(bomb), /claims 100000 × 100000 pixels; at most 67108864/);
    const flat = read('rgb.bmp');
    new DataView(flat.buffer).setInt32(18, 0, true);
    assert.match(await sentence(flat), /there is nothing to see/);
  });

  it('says what it took for what', async () => {
    assert.match((await decodeImage(read('frames.gif'), 'a')).notes.join(), /first frame/);
    assert.match((await decodeImage(read('frames.webp'), 'a')).notes.join(), /first frame/);
    assert.match((await decodeImage(read('deep-grey.png'), 'a')).notes.join(), /cut off at 255/);
    assert.match((await decodeImage(read('rgba.png'), 'a')).notes.join(), /Transparency is dropped/);
    assert.match((await decodeImage(read('alpha.webp'), 'a')).notes.join(), /Transparency is dropped/);
    assert.deepEqual((await decodeImage(read('rgb.png'), 'a')).notes, []);
  });
});

interface Resized {
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  readonly crc32: Record<string, number>;
}

describe('resizing images', () => {
  for (const { from, to, crc32: sums } of readJson<Resized[]>(readFileSync(join(folder, 'resized.json'), 'utf8'))) {
    it(`equals Pillow 13 bit for bit, ${from.join(' × ')} to ${to.join(' × ')}`, () => {
      const image = noise(...from);
      for (const filter of filterNumbers.values()) {
        const { data } = resize(image, ...to, filter);
        assert.equal(crc32(data, 0), sums[filter], filter);
      }
    });
  }
});
