import { fieldsOf, type Field } from '../../formats/protobuf.js';

/** Protocol buffers messages of a graph, written anew where names in them change (https://protobuf.dev, "Encoding"). */

const text = new TextEncoder();

export function textField(number: number, value: string): Field {
  return { number, kind: 'bytes', value: text.encode(value) };
}

export function bytesField(number: number, value: Uint8Array): Field {
  return { number, kind: 'bytes', value };
}

/** The fields as a message. */
export function messageOf(fields: readonly Field[]): Uint8Array {
  const parts: Uint8Array[] = fields.flatMap((field) => {
    switch (field.kind) {
      case 'whole':
        return [varint((BigInt(field.number) << 3n) | 0n), varint(field.value)];
      case 'fixed64':
        return [varint((BigInt(field.number) << 3n) | 1n), field.value];
      case 'bytes':
        return [varint((BigInt(field.number) << 3n) | 2n), varint(BigInt(field.value.length)), field.value];
      case 'fixed32':
        return [varint((BigInt(field.number) << 3n) | 5n), field.value];
    }
  });
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The message with each field as `edit` has it: itself, several, or none. */
export function rewritten(
  bytes: Uint8Array,
  where: string,
  edit: (field: Field) => readonly Field[],
): Uint8Array {
  return messageOf([...fieldsOf(bytes, where)].flatMap((field) => edit(field)));
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
