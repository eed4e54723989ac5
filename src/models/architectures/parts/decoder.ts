import type { Value } from '../../../engine/graph.js';
import {
  multiHead,
  placesWithin,
  type AttendParameters,
  type MultiHeadInputs,
} from '../../../engine/mechanisms/index.js';
import { add } from '../../../engine/ops/index.js';
import type { ModelGraph } from '../architecture.js';

/** (n, model) → (n, model) */
export type Change = (value: Value) => Value;

/** One layer of a stack that normalises before each part instead of after it. */
export interface DecoderLayer {
  /** What attention reads; left out where it reads the sum as it is. */
  readonly attentionNorm?: Change;
  readonly projections: Omit<MultiHeadInputs, 'queries' | 'keys'>;
  readonly attention: AttendParameters;
  /** Normalises what attention gives, before it is added. */
  readonly afterAttention?: Change;
  readonly feedForwardNorm: Change;
  readonly feedForward: Change;
  /** Normalises what the feed-forward network gives, before it is added. */
  readonly afterFeedForward?: Change;
  /** Both parts read the layer's input, and both are added to it (Wang & Komatsuzaki 2021). */
  readonly parallel?: boolean;
}

const unchanged: Change = (value) => value;

/**
 * A stack of layers with a norm before each part (Radford et al. 2019, §2.3), causal or not as their masks say.
 * @param embeddings (n, model)
 * @param finalNorm of the last layer's output
 */
export function decoder(
  embeddings: Value,
  stack: readonly DecoderLayer[],
  finalNorm: Change,
): Pick<ModelGraph, 'layers' | 'hiddenStates'> {
  const layers: Value[][] = [];
  const hiddenStates = [embeddings];
  const places = placesWithin(embeddings.shape[0] ?? 0);
  let X = embeddings; // (n, model)
  for (const layer of stack) {
    const { attentionNorm = unchanged, afterAttention = unchanged, afterFeedForward = unchanged } = layer;
    const normed = attentionNorm(X); // (n, model)
    const steps = multiHead(
      { ...layer.projections, queries: normed, keys: normed },
      { ...layer.attention, places },
    );
    const attended = afterAttention(steps.at(-1) ?? normed); // (n, model)
    const between = add(X, attended); // (n, model)
    const read =
      layer.parallel === true && layer.feedForwardNorm === attentionNorm
        ? normed
        : layer.feedForwardNorm(layer.parallel === true ? X : between); // (n, model)
    X = add(between, afterFeedForward(layer.feedForward(read))); // (n, model)
    layers.push(steps);
    hiddenStates.push(X);
  }
  hiddenStates[hiddenStates.length - 1] = finalNorm(X); // (n, model)
  return { layers, hiddenStates };
}

/**
 * The windows of all layers as attention takes them.
 * @param windowOf how far a layer sees to either side; undefined for all the way
 */
export function windows(
  layers: number,
  windowOf: (layer: number) => number | undefined,
): readonly Pick<AttendParameters, 'window'>[] {
  const all = Array.from({ length: layers }, (_, layer) => windowOf(layer));
  return all.some((window) => window !== undefined)
    ? all.map((window) => ({ window: window ?? 'all' }))
    : all.map(() => ({}));
}
