import { input, label, type Value } from '../../../engine/graph.js';
import type { AttendParameters } from '../../../engine/mechanisms/index.js';
import {
  add,
  concat,
  matmul,
  multiply,
  scale,
  silu,
  slice,
  sumTo,
  transpose,
} from '../../../engine/ops/index.js';
import { wholeOf, type Tensor } from '../../../engine/tensor.js';
import type { Checkpoint } from '../../checkpoint.js';
import { ModelError } from '../../error.js';
import { decoder, type Change, type DecoderLayer } from '../parts/decoder.js';
import { activations, type Activation } from '../parts/settings.js';
import { affine, columns, type Weights } from '../parts/weights.js';
import type { PixelSize, VisionDescription, VisionGraph, VisionInput, VisionToken } from './architecture.js';
import { interpolationMatrix, type Grid, type Interpolation } from './interpolation.js';

/** Rows of one graph; far more than any image of a sensible size has. */
const maxTokens = 16_384;

/** Numbers of a matrix that interpolates positions. */
const maxInterpolation = 2 ** 24;

/** What stands before the patches. */
interface Special {
  readonly token: VisionToken;
  /** // (1, model) */
  readonly row: Value;
}

/** How a family builds its graph. */
export interface Tower {
  readonly weights: Weights;
  readonly description: VisionDescription;
  readonly patch: { readonly name: string; readonly bias: boolean };
  /** Those that have a position each, in order. */
  readonly specials: readonly Special[];
  /** Those that have none; they follow the first of the others. */
  readonly registers?: readonly Special[];
  /** The trained table, special tokens first. // (token, model) */
  readonly positions?: { readonly table: Value; readonly kind: Interpolation };
  readonly inputNorm?: Change;
  stack(grid: Grid, feed: Feed): readonly DecoderLayer[];
  readonly finalNorm?: Change;
  /** @param last hidden states, with what was normalised // (n, model) → (1, label) */
  readonly head?: (last: Value) => Value;
}

/** Makes a leaf that has the same numbers for every image of the size. */
export type Feed = (name: string, symbol: string, tensor: Tensor, integers?: boolean) => Value;

/** @throws ModelError where the image has no patch, or too many */
export function buildTower(checkpoint: Checkpoint, size: PixelSize, tower: Tower): VisionGraph {
  const { weights, description, specials, registers = [] } = tower;
  const { patch, trained, width } = description;
  const grid = gridWithin(size, patch);
  const own = gridWithin(trained, patch);
  const count = grid.rows * grid.columns;
  const total = count + specials.length + registers.length;
  if (count < 1 || total > maxTokens) {
    throw new ModelError(
      `${checkpoint.name} cuts images into patches of ${patch.width} × ${patch.height} pixels; one of ${size.width} × ${size.height} has ${count}, and 1 to ${maxTokens} tokens are read.`,
    );
  }
  const fixed = new Map<Value, Tensor>();
  const feed: Feed = (name, symbol, tensor, integers = false) => {
    const leaf = label(input(tensor.shape, integers ? 'integer' : 'float'), {
      name,
      symbol,
      axes: tensor.shape.length === 1 ? ['query'] : ['query', 'key'],
    });
    fixed.set(leaf, tensor);
    return leaf;
  };

  const pixels = 3 * patch.width * patch.height;
  const patches = label(input([count, pixels]), {
    name: 'patches',
    symbol: 'P',
    axes: ['query', 'feature'],
    given: true,
  }); // (patch, pixel)
  const stored = weights.reshaped(
    `${tower.patch.name}.weight`,
    [width, 3, patch.height, patch.width],
    [width, pixels],
  ); // (model, pixel)
  const bias = tower.patch.bias ? weights.vector(`${tower.patch.name}.bias`, width) : undefined; // (model)
  const embedded = affine(patches, { weight: transpose(stored), bias }); // (patch, model)

  const same = grid.rows === own.rows && grid.columns === own.columns;
  const placed = place(checkpoint, tower, embedded, { grid, own, feed });
  const rows = [...placed.specials, ...registers.map(({ row }) => row), placed.patches];
  const embeddings = rows.length === 1 ? placed.patches : concat(rows, 'rows'); // (n, model)
  const first = tower.inputNorm === undefined ? embeddings : tower.inputNorm(embeddings); // (n, model)
  const { layers, hiddenStates } = decoder(
    first,
    tower.stack(grid, feed),
    tower.finalNorm ?? ((value) => value),
  );
  const last = hiddenStates.at(-1) ?? first; // (n, model)
  return {
    patches,
    inputsOf: (image) => new Map([...fixed, [patches, patchesOf(checkpoint, image, size, description)]]),
    tokens: [
      ...[...specials, ...registers].map(({ token }) => token),
      ...Array.from({ length: count }, (_, index): VisionToken => ({
        kind: 'patch',
        row: Math.floor(index / grid.columns),
        column: index % grid.columns,
      })),
    ],
    grid,
    interpolated: !same,
    layers,
    hiddenStates,
    logits: tower.head?.(last),
  };
}

