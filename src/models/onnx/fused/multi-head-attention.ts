import { ModelError } from '../../error.js';
import type { AddedNode, FusedOperator, Operand } from '../attention.js';
import { numberOf } from '../graph.js';
import { scoreSteps } from './score-steps.js';

/**
 * ONNX Runtime's MultiHeadAttention: queries, keys and values are (1, row, head · feature); a bias may still have to be added
 * to each.
 * Source: github.com/microsoft/onnxruntime, docs/ContribOperators.md, com.microsoft.MultiHeadAttention.
 */
export const multiHeadAttention: FusedOperator = {
  operator: 'MultiHeadAttention',
  domain: 'com.microsoft',
  read(node, { shape, where }) {
    const [query = '', key = '', value = '', bias = '', keys = '', added = ''] = node.inputs;
    const heads = numberOf(node, 'num_heads', 0);
    if (heads < 1) throw new ModelError(`${where} does not say how many heads it has.`);
    if (query === '' || key === '' || value === '') {
      throw new ModelError(`${where} has queries, keys and values packed into one, which is not read.`);
    }
    const [length] = bias === '' ? [0] : (shape(bias) ?? []);
    if (typeof length !== 'number' || length % 3 !== 0)
      throw new ModelError(`${where} has a bias of an unknown size.`);
    const nodes: AddedNode[] = [];
    const part = (name: string, at: number): Operand => {
      const lie = { kind: 'merged', first: 0, heads, of: heads } as const;
      if (bias === '') return { value: name, lie };
      const output = `${node.outputs[0] ?? ''}:${at}`;
      const [start, end] = [(at * length) / 3, ((at + 1) * length) / 3];
      nodes.push(
        {
          operator: 'Slice',
          domain: '',
          inputs: [bias, [start], [end]],
          output: `${output}:bias`,
          attributes: {},
        },
        { operator: 'Add', domain: '', inputs: [name, `${output}:bias`], output, attributes: {} },
      );
      return { value: output, lie };
    };
    const causal = numberOf(node, 'unidirectional', 0) === 1;
    const between = scoreSteps(node, { added, realKeys: keys, causal });
    return { query: part(query, 0), key: part(key, 1), value: part(value, 2), between, added: nodes };
  },
};
