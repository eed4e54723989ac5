import type { HeadTypesState } from './head-types.js';
import type { ModelDescription } from './models.js';

/** A line of what is told of a model: "Vocabulary", "30,522 tokens". */
export interface Fact {
  readonly title: string;
  readonly value: string;
}

/** What parameters are for. */
export type PartName =
  'embeddings' | 'queries' | 'keys' | 'values' | 'output' | 'bias' | 'feed-forward' | 'norms' | 'head';

/** How many of a model's parameters are for one thing. */
export interface Part {
  readonly name: PartName;
  readonly title: string;
  readonly count: number;
}

/** One box of a layer's graph: a step of attention, or what stands around it. */
export interface LayerBox {
  readonly id: number;
  readonly kind: 'stream' | 'step' | 'linear' | 'norm' | 'sum' | 'other';
  readonly title: string;
  /** "(12, n, n)" */
  readonly shape: string;
  /** The definition of a step, in TeX. */
  readonly tex?: string;
  /** What it is for, or what it is made with. */
  readonly note: string;
  /** Which part of the layer it belongs to. */
  readonly group: 'attention' | 'cross-attention' | 'feed-forward' | 'stream';
}

/** A layer's own graph, from what it reads to what it gives. */
export interface LayerPicture {
  readonly boxes: readonly LayerBox[];
  readonly arrows: readonly { readonly from: number; readonly to: number }[];
}

/** Layers that follow each other: a model's, or an encoder's and a decoder's. */
export interface LayerStack {
  readonly title: string;
  readonly layers: number;
}

export interface ModelPage {
  readonly model: ModelDescription;
  readonly facts: readonly Fact[];
  readonly parts: readonly Part[];
  /** Of all tensors in its files, in numbers. */
  readonly total: number;
  /** Tensors that no part of its graph reads. */
  readonly unused: { readonly count: number; readonly names: readonly string[] };
  readonly tokenizer: readonly Fact[];
  readonly stacks: readonly LayerStack[];
}

/** What the host answers to the page of a model. */
export type ModelPageMethods = {
  describe: { params: null; result: { readonly page: ModelPage; readonly isUsed: boolean } };
  layer: { params: { readonly stack: number; readonly layer: number }; result: LayerPicture };
  /** What is known of its heads' types. */
  headTypes: { params: null; result: HeadTypesState };
  /** Finds them, and keeps them; the new state comes as a notice. Progress says how far it is. */
  classifyHeads: { params: null; result: null };
  /** Text that is selected is read by this model from now on. */
  use: { params: null; result: null };
};

/** What the host tells the page of a model. */
export type ModelPageNotices = {
  /** Whether selected text is read by it. */
  used: boolean;
  headTypes: HeadTypesState;
};
