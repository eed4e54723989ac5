import type { TensorSource } from '../../engine/tensor.js';
import { batchDiffers } from './evidence.js';
import { extentsOf, type Group, type Part, type Reading } from './readings.js';
import type { Hint } from './telling.js';

/** What is known of a tensor besides its shape and how it fits those beside it. */
export interface Evidence {
  readonly hint: Hint | undefined;
  /** What its name says its order is. */
  readonly byName: string | undefined;
  /** Whether the tensors beside it leave fewer readings than there are. */
  readonly onlyFit: boolean;
  readonly statedHeads: number | undefined;
  readonly batch: { readonly name: string; readonly count: number } | undefined;
}

/** Words in a name that say what its first axis counts. One with a number behind it counts one of them instead. */
const words: readonly (readonly [part: Part, word: RegExp])[] = [
  ['layer', /(^|[^a-z])(layers|blocks|(per|by|all)_(layer|block))(?![a-z0-9]|[._-]?\d)/i],
  ['head', /(^|[^a-z])(heads|(per|by|all)_head)(?![a-z0-9]|[._-]?\d)/i],
  ['batch', /(^|[^a-z])(batch|batches|batched|samples|examples)(?![a-z0-9]|[._-]?\d)/i],
];

/**
 * The readings that are left after what names, axes of 1, and numbers say, one after the other, and what that was. Nothing is
 * taken away for being rarer.
 */
export async function narrowed(
  candidates: readonly Reading[],
  source: TensorSource,
  { parameter }: Group,
  { hint, byName, onlyFit, statedHeads, batch }: Evidence,
): Promise<{ readonly readings: readonly Reading[]; readonly reason: string | undefined }> {
  const { shape } = source;
  let readings = candidates;
  const reasons = byName === undefined ? [] : [byName];
  if (byName === undefined && onlyFit) reasons.push('the only order in which the tensors fit each other');
  const keep = (fits: (reading: Reading) => boolean, reason: string): void => {
    const left = readings.filter(fits);
    if (left.length === 0 || left.length === readings.length) return;
    readings = left;
    reasons.push(reason);
  };
  const begins = (reading: Reading): boolean => reading[0] === 'batch' && reading[1] !== 'layer';
  if (shape[0] === 1) keep(begins, 'an axis of 1 in front is a batch of one');
  const own = hint?.axes === undefined ? (hint?.name ?? '') : '';
  if (/(layers?|blocks?|(^|[._])h)[._-]?\d+/i.test(own))
    keep((reading) => !reading.includes('layer'), 'its name is that of one layer');
  for (const [part, word] of words) {
    if (word.test(own)) keep((reading) => reading[0] === part, `its name says “${part}”`);
  }
  if (statedHeads !== undefined && statedHeads > 1)
    keep(
      (reading) => extentsOf(reading, shape, 'head')[0] === statedHeads,
      `the file says that there are ${statedHeads} heads`,
    );
  if (batch !== undefined && batch.count > 1)
    keep(
      (reading) => extentsOf(reading, shape, 'batch').includes(batch.count),
      `${batch.name} has ${batch.count} rows, one for each entry of a batch`,
    );
  const mayBeBatch = readings.some(begins) && !readings.every(begins);
  if (parameter === 'matrixAxes' && mayBeBatch && (await batchDiffers(source)))
    keep(begins, 'its entries differ in the keys that are never attended, as texts of a batch do');
  if (readings.length === 1 && reasons.length === 0 && shape.length > 2)
    reasons.push('the only order there is');
  return { readings, reason: reasons.length === 0 ? undefined : reasons.join('; ') };
}
