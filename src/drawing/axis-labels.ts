import type { InspectionSummary, Span, Step } from '../protocol.js';
import type { FigureTheme } from './figure-theme.js';
import { text } from './frame.js';
import { axisTitle, hasWords, ordinal, shortLabel, writtenFrom } from './labels.js';
import type { Markup } from './svg.js';
import { element, escaped, joined, short } from './svg.js';
import { cutTo, textWidth } from './text-width.js';

const largest = 13;
const smallest = 9;
const gap = 6;
const longest = 180;
const slant = 55;
const sine = Math.sin((slant * Math.PI) / 180);
const cosine = Math.cos((slant * Math.PI) / 180);
const titleSize = 11;

const eastAsian =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3001-\u303f\uff01-\uff60ー]+$/u;
const rightToLeft =
  /^[^\p{L}]*[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/** One side of a matrix: which axis, the part of it that is shown, and how far apart its rows or columns are, in pixels. */
export interface Side {
  readonly axis: Step['rows']['axis'];
  readonly span: Span;
  readonly cell: number;
}

/** What is written along a side, placed from the matrix's upper left corner, and the room that it takes. */
export interface SideLabels {
  readonly content: Markup;
  /** Away from the matrix. */
  readonly depth: number;
  /** Beyond the end of the side, where labels lean. */
  readonly beyond: number;
}

/** Words where all of them have room, else numbers: some words alone would read as a sentence that nobody wrote. */
function sizeOf(summary: InspectionSummary, { axis, cell }: Side): number | null {
  if (!hasWords(summary, axis)) return null;
  const size = Math.min(largest, Math.floor(cell - 1));
  return size >= smallest ? size : null;
}

/** The least distance of rows or columns at which words are written. */
export const wordsFrom = smallest + 1;

/** Beside the rows, from the top. */
export function rowLabels(summary: InspectionSummary, side: Side, theme: FigureTheme): SideLabels {
  const { axis, span, cell } = side;
  const size = sizeOf(summary, side);
  const written = writtenFrom(summary, axis);
  const parts: Markup[] = [];
  let widest = 0;
  for (const index of size === null ? numbered(span, cell) : every(span)) {
    const whole = size === null ? String(ordinal(index)) : shortLabel(summary, axis, index);
    const font = size ?? 11;
    const words = cutTo(whole, font, longest);
    widest = Math.max(widest, textWidth(words, font));
    const rtl = rightToLeft.test(words);
    parts.push(
      labelled(words, whole, -gap, (index - span.start + 0.5) * cell + font * 0.35, {
        size: font,
        fill: size === null || (written !== null && index >= written) ? theme.muted : theme.ink,
        // Of a text that runs leftward, the start is at the right.
        'text-anchor': rtl ? 'start' : 'end',
        direction: rtl ? 'rtl' : undefined,
        'data-row': index,
      }),
    );
  }
  const height = (span.end - span.start) * cell;
  const away = gap + widest + 8;
  const title = text(`${axisTitle(axis)} ↓`, -away, height / 2, {
    size: titleSize,
    fill: theme.muted,
    'text-anchor': 'middle',
    transform: `rotate(-90 ${short(-away)} ${short(height / 2)})`,
  });
  return { content: joined([...parts, title], '\n'), depth: away + titleSize + 2, beyond: 0 };
}

/** Above the columns, from the left. */
export function columnLabels(summary: InspectionSummary, side: Side, theme: FigureTheme): SideLabels {
  const { axis, span, cell } = side;
  const size = sizeOf(summary, side);
  const font = size ?? 11;
  const written = writtenFrom(summary, axis);
  const indices = size === null ? numbered(span, cell) : every(span);
  const labels = indices.map((index) => {
    const whole = size === null ? String(ordinal(index)) : shortLabel(summary, axis, index);
    return { index, whole, words: cutTo(whole, font, longest) };
  });
  const widest = Math.max(0, ...labels.map(({ words }) => textWidth(words, font)));
  const upright = size === null || widest + 4 <= cell;
  const parts: Markup[] = [];
  let depth = font + gap;
  let beyond = 0;
  for (const { index, whole, words } of labels) {
    const place = index - span.start;
    const x = (place + 0.5) * cell;
    const common = {
      size: font,
      fill: size === null || (written !== null && index >= written) ? theme.muted : theme.ink,
      'data-column': index,
    };
    if (upright) {
      parts.push(labelled(words, whole, x, -gap, { ...common, 'text-anchor': 'middle' }));
    } else if (eastAsian.test(words)) {
      parts.push(stacked(words, x, font, common));
      depth = Math.max(depth, [...words].length * (font + 1) + gap);
    } else {
      const left = x + font * 0.3;
      const width = textWidth(words, font);
      depth = Math.max(depth, width * sine + gap + font * 0.6);
      beyond = Math.max(beyond, left + width * cosine + font * 0.6 - (span.end - span.start) * cell);
      const rtl = rightToLeft.test(words);
      parts.push(
        labelled(words, whole, left, -gap, {
          ...common,
          'text-anchor': rtl ? 'end' : 'start',
          direction: rtl ? 'rtl' : undefined,
          transform: `rotate(${-slant} ${short(left)} ${-gap})`,
        }),
      );
    }
  }
  const width = (span.end - span.start) * cell;
  const title = text(`${axisTitle(axis)} →`, width / 2, -depth - 6, {
    size: titleSize,
    fill: theme.muted,
    'text-anchor': 'middle',
  });
  return { content: joined([...parts, title], '\n'), depth: depth + titleSize + 6, beyond };
}

type LabelOptions = Parameters<typeof text>[3];

/** A label, and where it was cut, the whole of it behind it. */
function labelled(words: string, whole: string, x: number, y: number, options: LabelOptions): Markup {
  if (words === whole) return text(words, x, y, options);
  return element('g', {}, element('title', {}, escaped(whole)), text(words, x, y, options));
}

/** One character under the other, the last nearest to the matrix. */
function stacked(words: string, x: number, size: number, { fill, ...rest }: LabelOptions): Markup {
  const points = [...words];
  const lines = points.map((point, at) =>
    element('tspan', { x, y: -gap - (points.length - 1 - at) * (size + 1) }, escaped(point)),
  );
  return element(
    'text',
    { 'font-size': size, fill, ...{ ...rest, size: undefined }, 'text-anchor': 'middle' },
    ...lines,
  );
}

function every({ start, end }: Span): number[] {
  return Array.from({ length: end - start }, (_, at) => start + at);
}

/** Round numbers, far enough apart for their digits. */
function numbered(span: Span, cell: number): number[] {
  const least = textWidth(String(span.end), 11) + 8;
  const strides = [1, 2, 5].flatMap((base) => [1, 10, 100, 1000, 10_000, 100_000].map((by) => base * by));
  const stride = strides.sort((a, b) => a - b).find((each) => each * cell >= least) ?? span.end;
  return every(span).filter((index) => index % stride === 0);
}
