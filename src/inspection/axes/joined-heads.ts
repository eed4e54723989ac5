import { formatShape, sizeOf, type Range, type TensorSource } from '../../engine/tensor.js';

/** Projections whose heads are an axis of their own, as matrices that mechanisms take. */
export interface JoinedHeads {
  readonly tensors: Readonly<Record<string, TensorSource>>;
  /** How many heads the queries have, where that was told so. */
  readonly heads?: number;
  readonly notices: readonly string[];
}

/**
 * Joins the heads of projections that keep them apart: TransformerLens has W_Q as (head, in, feature), Flax as (in, head, feature),
 * and both W_O as (head, feature, out), biases as (head, feature). An axis more that X has as well is one of layers, and stays.
 */
export function joinHeads(tensors: Readonly<Record<string, TensorSource>>): JoinedHeads {
  const input = tensors['X'] ?? tensors['Xq'];
  const query = tensors['W_Q'];
  if (input === undefined || query?.shape.length !== 3) return { tensors, notices: [] };
  const isLayered = input.shape.length > 2 && input.shape[0] === query.shape[0];
  if (isLayered || query.shape[0] === 1) return { tensors, notices: [] };
  const joined: Record<string, TensorSource> = { ...tensors };
  const notices: string[] = [];
  const counts: number[] = [];
  for (const name of ['W_Q', 'W_K', 'W_V'] as const) {
    const source = tensors[name];
    const width = (name === 'W_Q' ? input : (tensors['X'] ?? tensors['Xkv']))?.shape.at(-1);
    if (source?.shape.length !== 3) continue;
    const at = source.shape[1] === width ? 0 : source.shape[0] === width ? 1 : undefined;
    if (at === undefined) return { tensors, notices: [] };
    const count = source.shape[at] ?? 1;
    counts.push(count);
    joined[name] = joinedColumns(source, at);
    const axes = at === 0 ? '(head, in, feature)' : '(in, head, feature)';
    notices.push(`${name} ${formatShape(source.shape)} was read as ${axes}: ${count} heads side by side.`);
  }
  const output = tensors['W_O'];
  if (output?.shape.length === 3) joined['W_O'] = joinedRows(output);
  for (const name of ['b_Q', 'b_K', 'b_V']) {
    const source = tensors[name];
    if (source?.shape.length === 2) joined[name] = flat(source);
  }
  const [heads] = counts;
  return { tensors: joined, ...(heads === undefined ? {} : { heads }), notices };
}

/** The heads that hold some of their features, counted through all heads. */
function headsOf({ start, end }: Range, size: number): Range {
  return { start: Math.floor(start / size), end: Math.ceil(end / size) };
}

/** (head, in, feature), or (in, head, feature), as (in, head · feature). */
function joinedColumns(source: TensorSource, axis: 0 | 1): TensorSource {
  const [first = 0, second = 0, size = 0] = source.shape;
  const [heads, width] = axis === 0 ? [first, second] : [second, first];
  return {
    shape: [width, heads * size],
    async read([rows = { start: 0, end: 0 }, columns = { start: 0, end: 0 }]) {
      const held = headsOf(columns, size);
      const whole = { start: 0, end: size };
      const { shape, data } = await source.read(axis === 0 ? [held, rows, whole] : [rows, held, whole]);
      const [outer = 0, inner = 0] = shape;
      const out = [rows.end - rows.start, columns.end - columns.start] as const;
      const numbers = new Float32Array(sizeOf(out));
      for (let row = 0; row < out[0]; row++) {
        for (let column = 0; column < out[1]; column++) {
          const place = columns.start + column - held.start * size;
          const head = Math.floor(place / size);
          const from = axis === 0 ? head * inner + row : row * inner + head;
          numbers[row * out[1] + column] = outer === 0 ? 0 : (data[from * size + (place % size)] ?? 0);
        }
      }
      return { shape: out, data: numbers };
    },
  };
}

/** (head, feature, out) as (head · feature, out). */
function joinedRows(source: TensorSource): TensorSource {
  const [heads = 0, size = 0, width = 0] = source.shape;
  return {
    shape: [heads * size, width],
    async read([rows = { start: 0, end: 0 }, columns = { start: 0, end: 0 }]) {
      const held = headsOf(rows, size);
      const { data } = await source.read([held, { start: 0, end: size }, columns]);
      const row = columns.end - columns.start;
      const start = (rows.start - held.start * size) * row;
      const shape = [rows.end - rows.start, row];
      return { shape, data: data.slice(start, start + sizeOf(shape)) };
    },
  };
}

/** (head, feature) as (head · feature). */
function flat(source: TensorSource): TensorSource {
  const [heads = 0, size = 0] = source.shape;
  return {
    shape: [heads * size],
    async read([range = { start: 0, end: 0 }]) {
      const held = headsOf(range, size);
      const { data } = await source.read([held, { start: 0, end: size }]);
      const start = range.start - held.start * size;
      const count = range.end - range.start;
      return { shape: [count], data: data.slice(start, start + count) };
    },
  };
}
