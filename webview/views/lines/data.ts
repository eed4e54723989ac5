import type { InspectionSummary, LineSet, LinesRequest, Span } from '../../../src/protocol.js';
import type { PanelChannel } from '../../panel.js';
import type { Drawn } from './settings.js';
import type { Focus } from './shapes.js';

/** The most lines that are drawn at once, of all sets together. */
const mostLines = 4000;
/** Rows are asked for in blocks of so many, so that scrolling does not ask with each step. */
const block = 64;
/** More weights than these are gone through for a key only when it is locked. */
const mostUnlocked = 2 ** 26;

/** What lines are wanted of. */
export interface Wanted {
  readonly summary: InspectionSummary;
  readonly drawn: Drawn;
  readonly queries: Span;
  readonly keys: Span;
  readonly threshold: number;
}

/** Queries in view, as they are asked for: whole blocks, inside of what is drawn at all. */
export function blocksOf({ start, end }: Span, within: Span): Span {
  const from = Math.max(within.start, Math.floor(start / block) * block);
  const to = Math.min(within.end, Math.ceil(end / block) * block);
  return from < to ? { start: from, end: to } : { start: within.start, end: within.start };
}

/** The request for the lines of the queries in view; null where none of them have lines. */
export function viewRequest(wanted: Wanted, view: Span): LinesRequest | null {
  const queries = blocksOf(view, wanted.queries);
  return queries.start === queries.end ? null : request(wanted, queries, wanted.keys);
}

/**
 * The request for all lines of one token, those with tokens out of view too. Null where it has none, and where every weight of many
 * heads would have to be computed for a key that is only pointed at.
 */
export function focusRequest(wanted: Wanted, { side, index }: Focus, isLocked: boolean): LinesRequest | null {
  const { queries, keys, drawn } = wanted;
  const own = side === 'query' ? queries : keys;
  if (index < own.start || index >= own.end) return null;
  const one = { start: index, end: index + 1 };
  if (side === 'query') return request(wanted, one, keys);
  const weights = drawn.heads.length * (queries.end - queries.start) * wanted.summary.keys.count;
  return weights > mostUnlocked && !isLocked ? null : request(wanted, queries, one);
}

function request({ summary, drawn, threshold }: Wanted, queries: Span, keys: Span): LinesRequest {
  const { heads, fuse } = drawn;
  const isAll = keys.start === 0 && keys.end === summary.keys.count;
  return {
    ...{ inspection: summary.id, heads, fuse, queries },
    ...(isAll ? {} : { keys }),
    threshold,
    most: Math.floor(mostLines / (fuse === 'apart' ? heads.length : 1)),
  };
}

/** Asks for lines, one thing at a time: what is asked for next takes the place of what is under way. */
export class Asking {
  private under: { readonly key: string; readonly abort: AbortController } | null = null;
  private known: { readonly key: string; readonly sets: readonly LineSet[] } | null = null;

  constructor(
    private readonly channel: PanelChannel,
    private readonly come: () => void,
    private readonly fail: (error: unknown) => void,
  ) {}

  /** What came last. */
  get last(): readonly LineSet[] {
    return this.known?.sets ?? [];
  }

  /** The lines of a request, where they have come. */
  of(request: LinesRequest | null, revision: number): readonly LineSet[] | null {
    return request !== null && this.known?.key === keyOf(request, revision) ? this.known.sets : null;
  }

  /** Has them come, unless they are there or under way; with nothing, what is under way ends. */
  ask(request: LinesRequest | null, revision: number): void {
    const key = request === null ? '' : keyOf(request, revision);
    if (key === this.under?.key) return;
    this.under?.abort.abort();
    this.under = null;
    if (request === null || key === this.known?.key) return;
    const abort = new AbortController();
    const under = { key, abort };
    this.under = under;
    this.channel.request('lines', request, { signal: abort.signal }).then(
      (lines) => {
        if (this.under !== under) return;
        this.under = null;
        if (lines.revision !== revision) return;
        this.known = { key, sets: lines.sets };
        this.come();
      },
      (error: unknown) => {
        if (this.under !== under) return;
        this.under = null;
        this.fail(error);
      },
    );
  }

  forget(): void {
    this.under?.abort.abort();
    this.under = null;
    this.known = null;
  }
}

function keyOf(request: LinesRequest, revision: number): string {
  return JSON.stringify([revision, request]);
}
