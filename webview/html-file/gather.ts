import katex from 'katex';
import { placeNumber } from '../../src/common/counting.js';
import type { ScaleChoice } from '../../src/drawing/colors/choice.js';
import { tableOf } from '../../src/drawing/colors/maps.js';
import { matrixScale } from '../../src/drawing/colors/matrix-scale.js';
import { printTheme } from '../../src/drawing/figure-theme.js';
import { axisTitle, labelsOf, shortLabel } from '../../src/drawing/labels.js';
import { base64 } from '../../src/drawing/png.js';
import { isExact } from '../../src/drawing/slices.js';
import { escaped } from '../../src/drawing/svg.js';
import type { HtmlOffer, InspectionSummary, Place, Position, Slice, Step } from '../../src/protocol.js';
import type { Matrices } from '../matrices.js';
import type { FileContents, FileMatrix, FileSide } from './contents.js';
import { htmlFile } from './html.js';
import type { StepText } from './html.js';

/** A file of more numbers than these is too large to be opened with joy: 16 MB of base64. */
const mostNumbers = 3_000_000;
/** A matrix has at most so many rows and columns in it; larger ones are pooled. */
const mostSide = 512;
/** Besides scripts, style and words, in bytes. */
const besides = 40_000;

interface Wanted {
  readonly step: Step;
  readonly layer: number;
  readonly head: number;
}

interface Plan {
  readonly wanted: readonly Wanted[];
  readonly offer: HtmlOffer;
}

const sizeOf = ({ rows, columns }: Step): number =>
  Math.min(rows.size, mostSide) * Math.min(columns.size, mostSide);

/** What a self-contained page would hold: all heads where that fits, else those of the layer, else the one that is open. */
export function planned(summary: InspectionSummary, position: Position): Plan | null {
  const weights = summary.steps.find(({ name }) => name === 'weights');
  const { layer, head } = position;
  const others = summary.steps
    .filter((step) => step !== weights && !step.perQuery)
    .map((step) => ({ step, layer, head }));
  const range = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
  const scopes: readonly (readonly [
    scope: HtmlOffer['scope'],
    layers: readonly number[],
    heads: readonly number[],
  ])[] = [
    ['all', range(summary.layers), range(summary.heads)],
    ['layer', [layer], range(summary.heads)],
    ['head', [layer], [head]],
  ];
  for (const [scope, layers, heads] of scopes) {
    const places = layers.flatMap((l) => heads.map((h) => ({ layer: l, head: h })));
    const ofWeights =
      weights === undefined || weights.perQuery ? [] : places.map((at) => ({ step: weights, ...at }));
    let numbers = ofWeights.reduce((sum, { step }) => sum + sizeOf(step), 0);
    if (numbers > mostNumbers) continue;
    // Steps come in their order as long as there is room.
    const fitting = others.filter(({ step }) => {
      const fits = numbers + sizeOf(step) <= mostNumbers;
      if (fits) numbers += sizeOf(step);
      return fits;
    });
    const wanted = [...ofWeights, ...fitting];
    if (wanted.length === 0) return null;
    return { wanted, offer: { bytes: Math.ceil((numbers * 16) / 3) + besides, scope } };
  }
  return null;
}

/** Gathers the numbers, and writes the page. @throws CancelledError where something else is inspected meanwhile */
export async function gatheredHtml(
  summary: InspectionSummary,
  position: Position,
  choice: ScaleChoice,
  matrices: Matrices,
  signal: AbortSignal,
): Promise<string> {
  const plan = planned(summary, position);
  if (plan === null) throw new Error('There is no matrix that fits into a page.');
  const { ground, masked } = printTheme;
  const made: FileMatrix[] = [];
  for (const { step, layer, head } of plan.wanted) {
    const place: Place = { inspection: summary.id, step: step.name, layer, head };
    const pool = {
      rows: mostSide,
      columns: mostSide,
      by: step.scale === 'weights' ? 'max' : 'mean',
    } as const;
    const large = step.rows.size > mostSide || step.columns.size > mostSide;
    const slice = await matrices.slice(large ? { ...place, pool } : place, signal);
    made.push({ ...matrixOf(slice, step, choice), step: step.name, layer, head });
  }
  const there = summary.steps.filter(({ name }) => made.some((each) => each.step === name));
  const shown = there.some(({ name }) => name === position.step) ? position.step : (there[0]?.name ?? '');
  const contents: FileContents = {
    title: summary.title,
    subtitle: summary.subtitle,
    layers: summary.layers,
    heads: summary.heads,
    countFrom: placeNumber(0),
    position: { layer: position.layer, head: position.head, step: shown },
    steps: there.map(({ name, title, rows, columns, scale }) => ({
      ...{ name, title, scale },
      rows: sideOf(summary, rows),
      columns: sideOf(summary, columns),
    })),
    matrices: made,
    colors: {
      weights: colorsOf(tableOf(choice.map, ground)),
      signed: colorsOf(tableOf('around zero', ground)),
    },
    masked,
    spread: choice.kind,
  };
  return htmlFile(contents, summary.steps.map(textOf));
}

function matrixOf(
  slice: Slice,
  step: Step,
  choice: ScaleChoice,
): Pick<FileMatrix, 'columns' | 'data' | 'high' | 'low' | 'rows'> {
  const whole = step.scale === 'weights' || isExact(slice);
  const { minimum, maximum } = slice;
  const { scale } = matrixScale({
    of: step.scale,
    choice,
    ground: printTheme.ground,
    overview: slice,
    range: whole ? { minimum, maximum } : null,
  });
  const [rows = 0, columns = 0] = slice.shape;
  const bytes = new Uint8Array(slice.data.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [at, value] of slice.data.entries()) view.setFloat32(at * 4, value, true);
  return { data: base64(bytes), rows, columns, low: scale.low, high: scale.high };
}

function sideOf(summary: InspectionSummary, { axis, size }: Step['rows']): FileSide {
  const words = labelsOf(summary, axis)?.words;
  return {
    title: axisTitle(axis),
    size,
    words:
      words === undefined ? null : Array.from({ length: size }, (_, at) => shortLabel(summary, axis, at)),
  };
}

/** Red, green and blue of each colour. */
function colorsOf(table: Uint8ClampedArray): string {
  return base64(Uint8Array.from({ length: 768 }, (_, at) => table[Math.floor(at / 3) * 4 + (at % 3)] ?? 0));
}

function textOf({ title, note, tex }: Step): StepText {
  return { title, note, formula: formulaOf(tex) };
}

/** As MathML, which browsers draw themselves; what cannot be typeset is shown as the text that it is. */
function formulaOf(tex: string): string {
  try {
    return katex.renderToString(tex, {
      throwOnError: true,
      trust: false,
      strict: 'ignore',
      output: 'mathml',
      displayMode: true,
      maxSize: 8,
      maxExpand: 300,
    });
  } catch {
    return `<code>${escaped(tex)}</code>`;
  }
}
