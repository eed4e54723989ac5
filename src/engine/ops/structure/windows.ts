import { atom, binding, compose, number } from '../../expression.js';
import { apply, type OnnxEmitter, type Operation, type Value } from '../../graph.js';
import { formatShape, ShapeError, sizeOf, type Range, type Region, type Shape } from '../../tensor.js';
import { sumOfTerms } from '../terms.js';

/** Which rows stand together. */
export interface WindowForm {
  /** Rows of a window. */
  readonly size: number;
  /** Rows from one window to the next. */
  readonly stride: number;
  /** How many windows there are. */
  readonly count: number;
  /** Rows of the first window that lie before the first row. */
  readonly before: number;
  /** What stands where there are no rows: zeros, or the rows near the end in reverse, without the last itself. */
  readonly beyond: 'zeros' | 'reflection';
}

/**
 * Windows of rows, each as one row: what a convolution multiplies with its kernel, and a Fourier transform looks at.
 * @param value (row, channel)
 * @returns (window, size · channel): the channels of a window's first row, then those of its second, …
 */
export function windows(value: Value, form: WindowForm): Value {
  const [length = 0] = value.shape;
  return apply(windowsOperation(form, length, { start: 0, end: form.count }, { start: 0, end: length }), [
    value,
  ]);
}

/** Which row stands in a window; undefined where a zero does. */
function rowAt(form: WindowForm, length: number, window: number, place: number): number | undefined {
  const row = window * form.stride + place - form.before;
  if (form.beyond === 'zeros') return row >= 0 && row < length ? row : undefined;
  const last = length - 1;
  return last - Math.abs(last - Math.abs(row));
}

/** The rows that some windows are made of; at least one. */
function rowsOf({ size, stride, before, beyond }: WindowForm, length: number, { start, end }: Range): Range {
  const low = start * stride - before;
  const high = (end - 1) * stride + size - 1 - before;
  const last = length - 1;
  if (beyond === 'zeros') {
    const first = Math.min(Math.max(low, 0), last);
    return { start: first, end: Math.max(first, Math.min(high, last)) + 1 };
  }
  const first = low < 0 ? 0 : Math.min(low, high > last ? 2 * last - high : low);
  const final = high > last ? last : Math.max(high, low < 0 ? Math.min(last, -low) : high);
  return { start: Math.max(0, first), end: final + 1 };
}

function check(form: WindowForm, shape: Shape): void {
  const [length = 0] = shape;
  const { size, stride, count, before } = form;
  const beyond = (count - 1) * stride + size - before - length;
  const fits = form.beyond === 'zeros' || (before < length && beyond < length);
  if (shape.length !== 2 || length < 1 || size < 1 || stride < 1 || count < 1 || before < 0 || !fits) {
    throw new ShapeError(
      `${count} windows of ${size} rows, ${stride} apart and ${before} before the first, cannot be cut out of ${formatShape(shape)}.`,
    );
  }
}

/**
 * @param made which windows
 * @param given which rows the input has
 */
