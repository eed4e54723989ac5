import { input, label, type Value } from '../../../engine/graph.js';
import { add, softmax, transpose } from '../../../engine/ops/index.js';
import type { Checkpoint } from '../../checkpoint.js';
import { predictionLayer } from './prediction-head.js';
import { activationOf } from './settings.js';
import { affine, type Affine } from './weights.js';

/** What points at the answer to a question, behind a model's last layer. */
export interface AnswerHead {
  /** Labelled, in reading order: hidden, transformed where there is such a layer, logits, masked_logits, probabilities. */
  readonly steps: readonly Value[];
  /** 0 where an answer may begin and end, −∞ elsewhere. // (key) */
  readonly mask: Value;
}

/** Whether a checkpoint was trained to point at answers. */
export function hasAnswerHead(checkpoint: Checkpoint): boolean {
  return checkpoint.has('qa_outputs.weight') || isClassifier(checkpoint);
}

/** Some families name this head as they name any that sorts tokens; only the configuration tells them apart. */
function isClassifier(checkpoint: Checkpoint): boolean {
  const { config } = checkpoint;
  return (
    config.modelType === 'modernbert' &&
    checkpoint.has('classifier.weight') &&
    config
      .list('architectures')
      .some((name) => typeof name === 'string' && name.endsWith('ForQuestionAnswering'))
  );
}

/**
 * How likely an answer begins, and ends, at each token: Devlin et al. 2019, §4.2.
 * @param last the last hidden states // (n, model)
 * @throws ModelError when the head has another shape
 */
export function answerHead(checkpoint: Checkpoint, last: Value): AnswerHead {
  const [count = 0, width = 0] = last.shape;
  const hidden = label(last, {
    name: 'hidden',
    symbol: 'H',
    element: 'h',
    axes: ['query', 'model'],
    given: true,
    step: {
      title: 'Last hidden states',
      note: 'One row per token: what the last layer gives, whichever layer is looked at above.',
      scale: 'signed',
      phase: 'task',
    },
  }); // (query, model)
  const transformed = isClassifier(checkpoint) ? [modernLayer(checkpoint, hidden)] : []; // (query, model)
  const { weight, bias } = pointer(checkpoint, width);
  const named: Affine = {
    weight: label(weight, { name: 'W_A', symbol: 'W^A', axes: ['model', 'endpoint'], given: true }),
    bias: label(bias, { name: 'b_A', symbol: 'b^A', axes: ['endpoint'], given: true }),
  };
  const logits = label(affine(transformed[0] ?? hidden, named), {
    name: 'logits',
    symbol: 'L',
    element: 'l',
    axes: ['query', 'endpoint'],
    step: {
      title: 'Start and end logits',
      note: 'How well an answer may start at each token, and end there.',
      scale: 'signed',
      phase: 'task',
    },
  }); // (query, endpoint)
  const mask = label(input([count]), { name: 'M_A', symbol: 'M^A', axes: ['key'] }); // (key)
  const masked = label(add(transpose(logits), mask), {
    name: 'masked_logits',
    symbol: '\\hat{L}',
    axes: ['endpoint', 'key'],
    step: {
      title: 'Masked logits',
      note: 'An answer lies in the text; the first token stands for there being none. Everywhere else is −∞.',
      scale: 'signed',
      phase: 'task',
    },
  }); // (endpoint, key)
  const probabilities = label(softmax(masked), {
    name: 'probabilities',
    symbol: 'P',
    axes: ['endpoint', 'key'],
    step: {
      title: 'Start and end probabilities',
      note: 'Each row sums to 1. An answer is as likely as its start times its end.',
      scale: 'weights',
      phase: 'task',
    },
  }); // (endpoint, key)
  return { steps: [hidden, ...transformed, logits, masked, probabilities], mask };
}

/** // (query, model) */
function modernLayer(checkpoint: Checkpoint, hidden: Value): Value {
  const { config } = checkpoint;
  return predictionLayer(checkpoint, hidden, {
    dense: 'head.dense',
    norm: 'head.norm',
    activation: activationOf(config, 'classifier_activation'),
    epsilon: config.positive('norm_eps', 1e-5),
  });
}

/** The linear layer with two outputs. // (model, 2) and (2) */
function pointer(checkpoint: Checkpoint, width: number): Affine {
  const name = isClassifier(checkpoint) ? 'classifier' : 'qa_outputs';
  return {
    weight: transpose(checkpoint.weight(`${name}.weight`, [2, width])), // (model, endpoint)
    bias: checkpoint.weight(`${name}.bias`, [2]), // (endpoint)
  };
}
