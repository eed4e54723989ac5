import { isRecord } from '../common/values.js';
import { fileTypes } from '../file-types.js';
import { inMemory, sizeOf, type Shape } from '../engine/tensor.js';
import type { Contents, Format, NamedTensor } from './format.js';
import { parseJson, type Json } from './json-text.js';
import { FormatError, type ByteSource } from './source.js';
import { stringList, tokenAxes, TokenCollector } from './tokens.js';
import { checkedShape, quoted, stemOf, utf8 } from './untrusted.js';

/** Text of numbers takes many times its length in memory while it is parsed. */
const MAX_BYTES = 128 * 2 ** 20;

/** Lists and members take at least 48 bytes once parsed. */
const LEAST_PARTS = 1 << 20;
const BYTES_A_PART = 16;

/** No file of activations or weights names more. */
const MAX_NAMES = 1 << 17;

/** An object of tensors of up to 32 axes. */
const MAX_DEPTH = 34;

/**
 * A nested list of numbers; an object of such lists by name; or objects `{ "shape": [2, 3], "data": [...] }` in
 * their place. Lists of strings named `tokens`, `queryTokens` or `keyTokens` are labels. What this extension has exported is read as
 * what it says that it is.
 */
export const json: Format = {
  id: 'json',
  title: 'JSON',
  extensions: fileTypes.json,
  async open(_platform, source, signal) {
    const value = await parseFile(source, signal);
    if (isExported(value)) return exportedContents(value, source.name);
    if (Array.isArray(value) || isFlat(value)) {
      return { tensors: [tensorOf(value, stemOf(source.name), source.name, '')] };
    }
    if (!isRecord(value))
      throw new FormatError(`${source.name} holds neither a list of numbers nor an object of lists.`);
    const tensors: NamedTensor[] = [];
    const skipped: { name: string; reason: string }[] = [];
    const tokens = new TokenCollector();
    for (const [name, member] of Object.entries(value)) {
      const axes = tokenAxes(name);
      const labels = axes && stringList(member);
      if (axes && labels) tokens.add(axes, labels);
      else if (typeof member === 'number' || isFlat(member) || (Array.isArray(member) && !isText(member))) {
        tensors.push(tensorOf(member, name, source.name, name));
      } else skipped.push({ name, reason: `${source.name}: ${quoted(name)} is no list of numbers.` });
    }
    if (tensors.length === 0) throw new FormatError(`${source.name} holds no list of numbers.`);
    return { tensors, ...tokens.contents(), ...(skipped.length === 0 ? {} : { skipped }) };
  },
};

async function parseFile(source: ByteSource, signal: AbortSignal | undefined): Promise<Json> {
  if (source.size > MAX_BYTES) {
    throw new FormatError(
      `${source.name} has ${source.size} bytes; JSON is read up to ${MAX_BYTES}. Save it as .npy, which is read in parts.`,
    );
  }
  const text = utf8(await source.read(0, source.size));
  if (text === undefined) throw new FormatError(`${source.name} is not UTF-8 text: save it as UTF-8.`);
  signal?.throwIfAborted();
  return parseJson(text, source.name, {
    maxDepth: MAX_DEPTH,
    maxParts: LEAST_PARTS + Math.floor(source.size / BYTES_A_PART),
    maxNames: MAX_NAMES,
    pythonNumbers: true,
  });
}

/** Numbers that are allocated on the word of the first lists alone. */
const CLAIMED = 1 << 16;

interface Flat {
  readonly shape: readonly Json[];
  readonly data: readonly Json[];
}

/** Whether the value is a tensor written as its shape and its numbers in row-major order. */
function isFlat(value: Json): value is { readonly [name: string]: Json } & Flat {
  return isRecord(value) && Array.isArray(value['shape']) && Array.isArray(value['data']);
}

/** A step as it was exported: nested lists in which masked cells are null, and what their axes count. */
interface Exported extends Flat {
  readonly step: string;
  readonly axes: readonly string[];
}

function isExported(value: Json): value is { readonly [name: string]: Json } & Exported {
  return (
    isRecord(value) &&
    isFlat(value) &&
    typeof value['step'] === 'string' &&
    typeof value['null'] === 'string' &&
    stringList(value['axes']) !== undefined
  );
}

function exportedContents(value: { readonly [name: string]: Json } & Exported, file: string): Contents {
  const where = `${file}: ${quoted(value.step)}`;
  const { shape, data } = readNested(value.data, where, true);
  const said = checkedShape(value.shape, where);
  if (said.join() !== shape.join()) {
    throw new FormatError(`${where} has the shape (${shape.join(', ')}), but says (${said.join(', ')}).`);
  }
  const tokens = new TokenCollector();
  for (const [name, axis] of [['queries', 'query'] as const, ['keys', 'key'] as const]) {
    const words = stringList(value[name]);
    if (words !== undefined) tokens.add([axis], words);
  }
  const axes = value.axes.slice(0, -2);
  return {
    tensors: [{ name: value.step, dtype: 'float32', axes, ...inMemory({ shape, data }) }],
    ...tokens.contents(),
  };
}

