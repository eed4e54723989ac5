import type { OnnxNode } from '../../formats/onnx.js';
import { ModelError } from '../error.js';
import type { FoundAttention, FusedContext } from './attention.js';
import { fusedOperators } from './fused/index.js';
import { callIn } from './functions.js';
import { titleOf, type OnnxGraph } from './graph.js';
import { findPattern, isOverQueries } from './pattern.js';

/** Operators that hold attention in a form that is not read. */
const unread: ReadonlySet<string> = new Set([
  'DecoderMaskedMultiHeadAttention',
  'DecoderMaskedSelfAttention',
  'LongformerAttention',
  'PackedAttention',
  'PackedMultiHeadAttention',
  'PagedAttention',
  'QAttention',
  'QOrderedAttention',
  'SparseAttention',
]);

/**
 * All attention of a graph, in its order.
 * @throws ModelError where there is none, or some of it is in a form that is not read
 */
export function findAttention(graph: OnnxGraph): readonly FoundAttention[] {
  const found = graph.file.nodes.flatMap((node) => attentionAt(node, graph) ?? []);
  const hidden = graph.file.nodes.find(({ operator }) => unread.has(operator));
  if (hidden !== undefined) {
    throw new ModelError(
      `${graph.name}: ${titleOf(hidden)} is ${hidden.operator}, whose queries and keys cannot be read.`,
    );
  }
  if (found.length > 0) return found;
  const other = graph.file.nodes.find((node) => node.operator === 'Softmax' && isOverQueries(node, graph));
  if (other !== undefined) {
    throw new ModelError(
      `${graph.name}: the softmax ${titleOf(other)} runs over the queries, and not over the keys: such attention is not read.`,
    );
  }
  const call = callIn(graph.file, graph.name);
  if (call !== undefined) {
    throw new ModelError(
      `${graph.name} has its layers in functions of its own, of which ${call} is written for another operator set than the graph: export it for one, or without functions.`,
    );
  }
  const branch = graph.file.nodes.find(({ attributes }) =>
    [...attributes.values()].some(({ kind }) => kind === 'graph'),
  );
  throw new ModelError(
    branch === undefined
      ? `${graph.name} has no attention that was found: of its ${graph.file.nodes.length} nodes none is a softmax between two products, nor attention as one node.`
      : `${graph.name} has its layers in the branches of ${titleOf(branch)} (${branch.operator}), where attention cannot be read: choose an export without branches, such as decoder_model.onnx.`,
  );
}

function attentionAt(node: OnnxNode, graph: OnnxGraph): FoundAttention | undefined {
  if (node.operator === 'Softmax') return findPattern(node, graph);
  const fused = fusedOperators.find(
    ({ operator, domain }) => operator === node.operator && domain === node.domain,
  );
  if (fused === undefined) return undefined;
  const inputs = new Map(graph.file.inputs.map(({ name, shape }) => [name, shape]));
  const context: FusedContext = {
    shape: (value) => graph.shape(value) ?? inputs.get(value),
    where: `${graph.name}: ${titleOf(node)}`,
  };
  const [output = ''] = node.outputs;
  return {
    title: titleOf(node),
    operator: node.operator,
    ...fused.read(node, context),
    result: { kind: 'output', value: output },
  };
}
