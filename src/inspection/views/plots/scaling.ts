import { turnOfTheLoop } from '../../../platform/turn.js';
import { evaluate } from '../../../engine/evaluate.js';
import { gradient } from '../../../engine/gradient.js';
import { input, type Value } from '../../../engine/graph.js';
import { attend, standardAttention } from '../../../engine/mechanisms/attend.js';
import { entropy } from '../../../engine/metrics/entropy.js';
import { inLine } from '../../../engine/metrics/metric.js';
import { cut, type Tensor } from '../../../engine/tensor.js';
import type { Plot } from '../../../protocol.js';
import { seededNormal } from '../../sources/seeded.js';
import { hasRoles, matrixOf, rootMeanSquare, variance, type Plotter } from './plotter.js';

/** How many queries and keys are looked at: enough for a variance, few enough to be done at once. */
const most = 64;
/** Widths of the normal vectors. */
const widths = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/**
 * Why scores are divided by √d_k: for vectors of independent entries with variance 1, a dot product of d_k terms has
 * variance d_k (Vaswani et al. 2017, §3.2.1, note 4), the softmax saturates, and its gradient vanishes. Beside normal
 * vectors stand the first d columns of this head’s own Q and K.
 */
export const scalingPlot: Plotter = {
  name: 'scaling',
  title: 'Why √d_k',
  note: 'As vectors grow longer, unscaled scores spread, weights gather on one key, and their gradient vanishes; divided by √d_k they stay as they are.',

  fits: (layer) => hasRoles(layer, 'query', 'key'),

  async plot(context) {
    const [Q, K] = await Promise.all([matrixOf(context, 'query', most), matrixOf(context, 'key', most)]);
    const own = Q.shape[1] ?? 1;
    const ownWidths = widths.filter((width) => width < own).concat(own);
    const x = [...new Set([...widths, ...ownWidths])].toSorted((a, b) => a - b);
    const normal = { Q: seededNormal([most, 1024], 1, 1), K: seededNormal([most, 1024], 2, 1) };
    const rows: Record<Source, ([Measures, Measures] | undefined)[]> = {
      normal: [],
      head: [],
    };
    for (const width of x) {
      await turnOfTheLoop();
      context.signal?.throwIfAborted();
      rows.normal.push(widths.includes(width) ? measure(normal.Q, normal.K, width) : undefined);
      rows.head.push(ownWidths.includes(width) ? measure(Q, K, width) : undefined);
    }
    const series = (source: Source, scaled: 0 | 1, name: keyof Measures): Float64Array =>
      Float64Array.from(rows[source], (each) => each?.[scaled]?.[name] ?? Number.NaN);
    const panel = (
      title: string,
      name: keyof Measures,
      unit: string,
      logarithmic: boolean,
      expected: Plot['panels'][number]['series'],
    ): Plot['panels'][number] => ({
      title,
      unit,
      logarithmic,
      series: [
        { title: 'Normal vectors, not scaled', kind: 'measured', values: series('normal', 0, name) },
        { title: 'Normal vectors, / √d_k', kind: 'measured', values: series('normal', 1, name) },
        { title: 'This head, not scaled', kind: 'measured', values: series('head', 0, name) },
        { title: 'This head, / √d_k', kind: 'measured', values: series('head', 1, name) },
        ...expected,
      ],
    });
    return {
      name: scalingPlot.name,
      title: scalingPlot.title,
      note: `${scalingPlot.note} Measured on ${most} normal queries and keys, and on the first columns of this head’s own ${Q.shape[0]} queries and ${K.shape[0]} keys.`,
      x: { title: 'd_k, entries of a query', logarithmic: true, values: Float64Array.from(x) },
      panels: [
        panel('Variance of the scores', 'variance', '', true, [
          { title: 'Expected, not scaled: d_k', kind: 'expected', values: Float64Array.from(x) },
          { title: 'Expected, / √d_k: 1', kind: 'expected', values: Float64Array.from(x, () => 1) },
        ]),
        panel('Entropy of the weights', 'entropy', 'nats', false, [
          {
            title: `At most: ln ${most}`,
            kind: 'expected',
            values: Float64Array.from(x, () => Math.log(most)),
          },
        ]),
        panel('Gradient w.r.t. scores (RMS)', 'gradient', '', true, []),
      ],
    };
  },
};

type Source = 'normal' | 'head';

interface Measures {
  readonly variance: number;
  readonly entropy: number;
  readonly gradient: number;
}

/** Not scaled and scaled, by the engine's own graph in float64. */
function measure(Q: Tensor, K: Tensor, width: number): [Measures, Measures] {
  const part = (tensor: Tensor): Tensor =>
    cut(tensor, [
      { start: 0, end: tensor.shape[0] ?? 0 },
      { start: 0, end: width },
    ]);
  const [q, k] = [part(Q), part(K)];
  const one = (scaling: 'none' | 'sqrt'): Measures => {
    const [queries, keys] = [input(q.shape), input(k.shape)];
    const { steps, weights } = attend(queries, keys, { ...standardAttention, scaling });
    const logits = steps.at(-2) ?? weights;
    const given = input(weights.shape);
    const [ofLogits = weights] = gradient(weights, given, [logits]);
    const feeds = new Map<Value, Tensor>([
      [queries, q],
      [keys, k],
      [given, seededNormal(weights.shape, 3, 1)],
    ]);
    const [spread, shares, slopes] = evaluate([logits, weights, ofLogits], feeds);
    return {
      variance: variance(spread?.data ?? []),
      entropy: entropyOf(shares),
      gradient: rootMeanSquare(slopes?.data ?? []),
    };
  };
  return [one('none'), one('sqrt')];
}

/** The metric that the panel shows, over all rows. */
function entropyOf(weights: Tensor | undefined): number {
  const [rows = 0, columns = 0] = weights?.shape ?? [];
  const gathering = entropy.begin(inLine);
  for (let row = 0; row < rows; row++) {
    gathering.row(Float32Array.from(weights?.data.subarray(row * columns, (row + 1) * columns) ?? []), row);
  }
  return gathering.result();
}
