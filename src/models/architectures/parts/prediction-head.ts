import { label, positions, type Value } from '../../../engine/graph.js';
import { full, layerNorm } from '../../../engine/ops/index.js';
import type { Checkpoint } from '../../checkpoint.js';
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
 * A linear layer, an activation and a norm: Devlin et al. 2019, in the code that came with it. Both biases may be missing.
 * @param hidden labelled // (n, model)
 * @returns a labelled step // (n, model)
 * @throws ModelError when a weight is missing or has another shape
 */
export function predictionLayer(
  checkpoint: Checkpoint,
  hidden: Value,
  { dense, norm, activation, epsilon }: PredictionLayer,
): Value {
  const weights = new Weights(checkpoint, '', '');
  const [, width = 0] = hidden.shape;
  const vector = (of: string, name: string, symbol: string): Value | undefined =>
    weights.has(of)
      ? label(weights.vector(of, width), { name, symbol, axes: ['model'], given: true }) // (model)
      : undefined;
  const weight = label(weights.matrix(dense, width, width).weight, {
    name: 'W_T',
    symbol: 'W^T',
    axes: ['model', 'model'],
    given: true,
  }); // (model, model)
  const bias = vector(`${dense}.bias`, 'b_T', 'b^T');
  const scale = label(weights.vector(`${norm}.weight`, width), {
    name: 'g_T',
    symbol: 'g^T',
    axes: ['model'],
    given: true,
  }); // (model)
  // A formula and a program need a name for every leaf.
  const features = label(positions(width), { name: 'features', symbol: 'i', axes: ['model'] }); // (model)
  const shift = vector(`${norm}.bias`, 'c_T', 'c^T') ?? full(features, 0); // (model)
  const activated = activations[activation](affine(hidden, { weight, bias })); // (n, model)
  return label(layerNorm(activated, scale, shift, epsilon), {
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
  }); // (n, model)
}
