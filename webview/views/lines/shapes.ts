import type { LineSet } from '../../../src/protocol.js';
import type { Arrangement } from './settings.js';

/** Height of a token, in CSS pixels. */
export const pitch = 20;
const pad = 12;
/** The widest that lines between two columns are. */
const widest = 460;

/** Where tokens and lines stand, in CSS pixels. */
export interface Layout {
  readonly arrangement: Arrangement;
  readonly width: number;
  readonly tokenWidth: number;
  /** Where lines of queries begin, and where those of keys end; with arcs the sides of the one column. */
  readonly left: number;
  readonly right: number;
}

export function layoutOf(width: number, arrangement: Arrangement): Layout {
  const tokenWidth = Math.round(Math.max(40, Math.min(200, width * 0.28)));
  if (arrangement === 'arcs') {
    const left = Math.round((width - tokenWidth) / 2);
    return { arrangement, width, tokenWidth, left, right: left + tokenWidth };
  }
  const between = Math.max(40, Math.min(widest, width - 2 * (tokenWidth + pad)));
  const left = Math.round((width - between) / 2);
  return { arrangement, width, tokenWidth, left, right: left + between };
}

/** The token whose lines alone are drawn. */
export interface Focus {
  readonly side: 'query' | 'key';
  readonly index: number;
}

/** A line, from a query to a key: a cubic curve. */
export interface Curve {
  readonly set: number;
  /** x and y of both ends, and of what bends it between them. */
  readonly from: readonly [number, number];
  readonly bend: readonly [readonly [number, number], readonly [number, number]];
  readonly to: readonly [number, number];
  /** 0 to 1. */
  readonly opacity: number;
  readonly width: number;
}

/** The ground of a token that a line of the one in focus goes to. */
export interface Ground {
  readonly set: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly opacity: number;
}

export interface LinesPicture {
  readonly grounds: readonly Ground[];
  /** Weak ones first. */
  readonly curves: readonly Curve[];
}

/** What a picture is drawn of. */
export interface Seen {
  readonly sets: readonly LineSet[];
  readonly focus: Focus | null;
  /** The set that alone is drawn, if one is pointed at. */
  readonly only: number | null;
  readonly layout: Layout;
  /** The part of all tokens that is in view, in pixels. */
  readonly scroll: number;
  readonly height: number;
}

/** Lines and grounds as shapes: the same data make the same picture, on a canvas or in a file. */
export function pictureOf({ sets, focus, only, layout, scroll, height }: Seen): LinesPicture {
  const grounds: Ground[] = [];
  const curves: Curve[] = [];
  let largest = 0;
  for (const { weights } of sets) largest = Math.max(largest, weights[0] ?? 0);
  for (const [set, { queries, keys, weights }] of sets.entries()) {
    if (only !== null && only !== set) continue;
    for (let at = 0; at < weights.length; at += 1) {
      const query = queries[at] ?? 0;
      const key = keys[at] ?? 0;
      if (focus !== null && (focus.side === 'query' ? query : key) !== focus.index) continue;
      const share = (weights[at] ?? 0) / largest;
      const [top, bottom] = [middle(query) - scroll, middle(key) - scroll];
      const isAway = Math.max(top, bottom) < -pitch || Math.min(top, bottom) > height + pitch;
      if (isAway) continue;
      const ends = layout.arrangement === 'arcs' ? arc(layout, top, bottom) : across(layout, top, bottom);
      curves.push({ set, ...ends, opacity: 0.1 + 0.9 * share, width: 1 + 2 * share });
      if (focus !== null) {
        const other = focus.side === 'query' ? key : query;
        grounds.push(ground(layout, focus.side, other * pitch - scroll, set, sets.length, share));
      }
    }
  }
  return { grounds, curves: curves.sort((a, b) => a.opacity - b.opacity) };
}

function middle(index: number): number {
  return (index + 0.5) * pitch;
}

function across({ left, right }: Layout, top: number, bottom: number): Pick<Curve, 'from' | 'bend' | 'to'> {
  const reach = (right - left) * 0.4;
  return {
    from: [left, top],
    bend: [
      [left + reach, top],
      [right - reach, bottom],
    ],
    to: [right, bottom],
  };
}

/** On the right up to what comes before, on the left down to what comes after; to itself a small loop. */
function arc(layout: Layout, top: number, bottom: number): Pick<Curve, 'from' | 'bend' | 'to'> {
  const isLater = bottom > top;
  const x = isLater ? layout.left - 4 : layout.right + 4;
  const room = Math.max(16, (layout.width - layout.tokenWidth) / 2 - pad);
  const reach = Math.min(room * 1.3, 14 + Math.abs(bottom - top) * 0.45) * (isLater ? -1 : 1);
  const open = top === bottom ? pitch * 0.3 : 0;
  return {
    from: [x, top - open],
    bend: [
      [x + reach, top - open],
      [x + reach, bottom + open],
    ],
    to: [x, bottom + open],
  };
}

/** The part of a token’s ground that belongs to one of the sets. */
function ground(
  layout: Layout,
  side: Focus['side'],
  y: number,
  set: number,
  sets: number,
  share: number,
): Ground {
  const isRight = layout.arrangement === 'columns' && side === 'query';
  const start =
    layout.arrangement === 'arcs' ? layout.left : isRight ? layout.right : layout.left - layout.tokenWidth;
  const width = layout.tokenWidth / sets;
  return {
    ...{ set, y: y + 1, width, height: pitch - 2 },
    x: start + set * width,
    opacity: 0.06 + 0.4 * share,
  };
}
