import type { Covering, SavedLocation } from './panel.js';
import { readScaleChoice } from '../src/drawing/colors/choice.js';
import { fieldsOf, isCount } from './parse.js';

/** Widths of the side columns, in CSS pixels. */
export interface Widths {
  readonly left: number;
  readonly right: number;
}

/** What the page remembers between its lives: where the user was, never what was computed. */
export interface SavedPage {
  readonly location: SavedLocation | null;
  /** Which of the centre's views was shown. */
  readonly centre: string | null;
  readonly widths: Widths | null;
  /** What each view remembered, by its id; each reads its own. */
  readonly views: Readonly<Record<string, unknown>>;
}

/** Reads what was saved, by whatever version of this page; what does not fit is left out. */
export function readSavedPage(state: unknown): SavedPage | null {
  const all = fieldsOf(state);
  if (all === null) return null;
  const centre = all['centre'];
  const widths = fieldsOf(all['widths']);
  const left = widths?.['left'];
  const right = widths?.['right'];
  return {
    location: readLocation(all['location']),
    centre: typeof centre === 'string' ? centre : null,
    widths: isCount(left) && isCount(right) ? { left, right } : null,
    views: fieldsOf(all['views']) ?? {},
  };
}

function readLocation(value: unknown): SavedLocation | null {
  const location = fieldsOf(value);
  const position = fieldsOf(location?.['position']);
  const summaryKey = location?.['summaryKey'];
  const origin = location?.['origin'];
  const layer = position?.['layer'];
  const head = position?.['head'];
  const step = position?.['step'];
  if (typeof summaryKey !== 'string' || typeof origin !== 'string') return null;
  if (!isCount(layer) || !isCount(head) || typeof step !== 'string') return null;
  const cell = fieldsOf(position?.['cell']);
  const row = cell?.['row'];
  const column = cell?.['column'];
  const picked = isCount(row) && isCount(column) ? { cell: { row, column } } : {};
  return {
    summaryKey,
    origin,
    position: { layer, head, step, ...picked },
    covering: readCovering(location?.['covering']),
    scale: location?.['scale'] === undefined ? null : readScaleChoice(location['scale']),
  };
}

function readCovering(value: unknown): Covering | null {
  const covering = fieldsOf(value);
  const view = covering?.['view'];
  const choice = covering?.['choice'];
  if (typeof view !== 'string' || (choice !== null && typeof choice !== 'string')) return null;
  return { view, choice };
}
