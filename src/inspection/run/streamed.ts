import { sorted, type Value } from '../../engine/graph.js';
import { sizeOf, wholeOf, type Tensor, type TensorSource } from '../../engine/tensor.js';

type Origin = Value['origin'];

/**
 * Weights that are read when a part of a model runs, and forgotten after it. They are fed like any other numbers: parts that are
 * alike, such as a model's layers, then share what is compiled for them, and nobody holds a copy.
 */
export class StreamedWeights {
  private readonly held = new Map<TensorSource, Tensor<Float32Array>>();
  /** Memory that was made for them. */
  private used: Float32Array[] = [];
  /** Memory of those that were forgotten: the next layer's weights are as large. */
  private free: Float32Array[] = [];

  /**
   * The numbers of all weights behind some values; of a table, the rows that are looked up in it.
   * @param given what is fed besides; nothing behind it is looked at
   */
  async feeds(
    targets: readonly Value[],
    given: ReadonlyMap<Value, Tensor>,
    signal?: AbortSignal,
  ): Promise<Map<Value, Tensor>> {
    const known = new Map([...given].map(([value, tensor]) => [value.origin, tensor]));
    const feeds = new Map<Value, Tensor>();
    const looked = new Set<Origin>();
    for (const value of sorted(targets, ({ origin }) => known.has(origin))) {
      const rows = known.has(value.origin) ? undefined : lookUp(value, known);
      if (rows === undefined) continue;
      feeds.set(value, await rowsOf(rows.table, rows.indices));
      looked.add(value.origin);
    }
    for (const value of sorted(targets, ({ origin }) => known.has(origin) || looked.has(origin))) {
      const { origin, shape } = value;
      if (origin.kind !== 'parameter' || known.has(origin) || sizeOf(shape) === 0) continue;
      signal?.throwIfAborted();
      const numbers = this.held.get(origin.source) ?? (await this.read(origin.source));
      this.held.set(origin.source, numbers);
      feeds.set(value, numbers);
    }
    return feeds;
  }

  /** Forgets all of them. */
  release(): void {
    this.free = this.used;
    this.used = [];
    this.held.clear();
  }

  private async read(source: TensorSource): Promise<Tensor<Float32Array>> {
    const size = sizeOf(source.shape);
    const at = this.free.findIndex(({ length }) => length === size);
    const [room = new Float32Array(size)] = at < 0 ? [] : this.free.splice(at, 1);
    this.used.push(room);
    return source.read(wholeOf(source.shape), room);
  }
}

/** Of a look-up in a weight by numbers that are known. */
function lookUp(
  { origin }: Value,
  known: ReadonlyMap<Origin, Tensor>,
): { readonly table: TensorSource; readonly indices: Tensor } | undefined {
  if (origin.kind !== 'operation' || origin.operation.name !== 'gather') return undefined;
  const [table, indices] = origin.inputs.map((each) => each.origin);
  const numbers = indices && known.get(indices);
  return table?.kind === 'parameter' && numbers !== undefined
    ? { table: table.source, indices: numbers }
    : undefined;
}

/** Rows of a table, each read once. // (index, column) */
async function rowsOf(table: TensorSource, { data: indices }: Tensor): Promise<Tensor<Float32Array>> {
  const [, width = 0] = table.shape;
  const data = new Float32Array(indices.length * width);
  const places = new Map<number, number[]>();
  indices.forEach((index, at) => places.set(index, [...(places.get(index) ?? []), at]));
  const copy = async ([index, own]: readonly [number, readonly number[]]): Promise<void> => {
    const region = [{ start: index, end: index + 1 }, ...wholeOf([width])];
    const row = await table.read(region);
    for (const at of own) data.set(row.data, at * width);
  };
  await Promise.all([...places].map(copy));
  return { shape: [indices.length, width], data };
}
