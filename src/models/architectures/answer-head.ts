import type { Value } from '../../engine/graph.js';
import { add, matmul, transpose } from '../../engine/ops/index.js';
import type { Checkpoint } from '../checkpoint.js';

const name = 'qa_outputs';

/** Whether a checkpoint was trained to point at answers. */
export function hasAnswerHead(checkpoint: Checkpoint): boolean {
  return checkpoint.has(`${name}.weight`);
}

/**
 * How well an answer may begin, and end, at each token: Devlin et al. 2019, §4.2.
 * @param hidden the last hidden states // (n, model)
 * @returns logits of beginnings and of ends // (n, 2)
 * @throws ModelError when the head has another shape
 */
export function answerLogits(checkpoint: Checkpoint, hidden: Value): Value {
  const [, width = 0] = hidden.shape;
  const weight = transpose(checkpoint.weight(`${name}.weight`, [2, width])); // (model, 2)
  return add(matmul(hidden, weight), checkpoint.weight(`${name}.bias`, [2])); // (n, 2)
}
