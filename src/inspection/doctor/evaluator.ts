import { sorted, type Operation, type Value } from '../../engine/graph.js';
import { restrict } from '../../engine/restrict.js';
import { cut, formatShape, regionWithin, ShapeError, type Region, type Tensor } from '../../engine/tensor.js';
import type { Formula } from './formula.js';

export interface Wanted {
  readonly value: Value;
  readonly region: Region;
}

/** A value that was computed once, and the number under which what is computed from it is found. */
interface Kept {
  readonly id: number;
  readonly tensor: Tensor;
}

/** Operators that have nothing but their inputs and their shape, and turn leaves into what most readings share: X W + b, split. */
const shared: ReadonlySet<string> = new Set(['matmul', 'add', 'split-heads']);

/** What readings have in common and costs most, on all keys: products of parts, and what is done to the keys before. */
const costly: ReadonlySet<string> = new Set(['matmul', 'transpose', 'rotary', 'repeat-heads', 'rearrange']);

/** So many numbers of these are kept at most. */
const mostKept = 1 << 23;

/**
 * Computes parts of formulas in float64. Readings of one formula differ late: projections are the same in most of them, and so are
 * the products of queries and keys, and both are kept.
 */
export class Evaluator {
  private readonly leaves = new WeakMap<Tensor, Kept>();
  private readonly made = new Map<string, Kept>();
  private readonly operations = new WeakMap<Operation, number>();
  private readonly products = new Map<string, Tensor<Float64Array>>();
  private kept = 0;
  private next = 1;

  /** @param known values whose numbers are given instead of computed */
  run(
    { feeds }: Formula,
    wanted: readonly Wanted[],
    known: ReadonlyMap<Value['origin'], Tensor> = new Map(),
  ): Tensor<Float64Array>[] {
    const seen = new Map<Value['origin'], Kept | undefined>();
    const keptOf = (value: Value): Kept | undefined => {
      const tensor = known.get(value.origin);
      return tensor === undefined ? this.ofLeaves(value, feeds, seen) : this.leaf(tensor);
    };
    const restricted = restrict(
      wanted,
      (value) => value.origin.kind === 'operation' && keptOf(value) !== undefined,
    );
    const given = new Map<Value['origin'], Given>();
    for (const { leaf, original, region } of restricted.feeds) {
      if (leaf.origin.kind === 'positions') continue;
      const own = keptOf(original);
      if (own === undefined) throw new ShapeError(`${original.label?.name ?? 'An input'} was not given.`);
      given.set(leaf.origin, { ...own, region });
    }
    return this.evaluate(restricted.targets, given).map((tensor, at) => {
      const [region, held] = [wanted[at]?.region, restricted.regions[at]];
      return region === undefined || held === undefined ? tensor : cut(tensor, regionWithin(region, held));
    });
  }

  /** As the engine's `evaluate`, but that products which were computed before, from the same parts of the same leaves, are not again. */
  private evaluate(
    targets: readonly Value[],
    given: ReadonlyMap<Value['origin'], Given>,
  ): Tensor<Float64Array>[] {
    const keys = new Map<Value['origin'], string>();
    const order = sorted(targets);
    for (const value of order) {
      if (!keys.has(value.origin)) keys.set(value.origin, this.keyOf(value, keys, given));
    }
    const numbers = new Map<Value['origin'], Tensor<Float64Array>>();
    const take = (value: Value): Tensor<Float64Array> => {
      const before = numbers.get(value.origin);
      if (before !== undefined) return before;
      const made = this.compute(value, keys.get(value.origin) ?? '', given, take);
      numbers.set(value.origin, made);
      return made;
    };
    return targets.map(take);
  }

