import { readPlacedTensor, readTensor, type OnnxTensor } from './onnx-tensor.js';
import { addAll } from '../common/values.js';
import { fieldsOf, placedFields, wholeNumbers, Window, type Field } from './protobuf.js';
import { again, FormatError, viewOf, type ByteSource } from './source.js';
import { utf8 } from './untrusted.js';

export { smallNumbers, type OnnxTensor } from './onnx-tensor.js';

/** A model in the Open Neural Network Exchange format; the numbers of large constants are left in its file. */
export interface OnnxFile {
  /** In an order in which they can run. */
  readonly nodes: readonly OnnxNode[];
  readonly constants: ReadonlyMap<string, OnnxTensor>;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Everything else of the graph and of the model that matters to what runs it, as fields of messages. */
  readonly graphRest: readonly Uint8Array[];
  readonly modelRest: readonly Uint8Array[];
}

export interface OnnxNode {
  readonly name: string;
  readonly operator: string;
  /** Empty for ONNX's own operators. */
  readonly domain: string;
  /** Empty where an input is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
  /** Where in the program that was exported it stands, as some exporters tell. */
  readonly scope: string | undefined;
  /** The NodeProto. */
  readonly bytes: Uint8Array;
}

export type OnnxAttribute =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'numbers'; readonly values: readonly number[] }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'tensor'; readonly tensor: OnnxTensor }
  /** A GraphProto: a branch, or what a loop repeats. Of several, the last. */
  | { readonly kind: 'graph'; readonly bytes: Uint8Array }
  | { readonly kind: 'other' };

/** What a graph is given, or gives. */
export interface OnnxValue {
  readonly name: string;
  /** Its number in `TensorProto.DataType`. */
  readonly type: number | undefined;
  /** Undefined where nothing is said of it; an extent may have a name, or none. */
  readonly shape: readonly (number | string | undefined)[] | undefined;
  /** The ValueInfoProto. */
  readonly bytes: Uint8Array;
}

/** Nodes are read whole; what has more of them was not made to be run on a machine like this. */
const mostBytes = 1 << 29;

/**
 * Reads a ModelProto: all nodes, and of constants only names, shapes and places where they are large.
 * Source: github.com/onnx/onnx, onnx.proto.
 * @throws FormatError naming the file
 */
export async function readOnnx(source: ByteSource): Promise<OnnxFile> {
  const where = source.name;
  const window = new Window(source);
  const reading = new Reading(window, where);
  const modelRest: Uint8Array[] = [];
  let graphs = 0;
  for await (const field of placedFields(window, { start: 0, end: source.size }, where)) {
    if (field.number === 7 && field.isBytes) {
      graphs++;
      await reading.graph(field);
    } else if (modelFields.has(field.number)) modelRest.push(await reading.take(field.from, field.end));
  }
  if (graphs === 0 || modelRest.length === 0) {
    throw new FormatError(`${where} is no ONNX model: there is no graph in it. ${again}`);
  }
  return { ...reading.read, modelRest };
}

/** Of a model: its format's version, its operator sets, its functions. Who made it and how does not matter. */
const modelFields: ReadonlySet<number> = new Set([1, 8, 25]);
/** Of a graph: its name, what it says of quantisation, constants that are mostly zeros. */
const graphFields: ReadonlySet<number> = new Set([2, 14, 15]);

class Reading {
  private readonly nodes: OnnxNode[] = [];
  private readonly constants = new Map<string, OnnxTensor>();
  private readonly inputs: OnnxValue[] = [];
  private readonly outputs: OnnxValue[] = [];
  private readonly graphRest: Uint8Array[] = [];
  private taken = 0;

  constructor(
    private readonly window: Window,
    private readonly where: string,
  ) {}

  get read(): Omit<OnnxFile, 'modelRest'> {
    const { nodes, constants, inputs, outputs, graphRest } = this;
    // Old exporters list constants among the inputs, to be replaced by whoever wants to.
    return {
      nodes,
      constants,
      inputs: inputs.filter(({ name }) => !constants.has(name)),
      outputs,
      graphRest,
    };
  }

  async graph(place: { readonly start: number; readonly end: number }): Promise<void> {
    const { where } = this;
    for await (const { number, from, start, end } of placedFields(this.window, place, where)) {
      if (number === 1) this.nodes.push(readNode(await this.take(start, end), where));
      if (number === 5) {
        const tensor = await readPlacedTensor(this.window, { start, end }, where);
        this.constants.set(tensor.name, tensor);
      }
      if (number === 11) this.inputs.push(readValue(await this.take(start, end), where));
      if (number === 12) this.outputs.push(readValue(await this.take(start, end), where));
      if (graphFields.has(number)) this.graphRest.push(await this.take(from, end));
    }
  }

