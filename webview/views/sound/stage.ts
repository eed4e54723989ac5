import type {
  Alignment,
  InspectionSummary,
  Interval,
  Slice,
  Spectrogram,
  Waveform,
} from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { canvasPainter } from '../../draw/heatmap-canvas.js';
import { glPainter } from '../../draw/heatmap-gl.js';
import { attachGestures } from '../../draw/gestures.js';
import { attachKeys, zoomStep } from '../../draw/keys.js';
import type { Layer, Painter, UseOfWebGL } from '../../draw/painter.js';
import { tableOf } from '../../../src/drawing/colors/maps.js';
import type { ColorScale } from '../../../src/drawing/colors/scale.js';
import type { Frame, Viewport } from '../../draw/viewport.js';
import { shortLabel } from '../../../src/drawing/labels.js';
import type { Theme } from '../../theme.js';
import { frameAt, intervalOf } from './frames.js';
import type { SoundLayout } from './layout.js';
import { layOut } from './layout.js';
import { SoundLens } from './lens.js';
import { paintSoundMarks } from './marks.js';
import { colorMel, paintSound } from './painter.js';
import type { Shown, TimedMatrix } from './shown.js';
import { homeRows } from './shown.js';
import { soundStrings } from './strings.js';
import { peakOf } from './hearing/strip.js';
import { seconds } from './ticks.js';
import type { Words } from './words.js';
import type { Zoomed } from './hearing/zoomed.js';
import type { MapName } from '../../../src/drawing/colors/choice.js';

/** A place in the pictures: a moment, and the row and the column that are there, where there are any. */
export interface Pointed {
  readonly time: number;
  readonly row: number | null;
  readonly column: number | null;
}

/** Marks that are told, rather than found by the stage itself. */
export interface StageMarks {
  readonly picked: { readonly row: number | null; readonly column: number | null };
  readonly word: Interval | null;
  readonly moment: number | null;
  readonly path: Alignment['path'] | null;
}

export interface StageEvents {
  /** `aloud` where the keyboard came to it. */
  point(place: Pointed | null, aloud: boolean): void;
  press(place: Pointed): void;
  clear(): void;
  looked(): void;
  painted(): void;
}

/** The least that is zoomed to, in frames, or in seconds where there are none. */
const leastFrames = 6;
const leastSeconds = 0.05;

/** Waveform, spectrogram and matrix over one time axis: pointer, keyboard, zoom and pan. What it shows, it is told. */
export class SoundStage {
  private readonly base = h('canvas', { class: 'sound-base', attributes: { 'aria-hidden': 'true' } });
  private readonly marksCanvas = h('canvas', { class: 'sound-marks', attributes: { 'aria-hidden': 'true' } });
  private readonly mel = h('canvas');
  private melOf: { readonly value: Spectrogram; readonly table: Uint8ClampedArray } | null = null;
  private readonly cells: Painter;
  readonly surface = h('div', {
    class: 'stage sound-surface',
    attributes: { tabindex: '0', role: 'application', 'aria-roledescription': 'sound with attention' },
  });
  /** Over the heatmap, so that it never says one thing for another. */
  private readonly caption = h('p', { class: 'sound-caption', attributes: { 'aria-hidden': 'true' } });
  readonly element: HTMLElement;
  readonly lens = new SoundLens({
    draw: () => {
      this.paint();
    },
    looked: () => {
      this.events.looked();
    },
  });
  layout: SoundLayout | null = null;
  private shown: Shown | null = null;
  private scale: ColorScale | null = null;
  private map: MapName = 'cividis';
  private hovered: Pointed | null = null;
  private marks: StageMarks = { picked: { row: null, column: null }, word: null, moment: null, path: null };
  private fresh = false;

  constructor(
    private theme: Theme,
    webgl: UseOfWebGL,
    private readonly sound: {
      readonly waveform: Zoomed<Waveform>;
      readonly spectrogram: Zoomed<Spectrogram>;
    },
    private readonly words: Words,
    private readonly events: StageEvents,
  ) {
    this.cells =
      (webgl === 'never'
        ? null
        : glPainter(webgl, () => {
            this.lens.ask();
          })) ?? canvasPainter();
    this.cells.canvas.className = 'cells sound-cells';
    this.cells.canvas.setAttribute('aria-hidden', 'true');
    this.surface.append(this.base, this.cells.canvas, this.marksCanvas);
    this.element = h('div', { class: 'sound-stack' }, this.surface, words.element, this.caption);
    this.attach();
  }

  show(shown: Shown, caption: string): void {
    const { matrix: before } = this.shown ?? {};
    this.shown = shown;
    this.caption.textContent = caption;
    if (shown.matrix === null || before?.step.name !== shown.matrix.step.name) this.fresh = true;
  }

