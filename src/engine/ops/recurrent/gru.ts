import { atom, binding, compose, factor, type Language } from '../../expression.js';
import { gradient } from '../../gradient.js';
import {
  apply,
  label,
  type Cell,
  type Derivation,
  type OnnxEmitter,
  type Operation,
  type Value,
} from '../../graph.js';
import {
  formatShape,
  ShapeError,
  wholeOf,
  type Range,
  type Region,
  type Shape,
  type Tensor,
} from '../../tensor.js';
import { add } from '../elementwise/add.js';
import { multiply } from '../elementwise/multiply.js';
import { oneMinus } from '../elementwise/one-minus.js';
import { sigmoid } from '../elementwise/sigmoid.js';
import { tanh } from '../elementwise/tanh.js';
import { matmul, transpose } from '../rows/matmul.js';
import { concat } from '../structure/concat.js';
import { slice } from '../structure/slice.js';

/** The weights of a gated recurrent unit as PyTorch keeps them: the gates r, z and n below each other. */
export interface GruWeights {
  /** What the input is multiplied with. // (3 · hidden, model) */
  readonly input: Value;
  /** What the state before is multiplied with. // (3 · hidden, hidden) */
  readonly state: Value;
  /** (3 · hidden) */
  readonly inputBias: Value;
  /** (3 · hidden) */
  readonly stateBias: Value;
}

export interface GruForm {
  /** Whether the first row is read first, or the last. */
  readonly direction: 'forward' | 'reverse';
  /** What its gates are called by in a printed derivative; unique among the units of a graph. */
  readonly name: string;
}

/**
 * A gated recurrent unit over a sequence (Cho et al. 2014, eq. 5–8; with the reset gate behind the product with the
 * state, as cuDNN and PyTorch have it):
 * r = σ(W_r x + b_r + U_r h + c_r), z likewise, n = tanh(W_n x + b_n + r ⊙ (U_n h + c_n)), h′ = (1 − z) ⊙ n + z ⊙ h.
 * @param X (m, model)
 * @param initial the state before the first row that is read // (1, hidden)
 * @returns the state after each row, in the rows' own order // (m, hidden)
 * @throws ShapeError when a weight does not fit
 */
export function gru(X: Value, weights: GruWeights, initial: Value, form: GruForm): Value {
  const hidden = initial.shape[1] ?? 0;
  return apply(operationFor(hidden, form), [
    X,
    weights.input,
    weights.state,
    weights.inputBias,
    weights.stateBias,
    initial,
  ]);
}

function operationFor(hidden: number, form: GruForm): Operation {
  const { direction } = form;
  /** The rows that have been read when those of `region` are done. */
  const readRows = (region: Region, rows: number): Range => {
    const { start = 0, end = rows } = region[0] ?? {};
    return direction === 'forward' ? { start: 0, end } : { start, end: rows };
  };

  return {
    name: 'gru',

    shape(inputs) {
      checkShapes(inputs);
      return [inputs[0]?.[0] ?? 0, hidden];
    },

    computes: (region, shape) => [readRows(region, shape[0] ?? 0), { start: 0, end: hidden }],
    reads: (region, [X = [], ...rest]) => [
      [readRows(region, X[0] ?? 0), { start: 0, end: X[1] ?? 0 }],
      ...rest.map(wholeOf),
    ],

    evaluate(inputs, shape) {
      const [rows = 0] = shape;
      const out = new Float64Array(rows * hidden);
      let before = Float64Array.from(inputs[5]?.data ?? []);
      for (let step = 0; step < rows; step++) {
        const row = direction === 'forward' ? step : rows - 1 - step;
        before = stateAfter(inputs, row, before);
        out.set(before, row * hidden);
      }
      return out;
    },

    onnx(emitter, [X = '', W = '', U = '', b = '', c = '', initial = '']) {
      const zeroth = emitter.integers([0], [1]);
      const [rowsOf, columnsOf] = [emitter.integers([1], [1]), emitter.integers([1, 2], [2])];
      const outer = (name: string): string => emitter.node('Unsqueeze', [name, zeroth]);
      const weights = [W, U].map((each) => outer(reordered(emitter, each, hidden)));
      const biases = emitter.node(
        'Concat',
        [b, c].map((each) => reordered(emitter, each, hidden)),
        { axis: 0 },
      );
      const states = emitter.node(
        'GRU',
        [emitter.node('Unsqueeze', [X, rowsOf]), ...weights, outer(biases), '', outer(initial)],
        { hidden_size: hidden, linear_before_reset: 1, direction },
      ); // (row, direction, batch, hidden)
      return emitter.node('Squeeze', [states, columnsOf]);
    },

    print(language, inputs) {
      const [X = atom(''), ...rest] = inputs;
      if (language === 'tex') {
        const arrow = direction === 'forward' ? 'overrightarrow' : 'overleftarrow';
        return compose(`\\${arrow}{\\mathrm{GRU}}\\left(${X.text}\\right)`, binding.call, inputs);
      }
      const all = [X, ...rest].map(({ text }) => text).join(', ');
      const flag = direction === 'forward' ? '' : ', reverse=True';
      return compose(`gru(${all}${flag})`, binding.atom, inputs, [definitions[language]]);
    },

    derive: (cell) => arithmetic(cell, hidden, direction),

    vjp(upstream, inputs) {
      // Each input under an identity of its own, also where two of them are the same value.
      const own = inputs.map((each) => slice(each, wholeOf(each.shape)));
      return gradient(unrolled(own, hidden, form), upstream, own);
    },
  };
}