  async take(start: number, end: number): Promise<Uint8Array> {
    this.taken += end - start;
    if (this.taken > mostBytes) {
      throw new FormatError(`${this.where} has more than ${mostBytes} bytes beside its large constants.`);
    }
    return new Uint8Array(await this.window.upTo(start, end - start));
  }
}

/** What stands within a GraphProto that is part of another: nodes, constants, and the names of what it gives. @throws FormatError */
export function readBranch(
  bytes: Uint8Array,
  where: string,
): {
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxTensor[];
  readonly outputs: readonly string[];
} {
  const nodes: OnnxNode[] = [];
  const constants: OnnxTensor[] = [];
  const outputs: string[] = [];
  for (const field of fieldsOf(bytes, where)) {
    if (field.kind !== 'bytes') continue;
    if (field.number === 1) nodes.push(readNode(field.value, where));
    if (field.number === 5) constants.push(readTensor(field.value, where));
    if (field.number === 12) outputs.push(readValue(field.value, where).name);
  }
  return { nodes, constants, outputs };
}

/** A NodeProto. @throws FormatError */
export function readNode(bytes: Uint8Array, where: string): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, OnnxAttribute>();
  let [name, operator, domain] = ['', '', ''];
  let scope: string | undefined;
  for (const field of fieldsOf(bytes, where)) {
    if (field.kind !== 'bytes') continue;
    if (field.number === 1) inputs.push(textOf(field));
    if (field.number === 2) outputs.push(textOf(field));
    if (field.number === 3) name = textOf(field);
    if (field.number === 4) operator = textOf(field);
    if (field.number === 5) {
      const [key, value] = readAttribute(field.value, where);
      attributes.set(key, value);
    }
    if (field.number === 7) domain = textOf(field);
    if (field.number === 9) scope ??= scopeOf(field.value, where);
  }
  // "ai.onnx" is the same as nothing.
  const own = domain === 'ai.onnx' ? '' : domain;
  return { name, operator, domain: own, inputs, outputs, attributes, scope, bytes };
}

/** What the newer of PyTorch's exporters says of a node: "/m.encoder: …/encoder.layer.0: …/softmax: aten.softmax.int". */
function scopeOf(entry: Uint8Array, where: string): string | undefined {
  const [key, value] = [...fieldsOf(entry, where)].map(textOf);
  if (key !== 'namespace' || value === undefined) return undefined;
  const parts = value.split('/').map((part) => part.split(':', 1)[0]?.trim() ?? '');
  return parts.findLast((part, at) => part !== '' && at < parts.length - 1);
}

function readAttribute(bytes: Uint8Array, where: string): [string, OnnxAttribute] {
  let name = '';
  let value: OnnxAttribute = { kind: 'other' };
  const numbers: number[] = [];
  for (const field of fieldsOf(bytes, where)) {
    switch (field.number) {
      case 1:
        name = textOf(field);
        break;
      case 2:
        if (field.kind === 'fixed32') {
          value = { kind: 'number', value: viewOf(field.value).getFloat32(0, true) };
        }
        break;
      case 3:
        if (field.kind === 'whole') value = { kind: 'number', value: Number(BigInt.asIntN(64, field.value)) };
        break;
      case 4:
        value = { kind: 'text', value: textOf(field) };
        break;
      case 5:
        if (field.kind === 'bytes') value = { kind: 'tensor', tensor: readTensor(field.value, where) };
        break;
      case 6:
      case 11:
        if (field.kind === 'bytes') value = { kind: 'graph', bytes: field.value };
        break;
      case 8:
        addAll(numbers, wholeNumbers(field, where));
        value = { kind: 'numbers', values: numbers };
        break;
    }
  }
  return [name, value];
}

function readValue(bytes: Uint8Array, where: string): OnnxValue {
  let name = '';
  let type: number | undefined;
  let shape: (number | string | undefined)[] | undefined;
  for (const field of fieldsOf(bytes, where)) {
    if (field.number === 1) name = textOf(field);
    for (const tensor of inside(field, 2, where).flatMap((each) => inside(each, 1, where))) {
      if (tensor.number === 1 && tensor.kind === 'whole') type = Number(tensor.value);
      if (tensor.number !== 2) continue;
      shape = inside(tensor, 2, where).flatMap((dimension) =>
        dimension.number === 1 ? [extentOf(inside(dimension, 1, where))] : [],
      );
    }
  }
  return { name, type, shape, bytes };
}

function extentOf(fields: readonly Field[]): number | string | undefined {
  for (const field of fields) {
    if (field.number === 1 && field.kind === 'whole') return Number(BigInt.asIntN(64, field.value));
    if (field.number === 2) return textOf(field);
  }
  return undefined;
}

/** The fields of a message that stands in a field of that number; none for any other. */
function inside(field: Field, number: number, where: string): Field[] {
  return field.number === number && field.kind === 'bytes' ? [...fieldsOf(field.value, where)] : [];
}

function textOf(field: Field): string {
  return (field.kind === 'bytes' ? utf8(field.value) : undefined) ?? '';
}
