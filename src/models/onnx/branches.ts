import { readBranch, readNode, type OnnxFile, type OnnxNode, type OnnxTensor } from '../../formats/onnx.js';
import { ModelError } from '../error.js';
import { OnnxGraph, titleOf } from './graph.js';
import { renamedGraph } from './renaming.js';
import { messageOf, textField } from './wire.js';

/** What Optimum calls the input that says whether there are keys from before; a text is read without any. */
const CACHE_BRANCH = 'use_cache_branch';

/** Branches within branches, and conditions behind conditions. */
const MAX_DEPTH = 16;

/** Nodes that leave a condition as it is. */
const transparent: ReadonlySet<string> = new Set(['Cast', 'Identity', 'Reshape', 'Squeeze', 'Unsqueeze']);

/**
 * The graph with the branch that a text takes in place of each `If` of which that is known beforehand: those that exporters put
 * around two exports of one decoder, with and without keys from before, and those that a constant decides.
 * @throws ModelError where branches lie in each other without an end; FormatError where one is damaged
 */
export function withoutBranches(file: OnnxFile, where: string): OnnxFile {
  let current = file;
  for (let depth = 0; ; depth++) {
    const graph = new OnnxGraph(current, where);
    if (!current.nodes.some((node) => branchOf(node, graph) !== undefined)) return current;
    if (depth > MAX_DEPTH)
      throw new ModelError(`${where} has more than ${MAX_DEPTH} branches in each other.`);
    const constants = new Map<string, OnnxTensor>(current.constants);
    const nodes = current.nodes.flatMap((node) => {
      const branch = branchOf(node, graph);
      if (branch === undefined) return [node];
      const { nodes: inner, constants: own, outputs } = apart(branch, node, graph);
      for (const constant of own) constants.set(constant.name, constant);
      return [
        ...inner,
        ...node.outputs.flatMap((output, at) => {
          const from = outputs[at];
          return output === '' || from === undefined || from === output
            ? []
            : [identity(from, output, where)];
        }),
      ];
    });
    current = { ...current, nodes, constants };
  }
}

/** A branch, with other names for what would be confused with values of the graph around: both branches may have given the same. */
function apart(branch: Uint8Array, node: OnnxNode, graph: OnnxGraph): ReturnType<typeof readBranch> {
  const { name: where } = graph;
  const read = readBranch(branch, where);
  const own = [...read.nodes.flatMap(({ outputs }) => outputs), ...read.constants.map(({ name }) => name)];
  const isOutput = (name: string): boolean =>
    node.outputs.some((output, at) => output === name && read.outputs[at] === name);
  const taken = new Set(own.filter((name) => name !== '' && graph.has(name) && !isOutput(name)));
  if (taken.size === 0) return read;
  const title = titleOf(node);
  const rename = (name: string): string => (taken.has(name) ? `${title}#/${name}` : name);
  const renamed = renamedGraph(branch, { rename, given: new Map(), title, where });
  return readBranch(renamed, where);
}

/** The GraphProto that an `If` runs; undefined where that is not known, and for other nodes. */
function branchOf(node: OnnxNode, graph: OnnxGraph): Uint8Array | undefined {
  if (node.operator !== 'If' || node.domain !== '') return undefined;
  const condition = conditionOf(node.inputs[0] ?? '', graph, 0);
  if (condition === undefined) return undefined;
  const branch = node.attributes.get(condition ? 'then_branch' : 'else_branch');
  return branch?.kind === 'graph' ? branch.bytes : undefined;
}

function conditionOf(value: string, graph: OnnxGraph, depth: number): boolean | undefined {
  if (depth > MAX_DEPTH) return undefined;
  if (value === CACHE_BRANCH && graph.file.inputs.some(({ name }) => name === value)) return false;
  const numbers = graph.numbers(value);
  if (numbers?.length === 1) return numbers[0] !== 0;
  const node = graph.maker(value);
  const [from = ''] = node?.inputs ?? [];
  if (node === undefined) return undefined;
  if (transparent.has(node.operator)) return conditionOf(from, graph, depth + 1);
  if (node.operator !== 'Not') return undefined;
  const inner = conditionOf(from, graph, depth + 1);
  return inner === undefined ? undefined : !inner;
}

function identity(from: string, to: string, where: string): OnnxNode {
  const bytes = messageOf([textField(1, from), textField(2, to), textField(4, 'Identity')]);
  return readNode(bytes, where);
}
