import { again, FormatError, type ByteSource } from './source.js';

/** One field of a protocol buffers message, as it stands on the wire. */
export type Field =
  | { readonly number: number; readonly kind: 'whole'; readonly value: bigint }
  | { readonly number: number; readonly kind: 'bytes'; readonly value: Uint8Array }
  | { readonly number: number; readonly kind: 'fixed32' | 'fixed64'; readonly value: Uint8Array };

/**
 * The fields of a message in their order, unknown ones too; nothing is copied.
 * Source: protobuf.dev, "Encoding".
 * @param where what the message is, to begin a message to people
 * @throws FormatError where the bytes are no message, or end too early
 */
export function* fieldsOf(bytes: Uint8Array, where: string): Generator<Field> {
  let at = 0;
  const whole = (): bigint => {
    const { value, end } = wholeAt(bytes, at, where);
    at = end;
    return value;
  };
  const taken = (length: bigint | number): Uint8Array => {
    if (length > bytes.length - at) {
      throw new FormatError(
        `${where} ends too early: at byte ${at} there should be ${length} more. ${again}`,
      );
    }
    const start = at;
    at += Number(length);
    return bytes.subarray(start, at);
  };
  while (at < bytes.length) {
    const tag = whole();
    const number = Number(tag >> 3n);
    switch (Number(tag & 7n)) {
      case 0:
        yield { number, kind: 'whole', value: whole() };
        break;
      case 1:
        yield { number, kind: 'fixed64', value: taken(8) };
        break;
      case 2:
        yield { number, kind: 'bytes', value: taken(whole()) };
        break;
      case 5:
        yield { number, kind: 'fixed32', value: taken(4) };
        break;
      default:
        throw new FormatError(
          `${where} is no protocol buffers message: byte ${at} begins no field. ${again}`,
        );
    }
  }
}

/** One field of a message that lies in a file, in bytes of that file. */
export interface PlacedField {
  readonly number: number;
  /** Whether it holds bytes: a text, a message, packed numbers. */
  readonly isBytes: boolean;
  /** Where its tag begins. */
  readonly from: number;
  /** Where what it holds begins. */
  readonly start: number;
  readonly end: number;
}

/** Longer than any tag with a number behind it. */
const headBytes = 20;
/** What is read at once: most fields are smaller than this by far. */
const windowBytes = 1 << 20;

/** A source read in windows, for many small reads one after the other. */
export class Window {
  private held: Uint8Array = new Uint8Array();
  private from = 0;

  constructor(readonly source: ByteSource) {}

  /** Up to `length` bytes from `start`, fewer at the end of the source; good until the next call. */
  async upTo(start: number, length: number): Promise<Uint8Array> {
    const count = Math.min(length, this.source.size - start);
    if (start < this.from || start + count > this.from + this.held.length) {
      this.held = await this.source.read(
        start,
        Math.min(Math.max(count, windowBytes), this.source.size - start),
      );
      this.from = start;
    }
    return this.held.subarray(start - this.from, start - this.from + count);
  }
}

/**
 * The fields of a message in bytes `start` to `end` of a source: contents are placed, not read, however long they are.
 * @throws FormatError where the bytes are no message, or end too early
 */
export async function* placedFields(
  window: Window,
  { start, end }: { readonly start: number; readonly end: number },
  where: string,
): AsyncGenerator<PlacedField> {
  for (let at = start; at < end;) {
    const head = (await window.upTo(at, headBytes)).subarray(0, end - at);
    const tag = wholeAt(head, 0, where);
    const type = Number(tag.value & 7n);
    const length = lengthOf(type, head, tag.end, where);
    if (length === undefined) {
      throw new FormatError(`${where} is no protocol buffers message: byte ${at} begins no field. ${again}`);
    }
    const from = at;
    const begin = from + length.at;
    if (length.value > end - begin) {
      throw new FormatError(
        `${where} ends too early: at byte ${begin} there should be ${length.value} more. ${again}`,
      );
    }
    at = begin + Number(length.value);
    yield { number: Number(tag.value >> 3n), isBytes: type === 2, from, start: begin, end: at };
  }
}

/** Where what a field holds begins and how long it is, by the type on the wire; undefined for what is none. */
function lengthOf(
  type: number,
  head: Uint8Array,
  at: number,
  where: string,
): { readonly at: number; readonly value: bigint | number } | undefined {
  switch (type) {
    case 0:
      return { at, value: wholeAt(head, at, where).end - at };
    case 1:
      return { at, value: 8 };
    case 2: {
      const { value, end } = wholeAt(head, at, where);
      return { at: end, value };
    }
    case 5:
      return { at, value: 4 };
    default:
      return undefined;
  }
}

/** The whole numbers, with their sign, of a repeated field, packed or one by one. @throws FormatError */
export function wholeNumbers(field: Field, where: string): number[] {
  const values: bigint[] = [];
  if (field.kind === 'whole') values.push(field.value);
  if (field.kind === 'bytes') {
    for (let at = 0; at < field.value.length;) {
      const { value, end } = wholeAt(field.value, at, where);
      values.push(value);
      at = end;
    }
  }
  return values.map((value) => Number(BigInt.asIntN(64, value)));
}

/** A number of seven bits a byte, and where it ends. */
function wholeAt(bytes: Uint8Array, at: number, where: string): { value: bigint; end: number } {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = bytes[at++];
    if (byte === undefined) throw new FormatError(`${where} ends in the middle of a number. ${again}`);
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return { value, end: at };
  }
  throw new FormatError(`${where} has a number of more than 64 bits at byte ${at}. ${again}`);
}
