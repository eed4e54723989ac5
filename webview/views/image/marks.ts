import type { Box } from '../../../src/protocol.js';
import { resize } from '../../draw/painter.js';
import type { Frame, Viewport } from '../../draw/viewport.js';
import type { Theme } from '../../theme.js';
import type { Segment } from './contours.js';
import { contourOf, edgesAround } from './contours.js';
import type { Patches } from './patches.js';
import type { Settings } from './settings.js';
import type { Values } from './values.js';
import { keepMass } from '../../draw/mass.js';

/** Patches smaller than this on screen, in CSS pixels, get no lines between them. */
const leastPatch = 4;
/** The shares of what the patches hold that contours go around. */
export const contourShares = [0.3, 0.6, 0.9] as const;

export interface ImageMarks {
  readonly patches: Patches;
  readonly extent: Box;
  readonly frame: Frame;
  readonly viewport: Viewport;
  readonly ratio: number;
  readonly theme: Theme;
  readonly grid: boolean;
  /** In patches from the grid's corner. */
  readonly contours: readonly Segment[];
  /** The token whose row or column is shown, where it is a patch. */
  readonly source: Box | null;
  /** The other side of the picked cell. */
  readonly picked: Box | null;
  /** What is pointed at. */
  readonly hovered: Box | null;
}

/** Lines around the fewest patches that hold 30, 60 and 90 % of what all hold; around equal steps of what are no weights. */
export function contoursOf({ grid }: Patches, values: Values, drawing: Settings['drawing']): Segment[] {
  if (grid === null) return [];
  const { patches, minimum, maximum, othersShare } = values;
  const { rows, columns } = grid;
  const field = { rows, columns, data: patches.map((value) => (Number.isNaN(value) ? minimum : value)) };
  return contourShares.flatMap((share, at) => {
    const level = minimum + ((maximum - minimum) * (at + 1)) / (contourShares.length + 1);
    const kept = othersShare === null ? null : keepMass(patches, share);
    if (drawing === 'smooth') return contourOf(field, kept?.least ?? level);
    return edgesAround(grid, kept?.mask ?? Uint8Array.from(field.data, (value) => (value >= level ? 1 : 0)));
  });
}

/** Draws what lies over image and attention: lines of patches, contours, and what is picked or pointed at. */
export function paintMarks(canvas: HTMLCanvasElement, marks: ImageMarks): void {
  const { frame, ratio, viewport, extent, patches, theme } = marks;
  resize(canvas, frame.width, frame.height, ratio);
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, frame.width, frame.height);
  const scale = viewport.scaleX;
  const x = (at: number): number => (at - extent.x - viewport.left) * scale;
  const y = (at: number): number => (at - extent.y - viewport.top) * scale;
  const outline = (box: Box, color: string, width: number, dash: readonly number[] = []): void => {
    const [left, top] = [Math.round(x(box.x)), Math.round(y(box.y))];
    const across = Math.max(4, Math.round(x(box.x + box.width)) - left);
    const down = Math.max(4, Math.round(y(box.y + box.height)) - top);
    context.setLineDash([...dash]);
    context.strokeStyle = color;
    context.lineWidth = width;
    context.strokeRect(left, top, across, down);
    context.setLineDash([]);
  };
  if (marks.grid) {
    context.strokeStyle = 'rgba(255, 255, 255, 0.4)';
    context.lineWidth = 1;
    context.beginPath();
    for (const { box } of patches.list) {
      if (Math.min(box.width, box.height) * scale < leastPatch) break;
      const [left, top] = [Math.round(x(box.x)) + 0.5, Math.round(y(box.y)) + 0.5];
      context.rect(
        left,
        top,
        Math.round(x(box.x + box.width)) + 0.5 - left,
        Math.round(y(box.y + box.height)) + 0.5 - top,
      );
    }
    context.stroke();
  }
  contourLines(context, marks, x, y);
  const { seen } = patches.medium;
  if (seen.x > extent.x || seen.y > extent.y || seen.width < extent.width || seen.height < extent.height) {
    outline(seen, theme.foreground, 1, [4, 3]);
  }
  const strong = theme.highContrast ? 4 : 2.5;
  for (const [box, color, width, dash] of [
    [marks.source, theme.accent, strong, []],
    [marks.picked, theme.accent, strong - 0.5, [5, 3]],
    [marks.hovered, '#ffffff', 1.5, []],
  ] as const) {
    if (box === null) continue;
    outline(box, color === '#ffffff' ? '#000000' : theme.background, width + 2);
    outline(box, color, width, dash);
  }
}

function contourLines(
  context: CanvasRenderingContext2D,
  { contours, patches: { grid, bounds }, theme }: ImageMarks,
  x: (at: number) => number,
  y: (at: number) => number,
): void {
  if (contours.length === 0 || grid === null) return;
  const across = (at: number): number => x(bounds.x + (at * bounds.width) / grid.columns);
  const down = (at: number): number => y(bounds.y + (at * bounds.height) / grid.rows);
  context.beginPath();
  for (const [fromX, fromY, toX, toY] of contours) {
    context.moveTo(across(fromX), down(fromY));
    context.lineTo(across(toX), down(toY));
  }
  context.lineCap = 'round';
  // Light within dark: seen on any image.
  for (const [color, width] of [
    ['rgba(0, 0, 0, 0.75)', 3],
    ['#ffffff', theme.highContrast ? 2 : 1.25],
  ] as const) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.stroke();
  }
}
