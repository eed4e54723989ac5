import type { Mechanism } from '../../engine/mechanisms/index.js';
import {
  formatShape,
  inMemory,
  ShapeError,
  sizeOf,
  wholeOf,
  type Shape,
  type Tensor,
  type TensorSource,
} from '../../engine/tensor.js';
import { mostAxes } from './candidates.js';
import { isAside } from './masks.js';

/** A source up to this many bytes is read once and kept; a larger one is read in parts each time. */
const keptBytes = 32 << 20;

/** Leading axes of 1 that are too many for the mechanism, such as a batch of one, are taken off. */
export function withoutOnes(mechanism: Mechanism, name: string, source: TensorSource): TensorSource {
  // Masks are repeated along such axes.
  if (isAside(name)) return source;
  const most = mostAxes(mechanism, name) + 1;
  let taken = 0;
  while (source.shape.length - taken > most && source.shape[taken] === 1) taken++;
  if (source.shape.length - taken > most) {
    throw new ShapeError(
      `${name} has ${source.shape.length} axes, ${formatShape(source.shape)}; at most ${most} can be read.`,
    );
  }
  if (taken === 0) return source;
  const ones = source.shape.slice(0, taken).map(() => ({ start: 0, end: 1 }));
  return {
    shape: source.shape.slice(taken),
    read: (region) =>
      source.read([...ones, ...region]).then(({ data, shape }) => ({ data, shape: shape.slice(taken) })),
  };
}

/** One layer of a stack of them. */
export function oneLayer(source: TensorSource, layer: number): TensorSource {
  return {
    shape: source.shape.slice(1),
    read: (region) =>
      source
        .read([{ start: layer, end: layer + 1 }, ...region])
        .then(({ data, shape }) => ({ data, shape: shape.slice(1) })),
  };
}

/** Reads a small source once, when it is first needed. */
export function keepSmall(source: TensorSource): TensorSource {
  if (sizeOf(source.shape) * 4 > keptBytes) return source;
  let kept: Promise<TensorSource> | undefined;
  return {
    shape: source.shape,
    async read(region) {
      kept ??= source.read(wholeOf(source.shape)).then(inMemory);
      return (await kept).read(region);
    },
  };
}

/** Tensors that a caller holds in memory. @throws ShapeError where data and shape do not agree. */
export function sourcesOf(
  tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>>,
): Record<string, TensorSource> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => {
      checkTensor(name, tensor);
      return [name, inMemory(tensor)];
    }),
  );
}

function checkTensor(
  name: string,
  { shape, data }: { readonly shape: Shape; readonly data: Tensor['data'] },
): void {
  if (!(data instanceof Float32Array)) throw new ShapeError(`${name} has no Float32Array of numbers.`);
  if (!Array.isArray(shape) || shape.some((extent_) => !Number.isSafeInteger(extent_) || extent_ < 0)) {
    throw new ShapeError(`${name} has no shape of whole numbers.`);
  }
  if (sizeOf(shape) !== data.length) {
    throw new ShapeError(
      `${name} has shape ${formatShape(shape)}, ${sizeOf(shape)} numbers, but ${data.length} were given.`,
    );
  }
}
