import { CancelledError } from '../src/channel.js';
import type { Arithmetic, ArithmeticRequest, Place, Slice, SliceRequest, Span } from '../src/protocol.js';
import type { Panel } from './panel.js';

/** Rows of numbers kept at hand: 64 rows of 8192 are 2 MB. */
const rowsKept = 64;

/** Asks for numbers. What comes back for an inspection or revision that is no longer shown is refused as cancelled. */
export class Matrices {
  private rows = new Map<string, Promise<Slice>>();
  private rowsOf = '';

  constructor(private readonly panel: Panel) {}

  /** Where the user is, for a step; null while there is nothing to look at. */
  place(step: string): Place | null {
    const { summary } = this.panel;
    const { layer, head } = this.panel.store.get().position;
    return summary === null ? null : { inspection: summary.id, layer, head, step };
  }

  async slice(request: SliceRequest, signal: AbortSignal): Promise<Slice> {
    const stamp = this.stamp();
    const slice = await this.panel.channel.request('slice', request, { signal });
    this.check(stamp);
    if (slice.revision !== this.panel.summary?.revision) throw new CancelledError();
    return slice;
  }

  /** One whole row of a step's matrix, exact; kept for when it is asked for again. */
  row(place: Place, row: number): Promise<Slice> {
    const stamp = this.stamp();
    if (stamp !== this.rowsOf) {
      this.rows.clear();
      this.rowsOf = stamp;
    }
    const key = `${place.step} ${place.layer} ${place.head} ${row}`;
    const kept = this.rows.get(key);
    if (kept !== undefined) {
      this.rows.delete(key);
      this.rows.set(key, kept);
      return kept;
    }
    const span: Span = { start: row, end: row + 1 };
    const asked = this.slice({ ...place, rows: span }, new AbortController().signal);
    this.rows.set(key, asked);
    asked.catch(() => {
      if (this.rows.get(key) === asked) this.rows.delete(key);
    });
    for (const oldest of this.rows.keys()) {
      if (this.rows.size <= rowsKept) break;
      this.rows.delete(oldest);
    }
    return asked;
  }

  async arithmetic(request: ArithmeticRequest, signal: AbortSignal): Promise<Arithmetic> {
    const stamp = this.stamp();
    const arithmetic = await this.panel.channel.request('arithmetic', request, { signal });
    this.check(stamp);
    return arithmetic;
  }

  /** Lets go of everything kept. */
  clear(): void {
    this.rows.clear();
  }

  private stamp(): string {
    const { summary } = this.panel;
    return summary === null ? '' : `${summary.id} ${summary.revision}`;
  }

  private check(stamp: string): void {
    if (stamp !== this.stamp()) throw new CancelledError();
  }
}

/** True for what need not be shown: the answer is no longer wanted. */
export function isCancelled(error: unknown): boolean {
  return error instanceof CancelledError || (error instanceof Error && error.name === 'CancelledError');
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
