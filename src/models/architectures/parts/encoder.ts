import type { Value } from '../../../engine/graph.js';
import { multiHead, placesWithin, type AttendParameters } from '../../../engine/mechanisms/index.js';
import { add, matmul } from '../../../engine/ops/index.js';
import type { ModelGraph } from '../architecture.js';
import { activations, type Activation } from './settings.js';
import type { Weights } from './weights.js';

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
  const places = placesWithin(embeddings.shape[0] ?? 0);
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
      { ...attention, places },
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