function checkShapes([X = [], W = [], U = [], b = [], c = [], initial = []]: readonly Shape[]): void {
  const [hidden = 0] = initial.slice(1);
  if (X.length !== 2 || X.some((extent) => extent === 0))
    throw new ShapeError(`A GRU reads a matrix with a row for each step, not ${formatShape(X)}.`);
  if (initial.length !== 2 || initial[0] !== 1 || hidden === 0)
    throw new ShapeError(`A GRU starts from one state, (1, hidden), not ${formatShape(initial)}.`);
  const wanted: readonly (readonly [what: string, is: Shape, shape: Shape])[] = [
    ['an input weight', W, [3 * hidden, X[1] ?? 0]],
    ['a state weight', U, [3 * hidden, hidden]],
    ['an input bias', b, [3 * hidden]],
    ['a state bias', c, [3 * hidden]],
  ];
  for (const [what, is, shape] of wanted) {
    if (formatShape(is) !== formatShape(shape)) {
      throw new ShapeError(
        `A GRU from ${formatShape(X)} to ${hidden} units needs ${what} of ${formatShape(shape)}, not ${formatShape(is)}.`,
      );
    }
  }
}

/** PyTorch keeps r, z, n; ONNX wants z, r, h. */
function reordered(emitter: OnnxEmitter, name: string, hidden: number): string {
  const part = (gate: number): string =>
    emitter.node('Slice', [
      name,
      emitter.integers([gate * hidden], [1]),
      emitter.integers([(gate + 1) * hidden], [1]),
      emitter.integers([0], [1]),
    ]);
  return emitter.node('Concat', [part(1), part(0), part(2)], { axis: 0 });
}

/** The pre-activations of one unit's gates, from the input and from the state. */
interface Gate {
  readonly fromInput: number;
  readonly fromState: number;
}

function gateOf(
  [X, W, U, b, c]: readonly (Tensor | undefined)[],
  row: number,
  before: ArrayLike<number>,
  at: number,
): Gate {
  const width = X?.shape[1] ?? 0;
  let fromInput = b?.data[at] ?? 0;
  for (let term = 0; term < width; term++)
    fromInput += (X?.data[row * width + term] ?? 0) * (W?.data[at * width + term] ?? 0);
  let fromState = c?.data[at] ?? 0;
  for (let term = 0; term < before.length; term++)
    fromState += (before[term] ?? 0) * (U?.data[at * before.length + term] ?? 0);
  return { fromInput, fromState };
}

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

/** One unit's gates and its new state. */
function unitOf(
  gates: readonly [Gate, Gate, Gate],
  before: number,
): { r: number; z: number; n: number; h: number } {
  const [reset, update, fresh] = gates;
  const r = logistic(reset.fromInput + reset.fromState);
  const z = logistic(update.fromInput + update.fromState);
  const n = Math.tanh(fresh.fromInput + r * fresh.fromState);
  return { r, z, n, h: (1 - z) * n + z * before };
}

function stateAfter(
  inputs: readonly (Tensor | undefined)[],
  row: number,
  before: Float64Array,
): Float64Array<ArrayBuffer> {
  const hidden = before.length;
  return Float64Array.from(before, (old, unit) => {
    const gate = (index: number): Gate => gateOf(inputs, row, before, index * hidden + unit);
    return unitOf([gate(0), gate(1), gate(2)], old).h;
  });
}

