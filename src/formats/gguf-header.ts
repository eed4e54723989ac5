import { again, FormatError, viewOf, type ByteSource } from './source.js';
import { quoted, utf8 } from './untrusted.js';

/** What stands in the metadata under one key. */
export type MetadataValue = number | boolean | string | readonly (number | boolean | string)[];

/** A tensor as the header describes it; nothing of it is checked yet. */
export interface TensorEntry {
  readonly name: string;
  /** Outermost first; the file has it the other way round. */
  readonly extents: readonly number[];
  /** A number of ggml's list of types. */
  readonly type: number;
  /** In bytes, from the beginning of the tensors. */
  readonly offset: number;
}

export interface GgufHeader {
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  readonly entries: readonly TensorEntry[];
  /** Where the header ends. */
  readonly end: number;
}

/** The greatest vocabularies need some 20 MB; what is larger is not a header. */
const MAX_HEADER_BYTES = 1 << 27;
const MAX_STRING_BYTES = 1 << 24;
const MAX_ITEMS = 1 << 24;
const MAX_KEYS = 1 << 16;
const MAX_TENSORS = 1 << 17;
const MAX_AXES = 8;
const CHUNK_BYTES = 1 << 20;

const MAGIC = [0x47, 0x47, 0x55, 0x46]; // GGUF
const STRING = 8;
const ARRAY = 9;

type Scalar = (view: DataView, at: number) => number | boolean;

const scalars: ReadonlyMap<number, { readonly bytes: number; readonly read: Scalar }> = new Map([
  [0, { bytes: 1, read: (view: DataView, at: number) => view.getUint8(at) }],
  [1, { bytes: 1, read: (view: DataView, at: number) => view.getInt8(at) }],
  [2, { bytes: 2, read: (view: DataView, at: number) => view.getUint16(at, true) }],
  [3, { bytes: 2, read: (view: DataView, at: number) => view.getInt16(at, true) }],
  [4, { bytes: 4, read: (view: DataView, at: number) => view.getUint32(at, true) }],
  [5, { bytes: 4, read: (view: DataView, at: number) => view.getInt32(at, true) }],
  [6, { bytes: 4, read: (view: DataView, at: number) => view.getFloat32(at, true) }],
  [7, { bytes: 1, read: (view: DataView, at: number): number | boolean => view.getUint8(at) !== 0 }],
  [10, { bytes: 8, read: (view: DataView, at: number) => Number(view.getBigUint64(at, true)) }],
  [11, { bytes: 8, read: (view: DataView, at: number) => Number(view.getBigInt64(at, true)) }],
  [12, { bytes: 8, read: (view: DataView, at: number) => view.getFloat64(at, true) }],
]);

/** Whether a file begins as GGUF does. */
export function isGguf(head: Uint8Array): boolean {
  return MAGIC.every((byte, at) => head[at] === byte);
}

/**
 * Reads the metadata and the list of tensors of a GGUF file, version 2 or 3. The library for it wants an address or a
 * path instead of bytes, and believes every length it is told.
 * Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 * @throws FormatError naming the file, and the key or tensor that makes no sense
 */
export async function readGgufHeader(source: ByteSource): Promise<GgufHeader> {
  const { name } = source;
  const reader = new HeaderReader(source);
  await reader.want(8, 'its version');
  const magic = reader.bytes(4);
  if (!isGguf(magic)) throw new FormatError(`${name} is no GGUF file: it does not begin with "GGUF".`);
  const version = reader.uint32();
  if (version !== 2 && version !== 3) {
    const other = (version & 0xffff) === 0;
    throw new FormatError(
      other
        ? `${name} is a big-endian GGUF file, which is not read.`
        : `${name} is GGUF of version ${version}; versions 2 and 3 are read.`,
    );
  }
  const tensors = await reader.count('its number of tensors', MAX_TENSORS);
  const keys = await reader.count('its number of keys', MAX_KEYS);
  const metadata = new Map<string, MetadataValue>();
  for (let at = 0; at < keys; at++) {
    const key = await reader.label(`the ${at + 1}. key`);
    if (metadata.has(key)) throw new FormatError(`${name} has the key ${quoted(key)} twice.`);
    metadata.set(key, await readValue(reader, `the value of ${quoted(key)}`));
  }
  const entries: TensorEntry[] = [];
  for (let at = 0; at < tensors; at++) {
    const tensor = await reader.label(`the name of the ${at + 1}. tensor`);
    entries.push(await readEntry(reader, tensor));
  }
  return { metadata, entries, end: reader.position };
}

async function readEntry(reader: HeaderReader, name: string): Promise<TensorEntry> {
  const what = `the tensor ${quoted(name)}`;
  await reader.want(4, what);
  const axes = reader.uint32();
  if (axes > MAX_AXES) {
    throw new FormatError(`${reader.name}: ${what} claims ${axes} axes, but at most ${MAX_AXES} are read.`);
  }
  const extents: number[] = [];
  for (let axis = 0; axis < axes; axis++) {
    extents.unshift(await reader.count(`an extent of ${what}`, Number.MAX_SAFE_INTEGER));
  }
  await reader.want(4, what);
  const type = reader.uint32();
  return {
    name,
    extents,
    type,
    offset: await reader.count(`the offset of ${what}`, Number.MAX_SAFE_INTEGER),
  };
}

