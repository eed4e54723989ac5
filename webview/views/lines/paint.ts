import type { Theme } from '../../theme.js';
import type { Curve, LinesPicture } from './shapes.js';

/** A colour a set of lines, on dark and on light grounds: told apart with any colour vision, and from the ground at 3 : 1. */
const onDark = ['#4fa8ff', '#ffb454', '#6dd58c', '#ff86a8', '#c79bff', '#4dd7d7', '#f2e05c', '#ff8f5e'];
const onLight = ['#0060c0', '#b05a00', '#1a7f37', '#c2255c', '#7d3cc8', '#00757d', '#7a6a00', '#a83200'];

export function colorOf(set: number, { dark }: Pick<Theme, 'dark'>): string {
  const colors = dark ? onDark : onLight;
  return colors[set % colors.length] ?? '#808080';
}

/** Lines that look the same are drawn in one stroke: thousands are some tens. */
const steps = 24;

/** Draws on a canvas of so many CSS pixels. */
export function paintLines(
  canvas: HTMLCanvasElement,
  { grounds, curves }: LinesPicture,
  { width, height, theme }: { readonly width: number; readonly height: number; readonly theme: Theme },
): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const ratio = window.devicePixelRatio;
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across) canvas.width = across;
  if (canvas.height !== down) canvas.height = down;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  for (const { set, x, y, width: wide, height: high, opacity } of grounds) {
    context.globalAlpha = opacity;
    context.fillStyle = colorOf(set, theme);
    context.fillRect(x, y, wide, high);
  }
  context.lineCap = 'round';
  for (const { set, step, path } of batches(curves)) {
    const share = (step + 0.5) / steps;
    context.globalAlpha = share;
    context.lineWidth = 1 + 2 * share;
    context.strokeStyle = colorOf(set, theme);
    context.stroke(path);
  }
  context.globalAlpha = 1;
}

interface Batch {
  readonly set: number;
  readonly step: number;
  readonly path: Path2D;
}

/** Lines that look the same as one path, weak ones first. */
function batches(curves: readonly Curve[]): Batch[] {
  const found = new Map<string, Batch>();
  for (const { set, opacity, from, bend, to } of curves) {
    const step = Math.min(steps - 1, Math.floor(opacity * steps));
    const key = `${step} ${set}`;
    const batch = found.get(key) ?? { set, step, path: new Path2D() };
    found.set(key, batch);
    batch.path.moveTo(...from);
    batch.path.bezierCurveTo(...bend[0], ...bend[1], ...to);
  }
  return [...found.values()].sort((a, b) => a.step - b.step || a.set - b.set);
}
