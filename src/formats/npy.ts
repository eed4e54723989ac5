import { fileTypes } from '../file-types.js';
import { sizeOf, type Region, type Shape, type Tensor } from '../engine/tensor.js';
import { elementTypes, type ElementType } from './dtypes.js';
import type { Format, NamedTensor } from './format.js';
import { parsePythonLiteral, PythonSyntaxError, type PythonValue } from './python-literal.js';
import { again, FormatError, partOf, viewOf, type ByteSource } from './source.js';
import { readBox } from './strided.js';
import { checkByteLength, checkedShape, quoted, stemOf, utf8 } from './untrusted.js';

const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59); // \x93NUMPY

/** Headers of plain arrays have about a hundred bytes; those of structured arrays, with all field names, more. */
const MAX_HEADER_BYTES = 2 ** 20;

/** The header of a .npy file, and how many bytes come before the numbers. */
export interface NpyHeader {
  /** The type as NumPy spells it: `<f4`; a structured type has none. */
  readonly descr: string | undefined;
  readonly fortranOrder: boolean;
  readonly shape: Shape;
  /** The byte at which the numbers begin. */
  readonly dataOffset: number;
}

/** Whether the bytes begin as every .npy file does. */
export function isNpy(head: Uint8Array): boolean {
  return MAGIC.every((byte, at) => head[at] === byte);
}

/**
 * Reads the header of a .npy file, versions 1.0, 2.0 and 3.0.
 * Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 * @param where what is read, to begin a message.
 * @throws FormatError when it is no header of such a file, or its shape is no shape.
 */
export async function readNpyHeader(source: ByteSource, where: string): Promise<NpyHeader> {
  if (source.size < 10)
    throw new FormatError(`${where} has ${source.size} bytes, too few for a NumPy array. ${again}`);
  const start = await source.read(0, 10);
  if (!isNpy(start))
    throw new FormatError(`${where} does not begin as a NumPy array does: save it with numpy.save.`);
  const [major, minor] = [start[6] ?? 0, start[7] ?? 0];
  if (major < 1 || major > 3 || minor !== 0) {
    throw new FormatError(
      `${where} is in version ${major}.${minor} of the .npy format; 1.0, 2.0 and 3.0 can be read.`,
    );
  }
  const lengthBytes = major === 1 ? 2 : 4;
  const lengthView = viewOf(await source.read(8, lengthBytes));
  const length = major === 1 ? lengthView.getUint16(0, true) : lengthView.getUint32(0, true);
  const headerAt = 8 + lengthBytes;
  if (length > MAX_HEADER_BYTES || headerAt + length > source.size) {
    throw new FormatError(
      `${where} claims a header of ${length} bytes, but the file has ${source.size}. ${again}`,
    );
  }
  const bytes = await source.read(headerAt, length);
  const text = major === 3 ? utf8(bytes) : new TextDecoder('latin1').decode(bytes);
  if (text === undefined) throw new FormatError(`${where} has a header that is not UTF-8. ${again}`);
  return { ...parseHeader(text, where), dataOffset: headerAt + length };
}

function parseHeader(text: string, where: string): Omit<NpyHeader, 'dataOffset'> {
  let header: PythonValue;
  try {
    header = parsePythonLiteral(text);
  } catch (error) {
    if (!(error instanceof PythonSyntaxError)) throw error;
    throw new FormatError(`${where} has a header that cannot be read: ${error.message}. ${again}`, {
      cause: error,
    });
  }
  if (!(header instanceof Map))
    throw new FormatError(`${where} has a header that is not a Python dict. ${again}`);
  const entries: ReadonlyMap<string, PythonValue> = header;
  const descr = entries.get('descr');
  const fortranOrder = entries.get('fortran_order');
  const shape = entries.get('shape');
  if (
    header.size !== 3 ||
    descr === undefined ||
    typeof fortranOrder !== 'boolean' ||
    !Array.isArray(shape)
  ) {
    throw new FormatError(
      `${where} has a header without exactly a descr, a fortran_order and a shape. ${again}`,
    );
  }
  return {
    descr: typeof descr === 'string' ? descr : undefined,
    fortranOrder,
    shape: checkedShape(shape, where),
  };
}