async function readValue(reader: HeaderReader, what: string): Promise<MetadataValue> {
  await reader.want(4, what);
  const type = reader.uint32();
  if (type === STRING) return reader.string(what);
  if (type === ARRAY) return readArray(reader, what);
  const scalar = scalarOf(reader, type, what);
  await reader.want(scalar.bytes, what);
  return reader.scalar(scalar);
}

async function readArray(reader: HeaderReader, what: string): Promise<MetadataValue> {
  await reader.want(4, what);
  const type = reader.uint32();
  const count = await reader.count(`the length of ${what}`, MAX_ITEMS);
  if (type === STRING) {
    reader.expect(count * 8, what);
    const strings = new Array<string>(count);
    for (let at = 0; at < count; at++) strings[at] = reader.stringAtHand() ?? (await reader.string(what));
    return strings;
  }
  if (type === ARRAY) throw new FormatError(`${reader.name}: ${what} is a list of lists, which is not read.`);
  const scalar = scalarOf(reader, type, what);
  reader.expect(count * scalar.bytes, what);
  // The file has room for so many.
  const numbers = new Array<number | boolean>(count);
  for (let at = 0; at < count; at++) {
    if (reader.left < scalar.bytes) await reader.want(scalar.bytes, what);
    numbers[at] = reader.scalar(scalar);
  }
  return numbers;
}

function scalarOf(
  reader: HeaderReader,
  type: number,
  what: string,
): { readonly bytes: number; readonly read: Scalar } {
  const scalar = scalars.get(type);
  if (scalar === undefined) throw new FormatError(`${reader.name}: ${what} is of the unknown type ${type}.`);
  return scalar;
}

/** Reads a header from its beginning, a piece at a time. */
class HeaderReader {
  private held = new Uint8Array(0);
  private view = viewOf(this.held);
  private at = 0;
  /** Where in the file `held` begins. */
  private from = 0;

  constructor(private readonly source: ByteSource) {}

  get name(): string {
    return this.source.name;
  }

  get position(): number {
    return this.from + this.at;
  }

  /** Bytes that are at hand. */
  get left(): number {
    return this.held.length - this.at;
  }

  /** @throws FormatError where the file, or what is read of a header, ends before so many bytes */
  expect(bytes: number, what: string): void {
    const { name, size } = this.source;
    if (this.position + bytes > size) {
      throw new FormatError(
        `${name} ends too early: ${what} needs ${bytes} bytes at byte ${this.position}, but the file has ${size}. ${again}`,
      );
    }
    if (this.position + bytes > MAX_HEADER_BYTES) {
      throw new FormatError(
        `${name} has a header of more than ${MAX_HEADER_BYTES} bytes, which are not read: ${what} lies behind them.`,
      );
    }
  }

  /** Makes sure that so many bytes are at hand. */
  async want(bytes: number, what: string): Promise<void> {
    if (this.left >= bytes) return;
    this.expect(bytes, what);
    this.from = this.position;
    const length = Math.min(Math.max(bytes, CHUNK_BYTES), this.source.size - this.from);
    this.held = new Uint8Array(await this.source.read(this.from, length));
    this.view = viewOf(this.held);
    this.at = 0;
  }

  bytes(count: number): Uint8Array {
    this.at += count;
    return this.held.subarray(this.at - count, this.at);
  }

  uint32(): number {
    this.at += 4;
    return this.view.getUint32(this.at - 4, true);
  }

  scalar({ bytes, read }: { readonly bytes: number; readonly read: Scalar }): number | boolean {
    this.at += bytes;
    return read(this.view, this.at - bytes);
  }

  /** A 64-bit count. @throws FormatError beyond `limit` */
  async count(what: string, limit: number): Promise<number> {
    await this.want(8, what);
    this.at += 8;
    const value = this.view.getBigUint64(this.at - 8, true);
    if (value > BigInt(limit)) {
      throw new FormatError(`${this.name}: ${what} is ${value}, more than the ${limit} that are read.`);
    }
    return Number(value);
  }

  async string(what: string): Promise<string> {
    const length = await this.count(`the length of ${what}`, MAX_STRING_BYTES);
    await this.want(length, what);
    const text = utf8(this.bytes(length));
    if (text === undefined) throw new FormatError(`${this.name}: ${what} is not text in UTF-8.`);
    return text;
  }

  /** A key or a name: a line of text. */
  async label(what: string): Promise<string> {
    const text = await this.string(what);
    if (/\p{Cc}/u.test(text)) {
      throw new FormatError(`${this.name}: ${what} holds control characters, as no name does.`);
    }
    return text;
  }

  /** A string that is at hand as a whole; undefined where more has to be read, or it is wrong. */
  stringAtHand(): string | undefined {
    if (this.left < 8 || this.view.getUint32(this.at + 4, true) !== 0) return undefined;
    const length = this.view.getUint32(this.at, true);
    if (this.left < 8 + length) return undefined;
    const text = utf8(this.held.subarray(this.at + 8, this.at + 8 + length));
    if (text !== undefined) this.at += 8 + length;
    return text;
  }
}
