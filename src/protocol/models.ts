/** A file on the engine's own disk, or, for virtual workspaces, its bytes. */
export type FileReference =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'bytes'; readonly name: string; readonly bytes: Uint8Array };

/** A checkpoint folder or file, one of the two embedded ones, or one of those that come along for written dates. */
export type ModelReference =
  /** The embedded BERT, which reads. */
  | { readonly kind: 'embedded' }
  /** The embedded GPT, which writes. */
  | { readonly kind: 'gpt' }
  | { readonly kind: 'folder'; readonly path: string }
  /** One file that holds a whole model: GGUF. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'dates'; readonly score: DateScore };

/** The attention of a date model. */
export type DateScore = 'bahdanau' | 'luong' | 'transformer';

export interface ModelDescription {
  readonly reference: ModelReference;
  readonly name: string;
  /** "BERT" */
  readonly family: string;
  readonly layers: number;
  readonly heads: number;
  /** d_model */
  readonly width: number;
  /** The longest input, in tokens. */
  readonly limit: number;
  /** In bytes, of the weights on disk. */
  readonly size: number;
  /** Whether it says what comes next: a causal model, or one with a decoder. */
  readonly writes: boolean;
}

/** What a parameter is for. Queries to outputs are the projections of attention; `bias` is what is added to its scores. */
export type ModelPart =
  | 'embeddings'
  | 'queries'
  | 'keys'
  | 'values'
  | 'outputs'
  | 'bias'
  | 'feedForward'
  | 'normalisation'
  | 'head';

/** Where a checkpoint's numbers go, by its graph. `counts` and `unused` together are all that its files hold. */
export interface ModelAnatomy {
  /** Numbers a part, each counted once, however often it is used. */
  readonly counts: Readonly<Record<ModelPart, number>>;
  /** Tensors of the files that the graph does not read. */
  readonly unused: readonly { readonly name: string; readonly count: number }[];
  /** Types in the files, as their formats spell them, with how many numbers each has; the most first. */
  readonly types: readonly { readonly type: string; readonly count: number }[];
  /** Whether words are said with the vectors that they are read with; null where none are said. */
  readonly tied: boolean | null;
}

/** A mechanism as lists show it. */
export interface MechanismDescription {
  readonly id: string;
  readonly title: string;
  /** Where it was published. */
  readonly source: string;
}

/** What was found where a checkpoint was looked for: a model, or the sentence that says why it is none. */
export type FoundModel =
  | { readonly kind: 'model'; readonly model: ModelDescription }
  | { readonly kind: 'unusable'; readonly path: string; readonly reason: string };
