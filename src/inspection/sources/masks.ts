import {
  formatShape,
  ShapeError,
  sizeOf,
  wholeOf,
  type Region,
  type Shape,
  type TensorSource,
} from '../../engine/tensor.js';

/** What masks, biases and valid lengths have to fit. */
export interface MaskedShape {
  /** Layers, or the entries of a batch. */
  readonly layers: number;
  /** Undefined where it is a matter of a parameter. */
  readonly heads: number | undefined;
  /** n and m; undefined where nothing tells them. */
  readonly queries: number | undefined;
  readonly keys: number | undefined;
}

export interface FittedMask {
  readonly source: TensorSource;
  /** Whether its first axis is that of layers or of a batch. */
  readonly layered: boolean;
  readonly notice?: string;
}

/** How a mask is read and named. */
export interface MaskReading {
  /** Whether a matrix has a row for each sequence of a batch, and not for each query. */
  readonly perSequence?: boolean;
  /** Whether it may be for fewer keys than there are, those beyond being masked elsewhere (ONNX Attention). */
  readonly pads?: boolean;
  /** Its name in its file. */
  readonly called?: string | undefined;
}

/** The inputs that are repeated along axes which they lack, or which are 1. */
const overScores: ReadonlySet<string> = new Set(['mask', 'keep', 'bias']);

/** Whether an input only shapes scores, and is fitted to the others. */
export function isAside(name: string): boolean {
  return overScores.has(name) || name === 'padding' || name === 'lengths';
}

/**
 * A mask as (key), (query, key) or (head, query, key), with a layer axis in front where it has one: from (m), (1, m),
 * (1, 1, 1, m), (n, m), (head, n, m), (layer or batch, m), (layer or batch, 1 or head, 1 or n, m), and (batch · head, n, m) of
 * `nn.MultiheadAttention`.
 * @throws ShapeError naming it, what it may be, and what was given
 */
export function fitMask(
  name: string,
  source: TensorSource,
  to: MaskedShape,
  { perSequence = false, pads = false, called }: MaskReading = {},
): FittedMask {
  const { layers, heads, queries: n, keys: m } = to;
  const shape = withoutLeadingOnes(source.shape);
  const what = title(name, called);
  const refuse = (): never => {
    const [rows, columns] = [n ?? 'n', m ?? 'm'];
    const more = [
      ...(heads === 1 ? [] : [`(head ${heads ?? 'h'}, query ${rows}, key ${columns})`]),
      ...(layers > 1 ? [`(layer or batch ${layers}, head or 1, query ${rows}, key ${columns})`] : []),
    ].map((each) => `, or ${each}`);
    throw new ShapeError(
      `${what} is (query ${rows}, key ${columns})${more.join('')}, but ${formatShape(source.shape)} was given. It may lack axes in front, and be 1 along any.`,
    );
  };
  if (shape.length > 4) {
    throw new ShapeError(
      `${what} has ${shape.length} axes, ${formatShape(source.shape)}; at most 4 can be read: (layer or batch, head, query, key).`,
    );
  }
  const columns = shape.at(-1) ?? 1;
  const isShort = m !== undefined && columns !== m && columns !== 1;
  if (isShort && !(pads && columns < m)) refuse();
  const fitted = ((): FittedMask => {
    const [first = 1, second = 1, third = 1] = shape;
    const isRow = (extent: number): boolean => extent === 1 || n === undefined || extent === n;
    const isHead = (extent: number): boolean => extent === 1 || heads === undefined || extent === heads;
    const plain = { source: viewed(source, shape), layered: false };
    const perLayer = (own: Shape): FittedMask => ({
      source: viewed(source, [layers, ...withoutLeadingOnes(own)]),
      layered: true,
    });
    switch (shape.length) {
      case 1:
        return plain;
      case 2:
        if (first === layers && (perSequence || !isRow(first))) {
          return {
            ...perLayer([columns]),
            notice: `${what} ${formatShape(source.shape)} was read as one row of keys for each of ${layers} sequences.`,
          };
        }
        return isRow(first) ? plain : refuse();
      case 3:
        if (!isRow(second)) return refuse();
        if (isHead(first)) {
          if (heads === undefined && first > 1) {
            return {
              ...plain,
              notice: `${what} ${formatShape(source.shape)} was read as one matrix a head, so that there are ${first} heads.`,
            };
          }
          return layers > 1 && first === layers && heads === layers
            ? {
                ...plain,
                notice: `${what} ${formatShape(source.shape)} was read as one matrix a head; one a layer is (${layers}, 1, ${second}, ${columns}).`,
              }
            : plain;
        }
        if (first === layers) {
          return {
            ...perLayer([second, columns]),
            notice: `${what} ${formatShape(source.shape)} was read as one matrix for each of ${layers} layers or sequences.`,
          };
        }
        if (heads !== undefined && first === layers * heads) {
          return {
            source: viewed(source, [layers, heads, second, columns]),
            layered: true,
            notice: `${what} ${formatShape(source.shape)} was read as ${layers} sequences × ${heads} heads, as nn.MultiheadAttention has it.`,
          };
        }
        return refuse();
      default:
        if (first !== layers || !isHead(second) || !isRow(third)) return refuse();
        return perLayer([second, third, columns]);
    }
  })();
  return isShort && m !== undefined
    ? {
        ...fitted,
        source: padded(fitted.source, m),
        notice: `${what} ${formatShape(source.shape)} is for the first ${columns} of ${m} keys; those beyond are left to the valid lengths.`,
      }
    : fitted;
}

