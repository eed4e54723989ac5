import { FormatError } from './source.js';

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
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new FormatError(`${where} ends in the middle of a number.`);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new FormatError(`${where} has a number of more than 64 bits at byte ${at}.`);
  };
  const taken = (length: bigint | number): Uint8Array => {
    if (length > bytes.length - at) {
      throw new FormatError(`${where} ends too early: at byte ${at} there should be ${length} more.`);
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
        throw new FormatError(`${where} is no protocol buffers message: byte ${at} begins no field.`);
    }
  }
}
