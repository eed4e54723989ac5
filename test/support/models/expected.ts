import assert from 'node:assert/strict';
import { join } from 'node:path';
import { standardAttention } from '../../../src/engine/mechanisms/index.js';
import { sizeOf, wholeOf, type Tensor } from '../../../src/engine/tensor.js';
import { openTensors } from '../../../src/formats/index.js';
import { openFile } from '../../../src/formats/source.js';
import { Model } from '../../../src/models/model.js';
import { platform } from '../platform.js';

/** Made by make_models.py. */
export const fixtures = join(process.cwd(), 'test/fixtures/models');

/** The folder of everything that comes with the extension. */
export const media = join(process.cwd(), 'media');

/** JSON of our own, whose shape is known. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- it stands for an assertion at each call
export function readJson<Shape>(text: string): Shape {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the caller knows what its file holds
  return JSON.parse(text) as Shape;
}

export type Tensors = ReadonlyMap<string, Tensor<Float32Array>>;

/** All tensors of a file. */
export async function tensorsIn(path: string): Promise<Tensors> {
  const source = await openFile(platform, path);
  try {
    const { tensors } = await openTensors(platform, source);
    return new Map(
      await Promise.all(
        tensors.map(async (tensor) => [tensor.name, await tensor.read(wholeOf(tensor.shape))] as const),
      ),
    );
  } finally {
    await source.close();
  }
}

export function tensorNamed(tensors: Tensors, name: string): Tensor<Float32Array> {
  const found = tensors.get(name);
  assert.ok(found, `the fixture has no ${name}`);
  return found;
}

/** The part of a tensor at one index of its first axis. */
export function at({ shape, data }: Tensor<Float32Array>, index: number): Tensor<Float32Array> {
  const size = sizeOf(shape.slice(1));
  return { shape: shape.slice(1), data: data.subarray(index * size, (index + 1) * size) };
}

/** The largest absolute difference; NaN where there is one on either side. */
export function distance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  assert.equal(actual.length, expected.length);
  let largest = 0;
  for (let index = 0; index < actual.length; index++) {
    const difference = Math.abs((actual[index] ?? NaN) - (expected[index] ?? NaN));
    if (!(difference <= largest)) largest = difference;
    if (Number.isNaN(largest)) return NaN;
  }
  return largest;
}

/** Two tensors of the same shape that differ nowhere by more than `tolerance`. */
export function assertClose(
  actual: Tensor<Float32Array>,
  expected: Tensor<Float32Array>,
  tolerance: number,
  what: string,
): void {
  assert.deepEqual(actual.shape, expected.shape, what);
  const difference = distance(actual.data, expected.data);
  assert.ok(difference <= tolerance, `${what}: differs by ${difference}`);
}

/** Opens and builds; what goes wrong is one sentence. */
export async function failure(path: string): Promise<string> {
  try {
    const model = await Model.open(platform, path);
    try {
      model.build(3, standardAttention);
    } finally {
      await model.dispose();
    }
  } catch (error) {
    assert.ok(error instanceof Error);
    assert.equal(error.name, 'ModelError', error.stack);
    assert.ok(!error.message.includes('\n') && error.message.endsWith('.'), error.message);
    return error.message;
  }
  return assert.fail('it opened');
}
