import { label, positions, type Value } from '../graph.js';
import {
  add,
  constant,
  divide,
  full,
  matmul,
  repeatHeads,
  rotary,
  sinkSoftmax,
  softCap,
  softmax,
  squareRoot,
  transpose,
  type RotaryForm,
} from '../ops/index.js';
import { axesOf, headsOf, symbolOf } from './heads.js';
import { applyMask, maskSteps, type MaskParameters } from './masks.js';
import { placesOf, type Ending, type Places } from './places.js';
import { positionBias, type BiasParameters } from './position-bias.js';

/** What is done between scores and weights. What is left out is not done. */
export interface AttendParameters {
  /** The divisor of the scores: √d_k, none, or a number. */
  readonly scaling: 'sqrt' | 'none' | number;
  readonly mask: MaskParameters;
  /**
   * A layer's own sliding window: keys further away than this are masked, whatever the mask. "all" for a layer without a
   * window among others that have one, so that all layers have the same steps.
   */
  readonly window?: number | 'all';
  /** Divides the scores once more: above 1 flattens the weights, below 1 sharpens them. */
  readonly temperature: number;
  /** Rotates Q and K by their positions, before the scores (Su et al. 2021). */
  readonly rotary?: RotaryForm;
  /** c: scaled scores become c · tanh(score / c) (Gemma 2 report, §2). */
  readonly softcap?: number;
  readonly bias?: BiasParameters;
  /** A logit that no key bears, in every row's sum: a number, or one a head. // (head) */
  readonly sink?: number | Value;
  /** Given where layers share them. */
  readonly places?: Places;
  /** Where queries stand at the end of the keys, others having come before; they begin with the keys where left out. */
  readonly ending?: Ending;
}

/** As in the paper: √d_k, no mask, temperature 1. */
export const standardAttention: AttendParameters = {
  scaling: 'sqrt',
  mask: { kind: 'none' },
  temperature: 1,
};

/** The labelled steps from queries and keys to weights. */
export interface Attended {
  /** In reading order, weights last. */
  readonly steps: readonly Value[];
  readonly weights: Value;
}

/**
 * Q Kᵀ / √d_k, masked, softmax: Vaswani et al. 2017, eq. 1.
 * @param Q (head, query, feature) or (query, feature)
 * @param K (head, key, feature), (group, key, feature) or (key, feature)
 */
export function attend(Q: Value, K: Value, parameters: AttendParameters): Attended {
  const places = placesOf(Q.shape.at(-2) ?? 0, K.shape.at(-2) ?? 0, parameters.places, parameters.ending);
  const turned = rotaryForm(parameters.rotary, Q, K, places);
  const [queries, keys] = turned.length === 2 ? turned : [Q, K];
  const after = fromScores(score(queries, keys), Q.shape.at(-1) ?? 1, parameters);
  return { steps: [...turned, ...after.steps], weights: after.weights };
}

/** Q Kᵀ, each query head with the keys of its group. */
function score(Q: Value, K: Value): Value {
  const heads = headsOf(Q);
  const keys = heads === undefined ? K : repeatHeads(K, heads);
  return label(matmul(Q, transpose(keys)), {
    name: 'scores',
    symbol: symbolOf('S', heads),
    axes: axesOf(heads),
    step: {
      title: 'Scores',
      note: 'How well each query matches each key: the dot product of their vectors.',
      scale: 'signed',
      phase: 'score',
      role: 'scores',
    },
  });
}

function rotaryForm(
  form: RotaryForm | undefined,
  Q: Value,
  K: Value,
  { queries, keys }: Places,
): [] | [Value, Value] {
  if (form === undefined) return [];
  const turn = (value: Value, axis: 'query' | 'key'): Value => {
    const place = axis === 'query' ? queries : keys;
    const { label: own } = value;
    const mark = (symbol: string): string =>
      symbol.replace(/^(\\\w+\{\w\}|\w)/, (letter) => `\\mathring{${letter}}`);
    return label(rotary(value, place, form), {
      name: `rotated_${own?.name.replace(/^normed_/, '') ?? axis}`,
      symbol: mark(own?.symbol ?? axis),
      element: mark(own?.element ?? axis),
      axes: own?.axes ?? [],
      step: {
        title: axis === 'query' ? 'Rotated queries' : 'Rotated keys',
        note: 'Each pair of features turns by an angle that grows with the position, so that a score depends on how far apart the two are.',
        scale: 'signed',
        phase: 'score',
      },
    });
  };
  return [turn(Q, 'query'), turn(K, 'key')];
}

