import type { Value } from '../../../engine/graph.js';
import { gelu, multiply, relu, scale, sigmoid, silu } from '../../../engine/ops/index.js';
import type { Checkpoint } from '../../checkpoint.js';
import type { Config } from '../../config.js';
import { ModelError } from '../../error.js';

/** Sizes that no model comes near; beyond them a configuration is a mistake or an attack. */
export const limits = {
  layers: { from: 1, to: 512 },
  heads: { from: 1, to: 1024 },
  width: { from: 1, to: 65_536 },
  inner: { from: 1, to: 1_048_576 },
  positions: { from: 1, to: 1_048_576 },
  vocabulary: { from: 1, to: 16_777_216 },
} as const;

/** What `hidden_act` may be; gelu_new is the tanh form. */
export const activations = {
  gelu: (value: Value) => gelu(value, 'erf'),
  gelu_python: (value: Value) => gelu(value, 'erf'),
  gelu_new: (value: Value) => gelu(value, 'tanh'),
  gelu_fast: (value: Value) => gelu(value, 'tanh'),
  gelu_pytorch_tanh: (value: Value) => gelu(value, 'tanh'),
  // Hendrycks & Gimpel 2016, §2.
  quick_gelu: (value: Value) => multiply(value, sigmoid(scale(value, 1.702, '1.702'))),
  relu,
  silu,
  swish: silu,
} as const;

export type Activation = keyof typeof activations;

export function activationOf(config: Config, name: string, standard: Activation = 'gelu'): Activation {
  return config.choice(name, Object.keys(activations).filter(isActivation), standard);
}

function isActivation(name: string): name is Activation {
  return Object.hasOwn(activations, name);
}

/** Heads share the width equally. @throws ModelError */
export function checkHeads(config: Config, width: number, heads: number): void {
  if (width % heads !== 0) {
    throw new ModelError(
      `${config.where} splits a width of ${width} into ${heads} heads, which leaves a rest.`,
    );
  }
}

/** @throws ModelError when there are none, or more than the model has positions for. */
export function checkTokens(checkpoint: Checkpoint, tokens: number, limit: number): void {
  if (!Number.isInteger(tokens) || tokens < 1 || tokens > limit) {
    throw new ModelError(`${checkpoint.name} reads 1 to ${limit} tokens at a time, not ${tokens}.`);
  }
}