function windowsOperation(form: WindowForm, length: number, made: Range, given: Range): Operation {
  const { size, stride, count, before, beyond } = form;
  return {
    name: 'windows',

    shape([shape = []]) {
      if (given.end - given.start === length) check(form, shape);
      return [made.end - made.start, size * (shape[1] ?? 0)];
    },

    // The columns of a window are no box of the rows: they are made all together.
    computes: ([rows = made], [, columns = 0]) => [rows, { start: 0, end: columns }],

    reads([rows = made], [shape = []]): Region[] {
      const channels = shape[1] ?? 0;
      const from = rowsOf(form, length, { start: made.start + rows.start, end: made.start + rows.end });
      return [
        [
          { start: from.start - given.start, end: from.end - given.start },
          { start: 0, end: channels },
        ],
      ];
    },

    restrict([rows = made]) {
      const part = { start: made.start + rows.start, end: made.start + rows.end };
      return windowsOperation(form, length, part, rowsOf(form, length, part));
    },

    evaluate([tensor]) {
      const channels = tensor?.shape[1] ?? 0;
      const out = new Float64Array((made.end - made.start) * size * channels);
      let to = 0;
      for (let window = made.start; window < made.end; window++) {
        for (let place = 0; place < size; place++, to += channels) {
          const row = rowAt(form, length, window, place);
          if (row === undefined) continue;
          const from = (row - given.start) * channels;
          for (let channel = 0; channel < channels; channel++)
            out[to + channel] = tensor?.data[from + channel] ?? 0;
        }
      }
      return out;
    },

    onnx(emitter, [input = '']) {
      const low = made.start * stride - before;
      const high = (made.end - 1) * stride + size - 1 - before;
      const [missing, over] = [Math.max(0, given.start - low), Math.max(0, high - given.end + 1)];
      const isPadded = beyond === 'zeros' && missing + over > 0;
      const rows = isPadded
        ? emitter.node('Pad', [input, emitter.integers([missing, 0, over, 0], [4])])
        : input;
      const places = placesIn(emitter, form, length, made, given.start - (isPadded ? missing : 0));
      const cut = emitter.node('Gather', [rows, places], { axis: 0 }); // (window, place, channel)
      return emitter.node('Reshape', [cut, emitter.integers([made.end - made.start, -1], [2])]);
    },

    print(language, inputs) {
      const [inner = atom('')] = inputs;
      if (language === 'tex') {
        return compose(
          `\\operatorname{windows}_{${size}, ${stride}}\\left(${inner.text}\\right)`,
          binding.call,
          inputs,
        );
      }
      const mode = beyond === 'reflection' ? 'reflect' : 'constant';
      const after = Math.max(0, (count - 1) * stride + size - before - length);
      return compose(
        `windows(${inner.text}, ${size}, ${stride}, ${count}, ${before}, ${after}, "${mode}")`,
        binding.atom,
        inputs,
        [definitions[language]],
      );
    },

    derive(cell) {
      const [window = 0, column = 0] = cell.index;
      const channels = cell.shapes[0]?.[1] ?? 1;
      const row = rowAt(form, length, made.start + window, Math.floor(column / channels));
      if (row !== undefined) return cell.scalar(0, [row - given.start, column % channels]);
      return Promise.resolve({
        value: 0,
        numbers: number(0),
        sums: [],
        remark: 'Zero: the window reaches beyond the rows.',
      });
    },

    vjp: (upstream, [value]) => [value && overlapAdd(upstream, form, value.shape)],
  };
}

/** Which of the input's rows stand in each window. // (window, place) */
function placesIn(
  emitter: OnnxEmitter,
  form: WindowForm,
  length: number,
  made: Range,
  first: number,
): string {
  const scalar = (value: number): string => emitter.integers([value], []);
  const count = (from: number, to: number, step: number): string =>
    emitter.node('Range', [scalar(from), scalar(to), scalar(step)]);
  const { stride, size, before, beyond } = form;
  const starts = count(made.start * stride - before, made.end * stride - before, stride); // (window)
  const column = emitter.node('Unsqueeze', [starts, emitter.integers([1], [1])]); // (window, 1)
  const rows = emitter.node('Add', [column, count(0, size, 1)]); // (window, place)
  const last = scalar(length - 1);
  const inside =
    beyond === 'zeros'
      ? rows
      : emitter.node('Sub', [
          last,
          emitter.node('Abs', [emitter.node('Sub', [last, emitter.node('Abs', [rows])])]),
        ]);
  return emitter.node('Sub', [inside, scalar(first)]);
}

const definitions = {
  numpy: `def windows(x, size, stride, count, before, after, mode):
    """Windows of rows, each as one row."""
    padded = np.pad(x, ((before, after), (0, 0)), mode=mode)
    end = (count - 1) * stride + 1
    return np.concatenate([padded[place : place + end : stride] for place in range(size)], axis=1)`,
  pytorch: `def windows(x, size, stride, count, before, after, mode):
    """Windows of rows, each as one row."""
    padded = torch.nn.functional.pad(x.T[None], (before, after), mode=mode)[0].T
    end = (count - 1) * stride + 1
    return torch.cat([padded[place : place + end : stride] for place in range(size)], dim=1)`,
};

/**
 * Adds windows into rows of zeros, each where it was cut out: the reverse of `windows`.
 * @param value (window, size · channel)
 * @param shape (row, channel)
 */
export function overlapAdd(value: Value, form: WindowForm, shape: Shape): Value {
  check(form, shape);
  return apply(overlapAddOperation(form, shape), [value]);
}

