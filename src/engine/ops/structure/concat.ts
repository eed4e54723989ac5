import { binding, compose } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { formatShape, ShapeError, wholeOf, type Region, type Shape, type Tensor } from '../../tensor.js';
import { slice } from './slice.js';

/**
 * Puts matrices side by side, (n, a) and (n, b) → (n, a + b), or below each other, (n, a) and (m, a) → (n + m, a).
 * All other axes are the same in all of them.
 */
export function concat(values: readonly Value[], along: 'columns' | 'rows'): Value {
  return apply(operationFor(along), values);
}

function operationFor(along: 'columns' | 'rows'): Operation {
  const fromEnd = along === 'columns' ? 1 : 2;
  const axisOf = (shape: Shape): number => shape.length - fromEnd;

  /** Where each input lies in the result. */
  const places = (inputs: readonly Shape[]): Region[] => {
    let start = 0;
    return inputs.map((shape) => {
      const axis = axisOf(shape);
      const end = start + (shape[axis] ?? 0);
      const region = wholeOf(shape).map((range, at) => (at === axis ? { start, end } : range));
      start = end;
      return region;
    });
  };

  return {
    name: 'concat',

    shape(inputs) {
      const [first = []] = inputs;
      const axis = axisOf(first);
      const fits = (shape: Shape): boolean =>
        shape.length === first.length && shape.every((extent, at) => at === axis || extent === first[at]);
      if (axis < 0 || !inputs.every(fits)) {
        throw new ShapeError(
          `${inputs.map(formatShape).join(' and ')} cannot be put ${along === 'columns' ? 'side by side' : 'below each other'}: all but their ${along} have to agree.`,
        );
      }
      const total = inputs.reduce((sum, shape) => sum + (shape[axis] ?? 0), 0);
      return first.map((extent, at) => (at === axis ? total : extent));
    },

    // The parts are few and lie close together: they are always put together whole.
    computes: (region, shape) =>
      region.map((range, at) => (at === axisOf(shape) ? { start: 0, end: shape[at] ?? 0 } : range)),
    reads: (region, inputs) =>
      inputs.map((shape) =>
        region.map((range, at) => (at === axisOf(shape) ? { start: 0, end: shape[at] ?? 0 } : range)),
      ),

    evaluate(inputs, shape) {
      const out = new Float64Array(shape.reduce((product, extent) => product * extent, 1));
      const axis = axisOf(shape);
      const inner = shape.slice(axis + 1).reduce((product, extent) => product * extent, 1);
      const width = (tensor: Tensor): number => (tensor.shape[axis] ?? 0) * inner;
      const total = (shape[axis] ?? 0) * inner;
      let start = 0;
      for (const tensor of inputs) {
        const run = width(tensor);
        for (let block = 0; block * run < tensor.data.length; block++) {
          out.set(tensor.data.subarray(block * run, (block + 1) * run), block * total + start);
        }
        start += run;
      }
      return out;
    },

    onnx: (emitter, inputs) => emitter.node('Concat', inputs, { axis: -fromEnd }),

    print(language, inputs) {
      const list = inputs.map(({ text }) => text);
      switch (language) {
        case 'tex':
          return compose(
            `\\left[${list.join(along === 'columns' ? ';\\, ' : ' \\\\ ')}\\right]`,
            binding.atom,
            inputs,
          );
        case 'numpy':
          return compose(`np.concatenate([${list.join(', ')}], axis=-${fromEnd})`, binding.atom, inputs);
        case 'pytorch':
          return compose(`torch.cat([${list.join(', ')}], dim=-${fromEnd})`, binding.atom, inputs);
      }
    },

    derive(cell) {
      const axis = axisOf(cell.shapes[0] ?? []);
      const at = cell.index[axis] ?? 0;
      const all = places(cell.shapes);
      const input = all.findIndex((region) => at < (region[axis]?.end ?? 0));
      const start = all[input]?.[axis]?.start ?? 0;
      return cell.scalar(
        input,
        cell.index.map((each, place) => (place === axis ? each - start : each)),
      );
    },

    vjp: (upstream, inputs) =>
      places(inputs.map(({ shape }) => shape)).map((region) => slice(upstream, region)),
  };
}
