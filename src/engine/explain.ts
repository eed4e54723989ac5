import { atom, number, type Expression, type Language } from './expression.js';
import { inputsOf, isPerHead, sorted, type Cell, type Derivation, type Line, type Value } from './graph.js';
import { cellRegion, type Region, type Shape, type Tensor } from './tensor.js';

/** Reads the computed numbers of a region of a value, wherever they are kept. */
export type Reader = (value: Value, region: Region) => Promise<Tensor>;

/** A cell's arithmetic, typeset. */
export interface Explanation {
  readonly tex: string;
  /** The result of the numbers in `tex`, in float64. */
  readonly value: number;
  readonly sums: Derivation['sums'];
  readonly remark?: string;
}

/** A value's formula in a language: its label's symbol, or its expression where it has none. */
export function print(value: Value, language: Language): Expression {
  if (passesOn(value)) return printOrigin(value, language);
  if (value.label !== undefined) return atom(language === 'tex' ? value.label.symbol : value.label.name);
  return printOrigin(value, language);
}

function passesOn({ label }: Value): boolean {
  return label?.step?.passesOn === true;
}

/** The right side of a value's definition: its operation over its inputs, each by its symbol where it has one. */
function printOrigin(value: Value, language: Language): Expression {
  if (value.origin.kind !== 'operation') return atom(value.label?.symbol ?? '');
  const inputs = inputsOf(value);
  return value.origin.operation.print(
    language,
    inputs.map((from) => print(from, language)),
    inputs.map(({ shape }) => shape),
  );
}

/** Whether formulas start here: a leaf, or what is labelled as given. */
export function isGiven(value: Value): boolean {
  return value.origin.kind !== 'operation' || value.label?.given === true;
}

/** "S = Q K^{\top}": a step's definition. A step that is given has only its symbol. */
export function definition(value: Value): string {
  const symbol = value.label?.symbol ?? '';
  return !isGiven(value) ? `${symbol} = ${printOrigin(value, 'tex').text}` : symbol;
}

/**
 * The arithmetic of one cell of a labelled value, down to the labelled values it is made of.
 * @param index one index per axis of the value
 */
export async function explain(value: Value, index: readonly number[], read: Reader): Promise<Explanation> {
  const left = value.label?.symbol ?? 'x';
  const indices = visibleIndices(value, index);
  const name = indices === '' ? left : subscript(left, indices, isPerHead(value));
  if (isGiven(value)) {
    const given = await readCell(value, index, read);
    return { tex: `${name} = ${number(given).text}`, value: given, sums: [] };
  }
  const { value: result, symbolic, numbers, sums, remark } = await derive(value, index, read);
  const parts = [name, ...(symbolic === undefined ? [] : [symbolic]), numbers.text];
  const last = number(result).text;
  if (parts.at(-1) !== last) parts.push(last);
  const said = remark ?? (Number.isNaN(result) ? noNumber : undefined);
  return { tex: parts.join(' = '), value: result, sums, ...(said === undefined ? {} : { remark: said }) };
}

const noNumber =
  'Not a number: it is made from cells that are none themselves, as in a row with nothing to attend to.';

async function readCell(value: Value, index: readonly number[], read: Reader): Promise<number> {
  const { data } = await read(value, cellRegion(index));
  return data[0] ?? Number.NaN;
}

function derive(value: Value, index: readonly number[], read: Reader): Promise<Derivation> {
  if (value.origin.kind !== 'operation') throw new Error('A leaf has no arithmetic.');
  const { operation, inputs } = value.origin;
  const at = (input: number): Value => {
    const from = inputs[input];
    if (from === undefined) throw new Error(`${operation.name} has no input ${input}.`);
    return from;
  };
  const cell: Cell = {
    index,
    shapes: inputs.map(({ shape }) => shape),
    async scalar(input, position) {
      const from = at(input);
      if (from.label === undefined && from.origin.kind === 'operation') return derive(from, position, read);
      const number_ = await readCell(from, position, read);
      const symbol = from.label?.symbol;
      const indices = visibleIndices(from, position);
      return {
        value: number_,
        numbers: number(number_),
        sums: [],
        ...(symbol === undefined
          ? {}
          : { symbolic: indices === '' ? symbol : subscript(symbol, indices, isPerHead(from)) }),
      };
    },
    async line(input, region): Promise<Line> {
      const { data } = await read(at(input), region);
      const [base, box] = throughMoves(at(input), region);
      const axis = axisAlong(box, base.shape);
      return {
        tex: lineSymbol(base, box, axis),
        values: Float64Array.from(data),
        axis: base.label?.axes[axis] ?? 'feature',
      };
    },
  };
  return operation.derive(cell);
}

/** Skips operations that only move cells, down to a labelled value. */
function throughMoves(value: Value, region: Region): [Value, Region] {
  let [base, box] = [value, region];
  while (
    base.label === undefined &&
    base.origin.kind === 'operation' &&
    base.origin.operation.moves === true
  ) {
    const [from] = base.origin.inputs;
    const [part] = base.origin.operation.reads(
      box,
      base.origin.inputs.map(({ shape }) => shape),
    );
    if (from === undefined || part === undefined) break;
    [base, box] = [from, part];
  }
  return [base, box];
}

