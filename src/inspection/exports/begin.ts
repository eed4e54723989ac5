import { fileOf, givenOf } from '../../engine/explain.js';
import { isPerHead, type Value } from '../../engine/graph.js';
import { regionShape, sizeOf, wholeOf, type Region } from '../../engine/tensor.js';
import type { Alignment, ExportRequest, ExportScope, InspectionSummary } from '../../protocol.js';
import { describeStep, isPerQuery, mainStep, stepOf, type Layer } from '../core/subject.js';
import { urgency, type Turns } from '../core/turns.js';
import { bandHeight, bands } from '../views/matrix.js';
import { checkIndex } from '../views/pool.js';
import type { LayerReader } from '../views/reader.js';
import { spans, type ExportFile, type InputArray, type LayerExport, type StepExport } from './exporter.js';
import { exporterNamed } from './index.js';
import { oneHead, type GivenPart } from './one-head.js';
import { placeAmong } from '../../common/counting.js';

/** What an export reads: an inspection as it was when the export began. */
export interface ExportSource {
  readonly summary: InspectionSummary;
  readonly layers: readonly Layer[];
  readonly heads: number;
  readonly turns: Turns;
  reader(layer: Layer): LayerReader;
  /** When each word was said. @throws Error where there is nothing to align */
  words(this: void, signal: AbortSignal): Promise<Alignment>;
}

/** The most bytes of an input that are read at a time. */
const inputBytes = 4 << 20;

/**
 * The files of an export; nothing is computed before they are written.
 * @throws Error where there is no such exporter, step, layer or head
 */
export function exportFiles(
  source: ExportSource,
  request: Omit<ExportRequest, 'inspection'>,
): readonly ExportFile[] {
  const exporter = exporterNamed(request.exporter);
  if (!exporter.fits(source.summary)) {
    throw new Error(`${exporter.title} has nothing to take away of ${source.summary.title}.`);
  }
  switch (exporter.of) {
    case 'layer':
      return exporter.files(layerExport(source, request));
    case 'step':
      return exporter.files(stepExport(source, request));
    case 'words':
      return exporter.files({ name: request.name, summary: source.summary, words: source.words });
  }
}

/** A layer's formulas. @throws RangeError where more than one layer is asked for */
export function layerExport(
  source: ExportSource,
  { scope, name }: Pick<ExportRequest, 'scope' | 'name'>,
): LayerExport {
  const { summary, heads } = source;
  const [index, ...others] = chosen(scope.layer, source.layers.length, 'layer');
  const layer = index === undefined ? undefined : source.layers[index];
  if (index === undefined || layer === undefined || others.length > 0) {
    throw new RangeError('Formulas are those of one layer: name it by its number, from 0.');
  }
  const head = scope.head === 'all' ? undefined : checkIndex(scope.head, heads, 'head');
  const reader = source.reader(layer);
  const { steps, given } =
    head === undefined
      ? { steps: layer.steps, given: wholly(layer.steps) }
      : oneHead(layer.steps, head, heads);
  return {
    name,
    summary,
    steps,
    inputs: given
      .filter(({ leaf }) => leaf.origin.kind !== 'positions')
      .map((part) => inputArray(part, reader)),
    about: aboutOf(source, index, head),
  };
}

function aboutOf({ summary, layers, heads }: ExportSource, layer: number, head: number | undefined): string {
  const which =
    heads === 1
      ? 'its only head'
      : head === undefined
        ? `all ${heads} heads`
        : `head ${placeAmong(head, heads)} alone`;
  return `Layer ${placeAmong(layer, layers.length)}, ${which}: ${summary.title}, ${summary.mechanism.title}.`;
}

/** All that formulas of all heads start from. */
function wholly(steps: readonly Value[]): GivenPart[] {
  return givenOf(steps).map((value) => ({ leaf: value, original: value, region: wholeOf(value.shape) }));
}

