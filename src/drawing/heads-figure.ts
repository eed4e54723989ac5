import { headPlace, placeNumber } from '../common/counting.js';
import type { InspectionSummary, Thumbnails } from '../protocol.js';
import { colorBar } from './color-bar.js';
import type { ColorScale } from './colors/scale.js';
import type { FigureTheme } from './figure-theme.js';
import { framed, text } from './frame.js';
import { maskedPattern, pixelsOf } from './matrix.js';
import { base64, encodePng } from './png.js';
import type { Markup } from './svg.js';
import { element, escaped, joined } from './svg.js';

export interface HeadsFigure {
  readonly summary: InspectionSummary;
  /** Of each layer that has come, its heads' pooled weights. // (head, row, column) */
  readonly thumbnails: ReadonlyMap<number, Pick<Thumbnails, 'rows' | 'columns' | 'data'>>;
  /** Of each layer, its heads' scales, on the theme's ground. */
  readonly scales: ReadonlyMap<number, readonly ColorScale[]>;
  /** Whether all heads have the same scale. */
  readonly oneScale: boolean;
  readonly theme: FigureTheme;
}

const gap = 5;
const numbers = 26;

/** All layers × heads as small pictures, as an SVG file. */
export function headsFigure({ summary, thumbnails, scales, oneScale, theme }: HeadsFigure): string {
  const { layers, heads } = summary;
  const size = Math.max(24, Math.min(72, Math.floor(760 / heads)));
  const pitch = size + gap;
  const parts: Markup[] = [
    text('head →', numbers + (heads * pitch) / 2, 10, {
      size: 11,
      fill: theme.muted,
      'text-anchor': 'middle',
    }),
    text('layer ↓', 8, numbers + 14 + (layers * pitch) / 2, {
      size: 11,
      fill: theme.muted,
      'text-anchor': 'middle',
      transform: `rotate(-90 8 ${numbers + 14 + (layers * pitch) / 2})`,
    }),
  ];
  const left = numbers + 16;
  const top = numbers + 4;
  for (let head = 0; head < heads; head += 1) {
    parts.push(
      text(String(placeNumber(head)), left + head * pitch + size / 2, top - 6, {
        size: 11,
        fill: theme.ink,
        'text-anchor': 'middle',
      }),
    );
  }
  for (let layer = 0; layer < layers; layer += 1) {
    const y = top + layer * pitch;
    parts.push(
      text(String(placeNumber(layer)), left - 7, y + size / 2 + 4, {
        size: 11,
        fill: theme.ink,
        'text-anchor': 'end',
      }),
    );
    const own = thumbnails.get(layer);
    if (own === undefined) continue;
    const { rows, columns, data } = own;
    for (let head = 0; head < heads; head += 1) {
      const scale = scales.get(layer)?.[head];
      if (scale === undefined) continue;
      const cells = data.subarray(head * rows * columns, (head + 1) * rows * columns);
      const whole = { rows: { start: 0, end: rows }, columns: { start: 0, end: columns } };
      const rgb = pixelsOf({ data: cells, shape: [rows, columns], ...whole }, scale, theme);
      const place = { x: left + head * pitch, y, width: size, height: size };
      parts.push(
        element(
          'g',
          { 'data-layer': layer, 'data-head': head },
          element('title', {}, escaped(headPlace(layer, head))),
          element('image', {
            ...place,
            preserveAspectRatio: 'none',
            style: 'image-rendering: pixelated',
            href: `data:image/png;base64,${base64(encodePng(rgb, columns, rows))}`,
          }),
          element('rect', { ...place, fill: 'none', stroke: theme.line, 'stroke-width': 0.5 }),
        ),
      );
    }
  }
  const width = left + heads * pitch;
  let height = top + layers * pitch;
  const shared = oneScale ? scales.values().next().value?.[0] : undefined;
  if (shared !== undefined) {
    const bar = colorBar(shared, { quantity: 'weight', beyond: false, perRow: false, without: null }, theme);
    parts.push(element('g', { transform: `translate(${left} ${height + 10})` }, bar.content));
    height += 10 + bar.height;
  }
  const [first] = thumbnails.values();
  const missing = layers - thumbnails.size;
  return framed(
    {
      title: layers === 1 ? 'Weights of all heads' : 'Weights of all layers and heads',
      lines: [`${summary.title} · ${summary.subtitle}`],
      notes: [
        ...(first === undefined ||
        (first.rows === summary.queries.count && first.columns === summary.keys.count)
          ? []
          : [
              `Each picture has ${first.rows} × ${first.columns} pixels: each the largest of the weights that it stands for.`,
            ]),
        ...(shared === undefined ? ['Each head’s colours end at its own largest weights.'] : []),
        ...(missing > 0 ? [`${missing} of ${layers} layers had not come when this was drawn.`] : []),
      ],
    },
    { width, height, content: joined(parts, '\n'), definitions: maskedPattern(theme) },
    theme,
  );
}
