import { atom, binding, compose, inside } from '../expression.js';
import { apply, type Operation, type Value } from '../graph.js';
import { cut, regionShape, ShapeError, type Region } from '../tensor.js';
import { pad } from './pad.js';

/** The box `region` of a value. */
export function slice(value: Value, region: Region): Value {
  if (region.length !== value.shape.length) throw new ShapeError('A slice names a range for every axis.');
  return { ...apply(operationFor(region), [value]), type: value.type };
}

function operationFor(region: Region): Operation {
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
    restrict: (inner) => operationFor(inner.map((range) => ({ start: 0, end: range.end - range.start }))),
    evaluate: ([tensor]) =>
      tensor === undefined ? new Float64Array() : Float64Array.from(cut(tensor, region).data),
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
