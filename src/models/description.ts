import type { dateScores } from '../common/embedded-models.js';

/** A checkpoint folder or file, one of the four embedded ones, or one of those that come along for written dates. */
export type ModelReference =
  /** The embedded BERT, which reads. */
  | { readonly kind: 'embedded' }
  /** The embedded GPT, which writes. */
  | { readonly kind: 'gpt' }
  /** The embedded captioner, which writes about images. */
  | { readonly kind: 'scenes' }
  /** The embedded Whisper, which writes what it hears. */
  | { readonly kind: 'numbers' }
  | { readonly kind: 'folder'; readonly path: string }
  /** One file that holds a whole model: GGUF. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'dates'; readonly score: DateScore };

/** The attention of a date model. */
export type DateScore = (typeof dateScores)[number];

export interface ModelDescription {
  readonly reference: ModelReference;
  readonly name: string;
  /** "BERT" */
  readonly family: string;
  readonly layers: number;
  readonly heads: number;
  /** Of an encoder–decoder model, whose encoder has the layers and heads above. */
  readonly decoder?: { readonly layers: number; readonly heads: number };
  /** d_model */
  readonly width: number;
  /** The longest input, in tokens; of a model that reads images, the tokens of one like those it was trained on, 0 where nothing tells. */
  readonly limit: number;
  /** In bytes, of the weights on disk. */
  readonly size: number;
  /** What it reads; text where left out. */
  readonly reads?: 'audio' | 'image';
  /** Whether it says what comes next: a causal model, or one with a decoder. */
  readonly writes: boolean;
  /** Set where it points at the answer to a question in a text. */
  readonly answers?: true;
}

/** What was found where a checkpoint was looked for: a model, or the sentence that says why it is none. */
export type FoundModel =
  | { readonly kind: 'model'; readonly model: ModelDescription }
  | { readonly kind: 'unusable'; readonly path: string; readonly reason: string };
