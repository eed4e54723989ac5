import type { HeadRankingRequest, InspectionSummary, Span } from '../../../src/protocol.js';
import { findStep } from '../../../src/drawing/labels.js';
import type { PanelView } from '../../panel.js';
import { fieldsOf, isCount } from '../../parse.js';
import { readThreshold } from '../../controls/threshold.js';

/** What heads are ranked by: the weight of queries on keys, what queries attend to most, what attends to keys. */
export type Kind = 'pair' | 'query' | 'key';

/** What is asked of the heads, whatever is picked. */
export interface RankingSettings {
  readonly kind: Kind;
  readonly threshold: number;
  /** Queries and keys that are asked for beside those that are picked, of one inspection. */
  readonly kept: {
    readonly origin: string;
    readonly queries: readonly number[];
    readonly keys: readonly number[];
  };
}

export const usualSettings: RankingSettings = {
  kind: 'pair',
  threshold: 0.1,
  kept: { origin: '', queries: [], keys: [] },
};

export function readSettings(remembered: unknown): RankingSettings {
  const fields = fieldsOf(remembered);
  const kept = fieldsOf(fields?.['kept']);
  const kind = fields?.['kind'];
  const origin = kept?.['origin'];
  const counts = (value: unknown): number[] => (Array.isArray(value) ? value.filter(isCount) : []);
  return {
    kind: kind === 'query' || kind === 'key' ? kind : 'pair',
    threshold: readThreshold(fields?.['threshold'], usualSettings.threshold),
    kept: {
      origin: typeof origin === 'string' ? origin : '',
      queries: counts(kept?.['queries']),
      keys: counts(kept?.['keys']),
    },
  };
}

/** The query and the key that are picked, as far as they are. */
export interface Picked {
  readonly query: number | null;
  readonly key: number | null;
}

export function pickedOf({ content, position }: PanelView): Picked {
  const none = { query: null, key: null };
  const { cell } = position;
  if (content.kind !== 'inspection' || cell === undefined) return none;
  const step = findStep(content.summary, position.step);
  if (step === undefined) return none;
  const at = (axis: 'query' | 'key'): number | null =>
    step.rows.axis === axis ? cell.row : step.columns.axis === axis ? cell.column : null;
  return { query: at('query'), key: at('key') };
}

/** What is looked at: queries and keys in rising order, null for all of them. */
export interface Question {
  readonly kind: Kind;
  readonly queries: readonly number[] | null;
  readonly keys: readonly number[] | null;
}

/** What is asked with what is picked and kept; null while something is missing. */
export function questionOf(
  { kind, kept }: RankingSettings,
  { query, key }: Picked,
  origin: string,
  summary: InspectionSummary,
): Question | null {
  const own = kept.origin === origin ? kept : usualSettings.kept;
  const group = (more: readonly number[], one: number | null, count: number): number[] =>
    [...new Set(one === null ? more : [...more, one])].filter((at) => at < count).sort((a, b) => a - b);
  const queries = kind === 'key' ? null : group(own.queries, query, summary.queries.count);
  const keys = kind === 'query' ? null : group(own.keys, key, summary.keys.count);
  return queries?.length === 0 || keys?.length === 0 ? null : { kind, queries, keys };
}

export function requestOf(
  { kind, queries, keys }: Question,
  inspection: string,
): Omit<HeadRankingRequest, 'layers'> {
  const spans = (indices: readonly number[]): Span[] => indices.map((at) => ({ start: at, end: at + 1 }));
  return {
    inspection,
    ...(queries === null ? {} : { queries: spans(queries) }),
    ...(keys === null ? {} : { keys: spans(keys) }),
    measure: kind === 'query' ? 'largest' : 'sum',
    strongest: kind === 'key' ? 8 : 0,
  };
}
