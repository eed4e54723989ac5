import { sizeOf, type Shape } from '../engine/tensor.js';
import { Message } from './protobuf.js';

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
  /** Outputs behind the first that the operator has to give. */
  readonly further?: readonly string[];
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
const floatAttributes: ReadonlySet<string> = new Set([
  'alpha',
  'beta',
  'epsilon',
  'gamma',
  'scale',
  'softcap',
]);

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

/** Its fields, in a message of its own. */
export function writeNode(message: Message, node: OnnxNode): void {
  for (const name of node.inputs) message.text(1, name);
  for (const name of [node.output, ...(node.further ?? [])]) message.text(2, name);
  message.text(3, `${node.operator}:${node.output}`).text(4, node.operator);
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
  if (!(data instanceof Uint8Array)) {
    writeExternal(message, { name, type: dataTypes[type], shape, data });
    return;
  }
  if (data.byteLength !== sizeOf(shape) * elementSize[type]) {
    throw new RangeError(`${name}: ${data.byteLength} bytes do not fill a constant of ${sizeOf(shape)}.`);
  }
  for (const extent of shape) message.integer(1, extent);
  message.integer(2, dataTypes[type]).text(8, name).bytes(9, data);
}

/** A constant of any type, whose numbers stay in a file. @param type its number in `TensorProto.DataType` */
export function writeExternal(
  message: Message,
  {
    name,
    type,
    shape,
    data,
  }: {
    readonly name: string;
    readonly type: number;
    readonly shape: Shape;
    readonly data: OnnxExternalData;
  },
): void {
  for (const extent of shape) message.integer(1, extent);
  message.integer(2, type).text(8, name);
  const entry = (key: string, value: string): void => {
    message.message(13, (inner) => inner.text(1, key).text(2, value));
  };
  entry('location', data.location);
  entry('offset', String(data.offset));
  entry('length', String(data.length));
  message.integer(14, 1);
}

export function writeValue(
  message: Message,
  field: number,
  name: string,
  writeTensor: (tensor: Message) => void,
): void {
  message.message(field, (value) => value.text(1, name).message(2, (type) => type.message(1, writeTensor)));
}
