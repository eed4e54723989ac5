/** Something that heads are known to do. */
export interface HeadTypeDescription {
  readonly name: string;
  /** "Previous token" */
  readonly title: string;
  /** One or two letters, for a cell that has no room for more. */
  readonly label: string;
  readonly note: string;
  /** A head whose score is smaller is not of this type. */
  readonly threshold: number;
}

/** Which of a model's attentions; `self` of a model that has one only. */
export type AttentionStack = 'self' | 'encoder' | 'decoder' | 'cross';

export interface StackHeadTypes {
  readonly stack: AttentionStack;
  readonly layers: number;
  readonly heads: number;
  /** The types that were looked for here. */
  readonly looked: readonly string[];
  /** [layer, head]: the strongest type's name and its score; null for a head under every threshold. */
  readonly types: readonly ({ readonly name: string; readonly score: number } | null)[];
  /** Where patches of an image attend to each other: the mean distance of each head, in patches, weighed by attention; null where it looks at none. // [layer, head] */
  readonly distances?: readonly (number | null)[];
}

/** What every head of a model does most, over the built-in probe text. */
export interface HeadTypes {
  /** Says which files it was found with: path, sizes, times of writing. */
  readonly identity: string;
  readonly described: readonly HeadTypeDescription[];
  readonly stacks: readonly StackHeadTypes[];
}

/** Of the heads of an inspection: `none` where there is no model that is probed, `unknown` until it was. */
export type HeadTypesState =
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'known'; readonly types: HeadTypes };
