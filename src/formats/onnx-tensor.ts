import { addAll } from '../common/values.js';
import {
  fieldsOf,
  placedFields,
  wholeNumbers,
  type Field,
  type PlacedField,
  type Window,
} from './protobuf.js';
import { again, FormatError, viewOf } from './source.js';
import { checkedShape, quoted, utf8 } from './untrusted.js';

/** A constant of an ONNX graph: a TensorProto. */
export interface OnnxTensor {
  readonly name: string;
  /** Its number in `TensorProto.DataType`. */
  readonly type: number;
  readonly shape: readonly number[];
  readonly place:
    /** The message, with all numbers in it. */
    | { readonly kind: 'message'; readonly bytes: Uint8Array }
    /** In the same file, so many bytes from its start. */
    | { readonly kind: 'inside'; readonly offset: number; readonly length: number }
    /** In a file beside it; undefined where the length is not told. */
    | {
        readonly kind: 'outside';
        readonly location: string;
        readonly offset: number;
        readonly length: number | undefined;
      };
}

/** Bytes of an element, by the type’s number; types of less than a byte and texts are left out. */
const elementBytes: Readonly<Record<number, number>> = {
  1: 4,
  2: 1,
  3: 1,
  4: 2,
  5: 2,
  6: 4,
  7: 8,
  9: 1,
  10: 2,
  11: 8,
  12: 4,
  13: 8,
  16: 2,
};

/** A constant up to this size is read: ONNX Runtime wants to see the shapes among them. */
const smallBytes = 1024;
/** Numbers that are written one by one are read with their constant, of which there may be so much. */
const mostTypedBytes = 1 << 28;

/**
 * A constant of a graph; its numbers are read only where they are few.
 * Source: github.com/onnx/onnx, onnx.proto, TensorProto.
 * @throws FormatError naming the constant
 */
export async function readPlacedTensor(
  window: Window,
  { start, end }: { readonly start: number; readonly end: number },
  where: string,
): Promise<OnnxTensor> {
  const raw = end - start > smallBytes ? await rawField(window, { start, end }, where) : undefined;
  if (raw === undefined) {
    if (end - start > mostTypedBytes) {
      throw new FormatError(`${where} has a constant of ${end - start} bytes, written number by number.`);
    }
    return readTensor(await copyOf(window, start, end), where);
  }
  const others = [await copyOf(window, start, raw.from), await copyOf(window, raw.end, end)];
  const described = describe(others, where);
  const length = raw.end - raw.start;
  checkLength(described, length, where);
  return { ...described, place: { kind: 'inside', offset: raw.start, length } };
}

async function rawField(
  window: Window,
  place: { readonly start: number; readonly end: number },
  where: string,
): Promise<PlacedField | undefined> {
  for await (const field of placedFields(window, place, where)) {
    if (field.number === 9 && field.isBytes && field.end - field.start > smallBytes) return field;
  }
  return undefined;
}

/** A constant whose message is at hand. @throws FormatError */
export function readTensor(bytes: Uint8Array, where: string): OnnxTensor {
  const described = describe([bytes], where);
  const outside = outsideOf(bytes, where);
  if (outside === undefined) return { ...described, place: { kind: 'message', bytes } };
  if (outside.length !== undefined) checkLength(described, outside.length, where);
  return { ...described, place: { kind: 'outside', ...outside } };
}

/** The few numbers of a small constant of whole or real numbers; undefined for any other. */
export function smallNumbers({ type, place }: OnnxTensor, where: string): readonly number[] | undefined {
  if (place.kind !== 'message' || place.bytes.length > 2 * smallBytes) return undefined;
  const numbers: number[] = [];
  for (const field of fieldsOf(place.bytes, where)) {
    if (field.number === 9 && field.kind === 'bytes') addAll(numbers, rawNumbers(type, field.value));
    if (field.number === 5 || field.number === 7) addAll(numbers, wholeNumbers(field, where));
    if (field.number === 4) addAll(numbers, realNumbers(field));
  }
  return numbers;
}

function describe(parts: readonly Uint8Array[], where: string): Omit<OnnxTensor, 'place'> {
  const extents: number[] = [];
  let [type, name] = [0, ''];
  for (const field of parts.flatMap((bytes) => [...fieldsOf(bytes, where)])) {
    if (field.number === 1) addAll(extents, wholeNumbers(field, where));
    if (field.number === 2 && field.kind === 'whole') type = Number(field.value);
    if (field.number === 8 && field.kind === 'bytes') name = utf8(field.value) ?? '';
  }
  return { name, type, shape: checkedShape(extents, `${where}: the constant ${quoted(name)}`) };
}

function outsideOf(
  bytes: Uint8Array,
  where: string,
): { location: string; offset: number; length: number | undefined } | undefined {
  const entries = new Map<string, string>();
  let outside = false;
  for (const field of fieldsOf(bytes, where)) {
    if (field.number === 14 && field.kind === 'whole') outside = field.value === 1n;
    if (field.number !== 13 || field.kind !== 'bytes') continue;
    const [key, value] = [...fieldsOf(field.value, where)].map((each) =>
      each.kind === 'bytes' ? utf8(each.value) : undefined,
    );
    if (key !== undefined && value !== undefined) entries.set(key, value);
  }
  if (!outside) return undefined;
  const count = (key: string): number | undefined => {
    const text = entries.get(key);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new FormatError(`${where} has a constant whose ${key} is ${quoted(text)}. ${again}`);
    }
    return value;
  };
  return { location: entries.get('location') ?? '', offset: count('offset') ?? 0, length: count('length') };
}

function checkLength(
  { name, type, shape }: Omit<OnnxTensor, 'place'>,
  available: number,
  where: string,
): void {
  const size = elementBytes[type];
  if (size === undefined) return;
  const needed = shape.reduce((product, extent) => product * extent, size);
  if (needed !== available) {
    throw new FormatError(
      `${where}: the constant ${quoted(name)} has the shape (${shape.join(', ')}), which needs ${needed} bytes, but ${available} are there. ${again}`,
    );
  }
}

function rawNumbers(type: number, bytes: Uint8Array): number[] {
  const view = viewOf(bytes);
  const each = <Value>(size: number, read: (at: number) => Value): Value[] =>
    Array.from({ length: Math.floor(bytes.length / size) }, (_, index) => read(index * size));
  switch (type) {
    case 1:
      return each(4, (at) => view.getFloat32(at, true));
    case 2:
    case 9:
      return each(1, (at) => view.getUint8(at));
    case 6:
      return each(4, (at) => view.getInt32(at, true));
    case 7:
      return each(8, (at) => Number(view.getBigInt64(at, true)));
    case 11:
      return each(8, (at) => view.getFloat64(at, true));
    default:
      return [];
  }
}

function realNumbers(field: Field): number[] {
  if (field.kind === 'fixed32') return [viewOf(field.value).getFloat32(0, true)];
  return field.kind === 'bytes' ? rawNumbers(1, field.value) : [];
}

/** Bytes of their own: what the window gives is good until its next read. */
async function copyOf(window: Window, start: number, end: number): Promise<Uint8Array> {
  return new Uint8Array(await window.upTo(start, end - start));
}
