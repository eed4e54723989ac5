import { input, label, parameter, stepFor, type Value } from '../../engine/graph.js';
import { additiveAttention, luongAttention } from '../../engine/mechanisms/index.js';
import type { StateParameters } from '../../engine/mechanisms/states.js';
import {
  add,
  argmax,
  concat,
  gather,
  gru,
  matmul,
  slice,
  tanh,
  type GruWeights,
} from '../../engine/ops/index.js';
import { inMemory } from '../../engine/tensor.js';
import { list, outputCharacters, outputLength, presented, start, type DateGraph } from './graph.js';
import type { DateWeights } from './weights.js';

const sizes = {
  /** Of a character's embedding. */
  embedding: 32,
  /** Of one direction of the encoder. */
  hidden: 64,
  /** d_h: both directions side by side. */
  encoder: 128,
  /** d_s */
  decoder: 128,
  /** d_a of Bahdanau's attention. */
  alignment: 64,
  /** Of Luong's attentional vector. */
  attentional: 128,
  /** Of an output character's embedding. */
  output: 16,
} as const;

/** A recurrent model has one attention. */
const onlyAttention = 'cross';

/** What the decoder is at one of its steps. */
interface Step {
  /** The query. // (1, d_s) */
  readonly state: Value;
  /** Of the attention, from this state alone. */
  readonly looked: readonly Value[];
  /** (1, 11) */
  readonly logits: Value;
}

/**
 * A bidirectional GRU reads; a GRU writes, its attention additive, asked with the state before each step (Bahdanau et al. 2015),
 * or general, asked with the state after it, whose attentional vector is fed to the next step (Luong et al. 2015, §3.1 and 3.3).
 * @param vocabulary how many numbers a character can have
 * @param count m
 * @throws ModelError when a weight is missing or has the wrong shape
 */
export function recurrentGraph(
  weights: DateWeights,
  score: 'bahdanau' | 'luong',
  vocabulary: number,
  count: number,
  parameters: StateParameters,
): DateGraph {
  const ids = label(input([count], 'integer'), { name: 'ids', symbol: 't', axes: ['key'] });
  const last = label(input([1], 'integer'), { name: 'last', symbol: 'm', axes: ['key'] });
  const { H, state } = encode(weights, vocabulary, ids, last);
  const embeddings = weights.weight('output_embedding.weight', [start + 1, sizes.output]);
  const decoder = score === 'bahdanau' ? bahdanauDecoder : luongDecoder;
  const { steps, attention } = decoder(weights, H, state, embeddings, parameters);
  const S = below(steps.map((each) => each.state)); // (10, d_s)
  const used = below(steps.map(({ looked }) => stepFor(looked, 'weights'))); // (10, key)
  return {
    feeds: (numbers) =>
      new Map([
        [ids, list(numbers)],
        [last, list([count - 1])],
      ]),
    layers: [presented([S, H], used, ([leafS = S, leafH = H]) => attention(leafS, leafH))],
    attentions: new Map([[onlyAttention, [steps.map(({ looked }) => looked)]]]),
    shown: onlyAttention,
    heads: 1,
    queries: 'output',
    keys: 'source',
    logits: below(steps.map(({ logits }) => logits)), // (10, 11)
  };
}

/** H (m, d_h), and the decoder's first state (1, d_s), from what each direction knows at its end. */
function encode(
  weights: DateWeights,
  vocabulary: number,
  ids: Value,
  last: Value,
): { H: Value; state: Value } {
  const { embedding, hidden, encoder, decoder } = sizes;
  const X = gather(weights.weight('encoder.embedding.weight', [vocabulary, embedding]), ids); // (m, embedding)
  const none = zeros(hidden); // (1, hidden)
  const unit = (suffix: string): GruWeights =>
    gruWeights(weights, 'encoder.gru.', `_l0${suffix}`, embedding, hidden);
  const forward = gru(X, unit(''), none, { direction: 'forward', name: 'forward' }); // (m, hidden)
  const reverse = gru(X, unit('_reverse'), none, { direction: 'reverse', name: 'reverse' }); // (m, hidden)
  const ends = concat([gather(forward, last), row(reverse, 0)], 'columns'); // (1, d_h)
  const bridge = weights.linear('encoder.bridge', encoder, decoder);
  return {
    H: concat([forward, reverse], 'columns'), // (m, d_h)
    state: tanh(add(matmul(ends, bridge.weight), bridge.bias)), // (1, d_s)
  };
}

