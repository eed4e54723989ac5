import type { OnnxEmitter } from '../engine/graph.js';
import type { Shape } from '../engine/tensor.js';
import type { OnnxAttribute, OnnxConstant, OnnxExternalData, OnnxGraph, OnnxNode, OnnxType } from './onnx.js';

/**
 * Collects the parts of an ONNX graph and names them in the order they come, so that equal graphs are equal bytes. What follows
 * from the same in the same way is computed once, such as the angles of all layers' rotary positions.
 */
export class GraphBuilder implements OnnxEmitter {
  private readonly nodes: OnnxNode[] = [];
  private readonly constants: OnnxConstant[] = [];
  private readonly inputs: { readonly name: string; readonly type: OnnxType; readonly rank: number }[] = [];
  /** Operator, inputs and attributes of each node → its output. */
  private readonly computed = new Map<string, string>();
  /** Type, shape and numbers of each constant → its name: the same constant is kept once. */
  private readonly known = new Map<string, string>();

  node(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): string {
    return this.add({ operator, domain: '', inputs, attributes });
  }

  /**
   * A node of ONNX Runtime's own operators (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md).
   * @param further outputs behind the first that it has to give although nobody takes them
   */
  contributed(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>>,
    further = 0,
  ): string {
    return this.add({ operator, domain: 'com.microsoft', inputs, attributes }, further);
  }

  floats(values: readonly number[], shape: Shape): string {
    return this.constant('float32', shape, values, () => Float32Array.from(values).buffer);
  }

  integers(values: readonly number[], shape: Shape): string {
    return this.constant('int64', shape, values, () => BigInt64Array.from(values, BigInt).buffer);
  }

  /** A constant whose numbers stay in a file. */
  external(type: OnnxType, shape: Shape, data: OnnxExternalData): string {
    const name = `w${this.constants.length}`;
    this.constants.push({ name, type, shape, data });
    return name;
  }

  input(type: OnnxType, rank: number): string {
    const name = `x${this.inputs.length}`;
    this.inputs.push({ name, type, rank });
    return name;
  }

  finish(outputs: readonly string[]): OnnxGraph {
    return {
      nodes: this.nodes,
      constants: this.constants,
      inputs: this.inputs,
      outputs: [...new Set(outputs)].map((name) => ({ name, type: 'float32' })),
    };
  }

  private add(node: Omit<OnnxNode, 'output' | 'further'>, count = 0): string {
    // Names have no spaces in them.
    const key = `${node.domain}:${node.operator} ${node.inputs.join(' ')} ${JSON.stringify(node.attributes)} ${count}`;
    const known = this.computed.get(key);
    if (known !== undefined) return known;
    const output = `v${this.nodes.length}`;
    this.computed.set(key, output);
    const further = Array.from({ length: count }, (_, at) => `${output}-${at + 1}`);
    this.nodes.push({ ...node, output, ...(count > 0 ? { further } : {}) });
    return output;
  }

  private constant(
    type: OnnxType,
    shape: Shape,
    values: readonly number[],
    bytes: () => ArrayBuffer,
  ): string {
    const key = `${type} ${shape.join('×')} ${values.map((value) => (Object.is(value, -0) ? '-0' : value)).join()}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const name = `c${this.constants.length}`;
    this.constants.push({ name, type, shape, data: new Uint8Array(bytes()) });
    this.known.set(key, name);
    return name;
  }
}
