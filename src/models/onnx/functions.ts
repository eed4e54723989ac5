import { readNode, type OnnxFile, type OnnxNode } from '../../formats/onnx.js';
import { fieldsOf } from '../../formats/protobuf.js';
import { ModelError } from '../error.js';
import { operatorSet, operatorSets } from './operator-sets.js';
import { nameOf, renamedNode, textOf, type Scope } from './renaming.js';
import { bytesField, messageOf, textField } from './wire.js';

/** A function of a model's own: operators under one name, as exporters write modules. */
interface OwnFunction {
  readonly title: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Each a NodeProto. */
  readonly nodes: readonly Uint8Array[];
  /** Name → AttributeProto, for calls that do not say it. */
  readonly defaults: ReadonlyMap<string, Uint8Array>;
  readonly operatorSets: ReadonlyMap<string, number>;
}

/** Calls within calls; what is deeper calls itself. */
const MAX_DEPTH = 32;
/** More than any model has once all of its calls are written out. */
const MAX_NODES = 1_000_000;
const MAX_BYTES = 1 << 29;

/**
 * The graph with the calls of the model's own functions replaced by what these do, so that what is within can be found and read.
 * A function that was written for another operator set than the graph stays a call.
 * Source: github.com/onnx/onnx, onnx.proto (FunctionProto) and docs/IR.md ("Functions").
 * @throws ModelError where functions call themselves, or grow beyond any model; FormatError where one is damaged
 */
export function withoutFunctions(file: OnnxFile, where: string): OnnxFile {
  const sets = operatorSets(file, where);
  const functions = functionsOf(file, where);
  if (functions.size === 0) return file;
  const added = new Map<string, number>();
  const isSame = ({ operatorSets }: OwnFunction): boolean =>
    [...operatorSets].every(([domain, version]) => (sets.get(domain) ?? version) === version);
  let [count, bytes, calls] = [0, 0, 0];
  const expand = (node: OnnxNode, depth: number): OnnxNode[] => {
    const own = functions.get(keyOf(node.domain, node.operator, overloadOf(node.bytes, where)));
    if (own === undefined || !isSame(own)) {
      count++;
      bytes += node.bytes.length;
      if (count > MAX_NODES || bytes > MAX_BYTES) {
        throw new ModelError(
          `${where} has functions that come to more than ${MAX_NODES} nodes or ${MAX_BYTES} bytes once they are written out.`,
        );
      }
      return [node];
    }
    if (depth > MAX_DEPTH) {
      throw new ModelError(`${where} has the function ${own.title}, which calls itself.`);
    }
    for (const [domain, version] of own.operatorSets) if (!sets.has(domain)) added.set(domain, version);
    return bodyOf(own, node, `${calls++}`, where).flatMap((inner) => expand(inner, depth + 1));
  };
  const nodes = file.nodes.flatMap((node) => expand(node, 0));
  const imports = [...added].map(([domain, version]) =>
    messageOf([
      bytesField(8, messageOf([textField(1, domain), { number: 2, kind: 'whole', value: BigInt(version) }])),
    ]),
  );
  return { ...file, nodes, modelRest: [...file.modelRest, ...imports] };
}

/** What the first node that still calls a function of the model's own calls; undefined where none does. @throws FormatError */
export function callIn(file: OnnxFile, where: string): string | undefined {
  const functions = functionsOf(file, where);
  for (const { domain, operator, bytes } of functions.size === 0 ? [] : file.nodes) {
    const own = functions.get(keyOf(domain, operator, overloadOf(bytes, where)));
    if (own !== undefined) return own.title;
  }
  return undefined;
}

function functionsOf(file: OnnxFile, where: string): Map<string, OwnFunction> {
  const fields = file.modelRest.flatMap((bytes) => [...fieldsOf(bytes, where)]);
  return new Map(
    fields.flatMap((field) =>
      field.number === 25 && field.kind === 'bytes' ? [readFunction(field.value, where)] : [],
    ),
  );
}

function keyOf(domain: string, name: string, overload: string): string {
  return JSON.stringify([domain, name, overload]);
}

function overloadOf(node: Uint8Array, where: string): string {
  for (const field of fieldsOf(node, where)) if (field.number === 8) return textOf(field);
  return '';
}

function readFunction(bytes: Uint8Array, where: string): [key: string, own: OwnFunction] {
  let [name, domain, overload] = ['', '', ''];
  const inputs: string[] = [];
  const outputs: string[] = [];
  const nodes: Uint8Array[] = [];
  const defaults = new Map<string, Uint8Array>();
  const operatorSets = new Map<string, number>();
  for (const field of fieldsOf(bytes, where)) {
    if (field.kind !== 'bytes') continue;
    if (field.number === 1) name = textOf(field);
    if (field.number === 4) inputs.push(textOf(field));
    if (field.number === 5) outputs.push(textOf(field));
    if (field.number === 7) nodes.push(field.value);
    if (field.number === 9) operatorSets.set(...operatorSet(field.value, where));
    if (field.number === 10) domain = textOf(field);
    if (field.number === 11) defaults.set(nameOf(field.value, where), field.value);
    if (field.number === 13) overload = textOf(field);
  }
  const title = domain === '' ? name : `${domain}.${name}`;
  return [keyOf(domain, name, overload), { title, inputs, outputs, nodes, defaults, operatorSets }];
}

/** What a call does, in names of the graph around it: those of the function's own begin with the call's. */
function bodyOf(own: OwnFunction, call: OnnxNode, mark: string, where: string): OnnxNode[] {
  const title = call.name === '' ? (call.outputs[0] ?? call.operator) : call.name;
  const prefix = `${title}#${mark}/`;
  const names = new Map<string, string>();
  own.inputs.forEach((input, at) => names.set(input, call.inputs[at] ?? ''));
  own.outputs.forEach((output, at) => {
    const given = call.outputs[at] ?? '';
    names.set(output, given === '' ? prefix + output : given);
  });
  const given = new Map(own.defaults);
  for (const field of fieldsOf(call.bytes, where)) {
    if (field.number === 5 && field.kind === 'bytes') given.set(nameOf(field.value, where), field.value);
  }
  const rename = (name: string): string => (name === '' ? '' : (names.get(name) ?? prefix + name));
  const scope: Scope = { rename, given, title, where };
  return own.nodes.map((node) => readNode(renamedNode(node, scope), where));
}
