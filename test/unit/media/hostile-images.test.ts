import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '../../../src/inspection/core/engine.js';
import { Inspection } from '../../../src/inspection/core/inspection.js';
import { decodeImage } from '../../../src/media/image/index.js';
import { fixtures, media, readJson } from '../../support/models/expected.js';
import { platform } from '../../support/platform.js';

const folder = join(process.cwd(), 'test/fixtures/media');
/** Of make_hostile_images.py: what Pillow makes of each; null where it refuses it. */
const expected = readJson<Record<string, { size: [number, number]; mean: number[] } | null>>(
  readFileSync(join(folder, 'hostile.json'), 'utf8'),
);

/** What holds less than it claims, which Pillow shows with black in place of the rest. */
expected['packs-less.png'] = null;

/** One sentence or two about a file, not what a program says of itself. */
function assertSentence(error: unknown, name: string): true {
  assert.ok(error instanceof Error);
  assert.match(error.name, /^(?:Image|Model|Format)Error$/, `${name}: ${String(error.stack)}`);
  assert.match(error.message, /^[^\n]+\.$/, name);
  assert.ok(error.message.includes(name), `${name}: ${error.message}`);
  assert.doesNotMatch(error.message, /undefined|NaN|\[object|TypeError|RangeError/, name);
  return true;
}

describe('Hostile images', () => {
  const engine = new Engine(platform, media);
  after(() => engine.dispose());

  for (const [name, wanted] of Object.entries(expected)) {
    it(`${wanted === null ? 'refuses' : 'reads as Pillow does'} ${name}`, async () => {
      const bytes = readFileSync(join(folder, 'hostile', name));
      if (wanted === null) {
        await assert.rejects(decodeImage(bytes, name), (error) => assertSentence(error, name));
        return;
      }
      const { width, height, data } = await decodeImage(bytes, name);
      assert.deepEqual([width, height], wanted.size);
      const sums = [0, 0, 0];
      data.forEach((value, at) => {
        sums[at % 3] = (sums[at % 3] ?? 0) + value;
      });
      sums.forEach((sum, channel) => {
        const difference = Math.abs(sum / (width * height) - (wanted.mean[channel] ?? NaN));
        // Four colours of a JPEG become three within a few levels.
        assert.ok(difference < (name === 'cmyk.jpg' ? 4 : 0.01), `channel ${channel} differs by ${difference}`);
      });
    });
  }

  const shapes = ['wide.png', 'tall.tiff', 'one-pixel.png', 'cmyk.jpg', 'animated.webp', 'half.jpg'];
  for (const model of ['vit', 'clip-labels', 'dinov2']) {
    for (const name of shapes) {
      it(`are run through ${model}, or refused in a sentence: ${name}`, async () => {
        const opening = engine.open({
          material: { kind: 'image', file: { kind: 'path', path: join(folder, 'hostile', name) } },
          by: { model: { kind: 'folder', path: join(fixtures, 'vision', model) } },
        });
        const opened = await opening.catch((error: unknown) => {
          assertSentence(error, name);
          assert.equal(name, 'half.jpg', String(error));
        });
        if (!(opened instanceof Inspection)) return;
        const { data } = await opened.slice({ inspection: '', step: 'weights', layer: 0, head: 0 });
        assert.ok(data.every((weight) => weight >= 0 && weight <= 1));
        await engine.close(opened.id);
      });
    }
  }
});
