import { headPlace } from '../../../src/common/counting.js';
import { colorBar } from '../../../src/drawing/color-bar.js';
import type { FigureTheme } from '../../../src/drawing/figure-theme.js';
import { hexOf } from '../../../src/drawing/figure-theme.js';
import { framed } from '../../../src/drawing/frame.js';
import { maskedPattern, mostVectors } from '../../../src/drawing/matrix.js';
import type { Markup } from '../../../src/drawing/svg.js';
import { element, exactNumber, joined, short } from '../../../src/drawing/svg.js';
import type { Box, Position } from '../../../src/protocol.js';
import { isMasked } from '../../../src/drawing/colors/colormap.js';
import { longLabel } from '../../../src/drawing/labels.js';
import type { Theme } from '../../theme.js';
import type { Segment } from './contours.js';
import type { Drawn } from './drawn.js';
import { paintImage } from './painter.js';
import type { Settings } from './settings.js';
import { extentOf } from './stage.js';
import { imageStrings } from './strings.js';

/** The longer side of the picture, in pixels of the drawing; twice as many are inside. */
const longest = 560;
const sharpness = 2;

export interface ImageFigure {
  /** Coloured for the theme of the figure. */
  readonly drawn: Drawn;
  readonly image: HTMLCanvasElement;
  readonly settings: Settings;
  readonly heads: Settings['heads'];
  readonly position: Position;
  readonly quantity: string;
  /** What is not on the image, or not drawn. */
  readonly said: string;
  readonly source: Box | null;
  readonly picked: Box | null;
  /** The page's, on the ground of the figure. */
  readonly theme: Theme;
  readonly figure: FigureTheme;
}

/** The page's theme on another ground. */
export function onGround(theme: Theme, { ground }: FigureTheme): Theme {
  return { ...theme, dark: ground.dark, ground, background: hexOf(ground.rgb) };
}

/** An image with attention over it as an SVG file: pixels as a picture inside, marks as lines, and each patch's number. */
export function imageFigure(made: ImageFigure): string {
  const { drawn, figure, heads, position, quantity, said, settings } = made;
  const { shown, scale, values, contours } = drawn;
  const { summary, step, direction, source, patches } = shown;
  const extent = extentOf(patches);
  const unit = longest / Math.max(extent.width, extent.height);
  const place = ({ x, y, width, height }: Box): Box => ({
    x: (x - extent.x) * unit,
    y: (y - extent.y) * unit,
    width: width * unit,
    height: height * unit,
  });
  const [width, height] = [extent.width * unit, extent.height * unit];
  const numbered = patches.list.length <= mostVectors;
  const cells = !numbered
    ? []
    : patches.list.map(({ box }, at) => {
        const value = values.patches[at] ?? NaN;
        return element('rect', {
          ...place(box),
          'data-value': isMasked(value) ? 'masked' : exactNumber(value),
        });
      });
  const lines = settings.grid ? { stroke: '#ffffff', 'stroke-opacity': 0.4, 'stroke-width': 0.5 } : {};
  const bar = colorBar(
    scale,
    {
      quantity,
      beyond: values.minimum < scale.low || values.maximum > scale.high,
      perRow: false,
      without: values.anyMasked ? 'masked' : null,
    },
    figure,
  );
  const token = longLabel(summary, direction === 'row' ? 'query' : 'key', source);
  const over = `the patches of ${patches.medium.name}`;
  const content = joined(
    [
      element('image', { width, height, href: pixels(made, extent, unit) }),
      element('g', { fill: 'none', ...lines }, ...cells),
      ...contourLines(contours, drawn, place),
      ...outlined(made.source, place, figure, ''),
      ...outlined(made.picked, place, figure, '5 3'),
      element('g', { transform: `translate(0 ${short(height + 14)})` }, bar.content),
    ],
    '\n',
  );
  return framed(
    {
      title: `${step.title} · ${heads === 'one' ? headPlace(position.layer, position.head) : imageStrings[heads]}`,
      lines: [
        direction === 'row' ? `${token} → ${over}` : `${over} → ${token}`,
        `${summary.title} · ${summary.subtitle}`,
      ],
      notes: said === '' ? [] : [said],
    },
    {
      width: Math.max(width, bar.width),
      height: height + 14 + bar.height,
      content,
      definitions: maskedPattern(figure),
    },
    figure,
  );
}

function pixels({ drawn, image, settings, theme }: ImageFigure, extent: Box, unit: number): string {
  const canvas = document.createElement('canvas');
  const frame = {
    rows: extent.height,
    columns: extent.width,
    fitX: unit,
    fitY: unit,
    width: extent.width * unit,
    height: extent.height * unit,
  };
  const viewport = { left: 0, top: 0, scaleX: unit, scaleY: unit };
  const { patches } = drawn.shown;
  const { opacity } = settings;
  const { heat } = drawn;
  paintImage(canvas, { image, patches, extent, frame, viewport, ratio: sharpness, theme, heat, opacity });
  return canvas.toDataURL('image/png');
}

function contourLines(
  contours: readonly Segment[],
  { shown: { patches } }: Drawn,
  place: (box: Box) => Box,
): Markup[] {
  const { grid, bounds } = patches;
  if (contours.length === 0 || grid === null) return [];
  const at = place(bounds);
  const x = (column: number): string => short(at.x + (column * at.width) / grid.columns);
  const y = (row: number): string => short(at.y + (row * at.height) / grid.rows);
  const d = contours
    .map(([fromX, fromY, toX, toY]) => `M${x(fromX)} ${y(fromY)}L${x(toX)} ${y(toY)}`)
    .join('');
  const common = { d, fill: 'none', 'stroke-linecap': 'round' };
  // Light within dark: seen on any image.
  return [
    element('path', { ...common, stroke: '#000000', 'stroke-opacity': 0.75, 'stroke-width': 3 }),
    element('path', { ...common, stroke: '#ffffff', 'stroke-width': 1.25 }),
  ];
}

function outlined(box: Box | null, place: (box: Box) => Box, theme: FigureTheme, dash: string): Markup[] {
  if (box === null) return [];
  const dashes = dash === '' ? {} : { 'stroke-dasharray': dash };
  const common = { ...place(box), fill: 'none' };
  return [
    element('rect', { ...common, stroke: '#ffffff', 'stroke-width': 4 }),
    element('rect', { ...common, stroke: theme.accent, 'stroke-width': 2, ...dashes }),
  ];
}
