import { atom, binding, compose, number } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { formatShape, ShapeError } from '../../tensor.js';
import { cellOf } from '../cases.js';
import { mapped } from '../numbers.js';

/**
 * Sets the entries whose offset lies outside of a window to `fill`.
 * @param value (query, key)
 * @param offsets how far each key lies from its query's centre (query, key)
 * @param window D: offsets from −D to D are kept (Luong et al. 2015, §3.2)
 */
export function within(value: Value, offsets: Value, window: number, fill = -Infinity): Value {
  return apply(operationFor(window, fill), [value, offsets]);
}

function operationFor(window: number, fill: number): Operation {
  const kept = (offset: number): boolean => Math.abs(offset) <= window;
  return {
    name: 'within',

    shape([value = [], offsets = []]) {
      if (formatShape(value) !== formatShape(offsets)) {
        throw new ShapeError(
          `${formatShape(value)} and offsets of ${formatShape(offsets)} do not fit together.`,
        );
      }
      return value;
    },

    reads: (region) => [region, region],
    evaluate: ([value, offsets]) => mapped(value, (each, at) => (kept(offsets?.data[at] ?? 0) ? each : fill)),

    onnx(emitter, [value = '', offsets = '']) {
      const inside = emitter.node('LessOrEqual', [
        emitter.node('Abs', [offsets]),
        emitter.floats([window], []),
      ]);
      return emitter.node('Where', [inside, value, emitter.floats([fill], [])]);
    },

    print(language, inputs) {
      const [value = atom(''), offsets = atom('')] = inputs;
      if (language === 'tex') {
        return compose(
          `\\begin{cases} ${cellOf(value.text)} & \\lvert ${cellOf(offsets.text)} \\rvert \\le ${window} \\\\ ${number(fill).text} & \\text{otherwise} \\end{cases}`,
          binding.call,
          inputs,
        );
      }
      const test = `abs(${offsets.text}) <= ${window}`;
      const other = fill === 0 ? '0.0' : language === 'numpy' ? '-np.inf' : 'float("-inf")';
      const where = language === 'numpy' ? 'np.where' : 'torch.where';
      return compose(`${where}(${test}, ${value.text}, ${other})`, binding.atom, inputs);
    },

    async derive(cell) {
      const offset = await cell.scalar(1, cell.index);
      if (!kept(offset.value)) {
        const remark = `Outside of the window: the key lies ${Math.abs(offset.value).toPrecision(4)} from the centre, further than ${window}.`;
        return { value: fill, numbers: number(fill), sums: [], remark };
      }
      return cell.scalar(0, cell.index);
    },

    vjp: (upstream, [, offsets]) => [offsets && within(upstream, offsets, window, 0), undefined],
  };
}