/**
 * What follows the scores.
 * @param scores (head, query, key) or (query, key), labelled
 * @param size d_k, for the scaling
 */
export function fromScores(scores: Value, size: number, parameters: AttendParameters): Attended {
  const prepared = prepareScores(scores, size, parameters);
  const heads = headsOf(scores);
  const logits = prepared.at(-1) ?? scores;
  const weights = label(normalise(logits, heads, parameters.sink), {
    name: 'weights',
    symbol: symbolOf('A', heads),
    element: symbolOf('a', heads),
    axes: axesOf(heads),
    step: {
      title: 'Weights',
      note:
        parameters.sink === undefined
          ? 'Softmax turns each row into shares that sum to 1: how much each query takes from each key.'
          : 'Softmax turns each row into shares; with a sink in its sum, they may come to less than 1.',
      scale: 'weights',
      phase: 'normalisation',
      role: 'weights',
    },
  });
  return { steps: [...prepared, weights], weights };
}

function normalise(logits: Value, heads: number | undefined, sink: AttendParameters['sink']): Value {
  if (sink === undefined) return softmax(logits);
  const places = label(positions(heads ?? 1), { name: 'h', symbol: 'h', axes: ['head'] });
  return sinkSoftmax(logits, typeof sink === 'number' ? full(places, sink) : sink);
}

/**
 * From scores to the softmax: the scores, then scaled, capped, biased, windowed and masked. What would change nothing is left
 * out.
 * @param size d_k, for the scaling
 */
export function prepareScores(
  scores: Value,
  size: number,
  { scaling, temperature, softcap, bias, window, mask, places: shared, ending }: AttendParameters,
): Value[] {
  const heads = headsOf(scores);
  const [n = 0, m = 0] = scores.shape.slice(-2);
  const places = placesOf(n, m, shared, ending);
  const step = (value: Value, name: string, symbol: string, title: string, note: string): Value =>
    label(value, {
      name,
      symbol: symbolOf(symbol, heads),
      axes: axesOf(heads),
      step: { title, note, scale: 'signed', phase: 'score' },
    });
  const divisors = [
    ...(scaling === 'sqrt' ? [squareRoot(size)] : scaling === 'none' ? [] : [constant(scaling, 'c')]),
    ...(temperature === 1 ? [] : [constant(temperature, '\\tau')]),
  ];
  const steps = [scores];
  const last = (): Value => steps.at(-1) ?? scores;
  if (divisors.length > 0) {
    const note = scalingNote(scaling, temperature);
    steps.push(step(divide(scores, divisors), 'scaled', '\\tilde{S}', 'Scaled', note));
  }
  if (softcap !== undefined) {
    const note = `Soft-capped: no score leaves −${softcap} to ${softcap}, and small ones hardly change.`;
    steps.push(step(softCap(last(), softcap), 'capped', '\\bar{S}', 'Capped', note));
  }
  if (bias !== undefined) {
    const unbiased = last();
    const { value, note } = positionBias(bias, unbiased, places);
    const biased = step(add(unbiased, value), 'biased', 'S^{+}', 'Biased', note);
    steps.push(...(value.label?.step === undefined ? [] : [value]), biased);
  }
  if (window !== undefined) {
    const [near, note] =
      window === 'all'
        ? [divide(last(), []), 'This layer has no window: keys may be as far away as there are any.']
        : applyMask(last(), { kind: 'sliding-window', window }, places);
    const windowed = step(near, 'windowed', 'S^{\\leftrightarrow}', 'Window', note);
    steps.push(window === 'all' ? passedOn(windowed) : windowed);
  }
  steps.push(...maskSteps(last(), mask, places));
  return steps;
}

/** Marks a step that changes nothing and exists only because other layers have it. */
function passedOn(value: Value): Value {
  const { label: own } = value;
  return own?.step === undefined ? value : label(value, { ...own, step: { ...own.step, passesOn: true } });
}

function scalingNote(scaling: AttendParameters['scaling'], temperature: number): string {
  const why =
    scaling === 'sqrt'
      ? 'A dot product of d_k independent terms varies by √d_k; dividing by it keeps the softmax from saturating and its gradients alive.'
      : scaling === 'none'
        ? 'No scaling: scores grow with d_k, and the softmax saturates.'
        : `Divided by ${scaling} instead of √d_k.`;
  return temperature === 1
    ? why
    : `${why} The temperature ${temperature} ${temperature > 1 ? 'flattens' : 'sharpens'} the weights.`;
}
