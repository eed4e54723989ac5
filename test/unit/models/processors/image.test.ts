import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../../../../src/formats/json-text.js';
import {
  imageSettings,
  layout,
  onOriginal,
  patchBoxes,
  processImage,
  seenOf,
} from '../../../../src/models/processors/image/index.js';
import { crc32 } from '../../../../src/platform/crc32.js';
import { noise } from '../../../support/media/noise.js';
import { distance, fixtures, readJson } from '../../../support/models/expected.js';

interface Case {
  readonly config: { readonly [name: string]: Json };
  readonly image: readonly [number, number];
  readonly shape: readonly number[];
  readonly crc32: number;
  readonly values: readonly number[];
}

const cases = readJson<Case[]>(readFileSync(join(fixtures, 'image-processors.json'), 'utf8'));

const refusal = (config: Json, modelType?: string): string => {
  try {
    imageSettings(config, 'it: preprocessor_config.json', modelType);
  } catch (error) {
    assert.ok(error instanceof Error && error.name === 'ModelError', String(error));
    assert.ok(error.message.startsWith('it: preprocessor_config.json '), error.message);
    return error.message;
  }
  return assert.fail('it was read');
};

describe('image processors', () => {
  for (const { config, image, shape, crc32: sum, values } of cases) {
    it(`give the pixels of transformers, bit for bit: ${JSON.stringify(config)} on ${image.join(' × ')}`, () => {
      const found = processImage(noise(...image), imageSettings(config, 'it'));
      assert.deepEqual([3, found.height, found.width], shape);
      const every = values.map((_, index) => found.pixels[97 * index] ?? NaN);
      assert.ok(distance(every, values) <= 1e-6, `differs by ${distance(every, values)}`);
      assert.equal(crc32(new Uint8Array(found.pixels.buffer), 0), sum);
    });
  }

  it('know older names of the same processor, and that of a model that names none', () => {
    const names = ['ViTFeatureExtractor', 'ViTImageProcessorFast', 'ViTImageProcessor'];
    for (const name of names)
      assert.equal(imageSettings({ feature_extractor_type: name }, 'it').kind.name, 'ViT');
    assert.equal(imageSettings({}, 'it', 'dinov2').kind.name, 'Bit');
  });

  it('refuse by name what is unknown and changes pixels', () => {
    const type = { image_processor_type: 'ViTImageProcessor' };
    assert.match(
      refusal({ ...type, do_flip_channel_order: true }),
      /says "do_flip_channel_order", which is not known/,
    );
    assert.equal(imageSettings({ ...type, do_flip_channel_order: false }, 'it').kind.name, 'ViT');
    assert.match(refusal({ image_processor_type: 'OtherImageProcessor' }), /only "ViTImageProcessor", /);
    assert.match(refusal({}), /does not say "image_processor_type"/);
    assert.match(refusal([]), /is not a JSON object/);
  });

  it('refuse settings that make no sense', () => {
    const type = { image_processor_type: 'ViTImageProcessor' };
    const wrong: readonly (readonly [string, Json])[] = [
      ['size', { longest_edge: 20 }],
      ['size', 0],
      ['size', { height: 20, width: 1e9 }],
      ['resample', 9],
      ['resample', 'bicubic'],
      ['image_mean', [0, 1]],
      ['image_std', [1, 0, 1]],
      ['rescale_factor', -1],
      ['do_resize', 'yes'],
    ];
    for (const [name, value] of wrong) assert.match(refusal({ ...type, [name]: value }), /but it has to be /);
    assert.match(refusal({ ...type, do_center_crop: true }), /does not say "crop_size"/);
  });

  it('say where each patch lies on the original, and what is seen of it', () => {
    const settings = imageSettings(
      { image_processor_type: 'CLIPImageProcessor', size: { shortest_edge: 16 }, crop_size: 16 },
      'it',
    );
    const { geometry } = processImage(noise(64, 32), settings);
    assert.deepEqual(seenOf(geometry), { left: 16, top: 0, width: 32, height: 32 });
    const boxes = patchBoxes(geometry, { width: 8, height: 8 });
    assert.deepEqual(boxes, [
      { left: 16, top: 0, width: 16, height: 16 },
      { left: 32, top: 0, width: 16, height: 16 },
      { left: 16, top: 16, width: 16, height: 16 },
      { left: 32, top: 16, width: 16, height: 16 },
    ]);
    assert.equal(patchBoxes(geometry, { width: 7, height: 7 }).length, 4);
  });

  it('refuse an image that is so narrow that its shorter edge cannot be enlarged, before anything is made', () => {
    const settings = imageSettings({ image_processor_type: 'CLIPImageProcessor' }, 'it');
    const image = { width: 100_000, height: 1, data: new Uint8Array(300_000) };
    assert.throws(() => processImage(image, settings), {
      name: 'ImageError',
      message: /^An image of 100000 × 1 pixels is so narrow that .* would make 22400000 × 224 of it/,
    });
  });

  it('place a window that is larger than the image around it', () => {
    const config = {
      image_processor_type: 'ViTImageProcessor',
      do_resize: false,
      do_center_crop: true,
      crop_size: 9,
    };
    const settings = imageSettings(config, 'it');
    assert.deepEqual(layout({ width: 4, height: 12 }, settings).window, {
      left: -3,
      top: 1,
      width: 9,
      height: 9,
    });
    const { geometry, pixels } = processImage(noise(4, 12), settings);
    // Three columns to the left are black, and lie outside the original.
    assert.deepEqual(onOriginal(geometry, { left: 0, top: 0, width: 3, height: 1 }), {
      left: -3,
      top: 1,
      width: 3,
      height: 1,
    });
    assert.deepEqual([...pixels.subarray(0, 3)], [-1, -1, -1]);
  });
});
