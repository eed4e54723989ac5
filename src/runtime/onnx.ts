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
    .message(7, (inner) => {
      writeGraph(inner, graph);
    })
    .message(8, (inner) => inner.text(1, '').integer(2, operatorSet))
    .message(8, (inner) => inner.text(1, 'com.microsoft').integer(2, 1))
    .finish();
}

function writeGraph(message: Message, graph: OnnxGraph): void {
  for (const node of graph.nodes) {
    message.message(1, (inner) => {
      writeNode(inner, node);
    });
  }
  message.text(2, 'graph');
  for (const constant of graph.constants) {
    message.message(5, (inner) => {
      writeConstant(inner, constant);
    });
  }
  for (const { name, type, rank } of graph.inputs) {
    writeValue(message, 11, name, (tensor) => {
      tensor.integer(1, dataTypes[type]).message(2, (shape) => {
        for (let axis = 0; axis < rank; axis++) shape.message(1, () => undefined);
      });
    });
  }
  for (const { name, type } of graph.outputs) {
    writeValue(message, 12, name, (tensor) => {
      tensor.integer(1, dataTypes[type]);
    });
  }
}

function writeNode(message: Message, node: OnnxNode): void {
  for (const name of node.inputs) message.text(1, name);
  message.text(2, node.output).text(3, `${node.operator}:${node.output}`).text(4, node.operator);
  for (const name of Object.keys(node.attributes).toSorted()) {
    const value = node.attributes[name];
    if (value === undefined) continue;
    message.message(5, (inner) => {
      writeAttribute(inner, name, value);
    });
  }
  if (node.domain !== '') message.text(7, node.domain);
}

function writeAttribute(message: Message, name: string, value: OnnxAttribute): void {
  message.text(1, name);
  if (typeof value === 'string') message.text(4, value).integer(20, 3);
  else if (typeof value !== 'number') {
    for (const each of value) message.integer(8, each);
    message.integer(20, 7);
  } else if (floatAttributes.has(name)) message.float(2, value).integer(20, 1);
  else message.integer(3, value).integer(20, 2);
}

function writeConstant(message: Message, { name, type, shape, data }: OnnxConstant): void {
  for (const extent of shape) message.integer(1, extent);
  message.integer(2, dataTypes[type]).text(8, name);
  if (data instanceof Uint8Array) {
    if (data.byteLength !== sizeOf(shape) * elementSize[type]) {
      throw new RangeError(`${name}: ${data.byteLength} bytes do not fill a constant of ${sizeOf(shape)}.`);
    }
    message.bytes(9, data);
    return;
  }
  const entry = (key: string, value: string): void => {
    message.message(13, (inner) => inner.text(1, key).text(2, value));
  };
  entry('location', data.location);
  entry('offset', String(data.offset));
  entry('length', String(data.length));
  message.integer(14, 1);
}

function writeValue(
  message: Message,
  field: number,
  name: string,
  writeTensor: (tensor: Message) => void,
): void {
  message.message(field, (value) => value.text(1, name).message(2, (type) => type.message(1, writeTensor)));
}

const utf8 = new TextEncoder();

/** A message in Protocol Buffers' wire format (https://protobuf.dev/programming-guides/encoding/). */
class Message {
  private data = new Uint8Array(4096);
  private length = 0;

  /** A signed 64-bit integer. @throws RangeError when it is not a whole number that a double holds exactly. */
  integer(field: number, value: number): this {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a whole number.`);
    this.tag(field, 0);
    this.varint(value);
    return this;
  }

  float(field: number, value: number): this {
    this.tag(field, 5);
    this.reserve(4);
    new DataView(this.data.buffer).setFloat32(this.length, value, true);
    this.length += 4;
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.tag(field, 2);
    return this.raw(value);
  }

  private raw(value: Uint8Array): this {
    this.varint(value.byteLength);
    this.reserve(value.byteLength);
    this.data.set(value, this.length);
    this.length += value.byteLength;
    return this;
  }

  text(field: number, value: string): this {
    this.tag(field, 2);
    // Most are short names of the graph's own, in ASCII, whose length takes one byte.
    if (value.length > 0x7f) return this.raw(utf8.encode(value));
    this.reserve(1 + value.length);
    const { data, length } = this;
    for (let at = 0; at < value.length; at++) {
      const code = value.charCodeAt(at);
      if (code > 0x7f) return this.raw(utf8.encode(value));
      data[length + 1 + at] = code;
    }
    data[length] = value.length;
    this.length = length + 1 + value.length;
    return this;
  }

  /** A message inside: written behind its tag, then moved to make room for its length. */
  message(field: number, write: (inner: Message) => void): this {
    this.tag(field, 2);
    const start = this.length;
    write(this);
    const { length } = this;
    this.varint(length - start);
    const size = this.length - length;
    this.data.copyWithin(start + size, start, length);
    this.length = start;
    this.varint(length - start);
    this.length = length + size;
    return this;
  }

  finish(): Uint8Array {
    return this.data.slice(0, this.length);
  }

  private tag(field: number, wireType: number): void {
    this.varint(field * 8 + wireType);
  }

  /** Seven bits a byte, lowest first; a negative number as its two's complement of 64 bits, ten bytes long. */
  private varint(value: number): void {
    this.reserve(10);
    // Bits above the 32nd are out of reach of bitwise operators, but not of division.
    let rest = value;
    if (value < 0) {
      let bits = BigInt.asUintN(64, BigInt(value));
      for (; bits > 0x7fn; bits >>= 7n) this.data[this.length++] = Number(bits & 0x7fn) | 0x80;
      this.data[this.length++] = Number(bits);
      return;
    }
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) this.data[this.length++] = (rest % 128) | 0x80;
    this.data[this.length++] = rest;
  }

  private reserve(bytes: number): void {
    if (this.length + bytes <= this.data.length) return;
    const larger = new Uint8Array(Math.max(this.length + bytes, 2 * this.data.length));
    larger.set(this.data);
    this.data = larger;
  }
}
