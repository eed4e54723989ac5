import { ModelError } from '../../error.js';
import type { FusedOperator, Operand } from '../attention.js';
import { numberOf } from '../graph.js';
import { scoreSteps } from './score-steps.js';

/**
 * ONNX's own Attention. Q, K, V are (1, head, row, feature), or (1, row, head · feature) where the node says how many heads.
 * Keys from before are an input of the export, which is fed none; where they are something else, the node is refused.
 * Source: onnx.ai/onnx/operators/onnx__Attention.html, versions 23 to 25.
 */
export const standardAttention: FusedOperator = {
  operator: 'Attention',
  domain: '',
  read(node, { shape, where }) {
    const [query = '', key = '', value = '', mask = '', ...further] = node.inputs;
    const [pastKey = '', pastValue = '', realKeys = ''] = further;
    if (query === '' || key === '' || value === '')
      throw new ModelError(`${where} lacks its query, key or value.`);
    const heads = numberOf(node, 'q_num_heads', 0);
    const groups = numberOf(node, 'kv_num_heads', heads);
    const operand = (name: string, count: number): Operand => ({
      value: name,
      lie: count === 0 ? { kind: 'rows' } : { kind: 'merged', first: 0, heads: count, of: count },
    });
    for (const past of [pastKey, pastValue].filter((name) => name !== '')) {
      const rows = shape(past)?.at(-2);
      if (shape(past) === undefined || (typeof rows === 'number' && rows > 0)) {
        throw new ModelError(
          `${where} puts keys and values from before (${past}) in front of its own, which a text does not give: export it without them, or with them as an input that may be empty.`,
        );
      }
    }
    const isCausal = numberOf(node, 'is_causal', 0) === 1;
    const [left, ahead] = ['left_window_size', 'right_window_size'].map((name) => numberOf(node, name, -1));
    const right = isCausal ? 0 : (ahead ?? -1);
    const between = [
      ...scoreSteps(node, { mask, realKeys, causal: false }),
      ...((left ?? -1) >= 0 || right >= 0
        ? [{ kind: 'reach', left: left ?? -1, right, until: realKeys } as const]
        : []),
    ];
    return {
      query: operand(query, heads),
      key: operand(key, groups),
      value: operand(value, groups),
      between,
      added: [],
    };
  },
};
