import type { Place, Slice, SliceRequest, Span, Step } from '../../../src/protocol.js';
import { settled } from '../../dom.js';
import type { Frame, Viewport } from '../../draw/viewport.js';
import { covers, visibleSpans, widen } from '../../draw/viewport.js';
import type { SliceSource } from '../../../src/drawing/slices.js';
import { exactAt, isExact } from '../../../src/drawing/slices.js';
import { isCancelled } from '../../matrices.js';
import { reasonOf } from '../../../src/common/values.js';

/** No picture is asked for with more numbers a side than this. */
const mostTexels = 1024;
/** How long a pan or zoom must rest before its detail is asked for, in milliseconds. */
const restBeforeDetail = 90;
/** How much beyond the window the detail reaches, so that a short pan needs no other. */
const margin = 0.3;

export interface LayersEvents {
  /** The whole matrix has come, or is gone (null). */
  overview(slice: Slice | null): void;
  detail(slice: Slice | null): void;
  failed(message: string): void;
}

/** One matrix's pictures: the whole of it, pooled to the screen, and what is looked at closely. */
export class MatrixLayers {
  overview: Slice | null = null;
  detail: Slice | null = null;
  private place: Place | null = null;
  private step: Step | null = null;
  private asking: AbortController | null = null;
  private askingDetail: AbortController | null = null;
  private looked: { viewport: Viewport; frame: Frame; ratio: number; largest: number } | null = null;
  private readonly rest = settled(restBeforeDetail, () => {
    void this.refine();
  });

  constructor(
    private readonly matrices: SliceSource,
    private readonly events: LayersEvents,
  ) {}

  /** Asks for a whole matrix, for a window of so many device pixels. What was shown stays until it comes. */
  async show(place: Place, step: Step, pixels: { width: number; height: number }): Promise<void> {
    this.cancel();
    this.place = place;
    this.step = step;
    const asking = new AbortController();
    this.asking = asking;
    const rows = Math.max(1, Math.min(mostTexels, Math.ceil(pixels.height)));
    const columns = Math.max(1, Math.min(mostTexels, Math.ceil(pixels.width)));
    const fits = step.rows.size <= rows && step.columns.size <= columns;
    const request: SliceRequest = fits ? place : { ...place, pool: { rows, columns, by: pooling(step) } };
    try {
      const slice = await this.matrices.slice(request, asking.signal);
      if (this.asking !== asking) return;
      this.detail = null;
      this.events.detail(null);
      this.overview = slice;
      this.events.overview(slice);
      this.rest.ask();
    } catch (error) {
      if (!isCancelled(error) && this.asking === asking) this.events.failed(reasonOf(error));
    } finally {
      if (this.asking === asking) this.asking = null;
    }
  }

  /** True while the whole matrix is on its way. */
  get isAsking(): boolean {
    return this.asking !== null;
  }

  /** Tells what is looked at; asks for its detail once that has rested. */
  look(viewport: Viewport, frame: Frame, ratio: number, largest: number): void {
    this.looked = { viewport, frame, ratio, largest };
    if (this.detail !== null && !this.isClose()) {
      // Seen from afar, a part in finer resolution would stand out as if its numbers were others.
      this.askingDetail?.abort();
      this.detail = null;
      this.events.detail(null);
    }
    if (this.wants() !== null) this.rest.ask();
  }

  valueAt(row: number, column: number): number | undefined {
    return exactAt(this.detail, row, column) ?? exactAt(this.overview, row, column);
  }

  /** Forgets everything, and asks for nothing more. */
  clear(): void {
    this.cancel();
    this.place = null;
    this.step = null;
    this.overview = null;
    this.detail = null;
    this.events.detail(null);
    this.events.overview(null);
  }

  private cancel(): void {
    this.rest.drop();
    this.asking?.abort();
    this.asking = null;
    this.askingDetail?.abort();
    this.askingDetail = null;
  }

  /** True where the whole matrix's picture is too coarse for what is looked at. */
  private isClose(): boolean {
    const { looked, overview } = this;
    if (looked === null || overview === null || isExact(overview)) return false;
    return !fine(overview, looked.viewport, looked.ratio);
  }

  /** The detail that would show more than what is at hand, or null. */
  private wants(): SliceRequest | null {
    const { looked, overview, detail, place, step } = this;
    if (looked === null || overview === null || place === null || step === null) return null;
    if (!this.isClose()) return null;
    const { viewport, frame, ratio } = looked;
    const seen = visibleSpans(viewport, frame);
    if (detail !== null && covers(detail.rows, seen.rows) && covers(detail.columns, seen.columns)) {
      if (isExact(detail) || fine(detail, viewport, ratio)) return null;
    }
    const rows = widen(seen.rows, margin, step.rows.size);
    const columns = widen(seen.columns, margin, step.columns.size);
    const most = Math.min(looked.largest, 2 * mostTexels);
    const pool = {
      rows: Math.min(most, Math.ceil(length(rows) * viewport.scaleY * ratio)),
      columns: Math.min(most, Math.ceil(length(columns) * viewport.scaleX * ratio)),
      by: pooling(step),
    };
    const fits = length(rows) <= pool.rows && length(columns) <= pool.columns;
    return fits ? { ...place, rows, columns } : { ...place, rows, columns, pool };
  }

  private async refine(): Promise<void> {
    const request = this.wants();
    if (request === null) return;
    this.askingDetail?.abort();
    const asking = new AbortController();
    this.askingDetail = asking;
    try {
      const slice = await this.matrices.slice(request, asking.signal);
      if (this.askingDetail !== asking) return;
      this.detail = slice;
      this.events.detail(slice);
    } catch (error) {
      if (!isCancelled(error) && this.askingDetail === asking) this.events.failed(reasonOf(error));
    }
  }
}

function pooling(step: Step): 'max' | 'mean' {
  return step.scale === 'weights' ? 'max' : 'mean';
}

function length(span: Span): number {
  return span.end - span.start;
}

/** True where a slice's numbers are no larger on screen than a device pixel. */
function fine(slice: Slice, viewport: Viewport, ratio: number): boolean {
  const [rows = 1, columns = 1] = slice.shape;
  const hair = 1.05;
  return (
    (length(slice.rows) / rows) * viewport.scaleY * ratio <= hair &&
    (length(slice.columns) / columns) * viewport.scaleX * ratio <= hair
  );
}