const NUMBER_TYPES: ReadonlyMap<string, ElementType> = new Map<string, ElementType>([
  ['b1', elementTypes.bool],
  ['u1', elementTypes.uint8],
  ['u2', elementTypes.uint16],
  ['u4', elementTypes.uint32],
  ['u8', elementTypes.uint64],
  ['i1', elementTypes.int8],
  ['i2', elementTypes.int16],
  ['i4', elementTypes.int32],
  ['i8', elementTypes.int64],
  ['f2', elementTypes.float16],
  ['f4', elementTypes.float32],
  ['f8', elementTypes.float64],
]);

/** What NumPy writes for the types of ml_dtypes, which it has no names for, and what is taken for it. */
const FOREIGN_TYPES: ReadonlyMap<string, { type: ElementType; name: string; how: string }> = new Map([
  [
    '<V2',
    { type: elementTypes.bfloat16, name: 'bfloat16', how: 'as NumPy writes the bfloat16 of ml_dtypes' },
  ],
  [
    '<f1',
    {
      type: elementTypes.float8_e5m2,
      name: 'float8_e5m2',
      how: 'as NumPy writes the float8_e5m2 of ml_dtypes',
    },
  ],
  [
    '<V1',
    {
      type: elementTypes.float8_e4m3,
      name: 'float8_e4m3fn',
      how: 'as NumPy writes every type of one byte of ml_dtypes: where it is not float8_e4m3fn, save it as float32',
    },
  ],
]);

/** Why an array of another kind is refused, by the letter of its kind. */
const REFUSALS: ReadonlyMap<string, string> = new Map([
  ['O', 'holds pickled Python objects, which could run code and are therefore never loaded'],
  ['c', 'holds complex numbers; save its real part, its imaginary part or its magnitude'],
  ['U', 'holds text, not numbers'],
  ['S', 'holds text, not numbers'],
  ['a', 'holds text, not numbers'],
  ['M', 'holds dates, not numbers'],
  ['m', 'holds durations, not numbers'],
  [
    'V',
    'holds raw bytes without a number type, as NumPy keeps bfloat16 that it has loaded from a file; save it as float32',
  ],
]);

function typeOf(descr: string): {
  readonly order: string;
  readonly kind: string;
  readonly type: ElementType | undefined;
} {
  const [whole, order = '', kind = '', width = ''] = /^([<>|=]?)([A-Za-z?])(\d*)/.exec(descr) ?? [];
  const type = whole === descr ? NUMBER_TYPES.get(kind + width) : undefined;
  return { order, kind, type: type ?? FOREIGN_TYPES.get(descr)?.type };
}

/** What is taken for what in an array whose header does not say its type. */
export function npyNotices({ descr = '' }: NpyHeader, where: string): string[] {
  const foreign = FOREIGN_TYPES.get(descr);
  return foreign
    ? [`${where} has the type ${quoted(descr)}, ${foreign.how}: it was read as ${foreign.name}.`]
    : [];
}

/** A kind of array that is sound but holds nothing that becomes float32. */
export class UnsupportedArray extends FormatError {}

/**
 * The tensor of a .npy file or of one in an archive.
 * @param start where `source` begins in the file a user has, when its bytes lie there plainly; else undefined.
 * @throws UnsupportedArray when it holds no numbers; FormatError when shape, type and length do not agree.
 */
