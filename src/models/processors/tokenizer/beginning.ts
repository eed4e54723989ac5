import { ModelError } from '../../error.js';
import type { CharacterRange } from './aligned.js';

/** A token of a text. */
export interface Piece {
  readonly id: number;
  readonly token: string;
  readonly range: CharacterRange | null;
}

/** The tokens of a text, in its order. */
export interface Cut {
  readonly pieces: readonly Piece[];
  /** How many of them come before the last word: what comes behind the text changes no others. */
  readonly settled: number;
}

/** At least so much of a text is cut, in UTF-16 units. */
const LEAST_UNITS = 2 ** 14;

/** More than most tokens have, in UTF-16 units. */
const UNITS_A_TOKEN = 8;

/** What has made fewer tokens than are wanted is not read beyond this, in UTF-16 units. */
const MOST_UNITS = 2 ** 20;
const MOST_UNITS_A_TOKEN = 64;

/** How far from where a text was cut off tokens have to end, in UTF-16 units: no expression or merge looks further ahead. */
const ROOM = 2 ** 10;

/**
 * The tokens of a text, or of no more of its beginning than is needed for so many of them: tokens further on are not counted.
 * @param wanted how many tokens are used
 * @returns `more` where there is text that was not cut; at least `wanted` pieces then, which are those of the whole text
 * @throws ModelError where so few tokens come out of so long a text that it is not read on, and what `cut` throws
 */
export function beginningOf(
  text: string,
  wanted: number,
  cut: (text: string) => Cut,
): { readonly pieces: readonly Piece[]; readonly more: boolean } {
  const most = Math.max(MOST_UNITS, wanted * MOST_UNITS_A_TOKEN);
  let before: readonly Piece[] | undefined;
  for (let units = Math.max(LEAST_UNITS, wanted * UNITS_A_TOKEN); ; units *= 2) {
    // What is left is hardly worth cutting twice.
    if (text.length <= 1.25 * units) return { pieces: cut(text).pieces, more: false };
    if (units > most) {
      throw new ModelError(
        `The text has ${text.length} characters, and the first ${units / 2} of them make ${before?.length ?? 0} of the ${wanted} tokens that are wanted: it is not read on. Leave out what is blank, or one endless word.`,
      );
    }
    const end = endNear(text, units);
    const { pieces, settled } = cut(text.slice(0, end));
    const reached = pieces[wanted - 1]?.range?.end ?? 0;
    if (pieces.length >= wanted && reached <= end - ROOM) {
      // Within the last word a longer text may change anything; what did not change in twice the text is taken for settled.
      if (settled >= wanted || (before !== undefined && isBegunBy(before, pieces, wanted))) {
        return { pieces, more: true };
      }
    }
    before = pieces;
  }
}

/** Where a text is cut off: behind a word, where one ends nearby; never within a character. */
function endNear(text: string, units: number): number {
  for (let end = units; end > units - ROOM; end--) {
    if (isBlank(text.charCodeAt(end)) && !isBlank(text.charCodeAt(end - 1))) return end;
  }
  const isSplit = (text.codePointAt(units - 1) ?? 0) > 0xffff;
  return isSplit ? units + 1 : units;
}

function isBlank(unit: number): boolean {
  return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d);
}

function isBegunBy(one: readonly Piece[], other: readonly Piece[], count: number): boolean {
  for (let at = 0; at < count; at++) {
    const [first, second] = [one[at], other[at]];
    if (first === undefined || second === undefined) return false;
    if (first.id !== second.id || first.token !== second.token) return false;
    if (first.range?.start !== second.range?.start || first.range?.end !== second.range?.end) return false;
  }
  return true;
}
