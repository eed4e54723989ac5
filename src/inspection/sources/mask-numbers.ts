import type { TensorSource } from '../../engine/tensor.js';

/** Whether a file says that numbers are of floating point: PyTorch adds such masks, and reads others as yes and no. */
export type NumberKind = 'boolean' | 'integer' | 'floating';

/** Of a type as its format spells it; undefined where it does not tell, as in text. */
export function kindOf(dtype: string): NumberKind | undefined {
  const plain = dtype.toLowerCase().replace(/^[<>|=]/, '');
  if (/^(bool|b1|\?)/.test(plain)) return 'boolean';
  if (/^(u?int|[iu]\d)/.test(plain)) return 'integer';
  return /^(b?f(loat)?\d|double|half)/.test(plain) ? 'floating' : undefined;
}

/** What the numbers of a mask are. */
export type Numbers =
  /** Nothing but 0, or nothing but 1 and 0. */
  | 'zeros'
  | 'binary'
  /** 0 and −∞ or numbers so far below 0 that nothing is left of what they are added to. */
  | 'additive'
  /** 0 and numbers far above it, or NaN: what makers take away, or what is left out. */
  | 'large'
  | 'other';

export interface Seen {
  readonly numbers: Numbers;
  /** The least and the most of them. */
  readonly range: readonly [least: number, most: number];
  /** Whether a row has no key left where ones, or zeros, are left out, and whether none has any. */
  readonly empties: Readonly<Record<'keep' | 'drop', boolean>>;
  readonly allEmpty: Readonly<Record<'keep' | 'drop', boolean>>;
  /** The first queries and keys: █ for a key that takes part, + for one whose score is raised. */
  readonly pictures: Readonly<Record<'keep' | 'drop' | 'add', string>>;
}

/** So many rows and columns are in a picture at most. */
const pictured = 8;

/** Added to scores, what is further from 0 leaves nothing of a key's weight, or of all others. */
const far = 1e3;

/** Goes through a mask, one entry of its first axis at a time. */
export async function look(source: TensorSource, signal?: AbortSignal): Promise<Seen> {
  const { shape } = source;
  const columns = shape.at(-1) ?? 1;
  const rows: (readonly number[])[] = [];
  const kinds = { zero: false, one: false, below: false, above: false, other: false };
  const empties = { keep: false, drop: false };
  const allEmpty = { keep: true, drop: true };
  let [least, most] = [Infinity, -Infinity];
  const rest = shape.slice(1).map((end) => ({ start: 0, end }));
  const all = shape.length < 2 ? 1 : (shape[0] ?? 0);
  for (let at = 0; at < all; at++) {
    signal?.throwIfAborted();
    const first = shape.length < 2 ? shape.map((end) => ({ start: 0, end })) : [{ start: at, end: at + 1 }];
    const { data } = await source.read([...first, ...rest]);
    for (let start = 0; start < data.length; start += columns) {
      const row = data.subarray(start, start + columns);
      let zeros = 0;
      for (const value of row) {
        if (value === 0) zeros++;
        else if (value === 1) kinds.one = true;
        else if (value <= -far) kinds.below = true;
        else if (value >= far || Number.isNaN(value)) kinds.above = true;
        else kinds.other = true;
        // Not a number is more than any.
        if (value < least) least = value;
        if (value > most || Number.isNaN(value)) most = value;
      }
      kinds.zero ||= zeros > 0;
      empties.keep ||= zeros === row.length;
      allEmpty.keep &&= zeros === row.length;
      empties.drop ||= zeros === 0;
      allEmpty.drop &&= zeros === 0;
      if (rows.length < pictured) rows.push([...row.subarray(0, pictured)]);
      if (kinds.other) break;
    }
    if (kinds.other) break;
  }
  const draw = (cell: (value: number) => string): string =>
    rows.map((row) => row.map(cell).join('')).join(' ');
  return {
    numbers: numbersOf(kinds),
    range: [least, most],
    empties,
    allEmpty,
    pictures: {
      keep: draw((value) => (value === 0 ? '·' : '█')),
      drop: draw((value) => (value === 0 ? '█' : '·')),
      add: draw((value) => (value === 0 ? '█' : '+')),
    },
  };
}

function numbersOf(kinds: Readonly<Record<'zero' | 'one' | 'below' | 'above' | 'other', boolean>>): Numbers {
  const { zero, one, below, above, other } = kinds;
  if (other) return 'other';
  if (below) return zero && !one && !above ? 'additive' : 'other';
  if (above) return zero && !one ? 'large' : 'other';
  return one ? 'binary' : 'zeros';
}
