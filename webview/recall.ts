import type { ParameterValues } from '../src/protocol.js';
import type { Whereabouts } from './panel.js';

/** No more stand beside an inspection. */
export const mostVariants = 3;

/** Widths of the side columns, in CSS pixels. */
export interface Columns {
  readonly heads: number;
  readonly steps: number;
}

/** What the page remembers between its lives: where the user was, never what was computed. */
export interface Recalled {
  readonly at: Whereabouts | null;
  readonly opened: Readonly<Record<string, boolean>>;
  readonly asTable: boolean;
  readonly kinds: boolean;
  readonly columns: Columns | null;
}

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null ? (value as Fields) : null;
}

function whole(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

/** Reads what was remembered, by whatever version of this page; what does not fit is left out. */
export function recall(state: unknown): Recalled | null {
  const all = fields(state);
  if (all === null) return null;
  const opened = Object.entries(fields(all['opened']) ?? {}).filter(
    (entry): entry is [string, boolean] => typeof entry[1] === 'boolean',
  );
  const columns = fields(all['columns']);
  const heads = columns?.['heads'];
  const steps = columns?.['steps'];
  return {
    at: recallPlace(fields(all['at'])),
    opened: Object.fromEntries(opened),
    asTable: all['asTable'] === true,
    kinds: all['kinds'] === true,
    columns: whole(heads) && whole(steps) ? { heads, steps } : null,
  };
}

function recallPlace(at: Fields | null): Recalled['at'] {
  const position = fields(at?.['position']);
  const key = at?.['summaryKey'];
  const layer = position?.['layer'];
  const head = position?.['head'];
  const step = position?.['step'];
  if (typeof key !== 'string' || !whole(layer) || !whole(head) || typeof step !== 'string') return null;
  const cell = fields(position?.['cell']);
  const row = cell?.['row'];
  const column = cell?.['column'];
  const picked = whole(row) && whole(column) ? { cell: { row, column } } : {};
  return {
    summaryKey: key,
    position: { layer, head, step, ...picked },
    comparing: at?.['comparing'] === true,
    variants: recallVariants(at?.['variants']),
  };
}

function recallVariants(variants: unknown): readonly ParameterValues[] | null {
  if (!Array.isArray(variants) || variants.length > mostVariants) return null;
  const read = variants.map(fields);
  return read.every(isParameterValues) ? read : null;
}

function isParameterValues(value: Fields | null): value is ParameterValues {
  return (
    value !== null &&
    Object.values(value).every(
      (each) => typeof each === 'string' || (typeof each === 'number' && Number.isFinite(each)),
    )
  );
}