  private compute(
    { origin, shape, label }: Value,
    key: string,
    given: ReadonlyMap<Value['origin'], Given>,
    take: (value: Value) => Tensor<Float64Array>,
  ): Tensor<Float64Array> {
    switch (origin.kind) {
      case 'operation': {
        const isCostly = costly.has(origin.operation.name);
        const before = isCostly ? this.before(key) : undefined;
        if (before !== undefined) return before;
        const made = { shape, data: origin.operation.evaluate(origin.inputs.map(take), shape) };
        if (isCostly) this.keep(key, made);
        return made;
      }
      case 'positions':
        return { shape, data: Float64Array.from({ length: shape[0] ?? 0 }, (_, at) => origin.start + at) };
      case 'input':
      case 'parameter': {
        const own = given.get(origin);
        if (own === undefined) throw new ShapeError(`${label?.name ?? 'An input'} was not given.`);
        const { shape: held, data } = this.part(own, key);
        if (formatShape(held) === formatShape(shape)) return { shape, data };
        throw new ShapeError(
          `${label?.name ?? 'An input'} has shape ${formatShape(held)} instead of ${formatShape(shape)}.`,
        );
      }
    }
  }

  /** What a value is made of: the same for the same operations on the same parts of the same leaves. */
  private keyOf(
    { origin }: Value,
    keys: ReadonlyMap<Value['origin'], string>,
    given: ReadonlyMap<Value['origin'], Given>,
  ): string {
    if (origin.kind === 'operation') {
      const id = this.operations.get(origin.operation) ?? this.next++;
      this.operations.set(origin.operation, id);
      return `${id}(${origin.inputs.map((from) => keys.get(from.origin) ?? '').join(',')})`;
    }
    if (origin.kind === 'positions') return `p${origin.start}`;
    const own = given.get(origin);
    return own === undefined
      ? ''
      : `l${own.id}[${own.region.map(({ start, end }) => `${start}:${end}`).join()}]`;
  }

  /** What is wanted of a leaf: all of it as it is, parts of it from those that were cut last. */
  private part({ tensor, region }: Given, key: string): Tensor<Float64Array> {
    const isWhole = region.every(({ start, end }, axis) => start === 0 && end === tensor.shape[axis]);
    if (isWhole) return { shape: tensor.shape, data: inDouble(tensor.data) };
    const before = this.before(key);
    if (before !== undefined) return before;
    const { shape, data } = cut(tensor, region);
    const made = { shape, data: inDouble(data) };
    this.keep(key, made);
    return made;
  }

  /** What was computed before, which is then the last that was used. */
  private before(key: string): Tensor<Float64Array> | undefined {
    const found = this.products.get(key);
    if (found === undefined) return undefined;
    this.products.delete(key);
    this.products.set(key, found);
    return found;
  }

  /** Of products and parts of leaves those of the last readings. */
  private keep(key: string, product: Tensor<Float64Array>): void {
    if (product.data.length > mostKept / 4) return;
    this.products.set(key, product);
    this.kept += product.data.length;
    for (const [oldest, { data }] of this.products) {
      if (this.kept <= mostKept) break;
      this.products.delete(oldest);
      this.kept -= data.length;
    }
  }

  private leaf(tensor: Tensor): Kept {
    const own = this.leaves.get(tensor) ?? { id: this.next++, tensor };
    this.leaves.set(tensor, own);
    return own;
  }

  /** A leaf, or what is made of leaves by products, sums and splits alone. */
  private ofLeaves(
    { origin, shape }: Value,
    feeds: Formula['feeds'],
    seen: Map<Value['origin'], Kept | undefined>,
  ): Kept | undefined {
    if (seen.has(origin)) return seen.get(origin);
    const found = ((): Kept | undefined => {
      const leaf = feeds.get(origin);
      if (leaf !== undefined) return this.leaf(leaf);
      if (origin.kind !== 'operation' || !shared.has(origin.operation.name)) return undefined;
      // Scores are products of leaves too, but larger than these, and looked at in parts.
      const parts = origin.inputs.map((from) => this.ofLeaves(from, feeds, seen));
      if (!parts.every((part) => part !== undefined)) return undefined;
      const key = `${origin.operation.name} ${shape.join()} ${parts.map(({ id }) => id).join(' ')}`;
      const inputs = parts.map(({ tensor }) => tensor);
      const own = this.made.get(key) ?? {
        id: this.next++,
        tensor: { shape, data: origin.operation.evaluate(inputs, shape) },
      };
      this.made.set(key, own);
      return own;
    })();
    seen.set(origin, found);
    return found;
  }
}

interface Given extends Kept {
  readonly region: Region;
}

function inDouble(data: Tensor['data']): Float64Array {
  return data instanceof Float64Array ? data : new Float64Array(data);
}
