import { sizeOf, type Region } from '../../engine/tensor.js';
import { elementTypes, type ElementType } from '../dtypes.js';
import type { NamedTensor } from '../format.js';
import { isKind, type Pickled } from './pickle.js';
import { fromBytes, viewOf } from '../source.js';
import { readBox } from '../strided.js';
import { checkByteLength, checkedShape, quoted, utf8 } from '../untrusted.js';

/** A NumPy array inside a pickle: what would be handed to NumPy, and is read here instead. */
export interface PickledArray {
  readonly extents: readonly unknown[];
  /** As NumPy spells it, without the byte order: "f4", "U5", "O8"; or the name of a type of another package. */
  readonly type: string;
  readonly littleEndian: boolean;
  readonly isFortran: boolean;
  readonly bytes: Uint8Array;
  /** Of an array of Python's objects. */
  readonly objects: readonly Pickled[] | undefined;
}

/** Both of NumPy's major versions. */
function isNumpy(callee: Pickled, module: string, name: string): boolean {
  return (
    isKind(callee, 'global') &&
    (callee.name === `numpy.core.${module}.${name}` || callee.name === `numpy._core.${module}.${name}`)
  );
}

const numberTypes: ReadonlyMap<string, readonly [name: string, type: ElementType]> = new Map<
  string,
  readonly [name: string, type: ElementType]
>([
  ...(
    [
      ['b1', 'bool'],
      ['i1', 'int8'],
      ['i2', 'int16'],
      ['i4', 'int32'],
      ['i8', 'int64'],
      ['u1', 'uint8'],
      ['u2', 'uint16'],
      ['u4', 'uint32'],
      ['u8', 'uint64'],
      ['f2', 'float16'],
      ['f4', 'float32'],
      ['f8', 'float64'],
      ['ml_dtypes.bfloat16', 'bfloat16'],
      ['ml_dtypes.float8_e5m2', 'float8_e5m2'],
      ['ml_dtypes.float8_e4m3fnuz', 'float8_e4m3fnuz'],
      ['ml_dtypes.float8_e5m2fnuz', 'float8_e5m2fnuz'],
      ['ml_dtypes.float8_e8m0fnu', 'float8_e8m0fnu'],
    ] as const
  ).map(([spelt, name]) => [spelt, [name, elementTypes[name]]] as const),
  ['ml_dtypes.float8_e4m3fn', ['float8_e4m3fn', elementTypes.float8_e4m3]],
]);

/**
 * What a pickle would have NumPy make, without NumPy; undefined for anything else. Sources: numpy/_core/src/multiarray/methods.c
 * (array_reduce, array_setstate) and numpy/_core/numeric.py (_frombuffer, of protocol 5).
 */
export function pickledArray(value: Pickled): PickledArray | undefined {
  if (!isKind(value, 'call') || !isKind(value.arguments, 'tuple')) return undefined;
  if (isNumpy(value.callee, 'numeric', '_frombuffer')) {
    const [buffer, dtype, shape, order] = value.arguments.items;
    return arrayOf(dtype, shape, order === 'F', buffer);
  }
  if (!isNumpy(value.callee, 'multiarray', '_reconstruct') || !isKind(value.state, 'tuple')) return undefined;
  // A class of its own (a masked array, a matrix) may mean something else by its numbers.
  const [made] = value.arguments.items;
  if (!isKind(made, 'global') || made.name !== 'numpy.ndarray') return undefined;
  const [, shape, dtype, isFortran, content] = value.state.items;
  return arrayOf(dtype, shape, isFortran === true, content);
}

/** Whether it is one number as NumPy has them: no array, as Python's own numbers are none. */
export function isNumpyScalar(value: Pickled): boolean {
  return isKind(value, 'call') && isNumpy(value.callee, 'multiarray', 'scalar');
}

function arrayOf(
  dtype: Pickled | undefined,
  shape: Pickled | undefined,
  isFortran: boolean,
  content: Pickled | undefined,
): PickledArray | undefined {
  const type = dtypeOf(dtype);
  if (type === undefined || !isKind(shape, 'tuple')) return undefined;
  const objects = isKind(content, 'list') ? content.items : undefined;
  const bytes = objects === undefined ? bytesOf(content) : new Uint8Array();
  return bytes && { ...type, extents: shape.items, isFortran, bytes, objects };
}

