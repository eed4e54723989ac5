import type { TensorSource } from '../../engine/tensor.js';
import type { Candidate } from '../axes/candidate.js';
import { speaksOfMask } from './mask-names.js';
import { look } from './mask-numbers.js';

/** More numbers than this are not looked at for a tensor that no name says is a mask. */
const mostNumbers = 1 << 24;

/**
 * Whether a tensor under nobody's name is a mask: its numbers are 0 and far below 0, or its name speaks of one and they are zeros and
 * ones.
 */
export async function isMask(name: string, source: TensorSource, signal?: AbortSignal): Promise<boolean> {
  const size = source.shape.reduce((product, extent) => product * extent, 1);
  if (source.shape.length === 0 || size < 2 || size > mostNumbers) return false;
  const { numbers } = await look(source, signal);
  return numbers === 'additive' || (numbers !== 'other' && speaksOfMask(name));
}

/**
 * The roles with those of masks that no name tells: told by their numbers, where their extents are those of what they would mask.
 * A second mask is the input `keep`.
 * @param roles of the tensors that are known, in the order of the candidates
 */
export async function withMasks(
  candidates: readonly Candidate[],
  roles: readonly (string | undefined)[],
): Promise<(string | undefined)[]> {
  const extents = extentsOf(candidates, roles);
  const found = [...roles];
  if (extents === undefined) return found;
  for (const [at, { name, source }] of candidates.entries()) {
    const fits = found[at] === undefined && couldMask(source, extents);
    if (fits && (await isMask(name, source))) found[at] = 'mask';
  }
  const masks = found.flatMap((role, at) => (role === 'mask' ? [at] : []));
  const [, second] = masks;
  if (masks.length === 2 && second !== undefined && !found.includes('keep')) found[second] = 'keep';
  return found;
}

/** How many queries and keys, and how many of all else, what is to be masked may have; undefined where nothing is. */
interface Extents {
  readonly keys: ReadonlySet<number>;
  readonly all: ReadonlySet<number>;
}

function extentsOf(
  candidates: readonly Candidate[],
  roles: readonly (string | undefined)[],
): Extents | undefined {
  const shapes = (wanted: readonly string[]): (readonly number[])[] =>
    candidates.flatMap(({ source }, at) => (wanted.includes(roles[at] ?? '') ? [source.shape] : []));
  const scores = shapes(['scores']);
  const outer = (of: readonly (readonly number[])[]): number[] => of.flatMap((shape) => shape.slice(0, -1));
  const past = outer(shapes(['past_K']));
  const keys = [...outer(shapes(['K', 'X', 'Xkv', 'H'])), ...scores.flat()];
  if (keys.length === 0) return undefined;
  const added = keys.flatMap((own) => past.map((before) => own + before));
  const all = [...keys, ...added, ...outer(shapes(['Q', 'X', 'Xq', 'S']))];
  return { keys: new Set([...keys, ...added, 1]), all: new Set([...all, 1]) };
}

/** Whether a tensor's last axis may be keys, and the others queries, heads or entries; heads and entries may be one axis. */
function couldMask({ shape }: TensorSource, { keys, all }: Extents): boolean {
  const [last = 0, ...others] = shape.toReversed();
  const [first, ...inner] = others.toReversed();
  if (!keys.has(last) || !inner.every((extent) => all.has(extent))) return false;
  return first === undefined || all.has(first) || [...all].some((each) => each > 1 && first % each === 0);
}
