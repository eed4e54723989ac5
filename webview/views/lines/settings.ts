import type { HeadPlace, InspectionSummary, LinesRequest, Span } from '../../../src/protocol.js';
import { fieldsOf, isCount } from '../../parse.js';
import { readThreshold } from '../../controls/threshold.js';
import { linesStrings } from './strings.js';

export const headChoices = ['one', 'picked', 'layerMean', 'layerMax', 'allMean', 'allMax'] as const;
export type HeadChoice = (typeof headChoices)[number];

export const arrangements = ['columns', 'arcs'] as const;
export type Arrangement = (typeof arrangements)[number];

/** The most heads that have lines of their own. */
export const mostHeads = 8;

/** What is drawn. */
export interface LinesSettings {
  readonly heads: HeadChoice;
  /** The heads that were picked, of whatever is inspected: those that it does not have are left out. */
  readonly picked: readonly HeadPlace[];
  readonly arrangement: Arrangement;
  /** "0-1": from the first text’s queries to the second’s keys; empty for all. */
  readonly sentences: string;
  readonly threshold: number;
}

export const usualSettings: LinesSettings = {
  heads: 'one',
  picked: [],
  arrangement: 'columns',
  sentences: '',
  threshold: 0.05,
};

export function readSettings(remembered: unknown): LinesSettings {
  const fields = fieldsOf(remembered);
  const picked = fields?.['picked'];
  const sentences = fields?.['sentences'];
  return {
    heads: headChoices.find((each) => each === fields?.['heads']) ?? usualSettings.heads,
    picked: Array.isArray(picked) ? picked.flatMap(readPlace).slice(0, mostHeads) : [],
    arrangement: arrangements.find((each) => each === fields?.['arrangement']) ?? usualSettings.arrangement,
    sentences: typeof sentences === 'string' ? sentences : '',
    threshold: readThreshold(fields?.['threshold'], usualSettings.threshold),
  };
}

function readPlace(value: unknown): HeadPlace[] {
  const fields = fieldsOf(value);
  const layer = fields?.['layer'];
  const head = fields?.['head'];
  return isCount(layer) && isCount(head) ? [{ layer, head }] : [];
}

/** Which heads are asked for, how they are made one, and what the sets of lines are called. */
export interface Drawn {
  readonly heads: readonly HeadPlace[];
  readonly fuse: LinesRequest['fuse'];
  readonly names: readonly string[];
}

export function drawnOf(
  { heads: choice, picked }: LinesSettings,
  { layer, head }: HeadPlace,
  { layers, heads }: Pick<InspectionSummary, 'layers' | 'heads'>,
): Drawn {
  const all = (layersOf: readonly number[]): HeadPlace[] =>
    layersOf.flatMap((each) => Array.from({ length: heads }, (_, at) => ({ layer: each, head: at })));
  const every = Array.from({ length: layers }, (_, at) => at);
  const apart = (places: readonly HeadPlace[]): Drawn => ({
    heads: places,
    fuse: 'apart',
    names: places.map((place) => linesStrings.head(place.layer, place.head)),
  });
  switch (choice) {
    case 'one':
      return apart([{ layer, head }]);
    case 'picked':
      return apart(picked.filter((place) => place.layer < layers && place.head < heads));
    case 'layerMean':
      return { heads: all([layer]), fuse: 'mean', names: [linesStrings.meanOfLayer(layer)] };
    case 'layerMax':
      return { heads: all([layer]), fuse: 'max', names: [linesStrings.maxOfLayer(layer)] };
    case 'allMean':
      return { heads: all(every), fuse: 'mean', names: [linesStrings.allMean] };
    case 'allMax':
      return { heads: all(every), fuse: 'max', names: [linesStrings.allMax] };
  }
}

/** Whether the same tokens are queries and keys, so that a text can stand once. */
export function isOneText({ queries, keys }: Pick<InspectionSummary, 'queries' | 'keys'>): boolean {
  return (
    queries.count === keys.count &&
    JSON.stringify([queries.words, queries.marks]) === JSON.stringify([keys.words, keys.marks])
  );
}

/** A text’s tokens along one side, "A", "B", … */
export interface Sentence {
  readonly name: string;
  readonly span: Span;
}

/** Where two texts or more were read together: which of the tokens are of which; none where there is one text alone. */
export function sentencesOf(
  labels: InspectionSummary['queries'],
  media: InspectionSummary['media'],
): Sentence[] {
  const { marks } = labels;
  const texts = media.filter(({ kind }) => kind === 'text');
  if (marks === undefined || texts.length < 2) return [];
  const found = texts.flatMap(({ id }, at) => {
    const own = marks.flatMap((mark, index) => (mark?.medium === id ? [index] : []));
    const [first] = own;
    const last = own.at(-1);
    if (first === undefined || last === undefined) return [];
    return [{ name: String.fromCodePoint(65 + at), span: { start: first, end: last + 1 } }];
  });
  return found.length < 2 ? [] : found;
}

/** The queries and keys that lines go between. */
export function spansOf(
  summary: InspectionSummary,
  sentences: string,
): { readonly queries: Span; readonly keys: Span } {
  const whole = {
    queries: { start: 0, end: summary.queries.count },
    keys: { start: 0, end: summary.keys.count },
  };
  const [from, to] = sentences.split('-').map(Number);
  const queries = sentencesOf(summary.queries, summary.media)[from ?? -1]?.span;
  const keys = sentencesOf(summary.keys, summary.media)[to ?? -1]?.span;
  return queries === undefined || keys === undefined ? whole : { queries, keys };
}
