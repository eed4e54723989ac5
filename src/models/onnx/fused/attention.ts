import { ModelError } from '../../error.js';
import type { AddedNode, FusedOperator, Operand } from '../attention.js';
import { numberOf } from '../graph.js';
import { scoreSteps } from './score-steps.js';

/**
 * ONNX Runtime's Attention: one product makes queries, keys and values of all heads, side by side.
 * Source: github.com/microsoft/onnxruntime, docs/ContribOperators.md, com.microsoft.Attention.
 */
export const attention: FusedOperator = {
  operator: 'Attention',
  domain: 'com.microsoft',
  read(node, { where }) {
    const [input = '', weights = '', bias = '', keys = '', , added = ''] = node.inputs;
    const heads = numberOf(node, 'num_heads', 0);
    if (heads < 1 || input === '' || weights === '')
      throw new ModelError(`${where} says nothing of its heads or weights.`);
    const sizes = node.attributes.get('qkv_hidden_sizes');
    if (sizes?.kind === 'numbers' && new Set(sizes.values).size > 1) {
      throw new ModelError(
        `${where} has queries and values of different sizes (${sizes.values.join(', ')}), which are not read.`,
      );
    }
    if (numberOf(node, 'do_rotary', 0) === 1) {
      throw new ModelError(`${where} turns its queries and keys by itself (do_rotary), which is not read.`);
    }
    const product = `${node.outputs[0] ?? ''}:product`;
    const packed = bias === '' ? product : `${node.outputs[0] ?? ''}:packed`;
    const nodes: AddedNode[] = [
      { operator: 'MatMul', domain: '', inputs: [input, weights], output: product, attributes: {} },
      ...(bias === ''
        ? []
        : [
            { operator: 'Add', domain: '' as const, inputs: [product, bias], output: packed, attributes: {} },
          ]),
    ];
    const part = (at: number): Operand => ({
      value: packed,
      lie: { kind: 'merged', first: at * heads, heads, of: 3 * heads },
    });
    const causal = numberOf(node, 'unidirectional', 0) === 1;
    const between = scoreSteps(node, { added, realKeys: keys, causal });
    return { query: part(0), key: part(1), value: part(2), between, added: nodes };
  },
};
