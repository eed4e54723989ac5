import type { FigureTheme } from './figure-theme.js';
import { hexOf } from './figure-theme.js';
import type { Attributes, Markup } from './svg.js';
import { element, escaped, joined } from './svg.js';
import { cutTo, textWidth } from './text-width.js';

/** What stands around what is drawn. */
export interface FrameText {
  /** "Attention weights · Layer 3, head 7" */
  readonly title: string;
  /** Of what: model, sizes, parts that are shown. */
  readonly lines: readonly string[];
  /** What has to be known to read it, each a sentence. */
  readonly notes: readonly string[];
}

/** What is drawn, in pixels from its own upper left corner. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly content: Markup;
  /** What is referred to by id: patterns. */
  readonly definitions?: Markup;
}

/** Fonts by which text stays text wherever the file is opened. */
const fonts = `system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Helvetica Neue', Arial, sans-serif`;
const margin = 20;
const titleSize = 16;
const lineSize = 12;
const noteSize = 11;
const leastWidth = 380;
const madeWith = 'made with Attention Inspector';

export type TextOptions = Attributes & { readonly size: number; readonly fill: string };

/** A line of text; `x` and `y` are where its baseline begins unless an anchor says otherwise. */
export function text(words: string, x: number, y: number, { size, fill, ...rest }: TextOptions): Markup {
  return element('text', { x, y, 'font-size': size, fill, ...rest }, escaped(words));
}

/** Breaks a text between words, so that each line has room; what is longer than a line by itself is cut. */
export function wrapped(words: string, size: number, room: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && textWidth(longer, size) > room) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  lines.push(line);
  return lines.map((each) => cutTo(each, size, room));
}

/** A whole SVG file: title, drawing, notes, and what it was made with. */
export function framed({ title, lines, notes }: FrameText, drawing: Drawing, theme: FigureTheme): string {
  const inner = Math.max(leastWidth, Math.ceil(drawing.width));
  const width = inner + 2 * margin;
  const left = margin;
  const parts: Markup[] = [];
  let y = margin;
  for (const line of wrapped(title, titleSize, inner)) {
    y += titleSize + 3;
    parts.push(text(line, left, y - 4, { size: titleSize, fill: theme.ink, 'font-weight': 600 }));
  }
  for (const line of lines.flatMap((each) => wrapped(each, lineSize, inner))) {
    y += lineSize + 4;
    parts.push(text(line, left, y - 3, { size: lineSize, fill: theme.muted }));
  }
  y += 14;
  const x = left + (inner - drawing.width) / 2;
  parts.push(element('g', { transform: `translate(${Math.round(x)} ${Math.round(y)})` }, drawing.content));
  y += Math.ceil(drawing.height) + 8;
  for (const line of notes.flatMap((each) => wrapped(each, noteSize, inner))) {
    y += noteSize + 4;
    parts.push(text(line, left, y - 3, { size: noteSize, fill: theme.muted }));
  }
  y += noteSize + 10;
  parts.push(text(madeWith, left + inner, y - 3, { size: 10, fill: theme.muted, 'text-anchor': 'end' }));
  const height = Math.ceil(y + margin / 2);
  const root = element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: 'img',
      'font-family': fonts,
      // Two spaces are two, in labels too.
      'xml:space': 'preserve',
    },
    element('title', {}, escaped([title, ...lines].join(' · '))),
    ...(drawing.definitions === undefined ? [] : [element('defs', {}, drawing.definitions)]),
    element('rect', { width, height, fill: hexOf(theme.ground.rgb) }),
    joined(parts, '\n'),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}\n`;
}