  setCells(layer: Layer, slice: Slice | null): void {
    this.cells.set(layer, slice);
    if (slice !== null) this.fresh = true;
    this.lens.ask();
  }

  color(scale: ColorScale | null, map: MapName): void {
    this.scale = scale;
    this.map = map;
    this.lens.ask();
  }

  mark(marks: Partial<StageMarks>): void {
    this.marks = { ...this.marks, ...marks };
    this.paintMarks();
  }

  hover(place: Pointed | null): void {
    this.hovered = place;
    this.paintMarks();
  }

  retheme(theme: Theme): void {
    this.theme = theme;
    this.melOf = null;
    this.lens.ask();
  }

  /** Longest side of a slice that can be drawn. */
  get largest(): number {
    return this.cells.largest;
  }

  /** Fits all pictures into so many CSS pixels. */
  fit(width: number, height: number): void {
    const { shown } = this;
    if (shown === null || width <= 0) return;
    const { matrix, summary, extent, medium } = shown;
    const rows = matrix === null ? null : homeRows(shown);
    const layout = layOut({ width, height, words: summary.aligns === true, rows });
    this.layout = layout;
    const { style } = this.element;
    style.width = `${layout.width}px`;
    style.height = `${layout.height}px`;
    this.caption.hidden = layout.caption === null;
    if (layout.caption !== null) {
      this.caption.style.left = `${layout.left}px`;
      this.caption.style.top = `${layout.caption.top}px`;
      this.caption.style.width = `${layout.across}px`;
    }
    this.lens.take({
      extent,
      home: medium.heard.end > medium.heard.start ? medium.heard : extent,
      least: matrix === null ? leastSeconds : leastFrames * matrix.frames.pitch,
      rows: matrix?.step.rows.size ?? 1,
      homeRows: rows ?? 1,
      width: layout.across,
      height: layout.cells?.height ?? 1,
    });
  }

  /** What the matrix's own pictures look at, in its columns. */
  get looked(): { readonly frame: Frame; readonly viewport: Viewport } | null {
    const { layout, lens, shown } = this;
    const matrix = shown?.matrix ?? null;
    if (layout?.cells == null || lens.frame === null || matrix === null) return null;
    const { frames, step } = matrix;
    const rows = step.rows.size;
    const width = layout.across;
    const { height } = layout.cells;
    const scaleX = (frames.pitch * width) / (lens.shown.end - lens.shown.start);
    return {
      frame: {
        ...{ rows, columns: frames.count, width, height },
        ...{ fitX: width / frames.count, fitY: height / rows },
      },
      viewport: {
        left: (lens.shown.start - frames.start) / frames.pitch,
        top: lens.top,
        scaleX,
        scaleY: lens.scaleY,
      },
    };
  }

  zoom(factor = zoomStep): void {
    const { matrix } = this.shown ?? {};
    const { column } = this.hovered ?? this.marks.picked;
    const about = column === null || matrix == null ? null : intervalOf(matrix.frames, column);
    this.lens.zoom(factor, about === null ? null : (about.start + about.end) / 2);
  }

  dispose(): void {
    this.cells.dispose();
    this.layout = null;
    for (const canvas of [this.base, this.marksCanvas, this.mel]) canvas.width = 0;
  }

  private attach(): void {
    const { surface, events, lens } = this;
    attachGestures(surface, {
      point: (x, y) => {
        events.point(this.placeAt(x, y), false);
      },
      leave: () => {
        events.point(null, false);
      },
      press: (x, y) => {
        const place = this.placeAt(x, y);
        if (place !== null) events.press(place);
        surface.focus({ preventScroll: true });
      },
      drag: (x, y) => {
        lens.pan(x, y);
      },
      zoom: (x, y, factor) => {
        const { layout } = this;
        if (layout === null) return;
        const { cells } = layout;
        const inCells = cells !== null && y >= cells.top && y < cells.top + cells.height;
        lens.zoomAt(Math.max(0, x - layout.left), inCells ? y - cells.top : null, factor);
      },
    });
    attachKeys(surface, {
      size: () => {
        const matrix = this.shown?.matrix ?? null;
        if (matrix === null) return null;
        return { rows: { size: matrix.step.rows.size }, columns: { size: matrix.frames.count } };
      },
      current: () => {
        const matrix = this.shown?.matrix ?? null;
        const at = this.hovered ?? this.marks.picked;
        if (matrix === null || (at.column === null && at.row === null)) return null;
        return {
          row: at.row ?? this.marks.picked.row ?? 0,
          column: (at.column ?? matrix.frames.first) - matrix.frames.first,
        };
      },
      page: () => Math.max(1, Math.floor((lens.frame?.height ?? 1) / lens.scaleY)),
      go: ({ row, column }) => {
        const place = this.placeOf(row, column);
        const matrix = this.shown?.matrix ?? null;
        if (place === null || matrix === null) return;
        const interval = intervalOf(matrix.frames, place.column ?? 0);
        if (interval !== null) lens.reveal(interval, row);
        events.point(place, true);
      },
      pick: ({ row, column }) => {
        const place = this.placeOf(row, column);
        if (place !== null) events.press(place);
      },
      clear: () => {
        events.clear();
      },
      pan: (x, y) => {
        lens.pan(x, y);
      },
      zoom: (factor) => {
        this.zoom(factor);
      },
      fit: () => {
        lens.unzoom();
      },
    });
  }

