import type { Value } from '../../engine/graph.js';
import { multiHead, type AttendParameters } from '../../engine/mechanisms/index.js';
import { add, gelu, layerNorm, matmul, relu, transpose } from '../../engine/ops/index.js';
import type { Checkpoint } from '../checkpoint.js';
import type { Config } from '../config.js';
import { ModelError } from '../error.js';
import type { ModelGraph } from './architecture.js';

/** Sizes that no model comes near; beyond them a configuration is a mistake or an attack. */
export const sane = {
  layers: { from: 1, to: 512 },
  heads: { from: 1, to: 1024 },
  width: { from: 1, to: 65_536 },
  inner: { from: 1, to: 1_048_576 },
  positions: { from: 1, to: 1_048_576 },
  vocabulary: { from: 1, to: 16_777_216 },
} as const;

/** What `hidden_act` may be; gelu_new is the tanh form. */
const activations = {
  gelu: (value: Value) => gelu(value, 'erf'),
  gelu_python: (value: Value) => gelu(value, 'erf'),
  gelu_new: (value: Value) => gelu(value, 'tanh'),
  gelu_pytorch_tanh: (value: Value) => gelu(value, 'tanh'),
  relu,
} as const;

type Activation = keyof typeof activations;

export function activationOf(config: Config, name: string): Activation {
  return config.choice(name, Object.keys(activations).filter(isActivation), 'gelu');
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

/** A checkpoint's weights under the names they have behind a common prefix. */
export class Weights {
  private readonly prefix: string;

  /** @param prefix what names begin with where the checkpoint has a head on top: "bert."; `anchor` tells */
  constructor(
    private readonly checkpoint: Checkpoint,
    prefix: string,
    anchor: string,
  ) {
    this.prefix = checkpoint.has(prefix + anchor) ? prefix : '';
  }

  /** (rows, columns), as it is stored */
  table(name: string, rows: number, columns: number): Value {
    return this.checkpoint.weight(`${this.prefix}${name}.weight`, [rows, columns]);
  }

  /** A linear layer; PyTorch stores its weight as (out, in). */
  linear(name: string, from: number, to: number): { readonly weight: Value; readonly bias: Value } {
    const stored = this.table(name, to, from); // (out, in)
    return {
      weight: transpose(stored), // (in, out)
      bias: this.checkpoint.weight(`${this.prefix}${name}.bias`, [to]), // (out)
    };
  }

  /** A layer norm; checkpoints that come from TensorFlow call its weight gamma and its bias beta. */
  norm(name: string, width: number): (value: Value, epsilon: number) => Value {
    const full = `${this.prefix}${name}`;
    const fromTensorFlow = this.checkpoint.has(`${full}.gamma`) && !this.checkpoint.has(`${full}.weight`);
    const [scale, shift] = fromTensorFlow ? ['gamma', 'beta'] : ['weight', 'bias'];
    const weight = this.checkpoint.weight(`${full}.${scale}`, [width]); // (model)
    const bias = this.checkpoint.weight(`${full}.${shift}`, [width]); // (model)
    return (value, epsilon) => layerNorm(value, weight, bias, epsilon);
  }
}

/** The names of one layer's weights. */
export interface LayerNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly output: string;
  readonly attentionNorm: string;
  readonly inner: string;
  readonly outer: string;
  readonly outputNorm: string;
}

export interface EncoderSizes {
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  /** Of the feed-forward network. */
  readonly inner: number;
  readonly activation: Activation;
  readonly epsilon: number;
}

/**
 * A stack of encoder layers that normalise after each sum: Vaswani et al. 2017, §3.1, as BERT has it.
 * @param embeddings (n, model)
 * @param names of layer 0, 1, …
 */
export function encoder(
  weights: Weights,
  embeddings: Value,
  sizes: EncoderSizes,
  names: (layer: number) => LayerNames,
  attention: AttendParameters,
): Pick<ModelGraph, 'layers' | 'hiddenStates'> {
  const { width, inner, heads, epsilon } = sizes;
  const layers: Value[][] = [];
  const hiddenStates = [embeddings];
  let X = embeddings; // (n, model)
  for (let layer = 0; layer < sizes.layers; layer++) {
    const name = names(layer);
    const steps = multiHead(
      {
        queries: X,
        keys: X,
        Q: weights.linear(name.query, width, width),
        K: weights.linear(name.key, width, width),
        V: weights.linear(name.value, width, width),
        output: weights.linear(name.output, width, width),
        heads,
        groups: heads,
      },
      attention,
    );
    const attended = steps.at(-1) ?? X; // (n, model)
    const between = weights.norm(name.attentionNorm, width)(add(attended, X), epsilon); // (n, model)
    const up = weights.linear(name.inner, width, inner);
    const down = weights.linear(name.outer, inner, width);
    const widened = activations[sizes.activation](add(matmul(between, up.weight), up.bias)); // (n, inner)
    const narrowed = add(matmul(widened, down.weight), down.bias); // (n, model)
    X = weights.norm(name.outputNorm, width)(add(narrowed, between), epsilon); // (n, model)
    layers.push(steps);
    hiddenStates.push(X);
  }
  return { layers, hiddenStates };
}