/** Whole patches; what is left over at the right and below is not read. */
function gridWithin(size: PixelSize, patch: PixelSize): Grid {
  return { rows: Math.floor(size.height / patch.height), columns: Math.floor(size.width / patch.width) };
}

/** Adds positions, interpolated where the grid is another than the trained one. */
function place(
  checkpoint: Checkpoint,
  { specials, positions }: Tower,
  embedded: Value,
  { grid, own, feed }: { readonly grid: Grid; readonly own: Grid; readonly feed: Feed },
): { readonly specials: readonly Value[]; readonly patches: Value } {
  const rows = specials.map(({ row }) => row); // each (1, model)
  if (positions === undefined) return { specials: rows, patches: embedded };
  const { table, kind } = positions;
  const [all = 0] = table.shape;
  const [, model = { start: 0, end: 0 }] = wholeOf(table.shape);
  const part = (start: number, end: number) => slice(table, [{ start, end }, model]); // (end − start, model)
  const trained = part(rows.length, all); // (trained patch, model)
  let shown = trained; // (patch, model)
  if (grid.rows !== own.rows || grid.columns !== own.columns) {
    if (own.rows !== own.columns) {
      throw new ModelError(
        `${checkpoint.name} was trained on ${own.columns} × ${own.rows} patches; its positions cannot be interpolated for ${grid.columns} × ${grid.rows}.`,
      );
    }
    const numbers = grid.rows * grid.columns * own.rows * own.columns;
    if (numbers > maxInterpolation) {
      throw new ModelError(
        `${checkpoint.name} was trained on ${own.columns} × ${own.rows} patches; ${grid.columns} × ${grid.rows} are too many to interpolate its positions for.`,
      );
    }
    shown = matmul(feed('interpolation', 'M', interpolationMatrix(own, grid, kind)), trained);
  }
  return {
    specials: rows.map((row, index) => add(row, part(index, index + 1))),
    patches: add(embedded, shown),
  };
}

/** // (patch, pixel): each patch’s red, green and blue, row by row */
function patchesOf(
  checkpoint: Checkpoint,
  image: VisionInput,
  size: PixelSize,
  { patch }: VisionDescription,
): Tensor {
  const { width, height, pixels } = image;
  if (width !== size.width || height !== size.height || pixels.length !== 3 * width * height) {
    throw new ModelError(
      `${checkpoint.name}: the graph reads images of ${size.width} × ${size.height} pixels, not ${width} × ${height}.`,
    );
  }
  const grid = gridWithin(size, patch);
  const each = 3 * patch.width * patch.height;
  const data = new Float32Array(grid.rows * grid.columns * each);
  let to = 0;
  for (let index = 0; index < grid.rows * grid.columns; index++) {
    const top = Math.floor(index / grid.columns) * patch.height;
    const left = (index % grid.columns) * patch.width;
    for (let line = 0; line < 3 * patch.height; line++) {
      const channel = Math.floor(line / patch.height);
      const from = (channel * height + top + (line % patch.height)) * width + left;
      data.set(pixels.subarray(from, from + patch.width), to);
      to += patch.width;
    }
  }
  return { shape: [grid.rows * grid.columns, each], data };
}

