import type { Value } from '../engine/graph.js';
import type { Region, Tensor } from '../engine/tensor.js';

/** The numbers of a part of a leaf that has them by itself: a weight, positions; undefined for what is fed or computed. */
export function leafNumbers({ origin }: Value, region: Region): Promise<Tensor<Float32Array>> | undefined {
  switch (origin.kind) {
    case 'parameter':
      return origin.source.read(region);
    case 'positions': {
      const [range = { start: 0, end: 0 }] = region;
      const first = origin.start + range.start;
      const data = Float32Array.from({ length: range.end - range.start }, (_, at) => first + at);
      return Promise.resolve({ shape: [data.length], data });
    }
    case 'input':
    case 'operation':
      return undefined;
  }
}
