import type { Alignment, Interval } from '../../../src/protocol.js';
import { resize } from '../../draw/painter.js';
import type { Theme } from '../../theme.js';
import type { SoundLayout } from './layout.js';
import type { SoundLens } from './lens.js';
import { within } from './painter.js';

/** What is marked in all pictures at once. */
export interface SoundMarks {
  readonly layout: SoundLayout;
  readonly lens: SoundLens;
  readonly theme: Theme;
  readonly ratio: number;
  readonly hovered: Interval | null;
  readonly hoveredRow: number | null;
  readonly picked: Interval | null;
  readonly pickedRow: number | null;
  /** When the picked token was said. */
  readonly word: Interval | null;
  readonly moment: number | null;
  /** Null where it is not wanted, or not there. */
  readonly path: Alignment['path'] | null;
}

/** Draws marks over the pictures; cheap, since it is done with each frame that is played. */
export function paintSoundMarks(canvas: HTMLCanvasElement, marks: SoundMarks): void {
  const { layout, lens, theme, ratio, hovered, picked, word, moment, path } = marks;
  resize(canvas, layout.width, layout.height, ratio);
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, layout.width, layout.height);
  const { left, across, cells } = layout;
  const bands = [layout.waveform, layout.spectrogram, ...(cells === null ? [] : [cells])];
  const xAt = (time: number): number => left + lens.xAt(time);

  if (path !== null && cells !== null)
    within(context, layout, cells, () => {
      paintPath(context, marks, path, cells.top);
    });

  /** Thin frames are still a line that can be seen. */
  const span = ({ start, end }: Interval): [number, number] => {
    const from = xAt(start);
    const to = Math.max(xAt(end), from + 2);
    return [from, to - from];
  };
  for (const band of bands) {
    within(context, layout, band, () => {
      if (word !== null) {
        const [from, wide] = span(word);
        context.fillStyle = theme.accent;
        context.fillRect(from, band.top, wide, 3);
        context.fillRect(from, band.top + band.height - 3, wide, 3);
      }
      if (hovered !== null) {
        const [from, wide] = span(hovered);
        context.globalAlpha = 0.22;
        context.fillStyle = theme.foreground;
        context.fillRect(from, band.top, wide, band.height);
        context.globalAlpha = 1;
      }
      if (picked !== null) {
        const [from, wide] = span(picked);
        // Lines beside the frame: what is in it stays to be seen.
        for (const [color, far, width] of [
          [theme.background, 4, 2],
          [theme.accent, 2, 2],
        ] as const) {
          context.fillStyle = color;
          context.fillRect(from - far, band.top, width, band.height);
          context.fillRect(from + wide + far - width, band.top, width, band.height);
        }
      }
    });
  }
  if (cells !== null) {
    const rowBox = (row: number | null): [number, number] | null =>
      row === null ? null : [cells.top + (row - lens.top) * lens.scaleY, Math.max(2, lens.scaleY)];
    within(context, layout, cells, () => {
      const over = rowBox(marks.hoveredRow);
      if (over !== null) {
        context.globalAlpha = 0.22;
        context.fillStyle = theme.foreground;
        context.fillRect(left, over[0], across, over[1]);
        context.globalAlpha = 1;
      }
      const at = rowBox(marks.pickedRow);
      if (at === null) return;
      const [top, tall] = at;
      for (const [color, far] of [
        [theme.background, 3],
        [theme.accent, 2],
      ] as const) {
        context.fillStyle = color;
        context.fillRect(left, top - far, across, far === 3 ? 1 : 2);
        context.fillRect(left, top + tall + (far === 3 ? 2 : 0), across, far === 3 ? 1 : 2);
      }
    });
  }
  if (moment === null) return;
  const x = Math.round(xAt(moment));
  if (x < left || x > left + across) return;
  for (const [color, from, wide] of [
    [theme.background, x - 2, 5],
    [theme.foreground, x - 1, 3],
  ] as const) {
    context.fillStyle = color;
    for (const { top, height } of bands) context.fillRect(from, top, wide, height);
  }
  // So that it is found where a frame is picked too.
  const { top } = layout.axis;
  context.beginPath();
  context.moveTo(x - 5, top + 4);
  context.lineTo(x + 6, top + 4);
  context.lineTo(x + 0.5, top - 4);
  context.fill();
}

function paintPath(
  context: CanvasRenderingContext2D,
  { lens, layout, theme }: SoundMarks,
  { rows, times }: Alignment['path'],
  top: number,
): void {
  context.lineJoin = 'round';
  context.lineCap = 'round';
  context.beginPath();
  for (let step = 0; step < rows.length; step += 1) {
    const x = layout.left + lens.xAt(times[step] ?? 0);
    const y = top + ((rows[step] ?? 0) + 0.5 - lens.top) * lens.scaleY;
    if (step === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
  for (const [color, width] of [
    [theme.background, 4],
    [theme.foreground, 1.5],
  ] as const) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.stroke();
  }
}