/** The axis a line runs along: the one with more than one cell; of single cells, the last axis that has no more. */
function axisAlong(region: Region, shape: Shape): number {
  const long = region.findIndex((range) => range.end - range.start > 1);
  return long < 0 ? Math.max(shape.lastIndexOf(1), 0) : long;
}

/** "q_{11}" for a row of Q, "V_{\cdot,3}" for a column of V; “…” for what has no name. */
function lineSymbol(value: Value, region: Region, along: number): string {
  const { label } = value;
  if (label === undefined) return '\\ldots';
  const fixed = region
    .map((range, axis) => ({ start: range.start, axis, name: label.axes[axis] }))
    .filter(({ axis, name }) => axis !== along && name !== 'head' && name !== 'group');
  const indices = fixed.map(({ start }) => String(start)).join(',');
  if (along === region.length - 1 && label.element !== undefined)
    return subscript(label.element, indices, isPerHead(value));
  if (indices === '') return label.symbol;
  const line = along === region.length - 1 ? `${indices},\\cdot` : `\\cdot,${indices}`;
  return subscript(label.symbol, line, isPerHead(value));
}

/** The indices that are shown: the head is the same for the whole matrix, so it is left out. */
function visibleIndices(value: Value, index: readonly number[]): string {
  const axes = value.label?.axes ?? [];
  return index.filter((_, axis) => axes[axis] !== 'head' && axes[axis] !== 'group').join(',');
}

/**
 * "S" with "0,3" → "S_{0,3}", "Q_h" → "Q_{h;0,3}", "W_a" → "W_{a;0,3}". A matrix that holds all heads side by side is
 * indexed as a whole and loses its h: "W^Q_h" → "W^Q_{0,3}".
 */
function subscript(symbol: string, indices: string, perHead: boolean): string {
  if (indices === '') return symbol;
  const [, stem, letter, list] = /^(.*)_(?:(\w)|\{([^{}]*)\})$/.exec(symbol) ?? [];
  if (stem === undefined) return `${symbol}_{${indices}}`;
  const own = letter ?? list ?? '';
  return !perHead && /^[hg]$/.test(own) ? `${stem}_{${indices}}` : `${stem}_{${own};${indices}}`;
}

/** Where a program starts: the tensors that it loads, and the positions that it counts. */
export function givenOf(steps: readonly Value[]): Value[] {
  return sorted(steps, isGiven).filter((value) => value.label !== undefined && isGiven(value));
}

/** The file that a program loads a value from, without its ending. */
export function fileOf({ label }: Value): string {
  return label?.file ?? label?.name ?? '';
}

/** Where a program's inputs lie. */
export interface ProgramInputs {
  /** An .npz archive beside the program; one .npy for each input in the working folder where left out. */
  readonly archive?: string;
}

/** The graph as a program that reproduces it: inputs loaded by name, one line per step. */
export function program(
  steps: readonly Value[],
  language: 'numpy' | 'pytorch',
  { archive }: ProgramInputs = {},
): string {
  const values = sorted(steps, isGiven).filter((value) => value.label !== undefined);
  const printed = values
    .filter((value) => !isGiven(value) && !passesOn(value))
    .map((value) => ({ value, expression: printOrigin(value, language) }));
  const prelude = [...new Set(printed.flatMap(({ expression }) => expression.prelude ?? []))];
  const given = values.filter(isGiven);
  const isPositions = ({ origin }: Value): boolean => origin.kind === 'positions';
  const leaves = [...given.filter((value) => !isPositions(value)), ...given.filter(isPositions)];
  const load = (value: Value): string => {
    const name = value.label?.name ?? '';
    if (value.origin.kind === 'positions') {
      const { start } = value.origin;
      const end = start + (value.shape[0] ?? 0);
      const range = start === 0 ? String(end) : `${start}, ${end}`;
      return `${name} = ${language === 'numpy' ? 'np' : 'torch'}.arange(${range})`;
    }
    const file = archive === undefined ? `np.load("${fileOf(value)}.npy")` : `inputs["${fileOf(value)}"]`;
    return `${name} = ${language === 'numpy' ? file : `torch.from_numpy(${file})`}`;
  };
  const imports = [
    ...(archive === undefined ? [] : ['from pathlib import Path', '']),
    'import numpy as np',
    ...(language === 'numpy' ? [] : ['import torch']),
  ];
  return [
    imports.join('\n'),
    ...prelude,
    archive === undefined ? '' : `inputs = np.load(Path(__file__).with_name(${JSON.stringify(archive)}))`,
    leaves.map((value) => `${load(value)}  # ${axesOf(value)}`).join('\n'),
    printed
      .map(({ value, expression }) => `${value.label?.name ?? ''} = ${expression.text}  # ${axesOf(value)}`)
      .join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

/** The steps as TeX, aligned at their equals signs. */
export function latex(steps: readonly Value[]): string {
  const lines = steps
    .filter((value) => !isGiven(value) && !passesOn(value))
    .map((value) => `  ${value.label?.symbol ?? ''} &= ${printOrigin(value, 'tex').text}`);
  return `\\begin{align}\n${lines.join(' \\\\\n')}\n\\end{align}\n`;
}

function axesOf(value: Value): string {
  const axes = value.label?.axes ?? [];
  return `(${value.shape.map((extent, axis) => `${axes[axis] ?? 'axis'} ${extent}`).join(', ')})`;
}
