import { label, type Value } from '../../engine/graph.js';
import type { Checkpoint } from '../checkpoint.js';
import { activations, type Activation } from './settings.js';
import { affine, Weights } from './weights.js';

/** A layer between the last hidden states and what is read from them, as a checkpoint calls its parts. */
export interface PredictionLayer {
  readonly dense: string;
  readonly norm: string;
  readonly activation: Activation;
  readonly epsilon: number;
}

/**
 * A linear layer, an activation and a norm: Devlin et al. 2019, in the code that came with it.
 * @param hidden (n, model)
 * @returns a labelled step // (n, width), as wide as its weights say
 * @throws ModelError when a weight is missing or has another shape
 */
export function predictionLayer(
  checkpoint: Checkpoint,
  hidden: Value,
  { dense, norm, activation, epsilon }: PredictionLayer,
  width = hidden.shape[1] ?? 0,
): Value {
  const weights = new Weights(checkpoint, '', '');
  const [, model = 0] = hidden.shape;
  const { weight, bias } = checkpoint.has(`${dense}.bias`)
    ? weights.linear(dense, model, width)
    : { ...weights.matrix(dense, model, width), bias: undefined };
  const shifted = checkpoint.has(`${norm}.bias`) || checkpoint.has(`${norm}.beta`);
  const normalise = shifted ? weights.norm(norm, width) : weights.unshiftedNorm(norm, width);
  const W = label(weight, { name: 'W_T', symbol: 'W^T', axes: ['model', 'model'], given: true }); // (model, width)
  const b = bias && label(bias, { name: 'b_T', symbol: 'b^T', axes: ['model'], given: true }); // (width)
  const widened = activations[activation](affine(hidden, { weight: W, bias: b })); // (n, width)
  return label(normalise(widened, epsilon), {
    name: 'transformed',
    symbol: 'T',
    element: 't',
    axes: ['query', 'model'],
    step: {
      title: 'Transformed',
      note: 'One more layer before what is said of each token.',
      scale: 'signed',
      phase: 'task',
    },
  }); // (n, width)
}
