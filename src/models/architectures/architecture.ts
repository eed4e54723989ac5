import type { Value } from '../../engine/graph.js';
import type { AttendParameters } from '../../engine/mechanisms/index.js';
import type { Tensor } from '../../engine/tensor.js';
import type { Checkpoint } from '../checkpoint.js';
import type { Config } from '../config.js';

/** What a model's configuration says of its size. */
export interface ArchitectureDescription {
  readonly layers: number;
  readonly heads: number;
  /** d_model */
  readonly width: number;
  /** The longest input, in tokens. */
  readonly limit: number;
  /** Token ids are below it. */
  readonly vocabulary: number;
  /** What attention does as long as a reader asks for nothing else: mask, scaling, cap. */
  readonly attention: AttendParameters;
  /** Where positions come in: with what the layers read, or inside attention in a way of the model's own. */
  readonly positions: 'embedded' | 'rotary' | 'bias';
  /** What a reader should know of settings that are not followed as they are said, in sentences. */
  readonly remarks?: readonly string[];
  /** Set where the angles of all positions change with the number of tokens, so that nothing of a shorter text can be kept. */
  readonly growing?: boolean;
  /** Set of what turns texts into vectors and never says a next token, even where no token sees what comes after it. */
  readonly embeds?: true;
  /** Set where texts are filled up to the limit, as the model was trained, and what fills them is read like any token. */
  readonly filled?: true;
  /** Of an encoder–decoder family, what stands beside the encoder, which all the rest is said of. */
  readonly decoder?: DecoderDescription;
}

export interface DecoderDescription {
  readonly layers: number;
  readonly heads: number;
  /** Token ids of the target are below it. */
  readonly vocabulary: number;
  /** The longest target, in tokens. */
  readonly limit: number;
  /** What attention does as long as a reader asks for nothing else. */
  readonly attention: DecoderAttention;
  /** d_model, where it may be another than the encoder's. */
  readonly width?: number;
  /** Where positions come in, where that may be another place than in the encoder. */
  readonly positions?: ArchitectureDescription['positions'];
}

export interface DecoderAttention {
  /** Of target tokens to those before them. */
  readonly decoder: AttendParameters;
  /** Of target tokens to the source. */
  readonly cross: AttendParameters;
}

/** A transformer for inputs of n tokens, from token ids to the last hidden state. */
export interface ModelGraph {
  /** Token ids, whole numbers. // (n) */
  readonly ids: Value;
  /**
   * The numbers of every input of the graph, for these token ids; n of them.
   * @param segments whether a token is of a first or a second text; all of the first where left out
   */
  feeds(ids: readonly number[], segments?: readonly number[]): ReadonlyMap<Value, Tensor>;
  /** The vectors of the words alone, before positions are added. // (n, model) */
  readonly words: Value;
  /** For each layer the labelled steps of its attention, in reading order: X, Q, K, V, scores, …, output. */
  readonly layers: readonly (readonly Value[])[];
  /**
   * The embeddings, then each layer's output; the last one normalised, where the family normalises after its layers.
   * // each (n, model)
   */
  readonly hiddenStates: readonly Value[];
  /** What the model says of each next token, where it is one that says any. // (n, vocabulary) */
  readonly logits?: Value | undefined;
}

/** The half of an encoder–decoder Transformer that writes: a target of n tokens, with a source of m. */
export interface DecoderGraph {
  /** What it reads: the token before each that it writes. // (n) */
  readonly ids: Value;
  /** The numbers of every input of this half, for these token ids; n of them. */
  feeds(ids: readonly number[]): ReadonlyMap<Value, Tensor>;
  /** For each layer the labelled steps of its own attention, and of that to the source: Xq, Xkv, Q, K, V, …, output. */
  readonly layers: readonly (readonly Value[])[];
  readonly cross: readonly (readonly Value[])[];
  /** // each (n, model) */
  readonly hiddenStates: readonly Value[];
  /** What it says of the token to write after each, where the checkpoint has a head that says any. // (n, vocabulary) */
  readonly logits?: Value | undefined;
}

/** A family of models that share their graph. */
export interface Architecture {
  /** What config.json calls it: "bert". */
  readonly modelTypes: readonly string[];
  /** What people call it: "BERT". */
  readonly title: string;
  /** What the family calls a weight that a file may call otherwise. */
  nameOf?(name: string): string;
  /** @throws ModelError when a setting is missing, makes no sense, or asks for something that is not built here. */
  describe(config: Config): ArchitectureDescription;
  /**
   * @param tokens n
   * @throws ModelError when a weight is missing or has the wrong shape, or there are more tokens than the limit
   */
  build(checkpoint: Checkpoint, tokens: number, attention: AttendParameters): ModelGraph;
  /** Of an encoder–decoder family, whose encoder is what `build` gives. */
  readonly decoder?: {
    /** There are checkpoints of the encoder alone. */
    isIn(checkpoint: Checkpoint): boolean;
    /**
     * @param tokens n
     * @param memory the encoder’s last hidden states // (m, model)
     * @throws ModelError as `build`
     */
    build(checkpoint: Checkpoint, tokens: number, memory: Value, attention: DecoderAttention): DecoderGraph;
  };
}
