import { sizeOf, type Shape } from '../engine/tensor.js';

/** The element types of the graphs that are written here, with their numbers in `TensorProto.DataType`. */
const dataTypes = { float32: 1, int64: 7, float16: 10, bfloat16: 16 } as const;
export type OnnxType = keyof typeof dataTypes;

/** The size of one element, in bytes. */
export const elementSize: Readonly<Record<OnnxType, number>> = {
  float32: 4,
  int64: 8,
  float16: 2,
  bfloat16: 2,
};

export type OnnxAttribute = number | string | readonly number[];

export interface OnnxNode {
  readonly operator: string;
  /** Empty for the default operator set. */
  readonly domain: '' | 'com.microsoft';
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** A constant: its numbers in the model, or in a file beside it. */
export interface OnnxConstant {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: Shape;
  /** Little-endian and row-major. */
  readonly data: Uint8Array | OnnxExternalData;
}

export interface OnnxExternalData {
  /** Relative to the folder that the session is given. */
  readonly location: string;
  /** In bytes. */
  readonly offset: number;
  readonly length: number;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxConstant[];
  /** Extents are left open: only the number of axes is told. */
  readonly inputs: readonly { readonly name: string; readonly type: OnnxType; readonly rank: number }[];
  readonly outputs: readonly { readonly name: string; readonly type: OnnxType }[];
}

/** Of 2023: the first operator set with Gelu. LayerNormalization is in since 17. */
const operatorSet = 20;
/** The file format's version that goes with it. */
const formatVersion = 9;

/** Attributes whose type is float; every other number is an integer. A whole float would look like one. */
const floatAttributes: ReadonlySet<string> = new Set(['alpha', 'beta', 'epsilon', 'gamma', 'scale']);

/**
 * A ModelProto as bytes: the same graph gives the same bytes. Field numbers are those of onnx.proto
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
 */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  return new Message()
    .integer(1, formatVersion)
    .text(2, 'attention-inspector')
    .message(7, graphMessage(graph))
    .message(8, new Message().text(1, '').integer(2, operatorSet))
    .message(8, new Message().text(1, 'com.microsoft').integer(2, 1))
    .finish();
}

function graphMessage(graph: OnnxGraph): Message {
  const message = new Message();
  for (const node of graph.nodes) message.message(1, nodeMessage(node));
  message.text(2, 'graph');
  for (const constant of graph.constants) message.message(5, constantMessage(constant));
  for (const { name, type, rank } of graph.inputs) {
    const shape = new Message();
    for (let axis = 0; axis < rank; axis++) shape.message(1, new Message());
    message.message(11, valueMessage(name, new Message().integer(1, dataTypes[type]).message(2, shape)));
  }
  for (const { name, type } of graph.outputs) {
    message.message(12, valueMessage(name, new Message().integer(1, dataTypes[type])));
  }
  return message;
}

function nodeMessage(node: OnnxNode): Message {
  const message = new Message();
  for (const name of node.inputs) message.text(1, name);
  message.text(2, node.output).text(3, `${node.operator}:${node.output}`).text(4, node.operator);
  for (const name of Object.keys(node.attributes).toSorted()) {
    const value = node.attributes[name];
    if (value !== undefined) message.message(5, attributeMessage(name, value));
  }
  return node.domain === '' ? message : message.text(7, node.domain);
}

function attributeMessage(name: string, value: OnnxAttribute): Message {
  const message = new Message().text(1, name);
  if (typeof value === 'string') return message.text(4, value).integer(20, 3);
  if (typeof value !== 'number') {
    for (const each of value) message.integer(8, each);
    return message.integer(20, 7);
  }
  return floatAttributes.has(name)
    ? message.float(2, value).integer(20, 1)
    : message.integer(3, value).integer(20, 2);
}

function constantMessage({ name, type, shape, data }: OnnxConstant): Message {
  const message = new Message();
  for (const extent of shape) message.integer(1, extent);
  message.integer(2, dataTypes[type]).text(8, name);
  if (data instanceof Uint8Array) {
    if (data.byteLength !== sizeOf(shape) * elementSize[type]) {
      throw new RangeError(`${name}: ${data.byteLength} bytes do not fill a constant of ${sizeOf(shape)}.`);
    }
    return message.bytes(9, data);
  }
  const entry = (key: string, value: string): Message => new Message().text(1, key).text(2, value);
  return message
    .message(13, entry('location', data.location))
    .message(13, entry('offset', String(data.offset)))
    .message(13, entry('length', String(data.length)))
    .integer(14, 1);
}

function valueMessage(name: string, tensorType: Message): Message {
  return new Message().text(1, name).message(2, new Message().message(1, tensorType));
}

const utf8 = new TextEncoder();

/** A message in Protocol Buffers' wire format (https://protobuf.dev/programming-guides/encoding/). */
class Message {
  private readonly parts: Uint8Array[] = [];
  private length = 0;

  /** A signed 64-bit integer. @throws RangeError when it is not a whole number that a double holds exactly. */
  integer(field: number, value: number): this {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a whole number.`);
    this.tag(field, 0);
    return this.append(varint(value));
  }

  float(field: number, value: number): this {
    this.tag(field, 5);
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.append(bytes);
  }

  bytes(field: number, value: Uint8Array): this {
    this.tag(field, 2);
    this.append(varint(value.byteLength));
    return this.append(value);
  }

  text(field: number, value: string): this {
    return this.bytes(field, utf8.encode(value));
  }

  message(field: number, value: Message): this {
    this.tag(field, 2);
    this.append(varint(value.length));
    for (const part of value.parts) this.append(part);
    return this;
  }

  finish(): Uint8Array {
    const bytes = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts) {
      bytes.set(part, at);
      at += part.byteLength;
    }
    return bytes;
  }

  private tag(field: number, wireType: number): void {
    this.append(varint(field * 8 + wireType));
  }

  private append(bytes: Uint8Array): this {
    this.parts.push(bytes);
    this.length += bytes.byteLength;
    return this;
  }
}

/** Seven bits a byte, lowest first; a negative number as its two's complement of 64 bits, ten bytes long. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
