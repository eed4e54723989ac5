import { atom, binding, compose, factor, inside } from '../expression.js';
import { apply, type OnnxEmitter, type Operation, type Value } from '../graph.js';
import { formatShape, ShapeError, type Region, type Shape } from '../tensor.js';

/** Which entries of a vector turn together: (0, 1), (2, 3), … or (0, d/2), (1, d/2 + 1), …. */
export type RotaryPairs = 'neighbours' | 'halves';

export interface RotaryForm {
  readonly pairs: RotaryPairs;
  /** 10000 in the paper. */
  readonly base: number;
  /** Turns back instead: the gradient's direction. */
  readonly inverse?: true;
}

/**
 * Rotary position embedding (Su et al. 2021, eq. 14–16): pair k of the vector at position i turns by i · base^(−2k/d).
 * `neighbours` is the paper's pairing (GPT-J), `halves` that of GPT-NeoX and Llama.
 * @param value (…, query, feature), with an even number of features
 * @param positions (query)
 * @throws ShapeError when the features do not pair
 */
export function rotary(value: Value, positions: Value, form: RotaryForm): Value {
  return apply(operationFor(form), [value, positions]);
}

/** The partner of a column, its pair's number, and whether it is the pair's first. */
function pairOf(
  column: number,
  width: number,
  pairs: RotaryPairs,
): { partner: number; pair: number; first: boolean } {
  if (pairs === 'neighbours') {
    const first = column % 2 === 0;
    return { partner: first ? column + 1 : column - 1, pair: column >> 1, first };
  }
  const half = width / 2;
  const first = column < half;
  return { partner: first ? column + half : column - half, pair: first ? column : column - half, first };
}

function wholeRows(region: Region, shape: Shape): Region {
  return [...region.slice(0, -1), { start: 0, end: shape.at(-1) ?? 0 }];
}

function operationFor(form: RotaryForm): Operation {
  const { pairs, base } = form;
  const direction = form.inverse === true ? -1 : 1;
  const speed = (pair: number, width: number): number => direction * base ** ((-2 * pair) / width);

  return {
    name: 'rotary',

    shape([shape = [], positions = []]) {
      const [rows, width = 0] = shape.slice(-2);
      if (shape.length < 2 || width % 2 !== 0 || width === 0) {
        throw new ShapeError(
          `Rotary positions turn pairs of features, but ${formatShape(shape)} has ${width} of them, which is not even.`,
        );
      }
      if (positions.length !== 1 || positions[0] !== rows) {
        throw new ShapeError(`${formatShape(shape)} needs ${rows} positions, not ${formatShape(positions)}.`);
      }
      return shape;
    },

    computes: wholeRows,
    reads: (region, [shape = []]) => {
      const rows = region.at(-2) ?? { start: 0, end: 0 };
      return [wholeRows(region, shape), [rows]];
    },

    evaluate([tensor, positions], shape) {
      const [rows = 1, width = 1] = shape.slice(-2);
      const out = new Float64Array(tensor?.data.length ?? 0);
      for (let at = 0; at < out.length; at++) {
        const column = at % width;
        const { partner, pair, first } = pairOf(column, width, pairs);
        const angle = (positions?.data[Math.floor(at / width) % rows] ?? 0) * speed(pair, width);
        const [own, other] = [tensor?.data[at] ?? 0, tensor?.data[at - column + partner] ?? 0];
        out[at] = own * Math.cos(angle) + (first ? -other : other) * Math.sin(angle);
      }
      return out;
    },

    onnx(emitter, [value = '', positions = '']) {
      // The number of features is known only from the shapes; so the angles are worked out in the graph.
      const width = emitter.node('Shape', [value], { start: -1 });
      const half = emitter.node('Div', [width, emitter.integers([2], [])]);
      const angles = anglesOf(emitter, positions, width, half, Math.log(base)); // (query, pair)
      const cos = emitter.node('Cos', [angles]);
      const sine = emitter.node('Sin', [angles]);
      const sin = direction < 0 ? emitter.node('Neg', [sine]) : sine;
      const [a = '', b = ''] = partsOf(emitter, value, half, pairs);
      const times = (x: string, y: string): string => emitter.node('Mul', [x, y]);
      const first = emitter.node('Sub', [times(a, cos), times(b, sin)]);
      const second = emitter.node('Add', [times(b, cos), times(a, sin)]);
      return joined(emitter, first, second, value, pairs);
    },

    print(language, inputs) {
      const [value = atom(''), positions = atom('')] = inputs;
      if (language === 'tex') {
        const rotation = direction < 0 ? `R_{${positions.text}}^{-1}` : `R_{${positions.text}}`;
        return compose(`${inside(value, binding.product, language)} ${rotation}`, binding.product, inputs);
      }
      const call = `rotary(${value.text}, ${positions.text}, ${base}${direction < 0 ? ', -1' : ''})`;
      return compose(call, binding.atom, inputs, [
        language === 'numpy' ? numpyText(pairs) : pytorchText(pairs),
      ]);
    },

    async derive(cell) {
      const column = cell.index.at(-1) ?? 0;
      const row = cell.index.at(-2) ?? 0;
      const width = cell.shapes[0]?.at(-1) ?? 1;
      const { partner, pair, first } = pairOf(column, width, pairs);
      const [own, other, position] = await Promise.all([
        cell.scalar(0, cell.index),
        cell.scalar(0, [...cell.index.slice(0, -1), partner]),
        cell.scalar(1, [row]),
      ]);
      const angle = position.value * speed(pair, width);
      const sign = first ? '-' : '+';
      const [x, y] = [own.value, other.value];
      const degrees = `\\theta`;
      return {
        value: x * Math.cos(angle) + (first ? -y : y) * Math.sin(angle),
        ...(own.symbolic === undefined || other.symbolic === undefined
          ? {}
          : { symbolic: `${own.symbolic} \\cos ${degrees} ${sign} ${other.symbolic} \\sin ${degrees}` }),
        numbers: compose(
          `${factor(x)} \\cdot ${factor(Math.cos(angle))} ${sign} ${factor(y)} \\cdot ${factor(Math.sin(angle))}`,
          binding.sum,
          [],
        ),
        sums: [...own.sums],
        remark: `θ = ${position.value} · ${base}^(−${2 * pair}/${width}) = ${angle.toPrecision(4)}: entries ${Math.min(column, partner)} and ${Math.max(column, partner)} turn together.`,
      };
    },

    vjp: (upstream, [, positions]) => {
      if (positions === undefined) return [];
      const { inverse, ...forward } = form;
      const back: RotaryForm = inverse === true ? forward : { ...forward, inverse: true };
      return [rotary(upstream, positions, back), undefined];
    },
  };
}

