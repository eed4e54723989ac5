import type { Value } from '../../../engine/graph.js';
import {
  multiHead,
  placesWithin,
  type AttendParameters,
  type MultiHeadInputs,
} from '../../../engine/mechanisms/index.js';
import { add } from '../../../engine/ops/index.js';
import type { Change } from '../parts/decoder.js';

/** Where a part of a layer is normalised: what it reads, or the sum that it makes (Xiong et al. 2020). */
export type NormOrder = 'before' | 'after';

/** Attention as a part of a layer. */
export interface AttentionPart {
  readonly norm: Change;
  readonly projections: Omit<MultiHeadInputs, 'queries' | 'keys'>;
  readonly attention: AttendParameters;
}

/** One layer of an encoder–decoder Transformer's halves. */
export interface SequenceLayer {
  readonly self: AttentionPart;
  /** To the source, in a decoder. */
  readonly cross?: AttentionPart & { readonly memory: Value };
  readonly feedForward: { readonly norm: Change; readonly change: Change };
}

export interface SequenceStack {
  /** The labelled steps of each layer's attention. */
  readonly layers: readonly (readonly Value[])[];
  /** Of each layer's attention to the source; none in an encoder. */
  readonly cross: readonly (readonly Value[])[];
  /** The embeddings, then each layer's output. // each (n, model) */
  readonly hiddenStates: readonly Value[];
}

/**
 * The layers of one half of an encoder–decoder Transformer: Vaswani et al. 2017, §3.1.
 * @param embeddings (n, model)
 * @param last normalises the last layer's output
 */
export function sequenceStack(
  embeddings: Value,
  order: NormOrder,
  stack: readonly SequenceLayer[],
  last: Change = (value) => value,
): SequenceStack {
  const places = placesWithin(embeddings.shape[0] ?? 0);
  const layers: Value[][] = [];
  const cross: Value[][] = [];
  const hiddenStates = [embeddings];
  /** X + part(norm(X)), or norm(X + part(X)) // (n, model) */
  const added = (X: Value, norm: Change, part: Change): Value =>
    order === 'before' ? add(X, part(norm(X))) : norm(add(X, part(X)));
  const attended = (into: Value[][], steps: Value[], input: Value): Value => {
    into.push(steps);
    return steps.at(-1) ?? input;
  };

  let X = embeddings; // (n, model)
  for (const layer of stack) {
    const { self, feedForward } = layer;
    X = added(X, self.norm, (read) => {
      const inputs = { ...self.projections, queries: read, keys: read };
      return attended(layers, multiHead(inputs, { ...self.attention, places }), read);
    }); // (n, model)
    if (layer.cross !== undefined) {
      const { norm, projections, attention, memory } = layer.cross;
      X = added(X, norm, (read) =>
        attended(cross, multiHead({ ...projections, queries: read, keys: memory }, attention), read),
      ); // (n, model)
    }
    X = added(X, feedForward.norm, feedForward.change); // (n, model)
    hiddenStates.push(X);
  }
  hiddenStates[hiddenStates.length - 1] = last(X); // (n, model)
  return { layers, cross, hiddenStates };
}
