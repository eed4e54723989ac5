import { atom, binding, compose, inside, number } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import {
  cut,
  formatShape,
  regionShape,
  ShapeError,
  sizeOf,
  stridesOf,
  type Range,
  type Region,
  type Shape,
} from '../../tensor.js';
import { copyOf } from '../numbers.js';

/** The box `region` of a value. */
export function slice(value: Value, region: Region): Value {
  if (region.length !== value.shape.length) throw new ShapeError('A slice names a range for every axis.');
  return { ...apply(sliceOperation(region), [value]), type: value.type };
}

function sliceOperation(region: Region): Operation {
  const shifted = (inner: Region): Region =>
    inner.map((range, axis) => {
      const offset = region[axis]?.start ?? 0;
      return { start: range.start + offset, end: range.end + offset };
    });
  return {
    name: 'slice',
    moves: true,
    shape: () => regionShape(region),
    reads: (inner) => [shifted(inner)],
    restrict: (inner) => sliceOperation(inner.map((range) => ({ start: 0, end: range.end - range.start }))),
    evaluate: ([tensor]) => (tensor === undefined ? new Float64Array() : copyOf(cut(tensor, region))),
    onnx: (emitter, [input = '']) =>
      emitter.node('Slice', [
        input,
        emitter.integers(
          region.map((range) => range.start),
          [region.length],
        ),
        emitter.integers(
          region.map((range) => range.end),
          [region.length],
        ),
        emitter.integers(
          region.map((_, axis) => axis),
          [region.length],
        ),
      ]),

    print(language, inputs) {
      const [inner = atom('')] = inputs;
      if (language === 'tex') return inner;
      const box = region.map((range) => `${range.start}:${range.end}`).join(', ');
      return compose(`${inside(inner, binding.atom, language)}[${box}]`, binding.atom, inputs);
    },

    derive: (cell) =>
      cell.scalar(
        0,
        cell.index.map((at, axis) => at + (region[axis]?.start ?? 0)),
      ),

    vjp: (upstream, [value]) => [value && pad(upstream, region, value.shape)],
  };
}

/**
 * A tensor of `shape` that holds the value in the box `region` and zeros around it: the reverse of `slice`.
 */
export function pad(value: Value, region: Region, shape: Shape): Value {
  const fits =
    region.length === shape.length &&
    region.every(({ start, end }, axis) => start >= 0 && start <= end && end <= (shape[axis] ?? 0));
  if (!fits || formatShape(regionShape(region)) !== formatShape(value.shape)) {
    const box = region.map(({ start, end }) => `${start}–${end}`).join(', ');
    throw new ShapeError(
      `${formatShape(value.shape)} does not fill the box ${box} of a tensor of shape ${formatShape(shape)}.`,
    );
  }
  return apply(padOperation(region, shape), [value]);
}

const nothing: Range = { start: 0, end: 0 };

/** The part of `inner` that lies in `range`, counted from the start of `inner`; empty where there is none. */
function overlap(range: Range, inner: Range): Range {
  const start = Math.min(Math.max(range.start, inner.start), inner.end);
  const end = Math.max(start, Math.min(range.end, inner.end));
  return { start: start - inner.start, end: end - inner.start };
}

function padOperation(inner: Region, shape: Shape): Operation {
  const before = inner.map(({ start }) => start);
  const after = inner.map(({ end }, axis) => (shape[axis] ?? 0) - end);
  return {
    name: 'pad',
    shape: () => shape,

    // At least one cell of the value is in what is computed, so that nothing empty is.
    computes: (region) =>
      region.map((range, axis) => {
        const { start, end } = inner[axis] ?? nothing;
        return start === end
          ? range
          : { start: Math.min(range.start, end - 1), end: Math.max(range.end, start + 1) };
      }),
    reads: (region) => [region.map((range, axis) => overlap(range, inner[axis] ?? nothing))],
    restrict: (region) => {
      const moved = region.map((range, axis) => {
        const own = inner[axis] ?? nothing;
        const part = overlap(range, own);
        const start = part.start + own.start - range.start;
        return { start, end: start + part.end - part.start };
      });
      return padOperation(moved, regionShape(region));
    },

    evaluate([tensor]) {
      const out = new Float64Array(sizeOf(shape));
      if (tensor === undefined) return out;
      const from = stridesOf(tensor.shape);
      const to = stridesOf(shape);
      tensor.data.forEach((value, at) => {
        let rest = at;
        let place = 0;
        from.forEach((stride, axis) => {
          const index = Math.floor(rest / stride);
          rest -= index * stride;
          place += (index + (before[axis] ?? 0)) * (to[axis] ?? 0);
        });
        out[place] = value;
      });
      return out;
    },

    onnx: (emitter, [input = '']) =>
      emitter.node('Pad', [input, emitter.integers([...before, ...after], [2 * shape.length])]),

    print(language, inputs) {
      const [inner_ = atom('')] = inputs;
      const pairs = before.map((count, axis) => [count, after[axis] ?? 0]);
      switch (language) {
        case 'tex':
          return compose(`\\operatorname{pad}\\left(${inner_.text}\\right)`, binding.call, inputs);
        case 'numpy': {
          const widths = pairs.map((pair) => `(${pair.join(', ')})`).join(', ');
          return compose(`np.pad(${inner_.text}, [${widths}])`, binding.atom, inputs);
        }
        case 'pytorch': {
          // PyTorch counts axes from the last.
          const widths = pairs.toReversed().flat().join(', ');
          return compose(`torch.nn.functional.pad(${inner_.text}, (${widths}))`, binding.atom, inputs);
        }
      }
    },

    async derive(cell) {
      const isInside = cell.index.every((at, axis) => {
        const { start, end } = inner[axis] ?? nothing;
        return at >= start && at < end;
      });
      return isInside
        ? cell.scalar(
            0,
            cell.index.map((at, axis) => at - (before[axis] ?? 0)),
          )
        : { value: 0, numbers: number(0), sums: [], remark: 'Zero: outside of the part that was taken.' };
    },

    vjp: (upstream) => [slice(upstream, inner)],
  };
}
