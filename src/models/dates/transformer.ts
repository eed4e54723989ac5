import { input, label, positions, stepFor, type AxisName, type Value } from '../../engine/graph.js';
import {
  multiHead,
  standardAttention,
  type AttendParameters,
  type Projection,
} from '../../engine/mechanisms/index.js';
import { add, gather, matmul, relu } from '../../engine/ops/index.js';
import {
  inputLimit,
  list,
  outputCharacters,
  outputLength,
  presented,
  start,
  type DateAxis,
  type DateGraph,
  type DateLayer,
  type RanLayer,
} from './graph.js';
import type { DateWeights } from './weights.js';

/** Which of a Transformer's attentions is looked at: from output to source, among source characters, or among output characters. */
export type TransformerAttention = 'cross' | 'encoder' | 'decoder';

const width = 64;
const inner = 128;
const depth = 2;
export const transformerHeads = 4;

const sides: Readonly<Record<TransformerAttention, readonly [queries: DateAxis, keys: DateAxis]>> = {
  cross: ['output', 'source'],
  encoder: ['source', 'source'],
  decoder: ['output', 'before'],
};

const causal: AttendParameters = { ...standardAttention, mask: { kind: 'causal' } };

/**
 * An encoder–decoder Transformer (Vaswani et al. 2017) that normalises before each sublayer.
 * @param vocabulary how many numbers a character can have
 * @param count m
 * @param looked which attention is presented, and under which parameters it runs
 * @throws ModelError when a weight is missing or has the wrong shape
 */
export function transformerGraph(
  weights: DateWeights,
  vocabulary: number,
  count: number,
  looked: { readonly attention: TransformerAttention; readonly parameters: AttendParameters },
): DateGraph {
  const ids = whole('ids', 't', count, 'key'); // (m)
  const previous = whole('previous', 'p', outputLength, 'query'); // (10)
  const { attention } = looked;
  const of = (kind: TransformerAttention, standard: AttendParameters): AttendParameters =>
    kind === attention ? { ...looked.parameters, mask: standard.mask } : standard;

  const layers: DateLayer[] = [];
  const attentions = new Map<TransformerAttention, RanLayer[]>();
  /** One attention, its result added to what it reads. */
  const attend = (
    kind: TransformerAttention,
    name: string,
    X: Value,
    queries: Value,
    keys: Value,
    parameters: AttendParameters,
  ): Value => {
    const [Q, K, V, output] = (['Q', 'K', 'V', 'O'] as const).map((letter) =>
      projection(weights, name, letter),
    );
    if (Q === undefined || K === undefined || V === undefined)
      throw new Error('Attention has three projections.');
    const heads = { heads: transformerHeads, groups: transformerHeads };
    const build = (from: Value, to: Value): Value[] =>
      multiHead({ queries: from, keys: to, Q, K, V, output, ...heads }, parameters);
    const steps = build(queries, keys);
    attentions.set(kind, [...(attentions.get(kind) ?? []), [steps]]);
    if (kind === attention) {
      const inputs = queries === keys ? [queries] : [queries, keys];
      const used = stepFor(steps, 'weights');
      layers.push(presented(inputs, used, ([from = queries, to = from]) => build(from, to)));
    }
    return add(X, steps.at(-1) ?? X); // (query, model)
  };

  let X = add(
    gather(weights.weight('embedding.weight', [vocabulary, width]), ids),
    gather(weights.weight('positions', [inputLimit, width]), places(count, 'key')),
  ); // (m, model)
  for (let layer = 0; layer < depth; layer++) {
    const name = `encoder.${layer}`;
    const normal = weights.norm(`${name}.self_norm`, width)(X);
    X = attend('encoder', `${name}.self_attention`, X, normal, normal, of('encoder', standardAttention));
    X = feedForward(weights, name, X);
  }
  const memory = weights.norm('encoder_norm', width)(X); // (m, model)

  let Y = add(
    gather(weights.weight('output_embedding.weight', [start + 1, width]), previous),
    gather(weights.weight('output_positions', [outputLength, width]), places(outputLength, 'query')),
  ); // (10, model)
  for (let layer = 0; layer < depth; layer++) {
    const name = `decoder.${layer}`;
    const own = weights.norm(`${name}.self_norm`, width)(Y);
    Y = attend('decoder', `${name}.self_attention`, Y, own, own, of('decoder', causal));
    const asking = weights.norm(`${name}.cross_norm`, width)(Y);
    Y = attend('cross', `${name}.cross_attention`, Y, asking, memory, of('cross', standardAttention));
    Y = feedForward(weights, name, Y);
  }
  const speak = weights.linear('logits', width, outputCharacters.length);
  const logits = add(matmul(weights.norm('decoder_norm', width)(Y), speak.weight), speak.bias); // (10, 11)

  const [queries, keys] = sides[attention];
  return {
    feeds: (numbers) => new Map([[ids, list(numbers)]]),
    layers,
    attentions,
    shown: attention,
    heads: transformerHeads,
    queries,
    keys,
    logits,
    decoder: { previous, memory },
  };
}

/** X + W₂ relu(W₁ norm(X)) // (n, model) */
function feedForward(weights: DateWeights, name: string, X: Value): Value {
  const up = weights.linear(`${name}.up`, width, inner);
  const down = weights.linear(`${name}.down`, inner, width);
  const normal = weights.norm(`${name}.inner_norm`, width)(X); // (n, model)
  const widened = relu(add(matmul(normal, up.weight), up.bias)); // (n, inner)
  return add(X, add(matmul(widened, down.weight), down.bias)); // (n, model)
}

function projection(weights: DateWeights, name: string, letter: 'Q' | 'K' | 'V' | 'O'): Projection {
  return {
    weight: weights.weight(`${name}.W_${letter}`, [width, width]), // (model, model)
    bias: weights.weight(`${name}.b_${letter}`, [width]), // (model)
  };
}

function whole(name: string, symbol: string, count: number, axis: AxisName): Value {
  return label(input([count], 'integer'), { name, symbol, axes: [axis] });
}

function places(count: number, axis: AxisName): Value {
  return label(positions(count), {
    name: axis === 'key' ? 'j' : 'i',
    symbol: axis === 'key' ? 'j' : 'i',
    axes: [axis],
  });
}
