import { wholeOf, type Tensor, type TensorSource } from '../engine/tensor.js';

/**
 * The numbers of weights that ONNX Runtime cannot read from their files by itself: quantised ones, and those that lie otherwise
 * than they are used. All sessions are fed the same numbers; those that were used last stay for the next run.
 */
export class WeightStore {
  /** In order of use, the latest last. */
  private readonly held = new Map<TensorSource, Tensor<Float32Array>>();
  private total = 0;

  /** How many bytes are held. */
  get bytes(): number {
    return this.total;
  }

  async get(source: TensorSource): Promise<Tensor<Float32Array>> {
    const known = this.held.get(source);
    const numbers = known ?? (await source.read(wholeOf(source.shape)));
    if (known === undefined) this.total += numbers.data.byteLength;
    this.held.delete(source);
    this.held.set(source, numbers);
    return numbers;
  }

  /** Lets go of what was not used for longest, until no more than so many bytes are held. */
  shrink(bytes: number): void {
    for (const [source, { data }] of this.held) {
      if (this.total <= bytes) return;
      this.held.delete(source);
      this.total -= data.byteLength;
    }
  }
}
