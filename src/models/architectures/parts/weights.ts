import { positions, type Value } from '../../../engine/graph.js';
import type { Projection } from '../../../engine/mechanisms/index.js';
import { add, full, layerNorm, matmul, rmsNorm, slice, transpose } from '../../../engine/ops/index.js';
import type { Range } from '../../../engine/tensor.js';
import type { Checkpoint } from '../../checkpoint.js';

/** A linear layer with a bias. */
export interface Affine {
  /** (in, out) */
  readonly weight: Value;
  /** (out) */
  readonly bias: Value;
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

  has(name: string): boolean {
    return this.checkpoint.has(this.prefix + name);
  }

  /** (rows, columns), as it is stored */
  table(name: string, rows: number, columns: number): Value {
    return this.checkpoint.weight(`${this.prefix}${name}.weight`, [rows, columns]);
  }

  /**
   * What the table of words of one half is called: its own, the one that both share, or the other half's, which is then the same.
   * Whether a file holds more than one of them is up to whoever saved it.
   */
  wordTable(side: 'encoder' | 'decoder' | 'head'): string {
    const halves = side === 'encoder' ? ['encoder', 'decoder'] : ['decoder', 'encoder'];
    const [own = '', other = ''] = halves.map((half) => `${half}.embed_tokens`);
    // A language head without a weight of its own is tied to the shared one.
    const order = side === 'head' ? ['shared', own, other] : [own, 'shared', other];
    return order.find((name) => this.has(`${name}.weight`)) ?? 'shared';
  }

  /** (extent) */
  vector(name: string, extent: number): Value {
    return this.checkpoint.weight(`${this.prefix}${name}`, [extent]);
  }

  /** A linear layer; PyTorch stores its weight as (out, in). */
  linear(name: string, from: number, to: number): Affine {
    return { ...this.matrix(name, from, to), bias: this.vector(`${name}.bias`, to) };
  }

  /** A linear layer without a bias. */
  matrix(name: string, from: number, to: number): { readonly weight: Value } {
    const stored = this.table(name, to, from); // (out, in)
    return { weight: transpose(stored) }; // (in, out)
  }

  /** A linear layer that is stored as (in, out), the way of GPT-2’s own code. */
  upright(name: string, from: number, to: number): Affine {
    return {
      weight: this.table(name, from, to), // (in, out)
      bias: this.vector(`${name}.bias`, to), // (out)
    };
  }

  /** A layer norm; checkpoints that come from TensorFlow call its weight gamma and its bias beta. */
  norm(name: string, width: number): (value: Value, epsilon: number) => Value {
    const full = `${this.prefix}${name}`;
    const fromTensorFlow = this.checkpoint.has(`${full}.gamma`) && !this.checkpoint.has(`${full}.weight`);
    const [scale, shift] = fromTensorFlow ? ['gamma', 'beta'] : ['weight', 'bias'];
    const weight = this.vector(`${name}.${scale}`, width); // (model)
    const bias = this.vector(`${name}.${shift}`, width); // (model)
    return (value, epsilon) => layerNorm(value, weight, bias, epsilon);
  }

  /** A layer norm that is not shifted. */
  unshiftedNorm(name: string, width: number): (value: Value, epsilon: number) => Value {
    const weight = this.vector(`${name}.weight`, width); // (model)
    const zeros = full(positions(width), 0); // (model)
    return (value, epsilon) => layerNorm(value, weight, zeros, epsilon);
  }

  /** A root-mean-square norm. @param offset 1 where the weight is kept as its distance from 1 */
  rmsNorm(name: string, width: number, epsilon: number, offset: 0 | 1 = 0): (value: Value) => Value {
    const weight = this.vector(`${name}.weight`, width); // (width)
    return (value) => rmsNorm(value, weight, epsilon, offset);
  }
}

/** Some columns of what a linear layer gives: of a weight that holds queries, keys and values side by side. */
export function columns({ weight, bias }: Projection, range: Range): Projection {
  const rows = { start: 0, end: weight.shape[0] ?? 0 };
  return {
    weight: slice(weight, [rows, range]), // (in, part of out)
    bias: bias && slice(bias, [range]), // (part of out)
  };
}

/** value · weight + bias // (…, out) */
export function affine(value: Value, { weight, bias }: Projection): Value {
  const product = matmul(value, weight);
  return bias === undefined ? product : add(product, bias);
}