function overlapAddOperation(form: WindowForm, [length = 0, channels = 0]: Shape): Operation {
  const { size, stride, count, before, beyond } = form;
  const all = { start: 0, end: count };
  return {
    name: 'overlap-add',

    shape([shape = []]) {
      if (shape.length !== 2 || shape[0] !== count || shape[1] !== size * channels) {
        throw new ShapeError(
          `Windows of shape ${formatShape(shape)} do not make rows of shape ${formatShape([length, channels])}.`,
        );
      }
      return [length, channels];
    },

    // A row lies in windows that are no box; all of them are made.
    computes: (_, whole) => whole.map((extent) => ({ start: 0, end: extent })),
    reads: (_, [shape = []]) => [shape.map((extent) => ({ start: 0, end: extent }))],

    evaluate([tensor], shape) {
      const out = new Float64Array(sizeOf(shape));
      for (let window = 0; window < count; window++) {
        for (let place = 0; place < size; place++) {
          const row = rowAt(form, length, window, place);
          if (row === undefined) continue;
          const from = (window * size + place) * channels;
          for (let channel = 0; channel < channels; channel++) {
            const to = row * channels + channel;
            out[to] = (out[to] ?? 0) + (tensor?.data[from + channel] ?? 0);
          }
        }
      }
      return out;
    },

    onnx(emitter, [input = '']) {
      // With zeros, rows beyond both ends take what is not kept.
      const over = beyond === 'zeros' ? Math.max(0, (count - 1) * stride + size - before - length) : 0;
      const under = beyond === 'zeros' ? before : 0;
      const places = placesIn(emitter, form, length, all, -under);
      const parts = emitter.node('Reshape', [input, emitter.integers([count * size, channels], [2])]);
      const list = emitter.node('Reshape', [places, emitter.integers([count * size, 1], [2])]);
      const zeros = emitter.node('Expand', [
        emitter.floats([0], []),
        emitter.integers([under + length + over, channels], [2]),
      ]);
      const sums = emitter.node('ScatterND', [zeros, list, parts], { reduction: 'add' });
      return emitter.node('Slice', [
        sums,
        emitter.integers([under], [1]),
        emitter.integers([under + length], [1]),
        emitter.integers([0], [1]),
      ]);
    },

    print(language, inputs) {
      const [inner = atom('')] = inputs;
      if (language === 'tex') {
        return compose(
          `\\operatorname{overlap}_{${size}, ${stride}}\\left(${inner.text}\\right)`,
          binding.call,
          inputs,
        );
      }
      const reflects = beyond === 'reflection' ? 'True' : 'False';
      return compose(
        `overlap_add(${inner.text}, ${length}, ${size}, ${stride}, ${before}, ${reflects})`,
        binding.atom,
        inputs,
        [reverses[language]],
      );
    },

    async derive(cell) {
      const [row = 0, channel = 0] = cell.index;
      const found: [number, number][] = [];
      for (let window = 0; window < count; window++) {
        for (let place = 0; place < size; place++) {
          if (rowAt(form, length, window, place) === row) found.push([window, place * channels + channel]);
        }
      }
      const terms = await Promise.all(found.map((index) => cell.scalar(0, index)));
      return {
        value: terms.reduce((sum, { value }) => sum + value, 0),
        numbers: sumOfTerms(
          Float64Array.from(terms, ({ value }) => value),
          (term) => number(terms[term]?.value ?? 0).text,
        ),
        sums: [],
      };
    },

    vjp: (upstream) => [windows(upstream, form)],
  };
}

const reverses = {
  numpy: `def overlap_add(parts, length, size, stride, before, reflects):
    """Windows added into rows of zeros, each where it was cut out."""
    parts = parts.reshape(len(parts), size, -1)
    rows = np.arange(len(parts))[:, None] * stride + np.arange(size) - before
    if reflects:
        rows = length - 1 - np.abs(length - 1 - np.abs(rows))
    inside = (rows >= 0) & (rows < length)
    out = np.zeros((length, parts.shape[2]), parts.dtype)
    np.add.at(out, rows[inside], parts[inside])
    return out`,
  pytorch: `def overlap_add(parts, length, size, stride, before, reflects):
    """Windows added into rows of zeros, each where it was cut out."""
    parts = parts.reshape(len(parts), size, -1)
    rows = torch.arange(len(parts))[:, None] * stride + torch.arange(size) - before
    if reflects:
        rows = length - 1 - (length - 1 - rows.abs()).abs()
    inside = (rows >= 0) & (rows < length)
    return parts.new_zeros(length, parts.shape[2]).index_add(0, rows[inside], parts[inside])`,
};
