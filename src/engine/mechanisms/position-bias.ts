import { label, positions, type Value } from '../graph.js';
import { alibi, checkMaskShape, dropAxis, relativeBias, type BucketRule } from '../ops/index.js';
import { formatShape, ShapeError } from '../tensor.js';
import { axesOf, headsOf, symbolOf } from './heads.js';
import type { Places } from './places.js';

/** The bias that is added to the scores for the positions of query and key. */
export type BiasParameters =
  /** −m_h · |i − j| (Press et al. 2022). */
  | { readonly kind: 'alibi' }
  /** A number for each bucket of the distance (Raffel et al. 2020). // (bucket, head) */
  | { readonly kind: 't5'; readonly table: Value; readonly rule: BucketRule }
  /** // (key), (query, key) or (head, query, key); axes of 1 are repeated */
  | { readonly kind: 'matrix'; readonly matrix: Value };

/**
 * The bias that is added to the scores for the positions of query and key; labelled as a step where it is computed.
 * @param scores (head, query, key) or (query, key)
 * @param places of queries (query) and keys (key), labelled
 * @throws ShapeError when a given bias does not fit
 */
export function positionBias(
  bias: BiasParameters,
  scores: Value,
  { queries, keys }: Places,
): { value: Value; note: string } {
  const heads = headsOf(scores);
  const each = label(positions(heads ?? 1), { name: 'h', symbol: 'h', axes: ['head'] });
  const step = (value: Value, note: string): { value: Value; note: string } => ({
    note: 'The position bias is added to the scores.',
    value: label(heads === undefined ? dropAxis(value, 0) : value, {
      name: 'position_bias',
      symbol: symbolOf('B', heads),
      axes: axesOf(heads),
      step: { title: 'Position bias', note, scale: 'signed', phase: 'score' },
    }),
  });
  switch (bias.kind) {
    case 'alibi':
      return step(
        alibi(each, queries, keys, heads ?? 1),
        'A penalty that grows with the distance between query and key, with a slope of its own for each head.',
      );
    case 't5':
      if (bias.table.shape[1] !== (heads ?? 1)) {
        throw new ShapeError(
          `The relative bias ${formatShape(bias.table.shape)} has a column for each of ${bias.table.shape[1]} heads, but there are ${heads ?? 1}.`,
        );
      }
      return step(
        relativeBias(namedTable(bias.table), each, queries, keys, bias.rule),
        'A number for each bucket of the distance from query to key; far distances share theirs.',
      );
    case 'matrix': {
      try {
        checkMaskShape(scores.shape, bias.matrix.shape);
      } catch (error) {
        if (!(error instanceof ShapeError)) throw error;
        throw new ShapeError(error.message.replace('The mask', 'The bias'));
      }
      return { value: bias.matrix, note: 'The given bias is added to the scores.' };
    }
  }
}

/** A model's own table has no name; code loads it under the one that a user's has. // (bucket, head) */
function namedTable(table: Value): Value {
  if (table.label !== undefined) return table;
  return label(table, { name: 'relative_bias', symbol: 'R', axes: ['vocabulary', 'head'], given: true });
}
