import { reasonOf } from '../../../../src/common/values.js';
import type { Interval } from '../../../../src/protocol.js';
import { settled } from '../../../dom.js';
import { isCancelled } from '../../../matrices.js';

/** How long a pan or zoom must rest before its detail is asked for, in milliseconds. */
const rest = 90;
/** How much beyond what is seen the detail reaches, on either side, as a share of it. */
const margin = 0.5;
const mostColumns = 4096;

/** A part of a picture over time, in so many columns. */
export interface Piece<T> {
  readonly of: Interval;
  readonly columns: number;
  readonly value: T;
}

export interface ZoomedSource<T> {
  ask(of: Interval, columns: number, signal: AbortSignal): Promise<T>;
  /** How many columns came; fewer than were asked for where there are no more. */
  columnsOf(value: T): number;
  come(): void;
  failed(sentence: string): void;
}

/** A picture over time: all of it, as finely as it is first seen, and what is looked at closely. */
export class Zoomed<T> {
  overview: Piece<T> | null = null;
  private detail: Piece<T> | null = null;
  private asking: AbortController | null = null;
  private askingDetail: AbortController | null = null;
  private extent: Interval = { start: 0, end: 0 };
  private looked: { readonly shown: Interval; readonly pixels: number } | null = null;
  private readonly rest = settled(rest, () => {
    void this.refine();
  });

  constructor(private readonly source: ZoomedSource<T>) {}

  /** Asks for all of an extent. What was shown stays until it comes. */
  async show(extent: Interval, pixels: number): Promise<void> {
    this.drop();
    this.extent = extent;
    if (!(extent.end > extent.start)) return;
    const asking = new AbortController();
    this.asking = asking;
    const piece = await this.fetch(extent, pixels, asking);
    if (piece === null || this.asking !== asking) return;
    this.asking = null;
    this.overview = piece;
    this.detail = null;
    this.source.come();
    this.rest.ask();
  }

  /** Tells what is looked at, in so many device pixels. */
  look(shown: Interval, pixels: number): void {
    this.looked = { shown, pixels };
    if (this.wants() !== null) this.rest.ask();
  }

  /** The finest that covers what is seen; null before anything has come. */
  pieceFor(shown: Interval): Piece<T> | null {
    const { detail, overview } = this;
    return detail !== null && this.covers(detail.of, shown) ? detail : overview;
  }

  clear(): void {
    this.drop();
    this.overview = null;
    this.detail = null;
    this.looked = null;
  }

  private drop(): void {
    this.rest.drop();
    this.asking?.abort();
    this.asking = null;
    this.askingDetail?.abort();
    this.askingDetail = null;
  }

  private covers(outer: Interval, { start, end }: Interval): boolean {
    return (
      outer.start <= Math.max(start, this.extent.start) + 1e-9 &&
      outer.end >= Math.min(end, this.extent.end) - 1e-9
    );
  }

  private wants(): { readonly of: Interval; readonly columns: number } | null {
    const { looked, overview, detail } = this;
    if (looked === null || overview === null) return null;
    const { shown, pixels } = looked;
    const length = shown.end - shown.start;
    const fine = (piece: Piece<T>): boolean =>
      this.source.columnsOf(piece.value) < piece.columns ||
      (piece.columns / (piece.of.end - piece.of.start)) * length >= pixels * 0.95;
    if (fine(overview)) return null;
    if (detail !== null && this.covers(detail.of, shown) && fine(detail)) return null;
    const of = {
      start: Math.max(this.extent.start, shown.start - length * margin),
      end: Math.min(this.extent.end, shown.end + length * margin),
    };
    if (!(of.end > of.start)) return null;
    return { of, columns: Math.min(mostColumns, Math.ceil((pixels * (of.end - of.start)) / length)) };
  }

  private async refine(): Promise<void> {
    const wanted = this.wants();
    if (wanted === null) return;
    this.askingDetail?.abort();
    const asking = new AbortController();
    this.askingDetail = asking;
    const piece = await this.fetch(wanted.of, wanted.columns, asking);
    if (piece === null || this.askingDetail !== asking) return;
    this.detail = piece;
    this.source.come();
  }

  private async fetch(of: Interval, pixels: number, asking: AbortController): Promise<Piece<T> | null> {
    const columns = Math.max(1, Math.min(mostColumns, Math.ceil(pixels)));
    try {
      const value = await this.source.ask(of, columns, asking.signal);
      return asking.signal.aborted ? null : { of, columns, value };
    } catch (error) {
      if (!isCancelled(error) && !asking.signal.aborted) this.source.failed(reasonOf(error));
      return null;
    }
  }
}