/** A padding mask as (key), or as (layer or batch, key), whatever axes of 1 stand between. @throws ShapeError */
export function fitPadding(source: TensorSource, { layers, keys: m }: MaskedShape): FittedMask {
  const { shape } = source;
  const columns = shape.at(-1) ?? 1;
  const others = shape.slice(0, -1).filter((extent) => extent !== 1);
  const [sequences = 1] = others;
  if (others.length > 1 || (m !== undefined && columns !== m) || (sequences !== 1 && sequences !== layers)) {
    throw new ShapeError(
      `A padding mask is (key ${m ?? 'm'})${layers > 1 ? `, or (sequence ${layers}, key ${m ?? 'm'})` : ''}, but ${formatShape(shape)} was given.`,
    );
  }
  return others.length === 0
    ? { source: viewed(source, [columns]), layered: false }
    : { source: viewed(source, [sequences, columns]), layered: true };
}

/** Valid lengths as one number, or one for each layer or entry of a batch. @throws ShapeError */
export function fitLengths(source: TensorSource, { layers }: MaskedShape): FittedMask {
  const count = sizeOf(source.shape);
  if (count !== 1 && count !== layers) {
    throw new ShapeError(
      `Valid lengths are one number for each sequence, ${layers} here, but ${formatShape(source.shape)} was given.`,
    );
  }
  return count === 1
    ? { source: viewed(source, [1]), layered: false }
    : { source: viewed(source, [layers, 1]), layered: true };
}

function title(name: string, called = name): string {
  const own = called === name ? '' : ` ${called}`;
  return name === 'bias' ? `The bias${own}` : `The mask${own}`;
}

function withoutLeadingOnes(shape: Shape): Shape {
  const first = shape.findIndex((extent, axis) => extent !== 1 || axis === shape.length - 1);
  return first < 0 ? [1] : shape.slice(first);
}

/** The same numbers in the same order under another shape. Parts that do not lie together are read one by one. */
function viewed(source: TensorSource, shape: Shape): TensorSource {
  if (formatShape(source.shape) === formatShape(shape)) return source;
  const own = source.shape;
  return {
    shape,
    async read(region) {
      const size = (of: Region): number => sizeOf(of.map(({ start, end }) => end - start));
      const out = new Float32Array(size(region));
      // Rows of the last axis lie together under both shapes.
      const rows = region.slice(0, -1);
      const last = region.at(-1) ?? { start: 0, end: 1 };
      const simple = regionUnder(own, shape, region);
      if (simple !== undefined)
        return { shape: region.map(({ start, end }) => end - start), data: (await source.read(simple)).data };
      let at = 0;
      for (const index of indices(rows)) {
        const row = index.reduce((sum, each, axis) => sum * (shape[axis] ?? 1) + each, 0);
        const place = placeOf(row, own.slice(0, -1));
        const { data } = await source.read([...place.map((start) => ({ start, end: start + 1 })), last]);
        out.set(data, at);
        at += data.length;
      }
      return { shape: region.map(({ start, end }) => end - start), data: out };
    },
  };
}

/** A region under the other shape, where the two differ in axes of 1 alone, or it is the whole. */
function regionUnder(own: Shape, shape: Shape, region: Region): Region | undefined {
  if (region.every(({ start, end }, axis) => start === 0 && end === shape[axis])) return wholeOf(own);
  const wide = (of: Shape): string => of.filter((extent) => extent !== 1).join();
  if (wide(own) !== wide(shape)) return undefined;
  const ranges = region.filter((_, axis) => shape[axis] !== 1);
  return own.map((extent) =>
    extent === 1 ? { start: 0, end: 1 } : (ranges.shift() ?? { start: 0, end: 0 }),
  );
}

function* indices(region: Region): Generator<readonly number[]> {
  const [first, ...rest] = region;
  if (first === undefined) {
    yield [];
    return;
  }
  for (let at = first.start; at < first.end; at++) {
    for (const tail of indices(rest)) yield [at, ...tail];
  }
}

function placeOf(row: number, shape: Shape): number[] {
  let left = row;
  return shape
    .toReversed()
    .map((extent) => {
      const at = left % extent;
      left = Math.floor(left / extent);
      return at;
    })
    .toReversed();
}

/** With zeros for the keys that it has none for. */
function padded(source: TensorSource, keys: number): TensorSource {
  const own = source.shape.at(-1) ?? 0;
  return {
    shape: [...source.shape.slice(0, -1), keys],
    async read(region) {
      const { start = 0, end = 0 } = region.at(-1) ?? {};
      const shape = region.map((range) => range.end - range.start);
      const data = new Float32Array(sizeOf(shape));
      const [from, to] = [Math.min(start, own), Math.min(end, own)];
      if (to === from) return { shape, data };
      const read = await source.read([...region.slice(0, -1), { start: from, end: to }]);
      const [width, given] = [end - start, to - from];
      for (let row = 0; row * given < read.data.length; row++) {
        data.set(read.data.subarray(row * given, (row + 1) * given), row * width);
      }
      return { shape, data };
    },
  };
}
