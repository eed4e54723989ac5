import type { Interval, Spectrogram, Waveform } from '../../../src/protocol.js';
import { formatShort } from '../../../src/drawing/format.js';
import type { ColorTable } from '../../../src/drawing/colors/colormap.js';
import { resize } from '../../draw/painter.js';
import type { Theme } from '../../theme.js';
import type { Band, SoundLayout } from './layout.js';
import type { SoundLens } from './lens.js';
import { melShare, timeTicks } from './ticks.js';
import type { Piece } from './hearing/zoomed.js';
import { soundStrings } from './strings.js';

/** What is drawn along the time axis but for the matrix and the marks. */
export interface SoundPicture {
  readonly layout: SoundLayout;
  readonly lens: SoundLens;
  readonly theme: Theme;
  readonly ratio: number;
  readonly heard: Interval;
  readonly extent: Interval;
  readonly waveform: Piece<Waveform> | null;
  /** The largest amplitude of all, by which all is drawn. */
  readonly peak: number;
  readonly spectrogram: Piece<Spectrogram> | null;
  readonly mel: HTMLCanvasElement;
  /** Names of the matrix's rows. */
  readonly label: (row: number) => string;
  /** Said above them. */
  readonly rowTitle: string;
}

const small = 11;

/** Draws waveform, spectrogram, axes and their names. */
export function paintSound(canvas: HTMLCanvasElement, picture: SoundPicture): void {
  const { layout, theme, ratio } = picture;
  resize(canvas, layout.width, layout.height, ratio);
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, layout.width, layout.height);
  context.font = `${small}px ${theme.font}`;
  context.fontVariantCaps = 'normal';
  paintPadding(context, picture);
  paintWaveform(context, picture);
  paintSpectrogram(context, picture);
  if (layout.cells !== null) paintRows(context, picture, layout.cells);
  paintTime(context, picture);
  for (const band of [layout.waveform, layout.spectrogram, layout.cells]) {
    if (band === null) continue;
    context.strokeStyle = theme.line;
    context.lineWidth = 1;
    context.strokeRect(layout.left - 0.5, band.top - 0.5, layout.across + 1, band.height + 1);
  }
}

/** Clips to a band of the time axis while `draw` runs. */
export function within(
  context: CanvasRenderingContext2D,
  { left, across }: SoundLayout,
  { top, height }: Band,
  draw: () => void,
): void {
  context.save();
  context.beginPath();
  context.rect(left, top, across, height);
  context.clip();
  draw();
  context.restore();
}

/** What the model padded the sound with is hatched in the pictures of the sound. */
function paintPadding(context: CanvasRenderingContext2D, picture: SoundPicture): void {
  const { layout, lens, theme, heard, extent } = picture;
  const parts = [
    { start: extent.start, end: heard.start },
    { start: heard.end, end: extent.end },
  ].filter(({ start, end }) => end - start > 1e-6);
  for (const band of [layout.waveform, layout.spectrogram]) {
    for (const { start, end } of parts) {
      const from = Math.max(0, lens.xAt(start));
      const to = Math.min(layout.across, lens.xAt(end));
      if (to <= from) continue;
      within(context, layout, band, () => {
        context.beginPath();
        context.rect(layout.left + from, band.top, to - from, band.height);
        context.clip();
        context.strokeStyle = `rgb(${theme.hatchRgb.join(', ')})`;
        context.lineWidth = 1;
        context.beginPath();
        for (let x = layout.left - band.height; x < layout.left + layout.across; x += 8) {
          context.moveTo(x, band.top + band.height);
          context.lineTo(x + band.height, band.top);
        }
        context.stroke();
      });
    }
  }
}

function paintWaveform(context: CanvasRenderingContext2D, picture: SoundPicture): void {
  const { layout, lens, theme, waveform, peak } = picture;
  const { top, height } = layout.waveform;
  const middle = top + height / 2;
  const reach = height / 2 - 3;
  within(context, layout, layout.waveform, () => {
    context.fillStyle = theme.line;
    context.fillRect(layout.left, Math.round(middle), layout.across, 1);
    if (waveform === null) return;
    context.fillStyle = theme.foreground;
    const { of, value } = waveform;
    const columns = value.minimum.length;
    const each = (of.end - of.start) / columns;
    const from = Math.max(0, Math.floor((lens.shown.start - of.start) / each) - 1);
    const to = Math.min(columns, Math.ceil((lens.shown.end - of.start) / each) + 1);
    context.beginPath();
    for (let column = from; column < to; column += 1) {
      const x = layout.left + lens.xAt(of.start + column * each);
      const next = layout.left + lens.xAt(of.start + (column + 1) * each);
      const high = middle - ((value.maximum[column] ?? 0) / peak) * reach;
      const low = middle - ((value.minimum[column] ?? 0) / peak) * reach;
      // A column of silence is still a line.
      context.rect(x, high - 0.5, Math.max(next - x, 1), Math.max(low - high, 0) + 1);
    }
    context.fill();
  });
  context.fillStyle = theme.muted;
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  const right = layout.left - 6;
  if (waveform !== null) {
    context.fillText(formatShort(peak), right, top + 7);
    context.fillText(formatShort(-peak), right, top + height - 7);
  }
  context.fillText(soundStrings.waveform, right, middle);
}

