import { formatShape, sizeOf, type Shape, type Tensor } from '../../engine/tensor.js';
import {
  isMask,
  type Between,
  type FoundAttention,
  type Lie,
  type Operand,
  type ScaleStep,
} from './attention.js';
import { readMasking, type Masking } from './masking.js';
import { OtherForm } from './other-form.js';

type Numbers = Tensor<Float32Array>;

/** The numbers of attention as an export computed it, in the terms of dot-product attention. */
export interface AttentionReading {
  readonly Q: Numbers; // (head, query, feature)
  readonly K: Numbers; // (group, key, feature)
  readonly V: Numbers; // (group, key, value)
  /** What scores are divided by. */
  readonly divisor: number;
  readonly softcap: number | undefined;
  readonly masking: Masking;
}

/** Attention of which the scores before the softmax are all that is told. */
export interface ReadyScores {
  readonly scores: Numbers; // (head, query, key)
  readonly V: Numbers; // (head, key, value)
}

/** All values that tell what an attention computes. */
export function valuesOf({ query, key, value, between }: FoundAttention): string[] {
  return [query.value, key.value, value.value, ...between.flatMap(namesIn)];
}

function namesIn(each: Between): string[] {
  switch (each.kind) {
    case 'multiply':
    case 'divide':
    case 'add':
    case 'subtract':
    case 'mask':
      return [each.by];
    case 'choose':
      return [each.condition, each.other];
    case 'real-keys':
      return [each.keys];
    case 'reach':
      return each.until === '' ? [] : [each.until];
    case 'scale':
    case 'standard-scale':
    case 'tanh':
    case 'soft-cap':
    case 'causal':
      return [];
  }
}

/** The same masks are read once for all layers that share them. */
export type MaskingCache = Map<string, Masking>;

/**
 * What an attention computes, from the values of a run.
 * @throws OtherForm where it is none that is known
 */
export function readAttention(
  found: FoundAttention,
  values: ReadonlyMap<string, Numbers>,
  cache: MaskingCache,
): AttentionReading {
  checkSoftmax(found, values);
  const at = (name: string): Numbers => numbersOf(values, name);
  const [Q, K, V] = [found.query, found.key, found.value].map((operand) => arranged(operand, values));
  if (Q === undefined || K === undefined || V === undefined) throw new OtherForm('its operands are unknown');
  const [heads = 0, n = 0, size = 0] = Q.shape;
  const [groups = 0, m = 0] = K.shape;
  if (K.shape[2] !== size || V.shape[1] !== m || V.shape[0] !== groups || heads % Math.max(1, groups) !== 0) {
    throw new OtherForm(
      `its operands ${[Q, K, V].map(({ shape }) => formatShape(shape)).join(', ')} do not fit each other`,
    );
  }
  const { factor, softcap } = scaling(found.between, size, at);
  const key = JSON.stringify([found.between.filter(isMask), n, m]);
  const masking = cache.get(key) ?? readMasking(found.between.filter(isMask), [n, m], at);
  cache.set(key, masking);
  const [first] = masking.bias?.shape.length === 3 ? masking.bias.shape : [heads];
  if (first !== heads) throw new OtherForm(`what is added to its scores is for ${first} heads, not ${heads}`);
  const [kept] = masking.keep?.shape.length === 3 ? masking.keep.shape : [heads];
  if (kept !== heads) throw new OtherForm(`its mask is for ${kept} heads, not ${heads}`);
  return { Q, K, V, divisor: 1 / factor, softcap, masking };
}

/** @throws OtherForm where the softmax does not run over the keys, as far as the scores' shape is known */
function checkSoftmax({ result }: FoundAttention, values: ReadonlyMap<string, Numbers>): void {
  const shape = result.kind === 'weights' ? values.get(result.scores)?.shape : undefined;
  if (result.kind !== 'weights' || shape === undefined) return;
  const { axis: said, isJoint } = result.softmax;
  const axis = said < 0 ? said + shape.length : said;
  if (axis === shape.length - 1) return;
  if (isJoint && shape.slice(axis, -1).every((extent) => extent === 1)) return;
  const over = isJoint ? `all axes from ${axis} on together` : `axis ${axis}`;
  const queries = !isJoint && axis === shape.length - 2 ? ', the queries' : '';
  throw new OtherForm(
    `its softmax runs over ${over} of ${formatShape(shape)}${queries}, and not over the keys, which are the last axis`,
  );
}

/** The scores as they reach the softmax, where nothing else is known of them. @throws OtherForm */
export function readScores(found: FoundAttention, values: ReadonlyMap<string, Numbers>): ReadyScores {
  if (found.result.kind !== 'weights') throw new OtherForm('it has no scores of its own');
  checkSoftmax(found, values);
  const scores = arranged({ value: found.result.scores, lie: { kind: 'rows' } }, values);
  const V = arranged(found.value, values);
  if (V.shape[0] !== scores.shape[0] || V.shape[1] !== scores.shape[2]) {
    throw new OtherForm(
      `its scores ${formatShape(scores.shape)} and values ${formatShape(V.shape)} do not fit`,
    );
  }
  return { scores, V };
}

