import { atom, binding, compose, number } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { cellRegion, ShapeError, wholeRows, type Region, type Shape } from '../../tensor.js';

/**
 * The median of every entry and its neighbours in its row; beyond both ends stands the row in reverse, without its last itself. Rows
 * that are no longer than half the width stay as they are, as in OpenAI's Whisper. Nothing is ever differentiated through it.
 * @param width odd: entries that a median is taken of
 */
export function median(value: Value, width: number): Value {
  return apply(operationFor(width), [value]);
}

function operationFor(width: number): Operation {
  const half = (width - 1) / 2;
  const columnsOf = (shape: Shape | undefined): number => shape?.at(-1) ?? 0;

  const medianAt = (row: ArrayLike<number>, start: number, columns: number, column: number): number => {
    if (columns <= half) return row[start + column] ?? 0;
    const last = columns - 1;
    const near = Float64Array.from({ length: width }, (_, at) => {
      const place = last - Math.abs(last - Math.abs(column + at - half));
      return row[start + place] ?? 0;
    });
    return near.toSorted()[half] ?? 0;
  };

  return {
    name: 'median',
    attributes: { width },

    shape([shape = []]) {
      if (shape.length === 0 || width < 1 || width % 2 !== 1) {
        throw new ShapeError(`A median is taken of an odd number of neighbours in a row, not of ${width}.`);
      }
      return shape;
    },

    // Where a row ends decides about its last entries: rows are made whole.
    computes: (region: Region, shape: Shape) => wholeRows(region, shape),
    reads: (region: Region, [shape = []]: readonly Shape[]) => [wholeRows(region, shape)],

    evaluate([tensor]) {
      const columns = columnsOf(tensor?.shape);
      const data = tensor?.data ?? new Float64Array();
      return Float64Array.from(data, (_, at) => medianAt(data, at - (at % columns), columns, at % columns));
    },

    onnx(emitter, [input = '']) {
      const scalar = (value: number): string => emitter.integers([value], []);
      const node = (operator: string, ...inputs: string[]): string => emitter.node(operator, inputs);
      const columns = node('Squeeze', emitter.node('Shape', [input], { start: -1 }));
      const last = node('Sub', columns, scalar(1));
      const own = node('Range', scalar(0), columns, scalar(1)); // (column)
      // In a row that is too short every place is the entry's own.
      const isShort = node('LessOrEqual', columns, scalar(half));
      const near = Array.from({ length: width }, (_, at) => {
        const place = node('Abs', node('Add', own, scalar(at - half)));
        const mirrored = node('Sub', last, node('Abs', node('Sub', last, place)));
        return emitter.node('Gather', [input, node('Where', isShort, own, mirrored)], { axis: -1 }); // (…, column)
      });
      // The largest goes to the end, then the next, as far as the middle.
      for (let end = width - 1; end >= half; end--) {
        for (let at = 0; at < end; at++) {
          const [a = '', b = ''] = near.slice(at, at + 2);
          near.splice(at, 2, node('Min', a, b), node('Max', a, b));
        }
      }
      return near[half] ?? '';
    },

    print(language, inputs) {
      const [inner = atom('')] = inputs;
      switch (language) {
        case 'tex':
          return compose(
            `\\operatorname{median}_{${width}}\\left(${inner.text}\\right)`,
            binding.call,
            inputs,
          );
        case 'numpy':
          return compose(`median(${inner.text}, ${width})`, binding.atom, inputs, [
            `def median(x, width):
    """The median of every entry and its neighbours in its row, reflected at both ends."""
    half = width // 2
    if x.shape[-1] <= half:
        return x
    padded = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(half, half)], mode="reflect")
    return np.sort(np.lib.stride_tricks.sliding_window_view(padded, width, axis=-1))[..., half]`,
          ]);
        case 'pytorch':
          return compose(`median(${inner.text}, ${width})`, binding.atom, inputs, [
            `def median(x, width):
    """The median of every entry and its neighbours in its row, reflected at both ends."""
    half = width // 2
    if x.shape[-1] <= half:
        return x
    padded = torch.nn.functional.pad(x.reshape(1, -1, x.shape[-1]), (half, half), mode="reflect").reshape(*x.shape[:-1], -1)
    return padded.unfold(-1, width, 1).sort().values[..., half]`,
          ]);
      }
    },

    async derive(cell) {
      const column = cell.index.at(-1) ?? 0;
      const { values } = await cell.line(0, wholeRows(cellRegion(cell.index), cell.shapes[0] ?? []));
      const value = medianAt(values, 0, values.length, column);
      const found = values.indexOf(value);
      return {
        value,
        numbers: number(value),
        sums: [],
        remark: found === column ? 'Its own value is the median.' : `The value at ${found} is the median.`,
      };
    },

    vjp: () => [undefined],
  };
}