/** Colours of the log-mel features, as a picture of one pixel a number, the highest band on top. */
export function colorMel(
  canvas: HTMLCanvasElement,
  { bands, columns, data }: Spectrogram,
  table: ColorTable,
): void {
  canvas.width = Math.max(1, columns);
  canvas.height = Math.max(1, bands);
  const context = canvas.getContext('2d');
  if (context === null || columns === 0 || bands === 0) return;
  let least = Infinity;
  let most = -Infinity;
  for (const value of data) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const image = context.createImageData(columns, bands);
  for (let band = 0; band < bands; band += 1) {
    for (let column = 0; column < columns; column += 1) {
      const value = data[band * columns + column] ?? least;
      const at = 4 * Math.round((255 * (value - least)) / (most - least || 1));
      image.data.set(table.subarray(at, at + 4), 4 * ((bands - 1 - band) * columns + column));
    }
  }
  context.putImageData(image, 0, 0);
}

function paintSpectrogram(context: CanvasRenderingContext2D, picture: SoundPicture): void {
  const { layout, lens, theme, spectrogram, mel } = picture;
  const { top, height } = layout.spectrogram;
  const right = layout.left - 6;
  if (spectrogram !== null) {
    const { of, value } = spectrogram;
    within(context, layout, layout.spectrogram, () => {
      context.imageSmoothingEnabled = false;
      const from = layout.left + lens.xAt(of.start);
      context.drawImage(mel, from, top, layout.left + lens.xAt(of.end) - from, height);
    });
    context.fillStyle = theme.muted;
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    // The middles of the lowest and of the highest band are half a band from the edges.
    const band = height / Math.max(1, value.bands);
    let above = top + height + 12;
    for (const kilo of [0.5, 1, 2, 4, 8]) {
      const share = melShare(kilo * 1000, value.lowest, value.highest);
      const y = top + height - band / 2 - share * (height - band);
      // Room is left for what the axis says of itself.
      if (share < 0 || share > 1 || y < top + 20 || above - y < 12) continue;
      above = y;
      context.fillText(String(kilo), right, y);
      context.fillRect(layout.left - 4, Math.round(y), 3, 1);
    }
  }
  context.fillStyle = theme.muted;
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  context.fillText(soundStrings.spectrogram, right, top + 7);
}

function paintRows(context: CanvasRenderingContext2D, picture: SoundPicture, { top, height }: Band): void {
  const { layout, lens, theme, label, rowTitle } = picture;
  const { frame } = lens;
  if (frame === null) return;
  const stride = strideOf(lens.scaleY);
  context.fillStyle = theme.foreground;
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  const first = Math.floor(Math.max(0, lens.top) / stride) * stride;
  for (let row = first; row < frame.rows; row += stride) {
    const y = top + (row + 0.5 - lens.top) * lens.scaleY;
    if (y > top + height) break;
    if (y < top) continue;
    context.fillText(shortened(context, label(row), layout.left - 10), layout.left - 6, y);
  }
  if (layout.caption === null) return;
  context.fillStyle = theme.muted;
  context.fillText(rowTitle, layout.left - 6, layout.caption.top + layout.caption.height / 2);
}

function strideOf(scale: number): number {
  let stride = 1;
  for (let index = 0; stride * scale < 13; index += 1)
    stride = ([2, 5, 10][index % 3] ?? 10) * 10 ** Math.floor(index / 3);
  return stride;
}

function shortened(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let kept = [...text];
  while (kept.length > 1 && context.measureText(`${kept.join('')}…`).width > width) kept = kept.slice(0, -1);
  return `${kept.join('')}…`;
}

function paintTime(context: CanvasRenderingContext2D, { layout, lens, theme }: SoundPicture): void {
  const { top, height } = layout.axis;
  context.fillStyle = theme.muted;
  context.textAlign = 'center';
  context.textBaseline = 'top';
  for (const { value, text } of timeTicks(lens.shown, layout.across, 64)) {
    const x = layout.left + lens.xAt(value);
    context.fillRect(Math.round(x), top, 1, 4);
    const half = context.measureText(text).width / 2;
    context.fillText(text, Math.min(Math.max(x, layout.left + half), layout.width - half - 2), top + 6);
  }
  context.textAlign = 'center';
  context.textBaseline = 'bottom';
  context.fillText(soundStrings.time, layout.left + layout.across / 2, top + height);
}
