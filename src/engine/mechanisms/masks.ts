import { label, type Value } from '../graph.js';
import { addMask, mask, maskBeyond, maskKeys } from '../ops/index.js';
import { formatShape, ShapeError } from '../tensor.js';
import { axesOf, headsOf, symbolOf } from './heads.js';
import type { Places } from './places.js';

/** What the numbers of a given mask say: 1 takes part, 1 is left out, or they are added to scores. */
export type Meaning = 'keep' | 'drop' | 'add';

/** One mask. */
export type SingleMask =
  | { readonly kind: 'causal' }
  /** To both sides alike. */
  | { readonly kind: 'sliding-window'; readonly window: number }
  /** Without a bound on a side that is left out. */
  | { readonly kind: 'window'; readonly left?: number; readonly right?: number }
  /** Causal but for the first keys, which all may see. */
  | { readonly kind: 'prefix'; readonly prefix: number }
  /** How many of the keys are real: a number, */
  | { readonly kind: 'valid'; readonly count: number }
  /** or a tensor. // (1) */
  | { readonly kind: 'lengths'; readonly lengths: Value }
  | {
      readonly kind: 'given';
      readonly of: 'padding' | 'givenMask' | 'keepMask';
      /** (key), (query, key) or (head, query, key); axes of 1 are repeated */
      readonly given: Value;
      readonly meaning: Meaning;
    };

/** Any masks together: a key takes part if each of them lets it. */
export type MaskParameters =
  { readonly kind: 'none' } | SingleMask | { readonly kind: 'all'; readonly masks: readonly SingleMask[] };

/** The masks of which a mask consists. */
export function singleMasks(parameters: MaskParameters): readonly SingleMask[] {
  if (parameters.kind === 'none') return [];
  return parameters.kind === 'all' ? parameters.masks : [parameters];
}

/** Masks as one. */
export function allOf(masks: readonly SingleMask[]): MaskParameters {
  const [only] = masks;
  if (only === undefined) return { kind: 'none' };
  return masks.length === 1 ? only : { kind: 'all', masks };
}

/** Whether no query sees what comes after it, so that a text can go on without its start being run again. */
export function isCausal(parameters: MaskParameters): boolean {
  return singleMasks(parameters).some(({ kind }) => kind === 'causal');
}

/**
 * The scores after each of the masks, as labelled steps: where there are several, each says what it took away, and the last,
 * `masked`, is what the softmax reads.
 * @param scores (head, query, key) or (query, key)
 * @param symbol of the masked scores
 * @param places of queries (query) and keys (key), labelled
 */
export function maskSteps(
  scores: Value,
  parameters: MaskParameters,
  places: Places,
  symbol = '\\hat{S}',
): Value[] {
  const keys = scores.shape.at(-1) ?? 0;
  // As many real keys as there are leave nothing to mask.
  const masks = singleMasks(parameters).filter((each) => each.kind !== 'valid' || each.count < keys);
  const heads = headsOf(scores);
  const steps: Value[] = [];
  for (const [at, each] of masks.entries()) {
    const [masked, note] = applyMask(steps.at(-1) ?? scores, each, places);
    const { name, title } = names[nameOf(each)];
    const isLast = at === masks.length - 1;
    steps.push(
      label(masked, {
        name: isLast ? 'masked' : `masked_${name}`,
        symbol: symbolOf(isLast ? symbol : `${symbol}^{\\text{${name}}}`, heads),
        axes: axesOf(heads),
        step: {
          title: masks.length === 1 ? 'Masked' : `Masked: ${title}`,
          note,
          scale: 'signed',
          phase: 'score',
          role: 'masked',
        },
      }),
    );
  }
  return steps;
}

const names = {
  causal: { name: 'causal', title: 'causal' },
  window: { name: 'window', title: 'window' },
  length: { name: 'length', title: 'valid length' },
  padding: { name: 'padding', title: 'padding' },
  givenMask: { name: 'given', title: 'given mask' },
  keepMask: { name: 'kept', title: 'other given mask' },
} as const;

function nameOf(each: SingleMask): keyof typeof names {
  switch (each.kind) {
    case 'causal':
    case 'prefix':
      return 'causal';
    case 'sliding-window':
    case 'window':
      return 'window';
    case 'valid':
    case 'lengths':
      return 'length';
    case 'given':
      return each.of;
  }
}

/** The scores with −∞ where a query may not attend to a key, and a sentence that says where. */
export function applyMask(scores: Value, each: SingleMask, { queries, keys }: Places): [Value, string] {
  switch (each.kind) {
    case 'given':
      if (each.of === 'padding') checkPadding(scores, each.given);
      return [given(scores, each.given, each.meaning), givenNote(each.of, each.meaning)];
    case 'valid':
      return [
        mask(scores, queries, keys, { kind: 'valid', count: each.count }),
        `Only the first ${each.count} keys are real; the others are padding and get −∞.`,
      ];
    case 'lengths':
      return [
        maskBeyond(scores, keys, each.lengths),
        'Keys beyond the valid length of the sequence are padding and get −∞.',
      ];
    case 'causal':
    case 'sliding-window':
    case 'window':
    case 'prefix':
      return [mask(scores, queries, keys, each), ruleNote(each)];
  }
}

function checkPadding({ shape }: Value, padding: Value): void {
  const keys = shape.at(-1) ?? 0;
  if (padding.shape.at(-1) !== keys) {
    throw new ShapeError(
      `A padding mask has one entry a key, ${keys} here, but its shape is ${formatShape(padding.shape)}.`,
    );
  }
}

function given(scores: Value, numbers: Value, meaning: Meaning): Value {
  switch (meaning) {
    case 'add':
      return addMask(scores, numbers);
    case 'keep':
      return maskKeys(scores, numbers);
    case 'drop':
      return maskKeys(scores, numbers, -Infinity, 'zeros');
  }
}

function givenNote(of: 'padding' | 'givenMask' | 'keepMask', meaning: Meaning): string {
  const what = of === 'padding' ? 'padding mask' : 'mask';
  switch (meaning) {
    case 'add':
      return `The ${what} is added: −∞ takes a key away from a query.`;
    case 'keep':
      return of === 'padding'
        ? 'Keys that are only padding get −∞, so that their weight is 0.'
        : 'Where the mask is 0, the key is taken away from the query: the score becomes −∞.';
    case 'drop':
      return `Where the ${what} is 1, the key is left out: the score becomes −∞.`;
  }
}

function ruleNote(
  rule: Extract<SingleMask, { kind: 'causal' | 'sliding-window' | 'window' | 'prefix' }>,
): string {
  switch (rule.kind) {
    case 'causal':
      return 'A query may attend to keys up to its own position, never ahead; the others get −∞ and so weight 0.';
    case 'sliding-window':
      return `A query may attend to keys at most ${rule.window} positions away; the others get −∞ and so weight 0.`;
    case 'window': {
      const sides = [
        ...(rule.left === undefined ? [] : [`at most ${rule.left} positions before it`]),
        ...(rule.right === undefined ? [] : [`at most ${rule.right} after it`]),
      ];
      return `A query may attend to keys ${sides.join(' and ')}; the others get −∞ and so weight 0.`;
    }
    case 'prefix':
      return `All queries may attend to the first ${rule.prefix} keys, and otherwise never ahead.`;
  }
}
