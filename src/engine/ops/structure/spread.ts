import { atom, binding, compose, inside, number, type Expression } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import {
  cellRegion,
  formatShape,
  ShapeError,
  sizeOf,
  stridesOf,
  type Region,
  type Shape,
} from '../../tensor.js';
import { broadcastEvaluate, broadcastIndex, broadcastRegion, broadcastShape } from '../broadcast.js';
import { sumOfTerms } from '../terms.js';

/**
 * Repeats a value along the axes it lacks, or has one entry of, until it has another's shape.
 * @param like only its shape matters
 */
export function spread(value: Value, like: Value): Value {
  return apply(spreadOperation, [value, like]);
}

const spreadOperation: Operation = {
  name: 'spread',
  moves: true,

  shape([shape = [], like = []]) {
    if (formatShape(broadcastShape([shape, like])) !== formatShape(like)) {
      throw new ShapeError(`${formatShape(shape)} cannot be repeated to ${formatShape(like)}.`);
    }
    return like;
  },

  reads: (region, [shape = []]) => [broadcastRegion(region, shape), region],
  evaluate: (inputs, shape) => broadcastEvaluate(inputs, shape, ([value = 0]) => value),
  onnx: (emitter, [value = '', like = '']) => emitter.node('Expand', [value, emitter.node('Shape', [like])]),

  print(language, inputs, [shape = [], size = []]) {
    const [inner = atom(''), like = atom('')] = inputs;
    switch (language) {
      case 'tex': {
        // A column is repeated by multiplying it with a row of ones; other repetitions are not written, as in X + b.
        const isColumn = shape.at(-1) === 1 && size.at(-1) !== 1;
        return isColumn
          ? compose(`${inside(inner, binding.product, language)} \\mathbf{1}^{\\top}`, binding.product, [
              inner,
            ])
          : inner;
      }
      case 'numpy':
        return compose(
          `np.broadcast_to(${inner.text}, ${inside(like, binding.atom, language)}.shape)`,
          binding.atom,
          inputs,
        );
      case 'pytorch':
        return compose(
          `${inside(inner, binding.atom, language)}.expand_as(${like.text})`,
          binding.atom,
          inputs,
        );
    }
  },

  derive: (cell) => cell.scalar(0, broadcastIndex(cell.index, cell.shapes[0] ?? [])),
  vjp: (upstream, [value]) => [value && sumTo(upstream, value.shape), undefined],
};

/**
 * Sums over every axis along which a tensor of `shape` would be repeated to fit the value: the reverse of that
 * repetition. (3, 4, 5) to (5) sums the first two axes away, to (4, 1) the first and, keeping it, the last.
 */
export function sumTo(value: Value, shape: Shape): Value {
  if (formatShape(value.shape) === formatShape(shape)) return value;
  const leading = value.shape.length - shape.length;
  if (leading < 0 || formatShape(broadcastShape([value.shape, shape])) !== formatShape(value.shape)) {
    throw new ShapeError(`${formatShape(value.shape)} cannot be summed to ${formatShape(shape)}.`);
  }
  const kept = shape.flatMap((extent, axis) =>
    extent === 1 && value.shape[axis + leading] !== 1 ? [axis - shape.length] : [],
  );
  return apply(sumToOperation(leading, kept), [value]);
}

/**
 * @param leading how many of the first axes are summed away
 * @param kept which other axes are summed but stay, with one entry, counted from the end: −1 is the last
 */
function sumToOperation(leading: number, kept: readonly number[]): Operation {
  const reads = (region: Region, [shape = []]: readonly Shape[]): Region =>
    shape.map((extent, axis) => {
      const range = region[axis - leading];
      const isSummed = range === undefined || kept.includes(axis - shape.length);
      return isSummed ? { start: 0, end: extent } : range;
    });
  const away = Array.from({ length: leading }, (_, axis) => axis);

  return {
    name: 'sum-to',
    shape: ([shape = []]) =>
      shape.slice(leading).map((extent, axis) => (kept.includes(axis + leading - shape.length) ? 1 : extent)),
    reads: (region, inputs) => [reads(region, inputs)],

    evaluate([tensor], shape) {
      const out = new Float64Array(sizeOf(shape));
      if (tensor === undefined) return out;
      const from = stridesOf(tensor.shape);
      const to = stridesOf(shape);
      const steps = tensor.shape.map((_, axis) =>
        axis < leading || kept.includes(axis - tensor.shape.length) ? 0 : (to[axis - leading] ?? 0),
      );
      tensor.data.forEach((value, at) => {
        let rest = at;
        let place = 0;
        steps.forEach((step, axis) => {
          const index = Math.floor(rest / (from[axis] ?? 1));
          rest -= index * (from[axis] ?? 1);
          place += index * step;
        });
        out[place] = (out[place] ?? 0) + value;
      });
      return out;
    },

    onnx(emitter, [input = '']) {
      const sum = (of: string, axes: readonly number[], keepdims: number): string =>
        axes.length === 0
          ? of
          : emitter.node('ReduceSum', [of, emitter.integers(axes, [axes.length])], { keepdims });
      return sum(sum(input, kept, 1), away, 0);
    },

    print(language, inputs, [shape = []]) {
      const [inner = atom('')] = inputs;
      if (language === 'tex') return sumInTex(inner, shape.length, leading, kept);
      const [axis, keep] = language === 'numpy' ? ['axis', 'keepdims'] : ['dim', 'keepdim'];
      const tuple = (axes: readonly number[]): string =>
        axes.length === 1 ? String(axes[0]) : `(${axes.join(', ')})`;
      const stay = kept.length === 0 ? '' : `.sum(${axis}=${tuple(kept)}, ${keep}=True)`;
      const gone = leading === 0 ? '' : `.sum(${axis}=${tuple(away)})`;
      return compose(`${inside(inner, binding.atom, language)}${stay}${gone}`, binding.atom, inputs);
    },

    async derive(cell) {
      const box = cellRegion(cell.index);
      const { values, tex, axis } = await cell.line(0, reads(box, cell.shapes));
      const total = values.reduce((sum, value) => sum + value, 0);
      // A line of cells has a symbol; a box of them has none.
      const symbol = leading + kept.length === 1 ? tex : '\\text{term}';
      return {
        value: total,
        numbers: sumOfTerms(values, (term) => number(values[term] ?? 0).text),
        sums: [{ axis, columns: [{ tex: symbol, values, total }] }],
      };
    },

    vjp: (upstream, [value]) => [value && spread(upstream, value)],
  };
}

/** A matrix's columns are summed by 1ᵀ from the left, its rows by 1 from the right; what lies before them by Σ, whatever it counts. */
function sumInTex(inner: Expression, rank: number, leading: number, kept: readonly number[]): Expression {
  const isSummed = (axis: number): boolean => axis + rank < leading || kept.includes(axis);
  const left = rank > 1 && isSummed(-2) ? '\\mathbf{1}^{\\top} ' : '';
  const right = isSummed(-1) ? ' \\mathbf{1}' : '';
  const before = Array.from({ length: Math.max(0, rank - 2) }, (_, axis) => axis - rank);
  const outer = before.some(isSummed) ? '\\sum ' : '';
  return compose(
    `${outer}${left}${inside(inner, binding.call, 'tex')}${right}`,
    outer === '' ? binding.product : binding.sum,
    [inner],
  );
}
