import { ModelError } from '../../error.js';
import type { FusedOperator, Operand } from '../attention.js';
import { numberOf } from '../graph.js';
import { scoreSteps } from './score-steps.js';

/**
 * ONNX's own Attention. Q, K, V are (1, head, row, feature), or (1, row, head · feature) where the node says how many heads.
 * Source: onnx.ai/onnx/operators/onnx__Attention.html, version 23.
 */
export const standardAttention: FusedOperator = {
  operator: 'Attention',
  domain: '',
  read(node, { where }) {
    const [query = '', key = '', value = '', mask = ''] = node.inputs;
    if (query === '' || key === '' || value === '')
      throw new ModelError(`${where} lacks its query, key or value.`);
    const heads = numberOf(node, 'q_num_heads', 0);
    const groups = numberOf(node, 'kv_num_heads', heads);
    const operand = (name: string, count: number): Operand => ({
      value: name,
      lie: count === 0 ? { kind: 'rows' } : { kind: 'merged', first: 0, heads: count, of: count },
    });
    const between = scoreSteps(node, { mask, causal: numberOf(node, 'is_causal', 0) === 1 });
    return {
      query: operand(query, heads),
      key: operand(key, groups),
      value: operand(value, groups),
      between,
      added: [],
    };
  },
};
