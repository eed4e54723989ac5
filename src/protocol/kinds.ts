/** A pattern that heads are known for. */
export interface KindDescription {
  readonly name: string;
  /** "Previous token" */
  readonly title: string;
  /** One or two letters, for a cell that has no room for more. */
  readonly label: string;
  readonly note: string;
  /** A head whose score is smaller is not of this kind. */
  readonly threshold: number;
}

/** Which of a model's attentions; `self` of a model that has one only. */
export type KindStack = 'self' | 'encoder' | 'decoder' | 'cross';

export interface StackKinds {
  readonly stack: KindStack;
  readonly layers: number;
  readonly heads: number;
  /** The kinds that were looked for here. */
  readonly looked: readonly string[];
  /** [layer, head]: the strongest kind's name and its score; null for a head under every threshold. */
  readonly kinds: readonly ({ readonly name: string; readonly score: number } | null)[];
}

/** What every head of a model does most, over the built-in probe text. */
export interface HeadKinds {
  /** Says which files it was found with: path, sizes, times of writing. */
  readonly identity: string;
  readonly described: readonly KindDescription[];
  readonly stacks: readonly StackKinds[];
}

/** Of the heads of an inspection: `none` where there is no model that is probed, `unknown` until it was. */
export type HeadKindsState =
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'known'; readonly kinds: HeadKinds };
