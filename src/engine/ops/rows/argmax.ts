import { atom, binding, compose, number } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { cellRegion, ShapeError, wholeRows } from '../../tensor.js';

/**
 * A one where a row has its largest entry (the first of equals), zeros elsewhere. A row of −∞ alone has no largest and
 * gives “not a number” throughout: there is nothing to attend to.
 * @param gradient how it counts in a gradient: not at all, or as if it were the identity, the straight-through
 *   estimator (Bengio et al. 2013, §4; Jang et al. 2017, §2.2)
 */
export function argmax(value: Value, gradient: 'none' | 'straight-through' = 'none'): Value {
  return apply(operationFor(gradient), [value]);
}

const numpyDefinition = `def one_hot_argmax(x):
    """A one at each row's first largest entry; a row of -inf, or of nan, has none."""
    one_hot = np.eye(x.shape[-1])[x.argmax(axis=-1)]
    return np.where(x.max(axis=-1, keepdims=True) > -np.inf, one_hot, np.nan)`;

const pytorchDefinition = `def one_hot_argmax(x):
    """A one at each row's first largest entry; a row of -inf, or of nan, has none."""
    largest = x.max(dim=-1, keepdim=True).values
    one_hot = torch.nn.functional.one_hot((x == largest).int().argmax(dim=-1), x.shape[-1]).to(x.dtype)
    return torch.where(largest > -torch.inf, one_hot, torch.nan)`;

/** The place of the largest number, the first of equals; −1 where there is none above −∞. */
function largest(row: Float64Array | Float32Array): number {
  let best = -1;
  for (let at = 0; at < row.length; at++) {
    const value = row[at] ?? Number.NaN;
    if (Number.isNaN(value)) return -1;
    if (value > (row[best] ?? -Infinity)) best = at;
  }
  return best;
}

function operationFor(gradient: 'none' | 'straight-through'): Operation {
  return {
    name: 'argmax',

    shape([shape = []]) {
      if ((shape.at(-1) ?? 0) === 0)
        throw new ShapeError('There is no largest entry where there are no entries.');
      return shape;
    },

    computes: wholeRows,
    reads: (region, [shape = []]) => [wholeRows(region, shape)],

    evaluate([tensor], shape) {
      const columns = shape.at(-1) ?? 1;
      const out = new Float64Array(tensor?.data.length ?? 0);
      for (let start = 0; start < out.length; start += columns) {
        const best = largest(tensor?.data.subarray(start, start + columns) ?? new Float64Array());
        if (best < 0) out.fill(Number.NaN, start, start + columns);
        else out[start + best] = 1;
      }
      return out;
    },

    onnx(emitter, [input = '']) {
      const last = emitter.integers([-1], [1]);
      const size = emitter.node('Shape', [input], { start: -1 });
      const values = emitter.floats([0, 1], [2]);
      const place = emitter.node('ArgMax', [input], { axis: -1, keepdims: 0 });
      const oneHot = emitter.node('OneHot', [place, emitter.node('Squeeze', [size, last]), values], {
        axis: -1,
      });
      const maximum = emitter.node('ReduceMax', [input, last], { keepdims: 1 });
      const some = emitter.node('Greater', [maximum, emitter.floats([-Infinity], [])]);
      return emitter.node('Where', [some, oneHot, emitter.floats([Number.NaN], [])]);
    },

    print(language, inputs) {
      const [inner = atom('')] = inputs;
      if (language === 'tex') {
        return compose(
          `\\operatorname{onehot}\\left(\\arg\\max_j\\, {${inner.text}}_{ij}\\right)`,
          binding.call,
          inputs,
        );
      }
      return compose(`one_hot_argmax(${inner.text})`, binding.atom, inputs, [
        language === 'numpy' ? numpyDefinition : pytorchDefinition,
      ]);
    },

    async derive(cell) {
      const region = wholeRows(cellRegion(cell.index), cell.shapes[0] ?? []);
      const { values, tex, axis } = await cell.line(0, region);
      const picked = cell.index.at(-1) ?? 0;
      const best = largest(values);
      const sums = [{ axis, columns: [{ tex, values }], picked }];
      if (best < 0) {
        const remark = 'Nothing to attend to: every key of this row is masked.';
        return { value: Number.NaN, numbers: number(Number.NaN), sums: [], remark };
      }
      const value = best === picked ? 1 : 0;
      const remark =
        value === 1
          ? `The largest of its row: ${values[best]?.toPrecision(4) ?? ''}.`
          : `The largest of this row is entry ${best}, with ${values[best]?.toPrecision(4) ?? ''}.`;
      return { value, numbers: number(value), sums, remark };
    },

    vjp: (upstream) => [gradient === 'none' ? undefined : upstream],
  };
}
