import type { ColorScale } from './colors/scale.js';
import { middleOf } from './colors/scale.js';
import type { FigureTheme } from './figure-theme.js';
import { hexOf } from './figure-theme.js';
import { formatShort } from './format.js';
import { text } from './frame.js';
import type { Markup } from './svg.js';
import { element, joined } from './svg.js';
import { textWidth } from './text-width.js';

/** What a legend says beside the colours. */
export interface ColorBarText {
  /** "weight" */
  readonly quantity: string;
  /** Numbers beyond the ends exist, and have its last colours. */
  readonly beyond: boolean;
  /** Numbers are shares of their row's largest. */
  readonly perRow: boolean;
  /** What cells without a colour are; null where there are none. */
  readonly without: string | null;
}

const barWidth = 160;
const barHeight = 10;
const size = 11;
/** The table has 256 colours; so many pieces look the same. */
const pieces = 64;

/** Which colour means which number: one line, from its upper left corner. */
export function colorBar(
  scale: ColorScale,
  { quantity, beyond, perRow, without }: ColorBarText,
  theme: FigureTheme,
): { readonly content: Markup; readonly width: number; readonly height: number } {
  const signed = scale.low < 0;
  const low = perRow && signed ? '−largest' : (beyond && signed ? '≤ ' : '') + formatShort(scale.low);
  const high = perRow ? 'largest of its row' : (beyond ? '≥ ' : '') + formatShort(scale.high);
  const parts: Markup[] = [];
  let x = 0;
  const write = (words: string, fill: string): void => {
    parts.push(text(words, x, 10, { size, fill }));
    x += textWidth(words, size) + 8;
  };
  write(quantity, theme.muted);
  write(low, theme.ink);
  const step = barWidth / pieces;
  const from = x;
  for (let piece = 0; piece < pieces; piece += 1) {
    const at = Math.round((piece / (pieces - 1)) * 255) * 4;
    const [red = 0, green = 0, blue = 0] = scale.table.subarray(at, at + 3);
    // Half a pixel over the next, so that no ground shines through between them.
    const width = piece === pieces - 1 ? step : step + 0.5;
    parts.push(
      element('rect', {
        x: from + piece * step,
        y: 1,
        width,
        height: barHeight,
        fill: hexOf([red, green, blue]),
      }),
    );
  }
  parts.push(
    element('rect', { x: from, y: 1, width: barWidth, height: barHeight, fill: 'none', stroke: theme.line }),
  );
  let height = 14;
  if (scale.spread !== 'linear') {
    const middle = formatShort(middleOf(scale));
    parts.push(
      text(middle, from + barWidth / 2, barHeight + 13, {
        size: 10,
        fill: theme.muted,
        'text-anchor': 'middle',
      }),
    );
    height = 27;
  }
  x = from + barWidth + 8;
  write(high, theme.ink);
  if (without !== null) {
    x += 6;
    parts.push(
      element('rect', { x, y: 1, width: 16, height: barHeight, fill: 'url(#masked)', stroke: theme.line }),
    );
    x += 22;
    write(without, theme.muted);
  }
  return { content: joined(parts), width: x - 8, height };
}