interface Decoder {
  readonly steps: readonly Step[];
  /** The labelled steps of the attention of states S (n, d_s) over H (m, d_h). */
  attention(S: Value, H: Value): readonly Value[];
}

function bahdanauDecoder(
  weights: DateWeights,
  H: Value,
  first: Value,
  embeddings: Value,
  parameters: StateParameters,
): Decoder {
  const { decoder, encoder, alignment, output } = sizes;
  const W_a = weights.weight('W_a', [decoder, alignment]);
  const U_a = weights.weight('U_a', [encoder, alignment]);
  const v_a = weights.weight('v_a', [alignment]);
  const cell = gruWeights(weights, 'cell.', '', output + encoder, decoder);
  const speak = weights.linear('logits', decoder + encoder, outputCharacters.length);
  const attention: Decoder['attention'] = (S, over) =>
    additiveAttention({ S, H: over, W_a, U_a, v_a }, parameters);

  const steps: Step[] = [];
  let state = first; // (1, d_s)
  let before = row(embeddings, start); // (1, output)
  for (let at = 0; at < outputLength; at++) {
    const asked = state;
    const looked = attention(asked, H);
    const context = stepFor(looked, 'output'); // (1, d_h)
    state = next(at, cell, [before, context], asked);
    const logits = add(matmul(concat([state, context], 'columns'), speak.weight), speak.bias); // (1, 11)
    before = said(logits, embeddings);
    steps.push({ state: asked, looked, logits });
  }
  return { steps, attention };
}

function luongDecoder(
  weights: DateWeights,
  H: Value,
  first: Value,
  embeddings: Value,
  parameters: StateParameters,
): Decoder {
  const { decoder, encoder, attentional, output } = sizes;
  const W_a = weights.weight('W_a', [decoder, encoder]);
  const W_c = weights.weight('W_c', [encoder + decoder, attentional]);
  const cell = gruWeights(weights, 'cell.', '', output + attentional, decoder);
  const speak = weights.linear('logits', attentional, outputCharacters.length);
  const attention: Decoder['attention'] = (S, over) =>
    luongAttention({ S, H: over }, { kind: 'general', W_a }, W_c, parameters);

  const steps: Step[] = [];
  let state = first; // (1, d_s)
  let fed = zeros(attentional); // (1, attentional)
  let before = row(embeddings, start); // (1, output)
  for (let at = 0; at < outputLength; at++) {
    state = next(at, cell, [before, fed], state);
    const looked = attention(state, H);
    fed = stepFor(looked, 'output');
    const logits = add(matmul(fed, speak.weight), speak.bias); // (1, 11)
    before = said(logits, embeddings);
    steps.push({ state, looked, logits });
  }
  return { steps, attention };
}

/** The state after one step. // (1, d_s) */
function next(at: number, cell: GruWeights, read: readonly Value[], state: Value): Value {
  return gru(concat(read, 'columns'), cell, state, { direction: 'forward', name: `decoder_${at}` });
}

/** The embedding of the character that fits best. // (1, 11) → (1, output) */
function said(logits: Value, embeddings: Value): Value {
  const characters = slice(embeddings, [
    { start: 0, end: outputCharacters.length },
    { start: 0, end: sizes.output },
  ]); // (11, output)
  return matmul(argmax(logits), characters);
}

function gruWeights(
  weights: DateWeights,
  prefix: string,
  suffix: string,
  from: number,
  hidden: number,
): GruWeights {
  return {
    input: weights.weight(`${prefix}weight_ih${suffix}`, [3 * hidden, from]),
    state: weights.weight(`${prefix}weight_hh${suffix}`, [3 * hidden, hidden]),
    inputBias: weights.weight(`${prefix}bias_ih${suffix}`, [3 * hidden]),
    stateBias: weights.weight(`${prefix}bias_hh${suffix}`, [3 * hidden]),
  };
}

/** (n, a) → (1, a) */
function row(value: Value, at: number): Value {
  return slice(value, [
    { start: at, end: at + 1 },
    { start: 0, end: value.shape[1] ?? 0 },
  ]);
}

/** (1, width) */
function zeros(width: number): Value {
  return parameter(inMemory({ shape: [1, width], data: new Float32Array(width) }));
}

function below(rows: readonly Value[]): Value {
  return concat(rows, 'rows');
}
