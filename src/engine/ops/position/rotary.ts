import { remembered } from '../remembered.js';
import { copyOf } from '../numbers.js';
import { atom, binding, compose, factor, inside } from '../../expression.js';
import { apply, type Operation, type Value } from '../../graph.js';
import { formatShape, ShapeError, wholeRows } from '../../tensor.js';

/** Which entries of a vector turn together: (0, 1), (2, 3), … or (0, d/2), (1, d/2 + 1), …. */
export type RotaryPairs = 'neighbours' | 'halves';

export interface RotaryForm {
  readonly pairs: RotaryPairs;
  /** 10000 in the paper. */
  readonly base: number;
  /**
   * By how much each pair turns from one position to the next, where it is not base^(−2k/d): frequencies that were scaled
   * for longer texts, or fewer pairs than features, of which the last ones then stay as they are.
   */
  readonly speeds?: readonly number[];
  /** What turned features are multiplied by, with `speeds`: the attention factor of YaRN and LongRoPE, 1 where left out. */
  readonly scale?: number;
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
  const width = value.shape.at(-1) ?? 0;
  const turning = 2 * (form.speeds?.length ?? width / 2);
  if (turning > width) {
    throw new ShapeError(
      `Rotary positions have speeds for ${turning / 2} pairs, but ${formatShape(value.shape)} has ${width} features.`,
    );
  }
  return apply(operationFor(form, width, value.shape.length), [value, positions]);
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

/**
 * @param columns how many features there are
 * @param rank how many axes
 */
const operationFor = remembered((form: RotaryForm, columns: number, rank: number): Operation => {
  const { pairs, base, speeds, scale = 1 } = form;
  const direction = form.inverse === true ? -1 : 1;
  const speed = (pair: number, width: number): number =>
    direction * (speeds === undefined ? base ** ((-2 * pair) / width) : (speeds[pair] ?? 0));
  /** Of so many features, those that turn: the first ones. */
  const turning = (width: number): number => (speeds === undefined ? width : 2 * speeds.length);

  return {
    name: 'rotary',

    shape([shape = [], positions = []]) {
      const [rows, width = 0] = shape.slice(-2);
      if (shape.length < 2 || turning(width) % 2 !== 0 || width === 0) {
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
      const out = copyOf(tensor);
      const turned = turning(width);
      const features = Array.from({ length: turned }, (_, column) => pairOf(column, turned, pairs));
      const factors = features.map(({ pair }) => speed(pair, width));
      for (let row = 0; row * width < out.length; row++) {
        const position = positions?.data[row % rows] ?? 0;
        const start = row * width;
        for (let column = 0; column < turned; column++) {
          const { partner = 0, first } = features[column] ?? {};
          const angle = position * (factors[column] ?? 0);
          const [own, other] = [tensor?.data[start + column] ?? 0, tensor?.data[start + partner] ?? 0];
          out[start + column] =
            scale * (own * Math.cos(angle) + (first === true ? -other : other) * Math.sin(angle));
        }
      }
      return out;
    },

    // As many nodes as it takes to round where models do: ONNX's own RotaryEmbedding rounds once less.
    onnx(emitter, [value = '', positions = '']) {
      const count = turning(columns) / 2;
      const perPair = Array.from({ length: count }, (_, pair) => Math.abs(speed(pair, 2 * count)));
      const place = emitter.node('Unsqueeze', [positions, emitter.integers([1], [1])]); // (query, 1)
      const factors = emitter.floats(perPair, [count]);
      const angles = emitter.node('Mul', [emitter.node('Cast', [place], { to: 1 }), factors]); // (query, pair)
      const scaled = (table: string): string =>
        scale === 1 ? table : emitter.node('Mul', [table, emitter.floats([scale], [1])]);
      const cos = scaled(emitter.node('Cos', [angles]));
      const sine = scaled(emitter.node('Sin', [angles]));
      const back = emitter.node('Neg', [sine]);
      const [sin, minus] = direction < 0 ? [back, sine] : [sine, back];
      const part = (start: number, end: number, step = 1): string =>
        emitter.node('Slice', [
          value,
          ...[start, end, -1, step].map((each) => emitter.integers([each], [1])),
        ]);
      const beside = (...parts: string[]): string => emitter.node('Concat', parts, { axis: -1 });
      const times = (x: string, y: string): string => emitter.node('Mul', [x, y]);
      const rest = 2 * count < columns ? [part(2 * count, columns)] : [];
      if (pairs === 'halves') {
        const [a, b] = [part(0, count), part(count, 2 * count)];
        const whole = rest.length === 0 ? value : beside(a, b);
        const turned = emitter.node('Add', [
          times(whole, beside(cos, cos)),
          times(beside(b, a), beside(minus, sin)),
        ]);
        return rest.length === 0 ? turned : beside(turned, ...rest);
      }
      const [a, b] = [part(0, 2 * count, 2), part(1, 2 * count, 2)];
      const first = emitter.node('Sub', [times(a, cos), times(b, sin)]);
      const second = emitter.node('Add', [times(b, cos), times(a, sin)]);
      const spread = [first, second].map((each) =>
        emitter.node('Unsqueeze', [each, emitter.integers([-1], [1])]),
      );
      // (…, query, pair, 2) → (…, query, feature)
      const shape = emitter.integers([...Array.from({ length: rank - 1 }, () => 0), 2 * count], [rank]);
      const turned = emitter.node('Reshape', [beside(...spread), shape]);
      return rest.length === 0 ? turned : beside(turned, ...rest);
    },

    print(language, inputs) {
      const [value = atom(''), positions = atom('')] = inputs;
      if (language === 'tex') {
        const turn = direction < 0 ? `R_{${positions.text}}^{-1}` : `R_{${positions.text}}`;
        const rotation = scale === 1 ? turn : `${turn} \\cdot ${Number(scale.toPrecision(4))}`;
        return compose(`${inside(value, binding.product, language)} ${rotation}`, binding.product, inputs);
      }
      const how = speeds === undefined ? String(base) : `[${speeds.join(', ')}]`;
      const more = scale === 1 ? (direction < 0 ? ', -1' : '') : `, ${direction}, ${scale}`;
      const call = `${scale === 1 ? '' : 'scaled_'}rotary(${value.text}, ${positions.text}, ${how}${more})`;
      const text = language === 'numpy' ? numpyText(pairs) : pytorchText(pairs);
      const bySpeeds = language === 'numpy' ? numpyBySpeeds : pytorchBySpeeds;
      return compose(call, binding.atom, inputs, [
        speeds === undefined ? text : bySpeeds(pairs, scale !== 1),
      ]);
    },

    async derive(cell) {
      const column = cell.index.at(-1) ?? 0;
      const row = cell.index.at(-2) ?? 0;
      const width = turning(cell.shapes[0]?.at(-1) ?? 1);
      if (column >= width) {
        const own = await cell.scalar(0, cell.index);
        return { ...own, remark: `Only the first ${width} entries turn; this one stays as it is.` };
      }
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
      const [cos, sin] = [scale * Math.cos(angle), scale * Math.sin(angle)];
      const scaling = scale === 1 ? '' : ` cos θ and sin θ are multiplied by ${scale.toPrecision(4)}.`;
      const times = scale === 1 ? '' : `\\cdot ${Number(scale.toPrecision(4))} `;
      return {
        value: x * cos + (first ? -y : y) * sin,
        ...(own.symbolic === undefined || other.symbolic === undefined
          ? {}
          : {
              symbolic: `${own.symbolic} ${times}\\cos ${degrees} ${sign} ${other.symbolic} ${times}\\sin ${degrees}`,
            }),
        numbers: compose(
          `${factor(x)} \\cdot ${factor(cos)} ${sign} ${factor(y)} \\cdot ${factor(sin)}`,
          binding.sum,
          [],
        ),
        sums: [...own.sums],
        remark: `θ = ${position.value} · ${speeds === undefined ? `${base}^(−${2 * pair}/${width})` : (speeds[pair] ?? 0).toPrecision(4)} = ${angle.toPrecision(4)}: entries ${Math.min(column, partner)} and ${Math.max(column, partner)} turn together.${scaling}`,
      };
    },

    vjp: (upstream, [, positions]) => {
      if (positions === undefined) return [];
      const { inverse, ...forward } = form;
      const back: RotaryForm = inverse === true ? forward : { ...forward, inverse: true };
      return [rotary(upstream, positions, back), undefined];
    },
  };
});

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

function numpyBySpeeds(pairs: RotaryPairs, scaled: boolean): string {
  const parts =
    pairs === 'neighbours'
      ? [
          `a, b = x[..., 0:d:2], x[..., 1:d:2]`,
          `np.stack([first, second], axis=-1).reshape(*x.shape[:-1], d)`,
        ]
      : [`a, b = np.split(x[..., :d], 2, axis=-1)`, `np.concatenate([first, second], axis=-1)`];
  return `def ${headOf(scaled)}:
    """Turns pair k of the vector at position i by i * speeds[k]${scaled ? ', times scale' : ''}; features behind the pairs stay."""
    d = 2 * len(speeds)
    angles = direction * positions[:, None] * np.array(speeds)
    ${parts[0]}
    ${scaled ? 'cos, sin = scale * np.cos(angles), scale * np.sin(angles)\n    first, second = a * cos - b * sin, b * cos + a * sin' : 'first, second = a * np.cos(angles) - b * np.sin(angles), b * np.cos(angles) + a * np.sin(angles)'}
    return np.concatenate([${parts[1]}, x[..., d:]], axis=-1)`;
}

function pytorchBySpeeds(pairs: RotaryPairs, scaled: boolean): string {
  const parts =
    pairs === 'neighbours'
      ? [
          `a, b = x[..., 0:d:2], x[..., 1:d:2]`,
          `torch.stack([first, second], dim=-1).reshape(*x.shape[:-1], d)`,
        ]
      : [`a, b = x[..., :d].chunk(2, dim=-1)`, `torch.cat([first, second], dim=-1)`];
  return `def ${headOf(scaled)}:
    """Turns pair k of the vector at position i by i * speeds[k]${scaled ? ', times scale' : ''}; features behind the pairs stay."""
    d = 2 * len(speeds)
    angles = direction * positions[:, None] * torch.tensor(speeds, dtype=torch.float64)
    ${parts[0]}
    ${scaled ? 'cos, sin = scale * angles.cos(), scale * angles.sin()\n    first, second = a * cos - b * sin, b * cos + a * sin' : 'first, second = a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin()'}
    return torch.cat([${parts[1]}.to(x.dtype), x[..., d:]], dim=-1)`;
}

/** Two functions in one program have names of their own. */
const headOf = (scaled: boolean): string =>
  scaled
    ? 'scaled_rotary(x, positions, speeds, direction, scale)'
    : 'rotary(x, positions, speeds, direction=1)';
