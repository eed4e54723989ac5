import { isRecord } from '../common/values.js';
import type { Span } from '../protocol.js';
import type { HeadPlace } from './types.js';

/** What a file can be given as. */
export interface FileKind {
  readonly fits: (value: unknown) => boolean;
  /** "a path" */
  readonly called: string;
}

export const anyFile: FileKind = {
  fits: (value) => (typeof value === 'string' && value !== '') || isRecord(value),
  called: 'a path, or what stands for a file',
};

interface Check {
  readonly fits: (value: unknown) => boolean;
  /** Follows "has to be": "a text". */
  readonly needed: string;
  /** Of the values of an object. */
  readonly each?: Check;
}

const isText = (value: unknown): boolean => typeof value === 'string';
const text: Check = { fits: isText, needed: 'a text' };
/** Which numbers there are is told where they are used. */
const isNumber = (value: unknown): boolean => typeof value === 'number';

const place: Check = {
  fits: (value) => isNumber(value) || value === 'all',
  needed: 'a whole number, counted from 0',
};

const span: Check = {
  fits: (value) =>
    Array.isArray(value)
      ? value.length === 2 && value.every((each) => typeof each === 'number')
      : isRecord(value) && typeof value['start'] === 'number' && typeof value['end'] === 'number',
  needed: 'a range, { start, end } or [start, end]',
};

/** The options of all calls: a name means the same wherever it stands. */
const checks: Readonly<Record<string, Check>> = {
  params: {
    fits: isRecord,
    each: { fits: (value) => /^(string|number|boolean)$/.test(typeof value), needed: 'a text or a number' },
    needed: 'an object of parameters and their values, such as { causal: "on" }',
  },
  interventions: {
    fits: (value) => Array.isArray(value) && value.every(isRecord),
    needed: 'a list of objects',
  },
  signal: {
    fits: (value) => typeof value === 'object' && value !== null && 'throwIfAborted' in value,
    needed: 'the signal of an AbortController',
  },
  roles: {
    fits: isRecord,
    each: text,
    needed: 'an object of tensors’ keys and their roles, such as { "0:dump.npz/a": "Q" }',
  },
  model: {
    fits: (value) => (isText(value) && value !== '') || (isRecord(value) && isText(value['kind'])),
    needed: 'a path, or a reference to a model with its kind',
  },
  mechanism: text,
  second: text,
  text,
  media: text,
  step: text,
  name: text,
  medium: text,
  layer: place,
  head: place,
  rows: span,
  columns: span,
  pool: {
    fits: (value) => isRecord(value) && isNumber(value['rows']) && isNumber(value['columns']),
    needed: 'an object { rows, columns } of whole numbers',
  },
  side: { fits: isNumber, needed: 'a whole number of pixels' },
  tokens: { fits: isNumber, needed: 'a whole number' },
  sampling: { fits: isRecord, needed: 'an object such as { method: "sample", seed: 1 }' },
  onText: { fits: (value) => typeof value === 'function', needed: 'a function' },
};

/**
 * Options as a caller gave them, without those that are null, which count as left out.
 * @param call whose they are, for messages: "inspectFiles"
 * @throws Error, a sentence that says what an option is and what was given
 */
export function checkedOptions<Options extends object>(
  call: string,
  options: Options | null | undefined,
): Options {
  const all: unknown = options ?? {};
  if (!isRecord(all)) throw fault(`${call}: what follows its first argument`, 'an object', all);
  const given = Object.entries(all).filter(([, value]) => value !== null && value !== undefined);
  for (const [name, value] of given) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (check?.fits(value) === false) throw fault(`${call}: the option ${name}`, check.needed, value);
    const { each } = check ?? {};
    if (each === undefined || !isRecord(value)) continue;
    const wrong = Object.entries(value).find(([, own]) => !each.fits(own));
    if (wrong !== undefined) throw fault(`${call}: ${wrong[0]} in ${name}`, each.needed, wrong[1]);
  }
  // The same options but for some that are left out, each of which may be.
  return Object.fromEntries(given) as Options;
}

/** @throws Error, a sentence */
export function checkText(what: string, value: unknown): void {
  if (typeof value !== 'string') throw fault(what, 'a text', value);
}

/** @throws Error, a sentence */
export function checkCount(what: string, value: unknown): void {
  if (!isNumber(value)) throw fault(what, 'a whole number, counted from 0', value);
}

/** @throws Error, a sentence */
export function checkFiles(call: string, files: readonly unknown[], { fits, called }: FileKind): void {
  const wrong = files.findIndex((each) => !fits(each));
  if (wrong >= 0)
    throw fault(
      files.length === 1 ? `The file for ${call}` : `File ${wrong} for ${call}`,
      called,
      files[wrong],
    );
}

/** @throws Error, a sentence */
export function checkTensors(call: string, tensors: unknown): void {
  if (!isRecord(tensors)) throw fault(`${call}: its first argument`, 'an object of tensors by name', tensors);
  for (const [name, tensor] of Object.entries(tensors)) {
    if (isRecord(tensor) && 'shape' in tensor && 'data' in tensor) continue;
    throw fault(`${call}: the tensor ${name}`, 'an object { shape, data } with a Float32Array', tensor);
  }
}

/** @throws Error, a sentence */
export function checkMismatch(given: unknown): void {
  if (isRecord(given) && ('files' in given || 'tensors' in given)) return;
  throw fault('What explainMismatch compares', 'an object { files } or { tensors }', given);
}

/** A cell by name, or from the last axis on. @throws Error, a sentence */
export function cellOf(
  cell:
    | readonly number[]
    | { readonly layer?: number; readonly head?: number; readonly row: number; readonly column: number },
): { layer: number; head: number; row: number; column: number } {
  const fits = isCell(cell);
  if (!fits)
    throw fault(
      'A cell',
      'a list [row, column] of whole numbers, with head and layer in front where there are, or an object { row, column }',
      cell,
    );
  if ('row' in cell) return { layer: 0, head: 0, ...cell };
  const [column = 0, row = 0, head = 0, layer = 0] = cell.toReversed();
  return { layer, head, row, column };
}

function isCell(cell: unknown): boolean {
  if (Array.isArray(cell)) return cell.length >= 2 && cell.length <= 4 && cell.every(isNumber);
  return isRecord(cell) && isNumber(cell['row']) && isNumber(cell['column']);
}

export function spanOf(given: Span | readonly [number, number]): Span {
  return 'start' in given ? given : { start: given[0], end: given[1] };
}

function fault(what: string, needed: string, given: unknown): Error {
  return new Error(`${what} has to be ${needed}, not ${shown(given)}.`);
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value === '' ? 'an empty text' : `“${value.slice(0, 40)}”`;
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}

/** The first layer and head where left out. */
export function placeOf({ layer = 0, head = 0 }: HeadPlace): Required<HeadPlace> {
  return { layer, head };
}
