import { label, type Value } from '../../../engine/graph.js';
import { relu, scale, slice, sumTo, tanh, transpose } from '../../../engine/ops/index.js';
import { wholeOf } from '../../../engine/tensor.js';
import type { Checkpoint } from '../../checkpoint.js';
import type { Change } from './decoder.js';
import { predictionLayer } from './prediction-head.js';
import { activationOf, activations } from './settings.js';
import { affine } from './weights.js';

/** Whether a checkpoint was trained to sort whole texts; one that sorts tokens names its weights alike. */
export function sortsTexts(checkpoint: Checkpoint): boolean {
  const isMeant = checkpoint.config
    .list('architectures')
    .some((name) => typeof name === 'string' && name.endsWith('ForSequenceClassification'));
  return (
    isMeant &&
    ['classifier.weight', 'classifier.out_proj.weight', 'score.weight'].some((name) => checkpoint.has(name))
  );
}

/**
 * What a model takes a whole text for, from its last hidden states, as each family has it in transformers (5.24).
 * @param last // (n, model)
 * @returns (1, label)
 * @throws ModelError when a weight is missing or has another shape
 */
export function textLogits(checkpoint: Checkpoint, last: Value): Value {
  const [count = 0, width = 0] = last.shape;
  const row = (at: number): Value => {
    const [, model = { start: 0, end: 0 }] = wholeOf(last.shape);
    return slice(last, [{ start: at, end: at + 1 }, model]); // (1, model)
  };
  // Of causal models the last token alone has seen all of the text.
  if (checkpoint.has('score.weight')) return sorter(checkpoint, 'score', width)(row(count - 1));
  if (checkpoint.has('classifier.out_proj.weight')) {
    const activation = checkpoint.config.modelType === 'electra' ? activations.gelu : tanh;
    const dense = activation(layer(checkpoint, 'classifier.dense', width)(row(0))); // (1, model)
    return sorter(checkpoint, 'classifier.out_proj', width)(dense);
  }
  const sort = sorter(checkpoint, 'classifier', width);
  if (checkpoint.has('pre_classifier.weight')) {
    return sort(relu(layer(checkpoint, 'pre_classifier', width)(row(0))));
  }
  if (checkpoint.has('head.dense.weight')) return sort(pooledThenChanged(checkpoint, last, row(0)));
  const pooler = checkpoint.names.find((name) => /(?:^|\.)pooler(?:\.dense)?\.weight$/.test(name));
  return sort(
    pooler === undefined
      ? row(0)
      : tanh(layer(checkpoint, pooler.slice(0, -'.weight'.length), width)(row(0))),
  );
}

/** ModernBERT's: one vector for the text, the first token's or the mean of all, then a layer like that for masked tokens. // (1, model) */
function pooledThenChanged(checkpoint: Checkpoint, last: Value, first: Value): Value {
  const { config } = checkpoint;
  const [count = 1, width = 1] = last.shape;
  const pooled =
    config.choice('classifier_pooling', ['cls', 'mean'], 'cls') === 'cls'
      ? first
      : scale(sumTo(last, [1, width]), 1 / count, `\\tfrac{1}{${count}}`);
  const hidden = label(pooled, { name: 'pooled', symbol: 'p', axes: ['query', 'model'] }); // (1, model)
  return predictionLayer(checkpoint, hidden, {
    dense: 'head.dense',
    norm: 'head.norm',
    activation: activationOf(config, 'classifier_activation'),
    epsilon: config.positive('norm_eps', 1e-5),
  });
}

/** A linear layer to the labels, however many; its bias may be missing. // (1, model) → (1, label) */
function sorter(checkpoint: Checkpoint, name: string, width: number): Change {
  const labels = checkpoint.tensors.get(`${name}.weight`)?.shape[0] ?? 0;
  return linear(checkpoint, name, width, labels);
}

function layer(checkpoint: Checkpoint, name: string, width: number): Change {
  return linear(checkpoint, name, width, width);
}

function linear(checkpoint: Checkpoint, name: string, from: number, to: number): Change {
  const weight = transpose(checkpoint.weight(`${name}.weight`, [to, from])); // (from, to)
  const bias = checkpoint.has(`${name}.bias`) ? checkpoint.weight(`${name}.bias`, [to]) : undefined; // (to)
  return (value) => affine(value, { weight, bias });
}
