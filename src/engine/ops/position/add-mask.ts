import { binding, inside } from '../../expression.js';
import type { Value } from '../../graph.js';
import { maskedBefore } from '../cases.js';
import { binary, type Binary } from '../elementwise.js';
import { checkMaskShape } from './mask-keys.js';

/**
 * Adds a mask to scores. Where it is −∞ the result is, whatever the score: one that is no number does not get past it.
 * @param scores (…, query, key)
 * @param added repeated along the axes that it lacks, or that are 1: (key), (query, key), (head, query, key)
 */
export function addMask(scores: Value, added: Value): Value {
  checkMaskShape(scores.shape, added.shape);
  return binary(scores, added, description);
}

const description: Binary = {
  name: 'add-mask',
  compute: (score, added) => (added === -Infinity ? -Infinity : score + added),

  onnx(emitter, score, added) {
    const nothing = emitter.floats([-Infinity], []);
    return emitter.node('Where', [
      emitter.node('Equal', [added, nothing]),
      nothing,
      emitter.node('Add', [score, added]),
    ]);
  },

  print(language, score, added) {
    const sum = `${inside(score, binding.sum, language)} + ${inside(added, binding.sum, language)}`;
    if (language === 'tex') return { text: sum, binding: binding.sum };
    const [where, nothing] =
      language === 'numpy' ? ['np.where', '-np.inf'] : ['torch.where', 'float("-inf")'];
    return { text: `${where}(${added.text} == ${nothing}, ${nothing}, ${sum})`, binding: binding.atom };
  },

  printCell: (score, added) => ({
    text: `${score.text} + ${inside(added, added.text.startsWith('-') ? binding.atom : binding.sum, 'tex')}`,
    binding: binding.sum,
  }),
  remark(score, added) {
    if (added === -Infinity) return 'Masked: the mask has −∞ here.';
    return score === -Infinity ? maskedBefore : undefined;
  },
  vjp: (upstream) => [upstream, upstream],
};
