import type { Value } from '../engine/graph.js';

/** Attention of several heads as one node: its n × m scores are never whole in memory. It gives (query, heads · d_v). */
export interface FusedAttention {
  /** (head, query, feature) */
  readonly Q: Value;
  /** (group, key, feature) */
  readonly K: Value;
  /** (group, key, value) */
  readonly V: Value;
  readonly heads: number;
  /** How many heads keys and values have: as many as queries, or fewer that are shared. */
  readonly groups: number;
  /** The scores are multiplied by it. */
  readonly scale: number;
  /** Undefined where every query attends to every key. */
  readonly causal: Causal | undefined;
}

/** Each query attends to keys up to its own, which is the last key for the last query. */
export interface Causal {
  /** How many keys a query attends to at most, its own among them; undefined for all. */
  readonly window: number | undefined;
  /** c of c · tanh(score / c). */
  readonly softcap: number | undefined;
}

type Origin = Value['origin'];

/** ONNX Runtime's causal attention takes vectors of a multiple of so many features. */
const features = 8;

/**
 * Finds mergeHeads(softmax(what becomes of Q Kᵀ) V), without a mask or with a causal one, where nothing between Q, K, V and the
 * merged heads is wanted by anybody else.
 * @param order every value that is computed, inputs before what uses them
 * @param isWanted for values whose numbers are asked for or given
 * @returns the origin of the merged heads → the node that computes them
 */
export function findAttention(
  order: readonly Value[],
  isWanted: (value: Value) => boolean,
): ReadonlyMap<Origin, FusedAttention> {
  const users = new Map<Origin, Set<Origin>>();
  for (const { origin } of order) {
    if (origin.kind !== 'operation') continue;
    for (const { origin: from } of origin.inputs) {
      const known = users.get(from) ?? new Set();
      users.set(from, known.add(origin));
    }
  }
  const wanted = new Set(order.filter(isWanted).map(({ origin }) => origin));
  /** The inputs of a value that this operation alone computes for one user alone. */
  const through: Through = (value, name) =>
    value !== undefined && users.get(value.origin)?.size === 1 && !wanted.has(value.origin)
      ? operands(value, name)
      : undefined;
  /** What heads share, before it was repeated for each of them. */
  const shared = (value: Value): Value => through(value, 'repeat-heads')?.[0] ?? value;

  const match = (merged: Value): FusedAttention | undefined => {
    const [mixed] = operands(merged, 'merge-heads') ?? [];
    const [weights, values] = through(mixed, 'matmul') ?? [];
    const [logits] = through(weights, 'softmax') ?? [];
    const passed = logits && passage(logits, through);
    const [Q, turned] = through(passed?.scores, 'matmul') ?? [];
    const [keys] = through(turned, 'transpose') ?? [];
    if (passed === undefined || Q === undefined || keys === undefined || values === undefined)
      return undefined;
    const [heads = 0] = Q.shape;
    if ([Q, keys, values].some(({ shape }) => shape.length !== 3 || shape[0] !== heads)) return undefined;
    const { scale, causal } = passed;
    // The node that knows masks knows groups; the other does not.
    if (causal === undefined) return { Q, K: keys, V: values, heads, groups: heads, scale, causal };
    const [K, V] = [shared(keys), shared(values)];
    const [groups = 0, , size = 0] = K.shape;
    const fits = size % features === 0 && V.shape[0] === groups && V.shape[2] === size;
    return fits ? { Q, K, V, heads, groups, scale, causal } : undefined;
  };

  const found = new Map<Origin, FusedAttention>();
  for (const value of order) {
    const fused = match(value);
    if (fused !== undefined) found.set(value.origin, fused);
  }
  return found;
}

/** The inputs of a value that an operation of this name computes, for one user alone. */
type Through = (value: Value | undefined, name: string) => readonly Value[] | undefined;

interface Passage extends Pick<FusedAttention, 'scale' | 'causal'> {
  /** (head, query, key) */
  readonly scores: Value;
}

/** What happens to scores before the softmax, from its end back; undefined where the nodes do something else. */
function passage(logits: Value, through: Through): Passage | undefined {
  let scores = logits;
  let scale = 1;
  let isCausal = false;
  let window: number | undefined;
  let softcap: number | undefined;
  for (;;) {
    const [name, attributes] = operationOf(scores);
    const [inner, queries, keys] = through(scores, name) ?? [];
    if (inner === undefined || !['divide', 'mask', 'soft-cap'].includes(name)) break;
    if (name === 'divide') scale /= numberOf(attributes['divisor']);
    else if (name === 'soft-cap') {
      // What is divided after it was capped is another thing, and so is what is masked before.
      if (scale !== 1 || softcap !== undefined) return undefined;
      softcap = numberOf(attributes['cap']);
    } else {
      if (softcap !== undefined || !areLast(queries, keys) || attributes['fill'] !== -Infinity)
        return undefined;
      if (attributes['kind'] === 'causal') isCausal = true;
      else if (attributes['kind'] === 'sliding-window') {
        window = Math.min(window ?? Infinity, numberOf(attributes['window']) + 1);
      } else return undefined;
    }
    scores = inner;
  }
  // ONNX Runtime takes a factor of 0 for none.
  if (!Number.isFinite(scale) || scale === 0 || softcap === 0) return undefined;
  if (isCausal) return { scores, scale, causal: { window, softcap } };
  return window === undefined && softcap === undefined ? { scores, scale, causal: undefined } : undefined;
}

/** Whether queries are those of the last keys, and keys begin at 0. */
function areLast(queries: Value | undefined, keys: Value | undefined): boolean {
  if (queries?.origin.kind !== 'positions' || keys?.origin.kind !== 'positions') return false;
  const past = (keys.shape[0] ?? 0) - (queries.shape[0] ?? 0);
  return keys.origin.start === 0 && queries.origin.start === past;
}

/** The inputs of a value that an operation of this name computes. */
export function operands(value: Value, name: string): readonly Value[] | undefined {
  const { origin } = value;
  return origin.kind === 'operation' && origin.operation.name === name ? origin.inputs : undefined;
}

function operationOf({ origin }: Value): [name: string, attributes: Readonly<Record<string, unknown>>] {
  return origin.kind === 'operation' ? [origin.operation.name, origin.operation.attributes ?? {}] : ['', {}];
}

function numberOf(attribute: unknown): number {
  return typeof attribute === 'number' ? attribute : Number.NaN;
}
