import type { Box } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { attachGestures } from '../../draw/gestures.js';
import { attachKeys, zoomStep } from '../../draw/keys.js';
import { Lens } from '../../draw/lens.js';
import type { Cell } from '../../draw/viewport.js';
import { zoomLevel } from '../../draw/viewport.js';
import type { Theme } from '../../theme.js';
import type { ImageMarks } from './marks.js';
import { paintMarks } from './marks.js';
import type { ImagePicture } from './painter.js';
import { paintImage } from './painter.js';
import type { Patch, Patches } from './patches.js';
import { around, patchAt, walked } from './patches.js';

const noGutter = { left: 0, top: 0, right: 0, slant: 0 };
/** An image is not enlarged beyond so many CSS pixels for one of its own, where all of it is seen. */
const largest = 44;

/** What a stage shows. */
export type StageContent = Pick<ImagePicture, 'patches' | 'heat' | 'opacity'> &
  Pick<ImageMarks, 'grid' | 'contours' | 'source' | 'picked'> & {
    /** Null until it has come. */
    readonly image: HTMLCanvasElement | null;
  };

export interface StageEvents {
  /** A patch is pointed at, or none; `aloud` where the keyboard came to it. */
  point(patch: Patch | null, aloud: boolean): void;
  /** Pressed at a point of the image, in its pixels. */
  press(x: number, y: number, shift: boolean): void;
  clear(): void;
  /** Another part is looked at: so many device pixels for one of the image. */
  looked(scale: number, level: number): void;
  /** What was given last is on the canvas. */
  painted(): void;
}

/** An image on the page, to be looked at closely: pointer, keyboard, zoom and pan. What it shows, it is told. */
export class ImageStage {
  private readonly picture = h('canvas', { class: 'image-picture', attributes: { 'aria-hidden': 'true' } });
  private readonly marks = h('canvas', { class: 'image-marks', attributes: { 'aria-hidden': 'true' } });
  readonly element = h(
    'div',
    {
      class: 'stage image-stage',
      attributes: { tabindex: '0', role: 'application', 'aria-roledescription': 'image with attention' },
    },
    this.picture,
    this.marks,
  );
  private content: StageContent | null = null;
  private hovered: Patch | null = null;
  private fresh = false;
  private readonly lens = new Lens({
    draw: () => {
      this.paint();
    },
    looked: () => {
      const { frame, viewport } = this.lens;
      if (frame === null || viewport === null) return;
      this.events.looked(viewport.scaleX * window.devicePixelRatio, zoomLevel(viewport, frame));
    },
  });

  constructor(
    private theme: Theme,
    private readonly events: StageEvents,
  ) {
    const { lens } = this;
    const pan = (x: number, y: number): void => {
      lens.pan(x, y);
    };
    attachGestures(this.element, {
      point: (x, y) => {
        const place = this.placeAt(x, y);
        const { content } = this;
        events.point(place === null || content === null ? null : patchAt(content.patches, ...place), false);
      },
      leave: () => {
        events.point(null, false);
      },
      press: (x, y, shift) => {
        const place = this.placeAt(x, y);
        if (place !== null) events.press(...place, shift);
        this.element.focus({ preventScroll: true });
      },
      drag: pan,
      zoom: (x, y, factor) => {
        lens.zoomAt(x, y, factor);
      },
    });
    attachKeys(this.element, {
      size: () => {
        if (this.content === null) return null;
        const { rows, columns } = walked(this.content.patches);
        return { rows: { size: rows }, columns: { size: columns } };
      },
      current: () => this.current(),
      page: () => {
        const { frame, viewport } = lens;
        const box = this.content?.patches.list[0]?.box;
        if (frame === null || viewport === null || box === undefined) return 1;
        return Math.max(1, Math.floor(frame.height / viewport.scaleY / box.height));
      },
      go: (cell) => {
        const patch = this.patchIn(cell);
        if (patch === null) return;
        const { x, y, width, height } = patch.box;
        this.reveal(x + width - 1, y + height - 1);
        this.reveal(x, y);
        events.point(patch, true);
      },
      pick: (cell, shift) => {
        const box = this.patchIn(cell)?.box;
        if (box !== undefined) events.press(box.x + box.width / 2, box.y + box.height / 2, shift);
      },
      clear: () => {
        events.clear();
      },
      pan,
      zoom: (factor) => {
        this.zoom(factor);
      },
      fit: () => {
        lens.unzoom();
      },
    });
  }

