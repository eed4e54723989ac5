import { atom, binding, compose } from '../../expression.js';
import { apply, label, positions, type Operation, type Value } from '../../graph.js';
import { formatShape, ShapeError, type Shape } from '../../tensor.js';
import { broadcastEvaluate, broadcastIndex, broadcastRegion, broadcastShape } from '../broadcast.js';
import { cellOf } from '../cases.js';
import { full } from '../position/full.js';
import { sumTo } from '../structure/spread.js';
import { multiply } from './multiply.js';

/**
 * The entries of a value, with others in their place where that is asked for.
 * @param where 1 for an entry that is replaced, 0 for one that stays; repeated along axes of 1
 * @param by what comes in their place; repeated along axes of 1
 * @param remark what a reader is told of a cell that was replaced
 */
export function replace(value: Value, where: Value, by: Value, remark = 'Replaced.'): Value {
  return apply(operationFor(remark), [value, where, by]);
}

function operationFor(remark: string): Operation {
  return {
    name: 'replace',

    shape([shape = [], where = [], by = []]) {
      if (formatShape(broadcastShape([shape, where, by])) !== formatShape(shape)) {
        throw new ShapeError(
          `Entries of ${formatShape(shape)} cannot be replaced where ${formatShape(where)} says by ${formatShape(by)}.`,
        );
      }
      return shape;
    },

    reads: (region, shapes) => shapes.map((shape: Shape) => broadcastRegion(region, shape)),
    evaluate: (inputs, shape) =>
      broadcastEvaluate(inputs, shape, ([value = 0, where = 0, by = 0]) => (where > 0 ? by : value)),

    onnx(emitter, [value = '', where = '', by = '']) {
      return emitter.node('Where', [emitter.node('Greater', [where, emitter.floats([0], [])]), by, value]);
    },

    print(language, inputs) {
      const [value = atom(''), where = atom(''), by = atom('')] = inputs;
      if (language === 'tex') {
        return compose(
          `\\begin{cases} ${cellOf(by.text)} & ${cellOf(where.text)} > 0 \\\\ ${cellOf(value.text)} & \\text{otherwise} \\end{cases}`,
          binding.call,
          inputs,
        );
      }
      const call = language === 'numpy' ? 'np.where' : 'torch.where';
      return compose(`${call}((${where.text}) > 0, ${by.text}, ${value.text})`, binding.atom, inputs);
    },

    async derive(cell) {
      const [, where = [], by = []] = cell.shapes;
      const decided = await cell.scalar(1, broadcastIndex(cell.index, where));
      if (!(decided.value > 0)) return cell.scalar(0, cell.index);
      const { value, numbers, symbolic, sums } = await cell.scalar(2, broadcastIndex(cell.index, by));
      // A number that was brought stands for itself; one that was computed says how.
      return {
        value,
        numbers,
        sums,
        remark,
        ...(symbolic === undefined || sums.length === 0 ? {} : { symbolic }),
      };
    },

    vjp(upstream, [, where, by]) {
      if (where === undefined || by === undefined) return [];
      const one = label(positions(1), { name: 'one', symbol: 'u', axes: ['value'] }); // (1)
      return [replace(upstream, where, full(one, 0)), undefined, sumTo(multiply(upstream, where), by.shape)];
    },
  };
}
