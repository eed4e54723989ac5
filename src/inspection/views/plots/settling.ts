import { turnOfTheLoop } from '../../../platform/turn.js';
import { evaluate } from '../../../engine/evaluate.js';
import { input, label, stepWithRole, type Value } from '../../../engine/graph.js';
import { readBaseline, reinforce, type Baseline } from '../../../engine/mechanisms/index.js';
import type { Tensor } from '../../../engine/tensor.js';
import type { Plot } from '../../../protocol.js';
import {
  hasRoles,
  matrixOf,
  mean,
  rootMeanSquare,
  roundNumbers,
  type PlotContext,
  type Plotter,
} from './plotter.js';

/** The most draws of one estimate. */
const mostSamples = 10_000;
/** How many estimates, each from a seed of its own, bias and variance are taken over. */
const repeats = 16;

/** How REINFORCE’s estimate comes to rest as more keys are drawn, for the query whose exact gradient is largest. */
export const settlingPlot: Plotter = {
  name: 'settling',
  title: 'REINFORCE settling',
  note: 'With more draws the estimate settles on the exact gradient; a baseline lets it settle sooner, and changes nothing else.',

  fits: (layer) => hasRoles(layer, 'reward', 'distribution'),

  async plot(context) {
    const { query, distribution, reward } = await rowOf(context);
    const own = readBaseline(context.parameters);
    const first = Number(context.parameters['seed'] ?? 1);
    const counts = roundNumbers(mostSamples);
    const picked: Baseline[] = own.kind === 'none' ? [own] : [own, { kind: 'none' }];
    const exact = runOnce(distribution, reward, { seed: first, samples: 1, baseline: own }).exact;
    const steepest = exact.reduce(
      (best, value, at) => (Math.abs(value) > Math.abs(exact[best] ?? 0) ? at : best),
      0,
    );
    const error: Plot['panels'][number]['series'][number][] = [];
    const bias: typeof error = [];
    const single: typeof error = [];
    for (const baseline of picked) {
      const name = `baseline ${nameOf(baseline)}`;
      const errors = new Float64Array(counts.length);
      const expected = new Float64Array(counts.length);
      const biases = new Float64Array(counts.length);
      const ofCell = new Float64Array(counts.length);
      for (const [at, samples] of counts.entries()) {
        const runs: Float64Array[] = [];
        let variance = 0;
        for (let repeat = 0; repeat < repeats; repeat++) {
          await turnOfTheLoop();
          context.signal?.throwIfAborted();
          const run = runOnce(distribution, reward, { seed: first + repeat, samples, baseline });
          runs.push(run.error);
          variance = mean(run.variance);
          if (repeat === 0) ofCell[at] = run.estimate[steepest] ?? Number.NaN;
        }
        errors[at] = rootMeanSquare(runs.map(rootMeanSquare));
        expected[at] = Math.sqrt(variance);
        const centre = exact.map((_, key) => mean(runs.map((run) => run[key] ?? 0)));
        biases[at] = rootMeanSquare(centre);
      }
      error.push(
        { title: `Measured, ${name}`, kind: 'measured', values: errors },
        { title: `√variance, ${name}`, kind: 'expected', values: expected },
      );
      bias.push(
        { title: `Mean of ${repeats} estimates, ${name}`, kind: 'measured', values: biases },
        {
          title: `√(variance / ${repeats}), ${name}`,
          kind: 'expected',
          values: expected.map((each) => each / Math.sqrt(repeats)),
        },
      );
      single.push({ title: `Estimate, ${name}`, kind: 'measured', values: ofCell });
    }
    single.push({
      title: 'Exact',
      kind: 'expected',
      values: Float64Array.from(counts, () => exact[steepest] ?? Number.NaN),
    });
    return {
      name: settlingPlot.name,
      title: settlingPlot.title,
      note: `${settlingPlot.note} Shown for query ${query}, whose exact gradient is the largest.`,
      x: { title: 'N, draws for one estimate', logarithmic: true, values: Float64Array.from(counts) },
      panels: [
        { title: `Gradient of the score of key ${steepest}`, unit: '', logarithmic: false, series: single },
        {
          title: 'Error of one estimate, root mean square over keys',
          unit: '',
          logarithmic: true,
          series: error,
        },
        {
          title: `What is left of it in the mean of ${repeats} estimates`,
          unit: '',
          logarithmic: true,
          series: bias,
        },
      ],
    };
  },
};

function nameOf(baseline: Baseline): string {
  switch (baseline.kind) {
    case 'none':
      return 'none';
    case 'expected':
      return 'the expected reward';
    case 'number':
      return String(baseline.value);
  }
}

/** Probabilities and rewards of the query with the largest exact gradient. // each (1, key) */
async function rowOf(context: PlotContext): Promise<{
  query: number;
  distribution: Tensor;
  reward: Tensor;
}> {
  const [exact, distribution, reward] = [
    await matrixOf(context, 'exact-gradient'),
    await matrixOf(context, 'distribution'),
    await matrixOf(context, 'reward'),
  ];
  const [rows = 0, columns = 0] = exact.shape;
  const sizes = Array.from({ length: rows }, (_, row) =>
    rootMeanSquare(exact.data.subarray(row * columns, (row + 1) * columns)),
  );
  const query = sizes.reduce(
    (best, size, at) => (size > (sizes[best] ?? 0) || Number.isNaN(sizes[best]) ? at : best),
    0,
  );
  const rowIn = ({ data }: Tensor): Tensor => ({
    shape: [1, columns],
    data: Float64Array.from(data.subarray(query * columns, (query + 1) * columns)),
  });
  return { query, distribution: rowIn(distribution), reward: rowIn(reward) };
}

interface Run {
  readonly exact: Float64Array;
  readonly estimate: Float64Array;
  readonly error: Float64Array;
  readonly variance: Float64Array;
}

/** The mechanism’s own steps over one query, in float64. */
function runOnce(
  distribution: Tensor,
  reward: Tensor,
  parameters: { readonly seed: number; readonly samples: number; readonly baseline: Baseline },
): Run {
  const named = (value: Value, name: string): Value =>
    label(value, { name, symbol: name, axes: ['query', 'key'] });
  const [chances, rewards] = [
    named(input(distribution.shape), 'distribution'),
    named(input(reward.shape), 'reward'),
  ];
  const steps = reinforce(chances, rewards, parameters);
  const roles = ['exact-gradient', 'estimate', 'estimate-error', 'estimate-variance'] as const;
  const targets = roles.flatMap((role) => stepWithRole(steps, role) ?? []);
  const [exact, estimate, error, variance] = evaluate(
    targets,
    new Map([
      [chances, distribution],
      [rewards, reward],
    ]),
  ).map(({ data }) => data);
  const none = new Float64Array();
  return {
    exact: exact ?? none,
    estimate: estimate ?? none,
    error: error ?? none,
    variance: variance ?? none,
  };
}