/** numpy.dtype(spelt, align, copy), then its state (version, byte order, …). */
function dtypeOf(value: Pickled | undefined): Pick<PickledArray, 'type' | 'littleEndian'> | undefined {
  if (!isKind(value, 'call') || !isKind(value.callee, 'global') || value.callee.name !== 'numpy.dtype') {
    return undefined;
  }
  const [spelt] = isKind(value.arguments, 'tuple') ? value.arguments.items : [];
  const order = isKind(value.state, 'tuple') ? value.state.items[1] : undefined;
  const littleEndian = order !== '>';
  if (typeof spelt === 'string') return { type: spelt, littleEndian };
  return isKind(spelt, 'global') ? { type: spelt.name, littleEndian } : undefined;
}

/** Protocols before 3 have no bytes: they are written as text of one character a byte, to be encoded. */
function bytesOf(value: Pickled | undefined): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (!isKind(value, 'call') || !isKind(value.callee, 'global') || !isKind(value.arguments, 'tuple')) {
    return undefined;
  }
  const { name } = value.callee;
  const [text, encoding] = value.arguments.items;
  if (name === '__builtin__.bytes' || name === 'builtins.bytes') {
    return value.arguments.items.length === 0 ? new Uint8Array() : undefined;
  }
  if (name !== '_codecs.encode' || typeof text !== 'string' || encoding !== 'latin1') return undefined;
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0xff) return undefined;
    bytes[at] = code;
  }
  return bytes;
}

/**
 * The array as a tensor, or the reason why it is none.
 * @param where begins a message
 * @throws FormatError where its shape and its bytes do not agree
 */
export function numpyTensor(array: PickledArray, name: string, where: string): NamedTensor | string {
  const { type: spelt, isFortran, bytes, littleEndian } = array;
  const [dtype, type] = numberTypes.get(spelt) ?? [];
  if (dtype === undefined || type === undefined) {
    if (/^[USa]\d*$/.test(spelt)) return 'is a NumPy array of text, not of numbers.';
    if (/^c\d+$/.test(spelt)) {
      return 'is a NumPy array of complex numbers; save its real part, its imaginary part or its magnitude.';
    }
    return `is a NumPy array of the type ${quoted(spelt)}, which cannot be read; save it as float32.`;
  }
  const shape = checkedShape(array.extents, where);
  checkByteLength(shape, type.bytes, bytes.length, where);
  const order = isFortran ? 'fortran' : 'c';
  const layout = { where, shape, type, littleEndian, order, offset: 0 } as const;
  const source = fromBytes(where, bytes);
  return {
    name,
    dtype,
    shape,
    read: (region: Region, into?: Float32Array) =>
      readBox(source, layout, region, isFortran ? undefined : into),
  };
}

/** The strings of an array of text (`<U5`, `S5`) with one axis; undefined for any other. */
export function numpyStrings(array: PickledArray): string[] | undefined {
  const { type, extents, bytes, littleEndian, objects } = array;
  const [count, ...rest] = extents;
  if (typeof count !== 'number' || rest.length > 0) return undefined;
  if (objects !== undefined) return stringsOf(objects);
  const [, kind, length = '0'] = /^([US])(\d{1,7})$/.exec(type) ?? [];
  const size = Number(length) * (kind === 'U' ? 4 : 1);
  if (size === 0 || sizeOf([count, size]) !== bytes.length) return undefined;
  const strings: string[] = [];
  for (let row = 0; row < count; row++) {
    const part = bytes.subarray(row * size, (row + 1) * size);
    const text = kind === 'U' ? fromUtf32(part, littleEndian) : utf8(part);
    if (text === undefined) return undefined;
    strings.push(text.replace(/\0+$/, ''));
  }
  return strings;
}

/** Python's strings or NumPy's, of which a list of an array's items is made; undefined where one is neither. */
export function stringsOf(values: readonly Pickled[]): string[] | undefined {
  const strings: string[] = [];
  for (const value of values) {
    const text = typeof value === 'string' ? value : numpyString(value);
    if (text === undefined) return undefined;
    strings.push(text);
  }
  return strings;
}

function numpyString(value: Pickled): string | undefined {
  if (!isNumpyScalar(value) || !isKind(value, 'call') || !isKind(value.arguments, 'tuple')) return undefined;
  const [dtype, content] = value.arguments.items;
  const array = arrayOf(dtype, { kind: 'tuple', items: [1] }, false, content);
  return array && numpyStrings(array)?.[0];
}

/** Undefined where a character does not exist. */
function fromUtf32(bytes: Uint8Array, littleEndian: boolean): string | undefined {
  const view = viewOf(bytes);
  let text = '';
  for (let at = 0; at < bytes.length; at += 4) {
    const code = view.getUint32(at, littleEndian);
    if (code > 0x10ffff) return undefined;
    text += String.fromCodePoint(code);
  }
  return text;
}