/** Whether a list begins with true or false, however deep. */
function isBoolean(list: Json): boolean {
  let first: Json | undefined = list;
  while (Array.isArray(first)) first = (first as readonly Json[])[0]; // Only what Array.isArray takes away.
  return typeof first === 'boolean';
}

/** Whether a list begins with text that stands for no number, however deep. */
function isText(list: readonly Json[]): boolean {
  let first: Json | undefined = list;
  while (Array.isArray(first)) first = (first as readonly Json[])[0]; // Only what Array.isArray takes away.
  return typeof first === 'string' && numberOf(first) === undefined;
}

function tensorOf(value: Json, name: string, file: string, path: string): NamedTensor {
  const where = path === '' ? file : `${file}: ${quoted(path)}`;
  const { shape, data } = isFlat(value) ? readFlat(value, where) : readNested(value, where);
  return { name, dtype: 'float64', isBoolean: isBoolean(value), ...inMemory({ shape, data }) };
}

interface Numbers {
  readonly shape: Shape;
  readonly data: Float32Array;
}

function readFlat({ shape: extents, data: numbers }: Flat, where: string): Numbers {
  const shape = checkedShape(extents, where);
  if (sizeOf(shape) !== numbers.length) {
    throw new FormatError(
      `${where} has the shape (${shape.join(', ')}), which needs ${sizeOf(shape)} numbers, but ${numbers.length} are there.`,
    );
  }
  const data = new Float32Array(numbers.length);
  numbers.forEach((value, i) => {
    data[i] = checkedNumber(value, where, [i]);
  });
  return { shape, data };
}

/** The shape is that of the first list of each depth; every other must have the same. Null is NaN where the file says so. */
function readNested(value: Json, where: string, hasNulls = false): Numbers {
  const shape: number[] = [];
  for (let first: Json | undefined = value; Array.isArray(first); first = (first as readonly Json[])[0]) {
    shape.push(first.length);
  }
  // What the first lists claim is not there before all others have agreed.
  if (sizeOf(shape) > CLAIMED) checkNested(value, shape, where);
  const data = new Float32Array(sizeOf(shape));
  const path: number[] = [];
  let to = 0;
  // The depth is bounded by the parser, so the recursion is too.
  const visit = (item: Json, axis: number): void => {
    const extent = shape[axis];
    if (extent === undefined) {
      data[to++] = hasNulls && item === null ? NaN : checkedNumber(item, where, path);
      return;
    }
    const list = checkedList(item, extent, path, where);
    list.forEach((child, i) => {
      path.push(i);
      visit(child, axis + 1);
      path.pop();
    });
  };
  visit(value, 0);
  return { shape, data };
}

/** @throws FormatError where a list has another length than the first of its depth */
function checkNested(value: Json, shape: Shape, where: string): void {
  const path: number[] = [];
  const visit = (item: Json, axis: number): void => {
    const extent = shape[axis];
    if (extent === undefined) return;
    const list = checkedList(item, extent, path, where);
    if (axis === shape.length - 1) return;
    list.forEach((child, i) => {
      path.push(i);
      visit(child, axis + 1);
      path.pop();
    });
  };
  visit(value, 0);
}

/** @throws FormatError where it is no list of so many elements */
function checkedList(item: Json, extent: number, path: readonly number[], where: string): readonly Json[] {
  if (!Array.isArray(item)) {
    throw new FormatError(
      `${where}: ${pathText(path)} is ${shown(item)}, where a list of ${extent} is needed.`,
    );
  }
  const list: readonly Json[] = item; // Only what Array.isArray takes away.
  if (list.length === extent) return list;
  const first = pathText(path.map(() => 0));
  throw new FormatError(
    `${where}: ${pathText(path)} has ${list.length} elements, but ${first} has ${extent}.`,
  );
}

function checkedNumber(value: Json, where: string, path: readonly number[]): number {
  const number = numberOf(value);
  if (number === undefined) {
    const hint = value === null ? ' Write NaN or -Infinity, whichever it stands for.' : '';
    throw new FormatError(`${where}: ${pathText(path)} is ${shown(value)}, not a number.${hint}`);
  }
  return number;
}

/** NaN and the infinities stand as strings in what the parser gives. */
function numberOf(value: Json): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value === 'NaN' || value === 'Infinity' || value === '-Infinity' ? Number(value) : undefined;
}

function pathText(path: readonly number[]): string {
  return path.length === 0 ? 'the whole' : `element ${path.map((index) => `[${index}]`).join('')}`;
}

function shown(value: Json): string {
  if (Array.isArray(value)) return 'a list';
  if (isRecord(value)) return 'an object';
  return typeof value === 'string' ? quoted(value) : JSON.stringify(value);
}