  /** A cell by its row and its place among the frames. */
  private placeOf(row: number, column: number): Pointed | null {
    const matrix = this.shown?.matrix ?? null;
    if (matrix === null) return null;
    const { frames } = matrix;
    return { row, column: frames.first + column, time: frames.start + column * frames.pitch };
  }

  private placeAt(x: number, y: number): Pointed | null {
    const { layout, lens, shown } = this;
    if (layout === null || shown === null) return null;
    const { cells } = layout;
    const row = cells === null || shown.matrix === null ? null : lens.rowAt(y - cells.top);
    const inside = x >= layout.left && x < layout.left + layout.across;
    // Beside the matrix stand its rows' names.
    if (!inside) return row !== null && x < layout.left ? { time: lens.timeAt(0), row, column: null } : null;
    const time = lens.timeAt(x - layout.left);
    return { time, row, column: shown.matrix === null ? null : frameAt(shown.matrix.frames, time) };
  }

  private paint(): void {
    const { layout, lens, theme, shown, base, words, sound } = this;
    if (layout === null || shown === null || lens.frame === null) return;
    const ratio = window.devicePixelRatio;
    const waveform = sound.waveform.pieceFor(lens.shown);
    const spectrogram = sound.spectrogram.pieceFor(lens.shown);
    const { overview } = sound.waveform;
    if (spectrogram !== null) {
      const table = tableOf(this.map, theme.ground);
      if (this.melOf?.value !== spectrogram.value || this.melOf.table !== table) {
        colorMel(this.mel, spectrogram.value, table);
        this.melOf = { value: spectrogram.value, table };
      }
    }
    paintSound(base, {
      ...{ layout, lens, theme, ratio, waveform, spectrogram, mel: this.mel },
      heard: shown.medium.heard,
      extent: shown.extent,
      peak: overview === null ? 1 : peakOf(overview.value),
      label: (row) => labelOf(shown.summary, shown.matrix, row),
      rowTitle: shown.matrix?.rowFrames == null ? soundStrings.tokens : soundStrings.frames,
    });
    const { canvas } = this.cells;
    const { looked, scale } = this;
    canvas.hidden = looked === null || scale === null;
    if (looked !== null && scale !== null && layout.cells !== null) {
      canvas.style.left = `${layout.left}px`;
      canvas.style.top = `${layout.cells.top}px`;
      const { maskedRgb: masked, hatchRgb: hatch } = theme;
      this.cells.paint({ ...looked, scale, ratio, masked, hatch });
    }
    words.place(layout, lens);
    this.paintMarks();
    // Where no matrix lies on the sound, the sound itself is what is waited for.
    if (!this.fresh || (shown.matrix === null ? waveform === null : canvas.hidden)) return;
    this.fresh = false;
    this.events.painted();
  }

  private paintMarks(): void {
    const { layout, lens, theme, hovered, marks, shown } = this;
    if (layout === null || lens.frame === null) return;
    const frames = shown?.matrix?.frames ?? null;
    const span = (column: number | null | undefined): Interval | null =>
      column == null || frames === null ? null : intervalOf(frames, column);
    paintSoundMarks(this.marksCanvas, {
      ...{ layout, lens, theme, ratio: window.devicePixelRatio },
      hovered: span(hovered?.column),
      hoveredRow: hovered?.row ?? null,
      picked: span(marks.picked.column),
      pickedRow: shown?.matrix == null ? null : marks.picked.row,
      word: marks.word,
      moment: marks.moment,
      path: marks.path,
    });
  }
}

/** The name of a row: its token, or when its frame begins. */
function labelOf(summary: InspectionSummary, matrix: TimedMatrix | null, row: number): string {
  if (matrix === null) return '';
  const { rowFrames } = matrix;
  const interval = rowFrames === null ? null : intervalOf(rowFrames, row);
  if (interval !== null) return seconds(interval.start);
  return shortLabel(summary, 'query', row);
}
