import type {
  AxisDescription,
  AxisName,
  InspectionSummary,
  Labels,
  Parameter,
  Phase,
  Step,
} from '../protocol.js';

const axisTitles: Readonly<Record<AxisName, string>> = {
  query: 'query',
  key: 'key',
  feature: 'feature',
  value: 'value',
  model: 'model',
  hidden: 'unit',
  sample: 'draw',
  frame: 'frame',
  endpoint: 'endpoint',
  image: 'image',
  caption: 'caption',
};

/** Every axis that a side of a matrix can count. */
export const axisNames = Object.keys(axisTitles) as readonly AxisName[];

export function axisTitle(axis: AxisName): string {
  return axisTitles[axis];
}

const edges: Labels = { count: 2, words: ['start', 'end'] };

/** The names along an axis; features have none. */
export function labelsOf(summary: InspectionSummary, axis: AxisName): Labels | null {
  if (axis === 'endpoint') return edges;
  return axis === 'query' ? summary.queries : axis === 'key' ? summary.keys : null;
}

/** Makes what has no ink visible: spaces at the ends, tabs, line ends, control characters, direction marks. */
export function visibleWord(word: string): string {
  if (word === '') return '∅';
  return word
    .replaceAll('\r\n', '↵')
    .replaceAll(/[\n\r\u2028\u2029]/g, '↵')
    .replaceAll('\t', '⇥')
    .replaceAll(/^ +| +$/g, (spaces) => '␣'.repeat(spaces.length))
    .replaceAll(/[\u00a0\u2000-\u200a\u202f\u205f\u3000]/g, '␣')
    .replaceAll(
      /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g,
      (character) => `⟨${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`,
    );
}

/** Positions and features are counted from 0, as subscripts in the formulas are, and as arrays are in code. */
const first = 0;

/** The number that a position or feature is shown by. */
export function ordinal(index: number): number {
  return index + first;
}

/** The position or feature that is shown by a number. */
export function fromOrdinal(number: number): number {
  return number - first;
}

/** What stands beside a row or column: its word, or its number. */
export function shortLabel(summary: InspectionSummary, axis: AxisName, index: number): string {
  const word = labelsOf(summary, axis)?.words?.[index];
  return word === undefined ? String(ordinal(index)) : visibleWord(word);
}

/** True where the axis has words rather than numbers. */
export function hasWords(summary: InspectionSummary, axis: AxisName): boolean {
  return labelsOf(summary, axis)?.words !== undefined;
}

/** "query it (11)", "feature 4" */
export function longLabel(summary: InspectionSummary, axis: AxisName, index: number): string {
  return hasWords(summary, axis)
    ? `${axisTitle(axis)} ${shortLabel(summary, axis, index)} (${ordinal(index)})`
    : `${axisTitle(axis)} ${ordinal(index)}`;
}

/** "for query 3 (“die”)": whose matrix it is, of a step that has one for each query. */
export function forQuery(summary: InspectionSummary, query: number): string {
  const word = hasWords(summary, 'query') ? ` (“${shortLabel(summary, 'query', query)}”)` : '';
  return `for query ${ordinal(query)}${word}`;
}

/** Whether anything attends to anything: else there are no weights to draw, measure or multiply. */
export function hasAttention({ steps }: InspectionSummary): boolean {
  return steps.some(({ role }) => role === 'weights');
}

export function findStep(summary: InspectionSummary, name: string): Step | undefined {
  return summary.steps.find((step) => step.name === name);
}

/**
 * The first of an axis's tokens that the model wrote itself, where those stand at its end behind others that were read; null where
 * none do. What was written stands for nothing in what was read.
 */
export function writtenFrom(summary: InspectionSummary, axis: AxisName): number | null {
  const labels = labelsOf(summary, axis);
  const written = summary.continuation?.ids.length ?? 0;
  if (labels?.marks === undefined || written === 0) return null;
  const from = labels.count - written;
  const { marks } = labels;
  return from > 0 &&
    marks.slice(from).every((mark) => mark === null) &&
    marks.slice(0, from).some((mark) => mark !== null)
    ? from
    : null;
}

/** The step's quantity in a readout: "weight", "score", else its title in small letters. */
export function quantity(step: Step): string {
  if (step.scale === 'weights') return step.rows.axis === 'endpoint' ? 'probability' : 'weight';
  return isPairwise(step) ? 'score' : step.title.charAt(0).toLowerCase() + step.title.slice(1);
}

export function isPairwise(step: {
  readonly rows: AxisDescription;
  readonly columns: AxisDescription;
}): boolean {
  return step.rows.axis === 'query' && step.columns.axis === 'key';
}

/** The step that a row of weights was made from: the last one of query × key numbers around 0 before it. */
export function scoreOf(summary: InspectionSummary, step: Step): Step | undefined {
  if (step.scale !== 'weights' || !isPairwise(step)) return undefined;
  const before = summary.steps.slice(0, summary.steps.indexOf(step));
  return before.findLast((other) => isPairwise(other) && other.scale === 'signed');
}

const phaseTitles: Readonly<Record<Phase, string>> = {
  input: 'Inputs',
  score: 'Score function',
  normalisation: 'Normalisation',
  sum: 'Weighted sum',
  gradient: 'Gradients',
  task: 'Answer',
  match: 'Similarity (not attention)',
};

export function phaseTitle(phase: Phase): string {
  return phaseTitles[phase];
}

/** What a parameter is set to, as its control says it. */
export function valueTitle(parameter: Parameter): string {
  return parameter.kind === 'choice'
    ? (parameter.choices.find(({ value }) => value === parameter.value)?.title ?? parameter.value)
    : String(parameter.value);
}
