import type { Arithmetic, InspectionSummary, Step } from '../../../src/protocol.js';
import { isPairwise } from '../../../src/drawing/labels.js';

/** The step that says how well a query matches a key. */
export function scoresOf({ steps }: InspectionSummary): Step | undefined {
  return steps.find((step) => step.role === 'scores' && isPairwise(step));
}

/** A query's and a key's vectors as they are before their product: projected, normed, rotated. */
export interface Stage {
  readonly query: Step;
  readonly key: Step;
}

/** The vectors on the way to the scores, in their order; those of the last are what is multiplied. */
export function stagesOf(summary: InspectionSummary): Stage[] {
  const scores = scoresOf(summary);
  if (scores === undefined) return [];
  const before = summary.steps.slice(0, summary.steps.indexOf(scores));
  const of = (axis: 'query' | 'key'): Step[] =>
    before.filter(
      ({ rows, columns, perQuery, role }) =>
        rows.axis === axis &&
        rows.size === scores[axis === 'query' ? 'rows' : 'columns'].size &&
        columns.axis === 'feature' &&
        !perQuery &&
        role !== 'value',
    );
  const [queries, keys] = [of('query'), of('key')];
  if (queries.length !== keys.length) return [];
  return queries.flatMap((query, at) => {
    const key = keys[at];
    return key === undefined || key.columns.size !== query.columns.size ? [] : [{ query, key }];
  });
}

/** The steps from the scores to the weights, with a number a pair. */
export function chainOf(summary: InspectionSummary): Step[] {
  const scores = scoresOf(summary);
  const weights = summary.steps.findIndex((step) => step.role === 'weights' && isPairwise(step));
  if (scores === undefined || weights < 0) return [];
  return summary.steps.slice(summary.steps.indexOf(scores), weights + 1).filter(isPairwise);
}

/** Numbers along the dimensions, with what they are called. */
export interface Column {
  /** TeX. */
  readonly name: string;
  readonly values: Float32Array;
}

/** What a score is the sum of. */
export interface Terms {
  /** "feature" */
  readonly axis: Arithmetic['sums'][number]['axis'];
  /** What is multiplied, the products last. */
  readonly columns: readonly Column[];
  readonly products: Float32Array;
}

/** The terms of a score as it ran; null where it was given, or is no sum. */
export function termsOf({ sums }: Pick<Arithmetic, 'sums'>): Terms | null {
  for (const { axis, columns } of sums) {
    const summed = columns.find(({ total }) => total !== undefined);
    if (summed === undefined || summed.values.length === 0) continue;
    return {
      axis,
      columns: columns.map(({ tex, values }) => ({ name: tex, values })),
      products: summed.values,
    };
  }
  return null;
}

/** The terms of a dot product of two rows. */
export function productOf({ query, key }: Stage, q: Float32Array, k: Float32Array): Terms {
  const products = q.map((value, at) => value * (k[at] ?? 0));
  return {
    axis: 'feature',
    columns: [
      { name: query.symbol, values: q },
      { name: key.symbol, values: k },
      { name: '\\text{product}', values: products },
    ],
    products,
  };
}

/** The order in which terms are added: as they lie, or the largest products first. */
export function orderOf(products: Float32Array, by: 'dimension' | 'size'): number[] {
  const order = Array.from(products.keys());
  if (by === 'dimension') return order;
  return order.sort((a, b) => Math.abs(products[b] ?? 0) - Math.abs(products[a] ?? 0) || a - b);
}

/** The sum after each term in an order, in float64. */
export function runningSum(products: Float32Array, order: readonly number[]): Float64Array {
  let sum = 0;
  return Float64Array.from(order, (at) => (sum += products[at] ?? 0));
}

/** Whether a row of numbers is the operand that ran: else it is not what the score was made of. */
export function isOperand(row: Float32Array, operand: Float32Array | undefined): boolean {
  return row.length === operand?.length && row.every((value, at) => value === operand[at]);
}

/** Products by dimension of one query with every key. // (dimension, key) */
export function productsOfKeys(q: Float32Array, keys: Float32Array, count: number): Float32Array {
  const out = new Float32Array(q.length * count);
  for (const [dimension, value] of q.entries()) {
    for (let key = 0; key < count; key += 1) {
      out[dimension * count + key] = value * (keys[key * q.length + dimension] ?? 0);
    }
  }
  return out;
}
