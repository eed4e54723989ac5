import { formatShape, type TensorSource } from '../../engine/tensor.js';
import { isPerSequence } from '../sources/mask-names.js';
import { along, rearranged } from './rearranged.js';

/** A batch of which one entry is shown, beside what has heads and queries. */
interface Shown {
  readonly batch: number;
  readonly entry: number;
  readonly heads: ReadonlySet<number>;
  readonly queries: ReadonlySet<number>;
}

/** What only shapes scores, and has no axes of its own that are told. */
interface Aside {
  readonly role: string;
  readonly name: string;
  readonly source: TensorSource;
}

/** From so many axes on the first of these is a batch, where it has the batch's extent. */
const fewestWithBatch: Readonly<Record<string, number>> = {
  mask: 3,
  keep: 3,
  padding: 2,
  bias: 4,
  reward: 3,
  lengths: 1,
  past_K: 4,
  past_V: 4,
};

const overScores: ReadonlySet<string> = new Set(['mask', 'keep', 'bias']);

/**
 * Of masks and the like that have a batch in front, the entry that is shown: of (batch, …), of (batch, key), and of (batch · head,
 * query, key), as nn.MultiheadAttention's attn_mask and BLOOM's ALiBi have it. Where they broadcast as well, they do, and that is said.
 */
export function ofEntry(
  { role, name, source }: Aside,
  { batch, entry, heads, queries }: Shown,
): { readonly source: TensorSource; readonly notice?: string } {
  const { shape } = source;
  const [first = 0, second = 0] = shape;
  const isOver = overScores.has(role);
  const own = (): TensorSource =>
    rearranged(
      source,
      shape.slice(1).map((_, axis) => axis + 1),
      new Map([[0, entry]]),
    );
  if (isOver && shape.length === 3 && first === batch && batch > 1 && heads.has(batch)) {
    return { source, notice: broadcasts(name, shape, 'heads', [batch, 1, ...shape.slice(1)]) };
  }
  if (isOver && shape.length === 3 && first !== batch && !heads.has(first)) {
    const count = first / batch;
    const isOfHeads = heads.size === 0 ? Number.isInteger(count) && count > 1 : heads.has(count);
    if (isOfHeads) {
      return {
        source: along(source, 0, { start: entry * count, end: (entry + 1) * count }),
        notice: `${name} ${formatShape(shape)} was read as ${batch} entries × ${count} heads, as nn.MultiheadAttention has it.`,
      };
    }
  }
  if (isOver && shape.length === 2 && first === batch && batch > 1 && !isPerSequence(name)) {
    if (!queries.has(batch)) return { source: own() };
    return { source, notice: broadcasts(name, shape, 'queries', [batch, 1, second]) };
  }
  const fewest = isPerSequence(name) ? 2 : fewestWithBatch[role];
  if (fewest === undefined || shape.length < fewest || first !== batch) return { source };
  return { source: own() };
}

function broadcasts(
  name: string,
  shape: readonly number[],
  as: 'heads' | 'queries',
  otherwise: readonly number[],
): string {
  const [what, each] = as === 'heads' ? ['matrices', 'head'] : ['rows', 'query'];
  return `${name} ${formatShape(shape)} has as many ${what} as there are ${as} and entries of the batch: it was read as one a ${each}, as it broadcasts. Give it as ${formatShape(otherwise)} for one an entry.`;
}