function inputArray({ leaf, original, region }: GivenPart, reader: LayerReader): InputArray {
  const shape = regionShape(region);
  const [first = { start: 0, end: 1 }, ...rest] = region;
  const height = Math.max(1, Math.floor(inputBytes / (4 * Math.max(1, sizeOf(shape.slice(1))))));
  return {
    name: fileOf(leaf),
    shape,
    async *bands(signal) {
      for (const { start, end } of spans(first.end - first.start, height)) {
        signal.throwIfAborted();
        const part: Region = [{ start: first.start + start, end: first.start + end }, ...rest];
        const [tensor] = await reader.readAll([{ value: original, region: part }]);
        if (tensor === undefined) throw new Error('An input has no numbers.');
        yield tensor.data;
      }
    },
  };
}

function stepExport(
  source: ExportSource,
  { step: wantedStep, scope, name }: Omit<ExportRequest, 'inspection'>,
): StepExport {
  const { summary, heads, layers } = source;
  const [first] = layers;
  if (first === undefined) throw new Error('There is no layer.');
  const step = wantedStep ?? mainStep(first);
  const value = stepOf(first, step);
  const wanted = {
    layers: chosen(scope.layer, layers.length, 'layer'),
    heads: headsOf(value, scope, heads),
    queries: isPerQuery(value) ? chosen('all', value.shape.at(-3) ?? 0, 'query') : undefined,
  };
  const { rows, columns } = describeStep(value);
  const leading: (readonly [axis: string, count: number])[] = [
    ...(scope.layer === 'all' ? ([['layer', wanted.layers.length]] as const) : []),
    ...(scope.head === 'all' && isPerHead(value) ? ([['head', wanted.heads.length]] as const) : []),
    ...(wanted.queries === undefined ? [] : ([['query', wanted.queries.length]] as const)),
  ];
  return {
    name,
    summary,
    step: describeStep(value),
    layer: scope.layer === 'all' ? undefined : scope.layer,
    head: scope.head === 'all' || !isPerHead(value) ? undefined : scope.head,
    axes: [...leading.map(([axis]) => axis), rows.axis, columns.axis],
    array: {
      shape: [...leading.map(([, count]) => count), rows.size, columns.size],
      bands: (signal) => matrices(source, step, wanted, signal),
    },
  };
}

interface Wanted {
  readonly layers: readonly number[];
  /** Of query heads: one for each matrix. */
  readonly heads: readonly number[];
  readonly queries?: readonly (number | undefined)[] | undefined;
}

/** A query head for each matrix of a step: heads that share keys have one matrix together. */
function headsOf(value: Value, { head }: ExportScope, count: number): number[] {
  const chosenHeads = chosen(head, count, 'head');
  if (head !== 'all' || !isPerHead(value)) return chosenHeads.slice(0, 1);
  const own = value.shape[0] ?? count;
  return chosenHeads.filter((each) => each % Math.max(1, count / own) === 0);
}

/**
 * The numbers of all matrices, one after the other. Nothing is held while what was given is written, so that a view that asks
 * for something meanwhile does not wait.
 */
async function* matrices(
  source: ExportSource,
  step: string,
  { layers, heads, queries = [undefined] }: Wanted,
  signal: AbortSignal,
): AsyncGenerator<Float32Array> {
  const schedule = { turns: source.turns, urgency: urgency.background, signal };
  for (const index of layers) {
    const layer = source.layers[index];
    if (layer === undefined) continue;
    const reader = source.reader(layer);
    const value = stepOf(layer, step);
    for (const head of heads) {
      for (const query of queries) {
        const request = {
          step,
          heads: { start: head, end: head + 1 },
          headCount: source.heads,
          ...(query === undefined ? {} : { query }),
        };
        for (const rows of spans(value.shape.at(-2) ?? 0, bandHeight(value, layer, 1))) {
          let band: Float32Array | undefined;
          for await (const { data } of bands(reader, layer, { ...request, rows }, schedule)) band = data;
          if (band !== undefined) yield band;
        }
      }
    }
  }
}

/** One index, or all of them. @throws RangeError naming what it counts */
function chosen(which: number | 'all', count: number, what: string): number[] {
  return which === 'all'
    ? Array.from({ length: count }, (_, index) => index)
    : [checkIndex(which, count, what)];
}
