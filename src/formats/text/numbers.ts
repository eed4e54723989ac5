// Each digit can be matched in one way only: what is no number after all is known after one pass.
const POINT = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const COMMA = /^[+-]?\d*,\d+(?:e[+-]?\d+)?$/i;
/** Not a decimal only: 1,234 is 1234 elsewhere. */
const EITHER = /^[+-]?[1-9]\d{0,2},\d{3}$/;
const INFINITY = /^([+-]?)inf(?:inity)?$/i;
const NOT_A_NUMBER = /^[+-]?nan$/i;
const TRUTH = /^(?:true|false)$/i;

/** How a number is written: `either` may be a decimal comma or one between thousands. */
export type Written = 'whole' | 'point' | 'comma' | 'either' | 'truth' | 'other';

export interface ReadNumber {
  readonly value: number;
  readonly written: Written;
}

/** Marks between thousands, where nothing else can be meant: with a decimal mark besides, or two of them. */
const GROUPED =
  /^[+-]?\d{1,3}(?:(?:\.\d{3})+,\d+|(?:,\d{3})+\.\d+|(?:\.\d{3}){2,}|(?:,\d{3}){2,}|(?:['\u2019\u00a0\u202f]\d{3})+(?:[.,]\d+)?)$/;

/** Whether a cell is a number with marks between its thousands, which is not read: “1.234,5”, “1,234.5”. */
export function isGrouped(text: string): boolean {
  return GROUPED.test(text.trim().replace('−', '-'));
}

/** The number that a cell holds, or undefined. A minus may be the typographic one. */
export function readNumber(text: string): ReadNumber | undefined {
  const trimmed = text.trim().replace('−', '-');
  if (POINT.test(trimmed)) {
    return { value: Number(trimmed), written: /^[+-]?\d+$/.test(trimmed) ? 'whole' : 'point' };
  }
  if (COMMA.test(trimmed)) {
    const written = EITHER.test(trimmed) ? 'either' : 'comma';
    return { value: Number(trimmed.replace(',', '.')), written };
  }
  if (NOT_A_NUMBER.test(trimmed)) return { value: NaN, written: 'other' };
  if (TRUTH.test(trimmed)) return { value: trimmed.toLowerCase() === 'true' ? 1 : 0, written: 'truth' };
  const infinite = INFINITY.exec(trimmed);
  if (infinite === null) return undefined;
  return { value: infinite[1] === '-' ? -Infinity : Infinity, written: 'other' };
}
