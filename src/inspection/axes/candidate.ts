import type { TensorSource } from '../../engine/tensor.js';
import type { NumberKind } from '../sources/mask-numbers.js';
import type { Part } from './readings.js';

/** A tensor found in a file, before it is known what it is. */
export interface Candidate {
  /** Unique among all files: "0:qkv.npz/Q". */
  readonly key: string;
  readonly name: string;
  readonly file: string;
  readonly source: TensorSource;
  /** Whether its file says that its numbers are whole, or yes and no. */
  readonly kind?: NumberKind | undefined;
  /** What its first axes are, where it was put together of several. */
  readonly axes?: readonly Part[];
  /** Its name without what was counted. */
  readonly plain?: string;
  /** The keys, and the numbers in the names, of what it was put together of. */
  readonly members?: readonly string[];
  readonly numbers?: readonly number[];
  /** What it is, where it was cut out of something that is known. */
  readonly role?: string;
}

/** In rising order of a number. */
export function sorted<Item>(items: readonly Item[], by: (item: Item) => number): Item[] {
  return items.toSorted((a, b) => by(a) - by(b));
}