export function npyTensor(
  source: ByteSource,
  header: NpyHeader,
  name: string,
  where: string,
  start: number | undefined,
): NamedTensor {
  const { descr, shape, fortranOrder, dataOffset } = header;
  if (descr === undefined) {
    throw new UnsupportedArray(
      `${where} is a structured array; save each of its fields as an array of its own.`,
    );
  }
  const { order, kind, type } = typeOf(descr);
  if (!type) {
    const reason = REFUSALS.get(kind) ?? `has the type ${quoted(descr)}, which cannot be read`;
    throw new UnsupportedArray(`${where} ${reason}.`);
  }
  if (type.bytes > 1 && order !== '<' && order !== '>') {
    throw new FormatError(
      `${where} has the type ${quoted(descr)}, which does not say its byte order: save it again with numpy.save.`,
    );
  }
  const length = source.size - dataOffset;
  checkByteLength(shape, type.bytes, length, where);
  const littleEndian = order !== '>';
  const plain = (type.bytes === 1 || littleEndian) && (!fortranOrder || shape.length < 2);
  const layout = {
    where,
    shape,
    type,
    littleEndian,
    order: fortranOrder ? 'fortran' : 'c',
    offset: dataOffset,
  } as const;
  return {
    name,
    dtype: FOREIGN_TYPES.get(descr)?.name ?? descr,
    shape,
    ...(plain && type.storage !== undefined && start !== undefined
      ? { storage: { offset: start + dataOffset, length, dtype: type.storage } }
      : {}),
    read: (region: Region) => readBox(source, layout, region),
  };
}

export const npy: Format = {
  id: 'npy',
  title: 'NumPy array',
  extensions: fileTypes.npy,
  recognises: isNpy,
  async open(_platform, source) {
    const header = await readNpyHeader(source, source.name);
    const end = await endOfFirst(source, header);
    const first = end === undefined ? source : partOf(source, source.name, 0, end);
    const notices = npyNotices(header, source.name);
    if (end !== undefined) {
      notices.push(
        `${source.name} holds more than one array, one behind the other: the first was read. Save each in a file of its own, or all of them with numpy.savez.`,
      );
    }
    return {
      tensors: [npyTensor(first, header, stemOf(source.name), source.name, 0)],
      ...(notices.length === 0 ? {} : { notices }),
    };
  },
};

/** Where the first array ends, if another one follows, as after two calls of numpy.save for one file. */
async function endOfFirst(source: ByteSource, header: NpyHeader): Promise<number | undefined> {
  const bytes = typeOf(header.descr ?? '').type?.bytes;
  if (bytes === undefined) return undefined;
  const end = header.dataOffset + sizeOf(header.shape) * bytes;
  if (end + MAGIC.length > source.size) return undefined;
  return isNpy(await source.read(end, MAGIC.length)) ? end : undefined;
}

/** The digits NumPy leaves room for, so that an array can grow along its first axis without moving. */
const GROWTH_DIGITS = 21;

/** NumPy aligns the numbers to this many bytes. */
const ALIGNMENT = 64;

/**
 * A tensor as the bytes of a .npy file: version 1.0, `<f4`, C order, byte for byte what `numpy.save` writes.
 * Numbers that are float64 are rounded to float32.
 */
export function encodeNpy(tensor: Tensor): Uint8Array {
  const { shape, data } = tensor;
  const size = sizeOf(shape);
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const growth = shape.length === 0 ? 0 : GROWTH_DIGITS - String(shape[0]).length;
  const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }${' '.repeat(growth)}`;
  const unpadded = MAGIC.length + 4 + dict.length + 1;
  const header = `${dict}${' '.repeat(ALIGNMENT - (unpadded % ALIGNMENT))}\n`;
  const dataAt = MAGIC.length + 4 + header.length;
  const bytes = new Uint8Array(dataAt + size * 4);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  bytes.set([1, 0], 6);
  view.setUint16(8, header.length, true);
  bytes.set(new TextEncoder().encode(header), 10);
  for (let i = 0; i < size; i++) view.setFloat32(dataAt + i * 4, data[i] ?? NaN, true);
  return bytes;
}