/** The names of one layer’s weights. */
export interface VisionLayerNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly output: string;
  readonly attentionNorm: string;
  readonly feedForwardNorm: string;
  readonly up: string;
  readonly down: string;
}

export interface VisionLayerSizes {
  readonly heads: number;
  readonly width: number;
  /** Of the feed-forward network. */
  readonly inner: number;
  readonly activation: Activation | 'swiglu';
  readonly epsilon: number;
  /** Whether queries, keys and values have a bias. */
  readonly biases: { readonly query: boolean; readonly key: boolean; readonly value: boolean };
  /** Vectors that scale what attention and the feed-forward network give (Touvron et al. 2021). */
  readonly scales?: readonly [attention: string, feedForward: string];
}

/** A layer that normalises before each part: Dosovitskiy et al. 2021, eq. 2 and 3. */
export function visionLayer(
  weights: Weights,
  names: VisionLayerNames,
  { heads, width, inner, activation, epsilon, biases, scales }: VisionLayerSizes,
  attention: AttendParameters,
): DecoderLayer {
  const projection = (name: string, bias: boolean) =>
    bias ? weights.linear(name, width, width) : weights.matrix(name, width, width);
  const norm = (name: string): Change => {
    const normed = weights.norm(name, width);
    return (value) => normed(value, epsilon);
  };
  const scaled = (name: string): Change => {
    const factor = weights.vector(name, width); // (model)
    return (value) => multiply(value, factor);
  };
  const up = weights.linear(names.up, width, activation === 'swiglu' ? 2 * inner : inner);
  const down = weights.linear(names.down, inner, width);
  const feedForward: Change = (value) => {
    if (activation !== 'swiglu') return affine(activations[activation](affine(value, up)), down); // (n, model)
    const gate = affine(value, columns(up, { start: 0, end: inner })); // (n, inner)
    const other = affine(value, columns(up, { start: inner, end: 2 * inner })); // (n, inner)
    return affine(multiply(silu(gate), other), down); // (n, model)
  };
  return {
    attentionNorm: norm(names.attentionNorm),
    projections: {
      Q: projection(names.query, biases.query),
      K: projection(names.key, biases.key),
      V: projection(names.value, biases.value),
      output: weights.linear(names.output, width, width),
      heads,
      groups: heads,
    },
    attention,
    ...(scales === undefined
      ? {}
      : { afterAttention: scaled(scales[0]), afterFeedForward: scaled(scales[1]) }),
    feedForwardNorm: norm(names.feedForwardNorm),
    feedForward,
  };
}

/** Some rows of the last hidden states. // (rows, model) */
export function rowsOf(last: Value, start: number, end: number = last.shape[0] ?? 0): Value {
  const [, model = { start: 0, end: 0 }] = wholeOf(last.shape);
  return slice(last, [{ start, end }, model]);
}

/** The mean of all rows. // (1, model) */
export function meanOf(rows: Value): Value {
  const [count = 1, width = 1] = rows.shape;
  return scale(sumTo(rows, [1, width]), 1 / count, `\\tfrac{1}{${count}}`);
}

/** The linear layer that sorts images, where the checkpoint has one. // (1, model) → (1, label) */
export function classifier(
  checkpoint: Checkpoint,
  name: string,
  width: number,
  labels: number,
): Change | undefined {
  const stored = checkpoint.tensors.get(`${name}.weight`);
  if (stored === undefined) return undefined;
  // Classes may have no names.
  const count = labels === 0 ? (stored.shape[0] ?? 0) : labels;
  const weight = transpose(checkpoint.weight(`${name}.weight`, [count, width])); // (model, label)
  const bias = checkpoint.weight(`${name}.bias`, [count]); // (label)
  return (value) => affine(value, { weight, bias });
}
