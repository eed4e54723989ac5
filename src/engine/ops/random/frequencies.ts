import { atom, binding, compose, number } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { cellRegion, formatShape, ShapeError, wholeRows } from '../../tensor.js';

/**
 * How often each key is drawn: every draw u picks the first key at which the running sum of the row's probabilities
 * exceeds u; the result is each key's share of the draws. One draw gives a one-hot row.
 * @param probabilities (…, query, key), rows that sum to 1
 * @param draws (…, query, sample), between 0 and 1
 */
export function frequencies(probabilities: Value, draws: Value): Value {
  return apply(operation, [probabilities, draws]);
}

const numpyDefinition = `def frequencies(p, draws):
    """Each key's share of the draws: a draw picks the first key where the running sum exceeds it."""
    running = p.cumsum(axis=-1)
    below = draws[..., None, :] * running[..., -1:, None] < running[..., :, None]
    counts = below.mean(axis=-1)
    return np.diff(counts, axis=-1, prepend=0) + 0 * p`;

const pytorchDefinition = `def frequencies(p, draws):
    """Each key's share of the draws: a draw picks the first key where the running sum exceeds it."""
    running = p.cumsum(dim=-1)
    below = draws[..., None, :] * running[..., -1:, None] < running[..., :, None]
    counts = below.to(p.dtype).mean(dim=-1)
    return counts.diff(dim=-1, prepend=torch.zeros_like(counts[..., :1])) + 0 * p`;

/** Enough halvings for a row of 2²⁴ keys. */
const halvings = 24;

/** The first place where the running sums exceed `threshold`; the last one where none does. */
function pick(running: Float64Array, threshold: number): number {
  let [low, high] = [0, running.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (threshold < (running[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function runningSums(row: Float64Array | Float32Array): Float64Array {
  let sum = 0;
  return Float64Array.from(row, (value) => (sum += value));
}

const operation: Operation = {
  name: 'frequencies',

  shape([probabilities = [], draws = []]) {
    const agree = probabilities.slice(0, -1).every((extent, axis) => extent === draws[axis]);
    if (probabilities.length < 2 || probabilities.length !== draws.length || !agree) {
      throw new ShapeError(
        `Draws of shape ${formatShape(draws)} do not fit probabilities of ${formatShape(probabilities)}: they need one row for each query.`,
      );
    }
    return probabilities;
  },

  computes: wholeRows,
  reads: (region, [probabilities = [], draws = []]) => [
    wholeRows(region, probabilities),
    wholeRows(region, draws),
  ],

  evaluate([probabilities, draws], shape) {
    const columns = shape.at(-1) ?? 1;
    const samples = draws?.shape.at(-1) ?? 1;
    const out = new Float64Array(probabilities?.data.length ?? 0);
    for (let row = 0; row * columns < out.length; row++) {
      const start = row * columns;
      const running = runningSums(probabilities?.data.subarray(start, start + columns) ?? new Float64Array());
      const total = running.at(-1) ?? 0;
      if (Number.isNaN(total)) {
        out.fill(Number.NaN, start, start + columns);
        continue;
      }
      for (let sample = 0; sample < samples; sample++) {
        const at = start + pick(running, (draws?.data[row * samples + sample] ?? 0) * total);
        out[at] = (out[at] ?? 0) + 1;
      }
      for (let at = start; at < start + columns; at++) out[at] = (out[at] ?? 0) / samples;
    }
    return out;
  },

  onnx(emitter, [probabilities = '', draws = '']) {
    const integer = (value: number): string => emitter.integers([value], []);
    const float = (value: number): string => emitter.floats([value], []);
    const running = emitter.node('CumSum', [probabilities, integer(-1)]);
    const size = emitter.node('Shape', [running], { start: -1 });
    const last = emitter.node('Sub', [size, integer(1)]);
    const total = emitter.node('Gather', [running, last], { axis: -1 });
    const thresholds = emitter.node('Mul', [draws, total]); // (…, query, sample)
    const places = emitter.node('Shape', [draws]);
    let low = emitter.node('Expand', [integer(0), places]);
    let high = emitter.node('Expand', [last, places]);
    for (let halving = 0; halving < halvings; halving++) {
      const middle = emitter.node('Div', [emitter.node('Add', [low, high]), integer(2)]);
      const sums = emitter.node('GatherElements', [running, middle], { axis: -1 });
      const below = emitter.node('Less', [thresholds, sums]);
      high = emitter.node('Where', [below, middle, high]);
      const above = emitter.node('Min', [emitter.node('Add', [middle, integer(1)]), high]);
      low = emitter.node('Where', [below, low, above]);
    }
    // Whole numbers are counted without rounding; a row that is “not a number” throughout stays so.
    const none = emitter.node('Mul', [probabilities, float(0)]);
    const ones = emitter.node('Expand', [float(1), places]);
    const counts = emitter.node('ScatterElements', [none, low, ones], { axis: -1, reduction: 'add' });
    const samples = emitter.node('Cast', [emitter.node('Shape', [draws], { start: -1 })], { to: 1 });
    return emitter.node('Div', [counts, samples]);
  },

  print(language, inputs) {
    const [probabilities = atom(''), draws = atom('')] = inputs;
    if (language === 'tex') {
      return compose(
        `\\operatorname{draw}\\left(${probabilities.text},\\, ${draws.text}\\right)`,
        binding.call,
        inputs,
      );
    }
    return compose(`frequencies(${probabilities.text}, ${draws.text})`, binding.atom, inputs, [
      language === 'numpy' ? numpyDefinition : pytorchDefinition,
    ]);
  },

  async derive(cell) {
    const row = cellRegion(cell.index);
    const [probabilities, draws] = await Promise.all([
      cell.line(0, wholeRows(row, cell.shapes[0] ?? [])),
      cell.line(1, wholeRows(row, cell.shapes[1] ?? [])),
    ]);
    const running = runningSums(probabilities.values);
    const total = running.at(-1) ?? 0;
    const picked = cell.index.at(-1) ?? 0;
    if (Number.isNaN(total)) {
      const remark = 'Nothing to attend to: every key of this row is masked.';
      return { value: Number.NaN, numbers: number(Number.NaN), sums: [], remark };
    }
    const hits = draws.values.filter((draw) => pick(running, draw * total) === picked).length;
    const samples = draws.values.length;
    const value = hits / samples;
    const [low, high] = [picked === 0 ? 0 : (running[picked - 1] ?? 0), running[picked] ?? 0];
    const range = `from ${low.toPrecision(4)} to ${high.toPrecision(4)}`;
    return {
      value,
      numbers: compose(`\\frac{${hits}}{${samples}}`, binding.call, []),
      sums: [
        {
          axis: probabilities.axis,
          columns: [
            { tex: probabilities.tex, values: probabilities.values, total },
            { tex: '\\text{running sum}', values: running },
          ],
          picked,
        },
      ],
      remark:
        samples === 1
          ? `The draw is ${(draws.values[0] ?? 0).toPrecision(4)}; this key has the numbers ${range}.`
          : `${hits} of ${samples} draws lie ${range}, where this key’s share of the running sum is.`,
    };
  },

  vjp: () => [undefined, undefined],
};
