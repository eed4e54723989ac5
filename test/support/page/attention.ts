/** Attention over seeded numbers, in plain loops: what the fake host answers from, and what the tests expect to see. */

export interface Size {
  readonly layers: number;
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
  readonly model: number;
  readonly feature: number;
  readonly causal: boolean;
  /** Queries that may attend to nothing. */
  readonly emptyQueries: readonly number[];
  readonly mechanism: 'dot' | 'additive';
  readonly scaling: 'sqrt' | 'none';
  readonly temperature: number;
  /** What is added to all scores of the first key, so that it takes most of every row. */
  readonly sink?: number;
  /** What is taken off the scores for each tenth of the keys that one is away from the diagonal. */
  readonly diagonal?: number;
}

export const stepNames = [
  'X',
  'Q',
  'K',
  'V',
  'tanh',
  'scores',
  'scaled',
  'masked',
  'weights',
  'output',
] as const;
export type StepName = (typeof stepNames)[number];

/** The steps that a mechanism has with these parameters. */
export function stepsOf({ mechanism, scaling }: Size): readonly StepName[] {
  return stepNames.filter((name) =>
    name === 'tanh'
      ? mechanism === 'additive'
      : name !== 'scaled' || (mechanism === 'dot' && scaling !== 'none'),
  );
}

/** mulberry32: the same numbers everywhere. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function matrix(seed: number, rows: number, columns: number, reach: number): Float32Array {
  const next = random(seed);
  return Float32Array.from({ length: rows * columns }, () => (next() + next() + next() - 1.5) * 2 * reach);
}

export class Attention {
  private readonly kept = new Map<string, Float32Array>();

  constructor(readonly size: Size) {}

  rows(step: StepName): number {
    return step === 'K' || step === 'V' || step === 'tanh' ? this.size.keys : this.size.queries;
  }

  columns(step: StepName): number {
    if (step === 'X') return this.size.model;
    return step === 'Q' || step === 'K' || step === 'V' || step === 'tanh' || step === 'output'
      ? this.size.feature
      : this.size.keys;
  }

  /** W^Q, W^K or W^V of a head: (model, feature). */
  projection(step: 'Q' | 'K' | 'V', layer: number, head: number): Float32Array {
    const which = { Q: 1, K: 2, V: 3 }[step];
    const { model, feature } = this.size;
    return this.keep(`W${step} ${layer} ${head}`, () =>
      matrix(1000 + which * 7919 + layer * 131 + head * 17, model, feature, 1.15 / Math.sqrt(model)),
    );
  }

  states(side: 'query' | 'key'): Float32Array {
    const { queries, keys, model } = this.size;
    const self = queries === keys;
    return this.keep(`X ${self ? '' : side}`, () =>
      matrix(side === 'query' || self ? 1 : 2, side === 'query' ? queries : keys, model, 1),
    );
  }

  /** One row of a step's matrix, of one query where it has a matrix for each; NaN where masked. */
  row(step: StepName, layer: number, head: number, row: number, query = 0): Float32Array {
    if (step === 'tanh') return this.hidden(layer, head, query, row);
    return step === 'weights'
      ? this.keep(`weights ${layer} ${head} ${row}`, () => this.compute(step, layer, head, row))
      : this.compute(step, layer, head, row);
  }

  /** v: (feature) */
  scorer(layer: number, head: number): Float32Array {
    return this.keep(`v ${layer} ${head}`, () => matrix(500 + layer * 31 + head, 1, this.size.feature, 1));
  }

  private hidden(layer: number, head: number, query: number, key: number): Float32Array {
    const k = this.row('K', layer, head, key);
    return this.row('Q', layer, head, query).map((q, unit) => Math.tanh(q + (k[unit] ?? 0)));
  }

  private compute(step: Exclude<StepName, 'tanh'>, layer: number, head: number, row: number): Float32Array {
    const { queries, keys, feature, model } = this.size;
    switch (step) {
      case 'X':
        return this.states('query').subarray(row * model, (row + 1) * model);
      case 'Q':
      case 'K':
      case 'V':
        return this.projected(step, layer, head).subarray(row * feature, (row + 1) * feature);
      case 'scores': {
        if (this.size.mechanism === 'additive') {
          const v = this.scorer(layer, head);
          return Float32Array.from({ length: keys }, (_, key) =>
            this.hidden(layer, head, row, key).reduce((sum, unit, f) => sum + unit * (v[f] ?? 0), 0),
          );
        }
        const q = this.row('Q', layer, head, row);
        const k = this.projected('K', layer, head);
        const out = new Float32Array(keys);
        for (let key = 0; key < keys; key += 1) {
          let sum = 0;
          for (let f = 0; f < feature; f += 1) sum += (q[f] ?? 0) * (k[key * feature + f] ?? 0);
          out[key] = sum;
        }
        return out;
      }
      case 'scaled':
        return this.row('scores', layer, head, row).map((score) => score / Math.sqrt(feature));
      case 'masked':
        return this.row(this.plain, layer, head, row).map((score, key) =>
          this.isMasked(row, key)
            ? NaN
            : score / this.size.temperature +
              (key === 0 ? (this.size.sink ?? 0) : 0) -
              (this.size.diagonal ?? 0) * 10 * Math.abs((key + 0.5) / keys - (row + 0.5) / queries),
        );
      case 'weights': {
        const scores = this.row('masked', layer, head, row);
        let most = -Infinity;
        for (const score of scores) if (score > most) most = score;
        let sum = 0;
        for (const score of scores) if (!Number.isNaN(score)) sum += Math.exp(score - most);
        return scores.map((score) => Math.exp(score - most) / sum);
      }
      case 'output': {
        const weights = this.row('weights', layer, head, row);
        const values = this.projected('V', layer, head);
        return Float32Array.from({ length: feature }, (_, f) => {
          let sum = 0;
          for (let key = 0; key < keys; key += 1) {
            const weight = weights[key] ?? NaN;
            if (!Number.isNaN(weight)) sum += weight * (values[key * feature + f] ?? 0);
          }
          return sum;
        });
      }
    }
  }

  /** The scores as they are masked. */
  private get plain(): 'scores' | 'scaled' {
    return stepsOf(this.size).includes('scaled') ? 'scaled' : 'scores';
  }

  isMasked(query: number, key: number): boolean {
    return (this.size.causal && key > query) || this.size.emptyQueries.includes(query);
  }

  private projected(step: 'Q' | 'K' | 'V', layer: number, head: number): Float32Array {
    const { model, feature } = this.size;
    return this.keep(`${step} ${layer} ${head}`, () => {
      const x = this.states(step === 'Q' ? 'query' : 'key');
      const w = this.projection(step, layer, head);
      const out = new Float32Array((x.length / model) * feature);
      for (let row = 0; row < x.length / model; row += 1) {
        for (let f = 0; f < feature; f += 1) {
          let sum = 0;
          for (let c = 0; c < model; c += 1) sum += (x[row * model + c] ?? 0) * (w[c * feature + f] ?? 0);
          out[row * feature + f] = sum;
        }
      }
      return out;
    });
  }

  private keep(key: string, make: () => Float32Array): Float32Array {
    const kept = this.kept.get(key) ?? make();
    this.kept.set(key, kept);
    return kept;
  }
}
