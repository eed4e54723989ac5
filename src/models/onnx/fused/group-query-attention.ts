import { ModelError } from '../../error.js';
import type { AddedNode, FusedOperator, Operand } from '../attention.js';
import { numberOf } from '../graph.js';
import { scoreSteps } from './score-steps.js';

/**
 * ONNX Runtime's GroupQueryAttention: causal, several query heads to one of keys and values, and turned by their positions
 * where the node says so.
 * Source: github.com/microsoft/onnxruntime, docs/ContribOperators.md, com.microsoft.GroupQueryAttention.
 */
export const groupQueryAttention: FusedOperator = {
  operator: 'GroupQueryAttention',
  domain: 'com.microsoft',
  read(node, { shape, where }) {
    const [query = '', key = '', value = '', past = '', , , , cosines = '', sines = ''] = node.inputs;
    const heads = numberOf(node, 'num_heads', 0);
    const groups = numberOf(node, 'kv_num_heads', 0);
    if (heads < 1 || groups < 1) throw new ModelError(`${where} does not say how many heads it has.`);
    if (numberOf(node, 'smooth_softmax', 0) === 1 || (node.inputs[11] ?? '') !== '') {
      throw new ModelError(`${where} has a sink in its softmax, which is not read in an export.`);
    }
    const nodes: AddedNode[] = [];
    const name = (part: string): string => `${node.outputs[0] ?? ''}:${part}`;
    const split = (): [string, string, string] => {
      if (key !== '') return [query, key, value];
      const size = shape(past)?.[3];
      if (typeof size !== 'number') {
        throw new ModelError(
          `${where} has queries, keys and values packed into one, and does not say how large a head is.`,
        );
      }
      const ends = [heads * size, (heads + groups) * size, (heads + 2 * groups) * size];
      const parts = ['q', 'k', 'v'].map((part, at) => {
        const inputs = [query, [ends[at - 1] ?? 0], [ends[at] ?? 0], [2]];
        nodes.push({ operator: 'Slice', domain: '', inputs, output: name(part), attributes: {} });
        return name(part);
      });
      return [parts[0] ?? '', parts[1] ?? '', parts[2] ?? ''];
    };
    const [queries, keys, values] = split();
    const turned = (from: string, part: string, count: number): string => {
      if (numberOf(node, 'do_rotary', 0) === 0) return from;
      const attributes = { num_heads: count, interleaved: numberOf(node, 'rotary_interleaved', 0) };
      const inputs = [from, [0], cosines, sines];
      nodes.push({
        operator: 'RotaryEmbedding',
        domain: 'com.microsoft',
        inputs,
        output: name(part),
        attributes,
      });
      return name(part);
    };
    const operand = (from: string, count: number): Operand => ({
      value: from,
      lie: { kind: 'merged', first: 0, heads: count, of: count },
    });
    const window = numberOf(node, 'local_window_size', -1);
    const between = scoreSteps(node, { added: node.inputs[10], causal: true, window });
    return {
      query: operand(turned(queries, 'turned_q', heads), heads),
      key: operand(turned(keys, 'turned_k', groups), groups),
      value: operand(values, groups),
      between,
      added: nodes,
    };
  },
};
