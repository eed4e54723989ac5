import type { Encoding } from '../../models/index.js';

/** How much there is of what a model reads. */
interface Amount {
  readonly total: number;
  /** Whether there is more than that, which nobody counted. */
  readonly more?: boolean | undefined;
}

/**
 * The notice that a model did not read all of what it was given; none where it did.
 * @param what are counted: "tokens"
 */
export function truncated(used: number, { total, more = false }: Amount, what = 'tokens'): readonly string[] {
  if (total <= used && !more) return [];
  return [`Truncated to the model’s limit: ${used} of ${more ? 'more than ' : ''}${total} ${what}.`];
}

/** The notice that a vocabulary does not have all of a text; none where it has. */
export function unknownTokens({ ids, unknown }: Pick<Encoding, 'ids' | 'unknown'>): readonly string[] {
  const { length } = unknown;
  return length === 0
    ? []
    : [
        `${length} of ${ids.length} tokens ${length === 1 ? 'is' : 'are'} unknown to this vocabulary: the model sees the same token for each.`,
      ];
}
