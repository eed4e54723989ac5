import { CancelledError } from '../src/channel.js';
import type {
  Arithmetic,
  ArithmeticRequest,
  InspectionSummary,
  Picture,
  Place,
  Slice,
  SliceRequest,
  Span,
} from '../src/protocol.js';
import type { Panel } from './panel.js';
import { findStep } from '../src/drawing/labels.js';

/** Rows and columns of numbers kept at hand: 64 of 8192 are 2 MB. */
const rowsKept = 64;

/** Asks for numbers. What comes back for an inspection or revision that is no longer shown is refused as cancelled. */
export class Matrices {
  private rows = new Map<string, Promise<Slice>>();
  private rowsOf = '';
  private brought: Picture | null = null;

  /** `summary` is what they are asked of: what is open, where nothing else is said. */
  constructor(
    private readonly panel: Panel,
    private readonly summary: () => InspectionSummary | null = () => panel.summary,
  ) {}

  /** Where the user is, for a step; null while there is nothing to look at. */
  place(step: string): Place | null {
    const summary = this.summary();
    const { chosen, position } = this.panel.store.get();
    if (summary === null) return null;
    const { layer, head } = position;
    const place = {
      inspection: summary.id,
      layer: Math.min(layer, Math.max(0, summary.layers - 1)),
      head: Math.min(head, Math.max(0, summary.heads - 1)),
      step,
    };
    return findStep(summary, step)?.perQuery === true ? { ...place, query: chosen.query } : place;
  }

  /** Keeps the matrix that came with what is about to be shown, until it is asked for. */
  bring(picture: Picture | null): void {
    this.brought = picture;
  }

  async slice(request: SliceRequest, signal: AbortSignal): Promise<Slice> {
    const stamp = this.stamp();
    const slice = await (this.take(request) ?? this.panel.channel.request('slice', request, { signal }));
    this.check(stamp);
    if (slice.revision !== this.summary()?.revision) throw new CancelledError();
    return slice;
  }

  /** One whole row of a step's matrix, exact; kept for when it is asked for again. */
  row(place: Place, row: number): Promise<Slice> {
    return this.line(place, 'rows', row);
  }

  /** One whole column, likewise. */
  column(place: Place, column: number): Promise<Slice> {
    return this.line(place, 'columns', column);
  }

  private line(place: Place, side: 'rows' | 'columns', index: number): Promise<Slice> {
    const stamp = this.stamp();
    if (stamp !== this.rowsOf) {
      this.rows.clear();
      this.rowsOf = stamp;
    }
    const key = `${place.step} ${place.layer} ${place.head} ${place.query ?? ''} ${side} ${index}`;
    const kept = this.rows.get(key);
    if (kept !== undefined) {
      this.rows.delete(key);
      this.rows.set(key, kept);
      return kept;
    }
    const span: Span = { start: index, end: index + 1 };
    const asked = this.slice({ ...place, [side]: span }, new AbortController().signal);
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

  private take(request: SliceRequest): Slice | null {
    const { brought } = this;
    if (brought === null || !isWhole(request, brought.place)) return null;
    this.brought = null;
    return brought.slice;
  }

  private stamp(): string {
    const summary = this.summary();
    return summary === null ? '' : `${summary.id} ${summary.revision}`;
  }

  private check(stamp: string): void {
    if (stamp !== this.stamp()) throw new CancelledError();
  }
}

/** True where a request asks for all of the matrix at a place, a number a cell. */
function isWhole(request: SliceRequest, place: Place): boolean {
  const { inspection, layer, head, step, query, rows, columns, pool } = request;
  const cut = rows !== undefined || columns !== undefined || pool !== undefined;
  const here = inspection === place.inspection && layer === place.layer && head === place.head;
  return !cut && here && step === place.step && query === place.query;
}

/** True for what need not be shown: the answer is no longer wanted. */
export function isCancelled(error: unknown): boolean {
  return error instanceof CancelledError || (error instanceof Error && error.name === 'CancelledError');
}
