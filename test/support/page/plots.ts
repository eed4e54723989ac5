import type { Plot } from '../../../src/protocol.js';

const widths = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
const counts = Array.from({ length: 40 }, (_, at) => at);

type Series = Plot['panels'][number]['series'][number];

function series(
  title: string,
  kind: Series['kind'],
  xs: readonly number[],
  f: (x: number) => number,
): Series {
  return { title, kind, values: Float64Array.from(xs, f) };
}

/** Curves that anyone can work out: powers, constants, a parabola, with gaps. */
export const plots: readonly Plot[] = [
  {
    name: 'scaling',
    title: 'Why √d_k',
    note: 'As vectors grow longer, unscaled scores spread, weights gather on one key, and their gradient vanishes; divided by √d_k they stay as they are.',
    x: { title: 'd_k, entries of a query', logarithmic: true, values: Float64Array.from(widths) },
    panels: [
      {
        title: 'Variance of the scores',
        unit: '',
        logarithmic: true,
        series: [
          series('Normal vectors, not scaled', 'measured', widths, (x) => 1.1 * x),
          series('Normal vectors, / √d_k', 'measured', widths, () => 1.1),
          series('This head, not scaled', 'measured', widths, (x) => (x > 32 || x === 4 ? NaN : 2 * x * x)),
          series('Expected, not scaled: d_k', 'expected', widths, (x) => x),
          series('Expected, / √d_k: 1', 'expected', widths, () => 1),
        ],
      },
      {
        title: 'Entropy of the weights',
        unit: 'nats',
        logarithmic: false,
        series: [
          series('Normal vectors, not scaled', 'measured', widths, (x) => 4 / Math.sqrt(x)),
          series('Normal vectors, / √d_k', 'measured', widths, () => 3.66),
        ],
      },
      {
        title: 'Gradient w.r.t. scores (RMS)',
        unit: '',
        logarithmic: true,
        series: [series('Normal vectors, not scaled', 'measured', widths, (x) => 0.015 / x)],
      },
    ],
  },
  {
    name: 'parabola',
    title: 'A parabola <b>',
    note: 'Below and above 0.',
    x: { title: 'steps', logarithmic: false, values: Float64Array.from(counts) },
    panels: [
      {
        title: 'Height',
        unit: 'm',
        logarithmic: false,
        series: [
          series('Thrown', 'measured', counts, (x) => x * (30 - x)),
          series('Nothing', 'measured', counts, () => NaN),
        ],
      },
    ],
  },
];
