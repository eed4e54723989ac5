import type { Value } from '../engine/graph.js';
import { restrict, type Target } from '../engine/restrict.js';
import { cut, type Region, type Tensor } from '../engine/tensor.js';
import type { Runtime } from '../runtime/session.js';
import type { Layer } from './subject.js';

/**
 * Gives any part of any value of a layer: what is kept is read, everything else is computed for that part alone, by
 * the layer's own graph in ONNX Runtime.
 */
export class LayerReader {
  constructor(
    private readonly layer: Layer,
    private readonly runtime: Runtime,
  ) {}

  async read(value: Value, region: Region): Promise<Tensor<Float32Array>> {
    const [tensor] = await this.readAll([{ value, region }]);
    if (tensor === undefined) throw new Error('A read gave nothing.');
    return tensor;
  }

  /** Several parts in one run. */
  async readAll(targets: readonly Target[]): Promise<Tensor<Float32Array>[]> {
    const results = new Map<Target, Tensor<Float32Array>>();
    const computed: Target[] = [];
    for (const target of targets) {
      const leaf = this.readLeaf(target.value, target.region);
      if (leaf === undefined) computed.push(target);
      else results.set(target, await leaf);
    }
    if (computed.length > 0) {
      const restriction = restrict(computed, (value) => this.layer.kept.has(value));
      const feeds = new Map<Value, Tensor>();
      for (const { leaf, original, region } of restriction.feeds) {
        const tensor = this.readLeaf(original, region);
        if (tensor === undefined) throw new Error(`${original.label?.name ?? 'An input'} was not given.`);
        feeds.set(leaf, await tensor);
      }
      const tensors = await this.runtime.run(restriction.targets, feeds);
      computed.forEach((target, at) => {
        const [tensor, held] = [tensors[at], restriction.regions[at]];
        if (tensor === undefined || held === undefined) return;
        results.set(target, cutTo(tensor, held, target.region));
      });
    }
    return targets.flatMap((target) => results.get(target) ?? []);
  }

  /** The numbers of what is not computed; undefined for what is. */
  private readLeaf(value: Value, region: Region): Promise<Tensor<Float32Array>> | undefined {
    const kept = this.layer.kept.get(value);
    if (kept !== undefined) return kept.read(region);
    switch (value.origin.kind) {
      case 'parameter':
        return value.origin.source.read(region);
      case 'positions': {
        const [range = { start: 0, end: 0 }] = region;
        const data = Float32Array.from({ length: range.end - range.start }, (_, at) => range.start + at);
        return Promise.resolve({ shape: [data.length], data });
      }
      case 'input':
      case 'operation':
        return undefined;
    }
  }
}

/** Of a tensor that holds `held`, the part `wanted`. */
function cutTo(tensor: Tensor<Float32Array>, held: Region, wanted: Region): Tensor<Float32Array> {
  const same = held.every(
    ({ start, end }, axis) => start === wanted[axis]?.start && end === wanted[axis]?.end,
  );
  if (same) return tensor;
  return cut(
    tensor,
    wanted.map((range, axis) => {
      const offset = held[axis]?.start ?? 0;
      return { start: range.start - offset, end: range.end - offset };
    }),
  );
}