/** One unit of one row: its three gates with their sums, from a state that is worked out from the start. */
async function arithmetic(cell: Cell, hidden: number, direction: GruForm['direction']): Promise<Derivation> {
  const [row = 0, unit = 0] = cell.index;
  const tensors = await Promise.all(
    cell.shapes.map(async (shape, input) => ({
      shape,
      data: (await cell.line(input, wholeOf(shape))).values,
    })),
  );
  const rows = cell.shapes[0]?.[0] ?? 0;
  let before = Float64Array.from(tensors[5]?.data ?? []);
  const [first, step] = direction === 'forward' ? [0, 1] : [rows - 1, -1];
  for (let at = first; at !== row; at += step) before = stateAfter(tensors, at, before);

  const line = (input: number, at: number) =>
    cell.line(input, [
      { start: at, end: at + 1 },
      { start: 0, end: cell.shapes[input]?.[1] ?? 0 },
    ]);
  const x = await line(0, row);
  const rowsOfGates = await Promise.all(
    [0, 1, 2].map(async (gate) => {
      const at = gate * hidden + unit;
      const [w, u] = await Promise.all([line(1, at), line(2, at)]);
      return { at, w, u };
    }),
  );
  const gate = (index: number): Gate => gateOf(tensors, row, before, index * hidden + unit);
  const { r, z, n, h } = unitOf([gate(0), gate(1), gate(2)], before[unit] ?? 0);
  const old = before[unit] ?? 0;
  const products = (a: Float64Array, b: Float64Array): Float64Array =>
    a.map((each, term) => each * (b[term] ?? 0));
  const total = (values: Float64Array): number => values.reduce((sum, each) => sum + each, 0);
  const sums = rowsOfGates.flatMap(({ w, u }) => {
    const [inputs, states] = [products(x.values, w.values), products(before, u.values)];
    return [
      {
        axis: x.axis,
        columns: [
          { tex: x.tex, values: x.values },
          { tex: w.tex, values: w.values },
          { tex: '\\text{product}', values: inputs, total: total(inputs) },
        ],
      },
      {
        axis: 'hidden' as const,
        columns: [
          { tex: 'h', values: before },
          { tex: u.tex, values: u.values },
          { tex: '\\text{product}', values: states, total: total(states) },
        ],
      },
    ];
  });
  return {
    value: h,
    symbolic: `(1 - z)\\, n + z\\, h`,
    numbers: compose(
      `(1 - ${factor(z)}) \\cdot ${factor(n)} + ${factor(z)} \\cdot ${factor(old)}`,
      binding.sum,
      [],
    ),
    sums,
    remark: `The gates of this unit: reset r = ${shown(r)}, update z = ${shown(z)}, new n = ${shown(n)}; its state before was ${shown(old)}.`,
  };
}

const shown = (value: number): string => value.toPrecision(4);

/**
 * The same in smaller operators, row by row: what derivatives are taken of. Gates and states have names, so that a
 * printed derivative does not write them out wherever they occur. // (m, hidden)
 */
function unrolled(inputs: readonly Value[], hidden: number, { direction, name }: GruForm): Value {
  const [X, W, U, b, c, initial] = inputs;
  if (
    X === undefined ||
    W === undefined ||
    U === undefined ||
    b === undefined ||
    c === undefined ||
    initial === undefined
  )
    throw new ShapeError('A GRU has six inputs.');
  const [rows = 0] = X.shape;
  const fromInput = add(matmul(X, transpose(W)), b); // (m, 3 · hidden)
  const stateWeight = transpose(U); // (hidden, 3 · hidden)
  const part = (value: Value, row: number, gate: number): Value =>
    slice(value, [
      { start: row, end: row + 1 },
      { start: gate * hidden, end: (gate + 1) * hidden },
    ]); // (1, hidden)

  const states = new Array<Value>(rows);
  let state = initial; // (1, hidden)
  for (let step = 0; step < rows; step++) {
    const row = direction === 'forward' ? step : rows - 1 - step;
    const named = (value: Value, letter: string): Value =>
      label(value, {
        name: `${name}_${letter}_${row}`,
        symbol: `${letter}_{${row}}`,
        axes: ['key', 'hidden'],
      });
    const fromState = add(matmul(state, stateWeight), c); // (1, 3 · hidden)
    const gate = (index: number): Value =>
      sigmoid(add(part(fromInput, row, index), part(fromState, 0, index)));
    const [r, z] = [named(gate(0), 'r'), named(gate(1), 'z')];
    const n = named(tanh(add(part(fromInput, row, 2), multiply(r, part(fromState, 0, 2)))), 'n');
    state = named(add(multiply(oneMinus(z), n), multiply(z, state)), 'h');
    states[row] = state;
  }
  return concat(states, 'rows');
}

const definitions: Readonly<Record<Exclude<Language, 'tex'>, string>> = {
  numpy: `def gru(X, W, U, b, c, h, reverse=False):
    """A gated recurrent unit over the rows of X; the gates r, z, n lie below each other in W, U, b and c."""
    states = []
    for x in X[::-1] if reverse else X:
        (r, z, n), (r_h, z_h, n_h) = np.split(W @ x + b, 3), np.split(U @ h[-1] + c, 3)
        r, z = 1 / (1 + np.exp(-(r + r_h))), 1 / (1 + np.exp(-(z + z_h)))
        h = ((1 - z) * np.tanh(n + r * n_h) + z * h[-1])[None]
        states.append(h)
    return np.concatenate(states[::-1] if reverse else states)`,
  pytorch: `def gru(X, W, U, b, c, h, reverse=False):
    """A gated recurrent unit over the rows of X; the gates r, z, n lie below each other in W, U, b and c."""
    states = []
    for x in X.flip(0) if reverse else X:
        h = torch.gru_cell(x[None], h, W, U, b, c)
        states.append(h)
    return torch.cat(states[::-1] if reverse else states)`,
};
