import { label, stepWithRole, type Value } from '../graph.js';
import { divideRows, featureMap, mask, matmul, repeatHeads, rowSum, transpose } from '../ops/index.js';
import { ShapeError } from '../tensor.js';
import { axesOf, extent, headsOf, readCount, symbolOf } from './heads.js';
import { causalParameter } from './mask-parameters.js';
import { withoutMaskShorthand } from './mask-shorthand.js';
import type { Mechanism } from './mechanism.js';
import { placesOf } from './places.js';
import { outputOf, start, valueLeaf, vectorInputs, vectorParameters } from './vectors.js';

/**
 * Linear attention: φ(Q)(φ(K)ᵀV) / φ(Q)Σφ(K) with φ = elu + 1, which needs no weights; here they are computed as
 * well (Katharopoulos et al. 2020, eq. 4–7). With a causal mask each query has its own memory, so the output is computed from
 * the weights (eq. 8–9).
 */
export const linear: Mechanism = {
  id: 'linear',
  title: 'Linear attention',
  source: 'Katharopoulos et al. 2020',

  inputs: vectorInputs
    .filter(({ name }) => /^(Q|(past_)?[KV])$/.test(name))
    .map((each) => ({ ...each, required: /^[QK]$/.test(each.name) })),

  parameters(inputs) {
    return [...vectorParameters(inputs).heads, causalParameter];
  },

  build(inputs, values) {
    const leaves = new Map<string, Value>();
    const heads = readCount(values, 'heads', 1);
    const given = start(inputs, heads, leaves);
    if (given.kind !== 'vectors') throw new ShapeError('Linear attention starts from Q and K.');
    const V = valueLeaf(inputs, heads, given, leaves);
    const causal = withoutMaskShorthand(values)['causal'] === 'on';
    const steps = linearAttention(given.Q, given.K, V, causal);
    const weights = stepWithRole(steps, 'weights') ?? given.Q;
    return {
      inputs: leaves,
      steps,
      heads: headsOf(given.Q) ?? 1,
      queries: extent(weights.shape, -2),
      keys: extent(weights.shape, -1),
    };
  },
};

/**
 * @param Q (query, feature) or (head, query, feature)
 * @param K (key, feature), (head, key, feature) or (group, key, feature)
 * @param V (key, value), with heads as K
 * @returns the labelled steps: Q, K, V, features_Q, features_K, scores, weights, and with V: memory, total, output
 */
export function linearAttention(Q: Value, K: Value, V: Value | undefined, causal: boolean): Value[] {
  const heads = headsOf(Q);
  const shared = (value: Value): Value => (heads === undefined ? value : repeatHeads(value, heads));
  const features = (value: Value, name: string): Value =>
    label(featureMap(value), {
      name: `features_${name}`,
      symbol: (value.label?.symbol ?? name).replace(/^\w/, (letter) => `\\Phi^{${letter}}`),
      element: (value.label?.element ?? name).replace(/^\w/, (letter) => `\\phi^{${letter}}`),
      axes: value.label?.axes ?? [],
      step: {
        title: name === 'Q' ? 'Query features' : 'Key features',
        note: 'φ makes every feature positive, so that products of features can be weights.',
        scale: 'signed',
        phase: 'score',
      },
    });
  const [phiQ, phiK] = [features(Q, 'Q'), features(K, 'K')];
  const product = matmul(phiQ, transpose(shared(phiK)));
  const scores = label(causal ? onlyEarlier(product) : product, {
    name: 'scores',
    symbol: symbolOf('S', heads),
    axes: axesOf(heads),
    step: {
      title: 'Scores',
      note: 'How well each query matches each key: the dot product of their features, which is never negative.',
      scale: 'signed',
      phase: 'score',
      role: 'scores',
    },
  });
  const weights = label(divideRows(scores, rowSum(scores)), {
    name: 'weights',
    symbol: symbolOf('A', heads),
    element: symbolOf('a', heads),
    axes: axesOf(heads),
    step: {
      title: 'Implied weights',
      note: 'Each row divided by its sum: the weights that the output comes to, although it never needs them.',
      scale: 'weights',
      phase: 'normalisation',
      role: 'weights',
    },
  });
  const start_ = [Q, K, ...(V === undefined ? [] : [V]), phiQ, phiK, scores, weights];
  if (V === undefined) return start_;
  return [
    ...start_,
    ...(causal ? [outputOf(weights, V)] : throughMemory(phiQ, shared(phiK), shared(V), heads)),
  ];
}

/** φ(Q)(φ(K)ᵀV) / φ(Q)Σφ(K): in time that grows with n + m, not n · m. */
function throughMemory(phiQ: Value, phiK: Value, V: Value, heads: number | undefined): Value[] {
  const per = heads === undefined ? [] : (['head'] as const);
  const memory = label(matmul(transpose(phiK), V), {
    name: 'memory',
    symbol: symbolOf('M', heads),
    axes: [...per, 'feature', 'value'],
    step: {
      title: 'Memory',
      note: 'All keys and values in one matrix, whatever their number: Σ_j φ(k_j) v_jᵀ.',
      scale: 'signed',
      phase: 'sum',
    },
  });
  const total = label(matmul(phiQ, rowSum(transpose(phiK))), {
    name: 'total',
    symbol: symbolOf('z', heads),
    axes: [...per, 'query', 'value'],
    step: {
      title: 'Normaliser',
      note: 'What each row of weights is divided by: φ(q_i) · Σ_j φ(k_j).',
      scale: 'signed',
      phase: 'sum',
    },
  });
  const output = label(divideRows(matmul(phiQ, memory), total), {
    name: 'output',
    symbol: symbolOf('O', heads),
    axes: [...per, 'query', 'value'],
    step: {
      title: 'Output',
      note: 'Each query reads the memory: the same as the weighted sum of V’s rows.',
      scale: 'signed',
      phase: 'sum',
      role: 'output',
    },
  });
  return [memory, total, output];
}

/** Sets products with later keys to 0. */
function onlyEarlier(product: Value): Value {
  const [n = 0, m = 0] = product.shape.slice(-2);
  const { queries, keys } = placesOf(n, m);
  return mask(product, queries, keys, { kind: 'causal' }, 0);
}