  show(content: StageContent): void {
    this.content = content;
    this.fresh = true;
    this.lens.ask();
  }

  /** Marks what is pointed at. */
  hover(patch: Patch | null): void {
    this.hovered = patch;
    this.lens.ask();
  }

  retheme(theme: Theme): void {
    this.theme = theme;
    this.lens.ask();
  }

  /** Zooms about the patch that is pointed at or whose attention is shown, or the middle. */
  zoom(factor = zoomStep): void {
    const at = this.current();
    const box = at === null ? undefined : this.patchIn(at)?.box;
    const { extent } = this;
    const pixel =
      box === undefined
        ? null
        : {
            row: Math.floor(box.y + box.height / 2 - extent.y),
            column: Math.floor(box.x + box.width / 2 - extent.x),
          };
    this.lens.zoom(pixel, factor);
  }

  fit(): void {
    this.lens.unzoom();
  }

  /** Fits the image into so many CSS pixels. */
  layout(width: number, height: number): void {
    const { extent } = this;
    if (extent.width === 0 || extent.height === 0) return;
    const free = Math.min(largest, width / extent.width, height / extent.height);
    // Whole pixels where they are large enough for the eye to see that they differ.
    const scale = free >= 6 ? Math.floor(free) : free;
    this.lens.take(
      {
        rows: extent.height,
        columns: extent.width,
        fitX: scale,
        fitY: scale,
        width: Math.max(1, Math.round(extent.width * scale)),
        height: Math.max(1, Math.round(extent.height * scale)),
      },
      noGutter,
    );
    const { frame } = this.lens;
    this.element.style.width = `${frame?.width ?? 0}px`;
    this.element.style.height = `${frame?.height ?? 0}px`;
  }

  /** Image and what the model saw together. */
  private get extent(): Box {
    return extentOf(this.content?.patches ?? null);
  }

  /** The place on the grid that the keyboard is at. */
  private current(): Cell | null {
    const { content, hovered } = this;
    if (content === null) return null;
    const { columns } = walked(content.patches);
    const at =
      hovered === null
        ? content.patches.list.findIndex(({ box }) => isSame(box, content.source ?? content.picked))
        : content.patches.list.indexOf(hovered);
    return at < 0 ? null : { row: Math.floor(at / columns), column: at % columns };
  }

  private patchIn({ row, column }: Cell): Patch | null {
    if (this.content === null) return null;
    const { patches } = this.content;
    return patches.list[row * walked(patches).columns + column] ?? null;
  }

  /** A point of the element as one of the image, in its pixels. */
  private placeAt(x: number, y: number): [number, number] | null {
    const { frame, viewport } = this.lens;
    if (frame === null || viewport === null) return null;
    if (x < 0 || y < 0 || x >= frame.width || y >= frame.height) return null;
    const { extent } = this;
    return [extent.x + viewport.left + x / viewport.scaleX, extent.y + viewport.top + y / viewport.scaleY];
  }

  private reveal(x: number, y: number): void {
    const { extent } = this;
    this.lens.reveal({ row: Math.floor(y - extent.y), column: Math.floor(x - extent.x) });
  }

  private paint(): void {
    const { content, theme, hovered, extent } = this;
    const { frame, viewport } = this.lens;
    if (content === null || frame === null || viewport === null) return;
    const base = { ...content, extent, frame, viewport, theme, ratio: window.devicePixelRatio };
    this.picture.hidden = content.image === null;
    if (content.image !== null) paintImage(this.picture, { ...base, image: content.image });
    paintMarks(this.marks, { ...base, hovered: hovered?.box ?? null });
    if (!this.fresh || content.image === null || content.heat === null) return;
    this.fresh = false;
    this.events.painted();
  }
}

function isSame(a: Box, b: Box | null): boolean {
  return a.x === b?.x && a.y === b.y && a.width === b.width && a.height === b.height;
}

/** An image and what a model saw of it together: that may go beyond the image, where it was padded. */
export function extentOf(patches: Patches | null): Box {
  if (patches === null) return { x: 0, y: 0, width: 0, height: 0 };
  const { width, height, seen } = patches.medium;
  return around([{ x: 0, y: 0, width, height }, seen]);
}