/** A value as (head, row, feature). @throws OtherForm where there are several texts, or too many axes */
export function arranged({ value, lie }: Operand, values: ReadonlyMap<string, Numbers>): Numbers {
  const { shape, data } = numbersOf(values, value);
  const rank = shape.length;
  if (rank < 2) throw new OtherForm(`${value} has the shape ${formatShape(shape)}`);
  if (lie.kind === 'merged') return apart(threeAxes(shape, data, value), lie, value);
  const order = orderOf(lie, rank);
  if (order.length !== rank || order.some((axis) => axis < 0)) {
    throw new OtherForm(`${value} has the shape ${formatShape(shape)}`);
  }
  const moved = order.every((axis, place) => axis === place)
    ? { shape, data }
    : permuted({ shape, data }, order);
  return threeAxes(moved.shape, moved.data, value);
}

function orderOf(lie: Exclude<Lie, { kind: 'merged' }>, rank: number): readonly number[] {
  if (lie.kind === 'axes') return lie.order;
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return lie.kind === 'rows' ? axes : [...axes.slice(0, -2), rank - 1, rank - 2];
}

/** Without axes of 1 in front, of which the batch is one; with one for heads, where there is none. */
function threeAxes(shape: Shape, data: Float32Array, value: string): Numbers {
  const rest = shape.slice(0, -2);
  const last = shape.slice(-2);
  while (rest.length > 1 && rest[0] === 1) rest.shift();
  if (rest.length > 1) {
    throw new OtherForm(`${value} has the shape ${formatShape(shape)}: attention over several parts at once`);
  }
  return { shape: [...(rest.length === 0 ? [1] : rest), ...last], data };
}

/** Heads that lie side by side in each row. // (1, row, head · feature) → (head, row, feature) */
function apart(
  { shape, data }: Numbers,
  { first, heads, of }: Extract<Lie, { kind: 'merged' }>,
  value: string,
): Numbers {
  const [one = 0, rows = 0, width = 0] = shape;
  if (one !== 1 || width % of !== 0) {
    throw new OtherForm(`${value} has the shape ${formatShape(shape)}, which is not of ${of} heads`);
  }
  const size = width / of;
  const out = new Float32Array(heads * rows * size);
  for (let head = 0; head < heads; head++) {
    for (let row = 0; row < rows; row++) {
      const from = row * width + (first + head) * size;
      out.set(data.subarray(from, from + size), (head * rows + row) * size);
    }
  }
  return { shape: [heads, rows, size], data: out };
}

function permuted({ shape, data }: Numbers, order: readonly number[]): Numbers {
  const to = order.map((axis) => shape[axis] ?? 0);
  const strides = order.map((axis) => sizeOf(shape.slice(axis + 1)));
  const out = new Float32Array(data.length);
  const index = to.map(() => 0);
  for (let at = 0, from = 0; at < out.length; at++) {
    out[at] = data[from] ?? 0;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1;
      from += strides[axis] ?? 0;
      if (next < (to[axis] ?? 0)) {
        index[axis] = next;
        break;
      }
      from -= next * (strides[axis] ?? 0);
      index[axis] = 0;
    }
  }
  return { shape: to, data: out };
}

function numbersOf(values: ReadonlyMap<string, Numbers>, name: string): Numbers {
  const found = values.get(name);
  if (found === undefined) throw new OtherForm(`${name} was not computed`);
  return found;
}

/** The one factor of scores, and their cap. */
function scaling(
  between: readonly Between[],
  size: number,
  at: (name: string) => Numbers,
): { factor: number; softcap: number | undefined } {
  let factor = 1;
  /** The factor before a tanh. */
  let before: number | undefined;
  let softcap: number | undefined;
  let isMasked = false;
  for (const each of between) {
    switch (each.kind) {
      case 'multiply':
      case 'divide':
      case 'scale':
      case 'standard-scale': {
        const by = factorOf(each, size, at);
        if (by !== 1 && isMasked) throw new OtherForm('its scores are scaled after they were masked');
        factor *= by;
        break;
      }
      case 'tanh':
      case 'soft-cap':
        if (before !== undefined || softcap !== undefined || isMasked) {
          throw new OtherForm('its scores are capped twice, or after they were masked');
        }
        if (each.kind === 'soft-cap') softcap = each.cap;
        else [before, factor] = [factor, 1];
        break;
      case 'add':
      case 'subtract':
      case 'choose':
      case 'mask':
      case 'causal':
      case 'reach':
      case 'real-keys':
        isMasked = true;
    }
  }
  if (before === undefined) return { factor, softcap };
  // c · tanh(s / c): what comes after is the cap, and the scores’ own factor is what is left of the one before.
  return { factor: before * factor, softcap: factor };
}

function factorOf(each: ScaleStep, size: number, at: (name: string) => Numbers): number {
  switch (each.kind) {
    case 'multiply':
      return onlyNumber(each.by, at);
    case 'divide':
      return 1 / onlyNumber(each.by, at);
    case 'scale':
      return each.factor;
    case 'standard-scale':
      return 1 / Math.sqrt(size);
  }
}

function onlyNumber(name: string, at: (name: string) => Numbers): number {
  const { shape, data } = at(name);
  const [number] = data;
  if (data.length !== 1 || number === undefined) {
    throw new OtherForm(
      `its scores are multiplied by ${name} of shape ${formatShape(shape)}, not by a number`,
    );
  }
  return number;
}