/** position · base^(−2k/d) // (query, pair) */
function anglesOf(
  emitter: OnnxEmitter,
  positions: string,
  width: string,
  half: string,
  logBase: number,
): string {
  const scalar = (list: string): string => emitter.node('Squeeze', [list, emitter.integers([0], [1])]);
  const pairs = emitter.node('Range', [emitter.integers([0], []), scalar(half), emitter.integers([1], [])]);
  const float = (x: string): string => emitter.node('Cast', [x], { to: 1 });
  const share = emitter.node('Div', [float(pairs), float(width)]);
  const speeds = emitter.node('Exp', [emitter.node('Mul', [share, emitter.floats([-2 * logBase], [])])]);
  return emitter.node('Mul', [
    float(emitter.node('Unsqueeze', [positions, emitter.integers([1], [1])])),
    speeds,
  ]);
}

/** The first and the second of each pair // (…, query, pair) */
function partsOf(emitter: OnnxEmitter, value: string, half: string, pairs: RotaryPairs): string[] {
  const [zero, one, two, far] = [0, 1, 2, 2 ** 31 - 1].map((each) => emitter.integers([each], [1]));
  const last = emitter.integers([-1], [1]);
  const part = (start = '', end = '', step = ''): string =>
    emitter.node('Slice', [value, start, end, last, step]);
  return pairs === 'neighbours'
    ? [part(zero, far, two), part(one, far, two)]
    : [part(zero, half, one), part(half, far, one)];
}

function joined(
  emitter: OnnxEmitter,
  first: string,
  second: string,
  like: string,
  pairs: RotaryPairs,
): string {
  if (pairs === 'halves') return emitter.node('Concat', [first, second], { axis: -1 });
  const column = emitter.integers([-1], [1]);
  const spread = [first, second].map((each) => emitter.node('Unsqueeze', [each, column]));
  const stacked = emitter.node('Concat', spread, { axis: -1 }); // (…, query, pair, 2)
  return emitter.node('Reshape', [stacked, emitter.node('Shape', [like])]);
}

function numpyText(pairs: RotaryPairs): string {
  const parts =
    pairs === 'neighbours'
      ? [`a, b = x[..., 0::2], x[..., 1::2]`, `return np.stack([first, second], axis=-1).reshape(x.shape)`]
      : [`a, b = np.split(x, 2, axis=-1)`, `return np.concatenate([first, second], axis=-1)`];
  return `def rotary(x, positions, base, direction=1):
    """Turns pair k of the vector at position i by i * base ** (-2k / d)."""
    d = x.shape[-1]
    angles = direction * positions[:, None] * float(base) ** (-2 * np.arange(d // 2) / d)
    ${parts[0]}
    first, second = a * np.cos(angles) - b * np.sin(angles), b * np.cos(angles) + a * np.sin(angles)
    ${parts[1]}`;
}

function pytorchText(pairs: RotaryPairs): string {
  const parts =
    pairs === 'neighbours'
      ? [`a, b = x[..., 0::2], x[..., 1::2]`, `return torch.stack([first, second], dim=-1).reshape(x.shape)`]
      : [`a, b = x.chunk(2, dim=-1)`, `return torch.cat([first, second], dim=-1)`];
  return `def rotary(x, positions, base, direction=1):
    """Turns pair k of the vector at position i by i * base ** (-2k / d)."""
    d = x.shape[-1]
    angles = direction * positions[:, None] * float(base) ** (-2 * torch.arange(d // 2, dtype=torch.float64) / d)
    ${parts[0]}
    first, second = a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin()
    ${parts[1]}.to(x.dtype)`;
}
