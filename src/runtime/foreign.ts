import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-common';
import type { Shape, Tensor } from '../engine/tensor.js';
import type { Platform } from '../platform/platform.js';
import { loadBackend, type Backend } from './backend.js';
import { createSession, start } from './create.js';
import { RunError } from './error.js';
import { toHalves } from './half.js';
import { writeExternal, writeNode, writeValue, type OnnxAttribute, type OnnxExternalData } from './onnx.js';
import { sessionOptions } from './options.js';
import { Message } from './protobuf.js';

/** A graph that someone else exported, and the values of it that are wanted. */
export interface ForeignGraph {
  /** Of the ModelProto and of its GraphProto: fields that are handed on as they are. */
  readonly modelRest: readonly Uint8Array[];
  readonly graphRest: readonly Uint8Array[];
  /** Each a NodeProto. */
  readonly nodes: readonly Uint8Array[];
  readonly added: readonly ForeignNode[];
  /** Each a TensorProto, or where its numbers lie. */
  readonly constants: readonly (Uint8Array | ForeignConstant)[];
  /** Each a ValueInfoProto. */
  readonly inputs: readonly Uint8Array[];
  /** Names of values, each of which becomes an output in float32. */
  readonly wanted: readonly string[];
  /** Where constants lie; undefined where none does. */
  readonly folder: string | undefined;
  /** File → how many bytes it must have at least. */
  readonly files: ReadonlyMap<string, number>;
}

/** A node beside those of the file; an input that is a list stands for a constant of whole numbers. */
export interface ForeignNode {
  readonly operator: string;
  readonly domain: '' | 'com.microsoft';
  readonly inputs: readonly (string | readonly number[])[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

export interface ForeignConstant {
  readonly name: string;
  /** Its number in `TensorProto.DataType`. */
  readonly type: number;
  readonly shape: Shape;
  readonly data: OnnxExternalData;
}

/** What a foreign graph is fed. */
export interface ForeignInput {
  readonly type: 'int64' | 'int32' | 'float32' | 'float16' | 'bool';
  readonly shape: Shape;
  readonly data: readonly number[] | Float32Array;
}

/** Added to a value's name: the same as float32. No exporter writes such names. */
const mark = ':wanted';

/** A graph of someone else's, ready to run. ONNX Runtime blocks its thread meanwhile. */
export class ForeignModel {
  private constructor(
    private readonly backend: Backend,
    private readonly session: InferenceSession,
    private readonly wanted: readonly string[],
  ) {}

  /** @throws RunError when ONNX Runtime refuses the graph */
  static async open(platform: Platform, graph: ForeignGraph): Promise<ForeignModel> {
    const backend = await loadBackend(platform);
    const maker = { platform, backend, options: sessionOptions(platform) };
    const { folder, files } = graph;
    const weights = folder === undefined ? undefined : { folder, files, size: 0 };
    const session = await createSession(maker, encode(graph), weights);
    return new ForeignModel(backend, session, graph.wanted);
  }

  /**
   * All that is wanted, by name.
   * @throws RunError when ONNX Runtime fails, or the result is none that can be read
   */
  async run(feeds: ReadonlyMap<string, ForeignInput>): Promise<ReadonlyMap<string, Tensor<Float32Array>>> {
    const fed = Object.fromEntries([...feeds].map(([name, input]) => [name, toOrt(this.backend, input)]));
    const results = await start(this.session, fed);
    return new Map(
      this.wanted.map((name) => {
        const result = results[`${name}${mark}`];
        if (!(result?.data instanceof Float32Array)) {
          throw new RunError(`ONNX Runtime gave no numbers for ${name}.`);
        }
        return [name, { shape: result.dims, data: result.data }];
      }),
    );
  }

  dispose(): Promise<void> {
    return this.session.release();
  }
}

function toOrt({ Tensor }: Backend, { type, shape, data }: ForeignInput): OrtTensor {
  switch (type) {
    case 'int64':
      return new Tensor('int64', BigInt64Array.from(Array.from(data, BigInt)), shape);
    case 'int32':
      return new Tensor('int32', Int32Array.from(data), shape);
    case 'float32':
      return new Tensor('float32', data instanceof Float32Array ? data : Float32Array.from(data), shape);
    case 'float16':
      return new Tensor('float16', toHalves(data), shape);
    case 'bool':
      return new Tensor('bool', Uint8Array.from(data), shape);
  }
}

function encode(graph: ForeignGraph): Uint8Array {
  const message = new Message();
  for (const field of graph.modelRest) message.fields(field);
  return message
    .message(7, (inner) => {
      writeGraph(inner, graph);
    })
    .finish();
}

function writeGraph(message: Message, graph: ForeignGraph): void {
  for (const bytes of graph.nodes) message.bytes(1, bytes);
  for (const { inputs, ...node } of graph.added) {
    const names = inputs.map((input, at) => {
      if (typeof input === 'string') return input;
      const name = `${node.output}:${at}`;
      message.message(5, (inner) => {
        const numbers = new Uint8Array(BigInt64Array.from(input, BigInt).buffer);
        inner.integer(1, input.length).integer(2, 7).text(8, name).bytes(9, numbers);
      });
      return name;
    });
    message.message(1, (inner) => {
      writeNode(inner, { ...node, inputs: names });
    });
  }
  for (const name of graph.wanted) {
    message.message(1, (inner) => {
      const output = `${name}${mark}`;
      writeNode(inner, { operator: 'Cast', domain: '', inputs: [name], output, attributes: { to: 1 } });
    });
    writeValue(message, 12, `${name}${mark}`, (tensor) => {
      tensor.integer(1, 1);
    });
  }
  for (const field of graph.graphRest) message.fields(field);
  for (const constant of graph.constants) {
    if (constant instanceof Uint8Array) message.bytes(5, constant);
    else {
      message.message(5, (inner) => {
        writeExternal(inner, constant);
      });
    }
  }
  for (const bytes of graph.inputs) message.bytes(11, bytes);
}
