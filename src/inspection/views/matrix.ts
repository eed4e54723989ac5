import { turnOfTheLoop } from '../../platform/turn.js';
import { isGiven } from '../../engine/explain.js';
import { isPerHead, roleOf, sorted, stepWithRole, type Value } from '../../engine/graph.js';
import { unset } from '../../engine/rewrite.js';
import { sizeOf, type Range, type Region } from '../../engine/tensor.js';
import type { Slice, SliceRequest, Span } from '../../protocol.js';
import { checkIndex, checkSpan, Pool } from './pool.js';
import type { LayerReader } from './reader.js';
import { headRange, isPerQuery, stepOf, type Layer } from '../core/subject.js';
import { unmasked } from '../run/interventions.js';
import { urgency, type Turns, type Urgency } from '../core/turns.js';

/** The most weights that are held at a time, in bytes: a long matrix passes through in bands of rows. */
const bandBytes = 4 << 20;

/** The most that one value on the way to a band may take, in bytes: weights behind an output, a comparison behind scores. */
const wayBytes = 32 << 20;

/** When a request's bands are computed among those of others, and when to stop. */
export interface Schedule {
  readonly turns: Turns;
  readonly urgency: Urgency;
  readonly signal?: AbortSignal | undefined;
}

/** A band of whole rows of one step, for some heads. Masked cells are NaN. */
export interface Band {
  /** (head, row, column) */
  readonly data: Float32Array;
  readonly rows: Span;
  readonly columns: number;
  readonly heads: number;
}

/** The most bytes that a row of a step needs of any one value on the way from what is kept. */
function widest(value: Value, layer: Layer, heads: number): number {
  const rows = Math.max(1, value.shape.at(-2) ?? 1);
  const all = isPerHead(value) ? (value.shape[0] ?? 1) : 1;
  const sizes = sorted([value], (each) => layer.kept.has(each))
    .filter((each) => each.origin.kind === 'operation' && !layer.kept.has(each))
    .map(({ shape }) => {
      const share = shape.length > 2 && shape[0] === all ? heads / all : 1;
      return (4 * sizeOf(shape) * share) / rows;
    });
  return Math.max(1, ...sizes);
}

/** Where a step's matrix for some heads, and for one query, lies along what comes before its rows and columns. */
export function leadingRanges(
  value: Value,
  place: { readonly heads: Span; readonly headCount: number; readonly query?: number | undefined },
): Range[] {
  const heads = isPerHead(value) ? [headRange(value, place.heads, place.headCount)] : [];
  if (!isPerQuery(value)) return heads;
  const query = checkIndex(place.query ?? 0, value.shape.at(-3) ?? 0, 'query');
  return [...heads, { start: query, end: query + 1 }];
}

/** How many rows of so many heads of a step are computed at a time. */
export function bandHeight(value: Value, layer: Layer, heads: number): number {
  const ofResult = bandBytes / (4 * Math.max(1, value.shape.at(-1) ?? 0) * heads);
  return Math.max(1, Math.floor(Math.min(ofResult, wayBytes / widest(value, layer, heads))));
}

/** Goes through `rows` of a step band by band, each computed when it is its turn, and stops where `signal` says so. */
export async function* bands(
  reader: LayerReader,
  layer: Layer,
  request: {
    readonly step: string;
    readonly heads: Span;
    readonly headCount: number;
    readonly rows: Span;
    readonly columns?: Span;
    readonly query?: number;
  },
  schedule: Schedule,
): AsyncGenerator<Band> {
  const value = stepOf(layer, request.step);
  const leading = leadingRanges(value, request);
  const count = leading.reduce((product, range) => product * (range.end - range.start), 1);
  const width = value.shape.at(-1) ?? 0;
  const columns = request.columns ?? { start: 0, end: width };
  const mask = roleOf(value) === 'weights' ? maskOf(layer) : undefined;
  const masked = mask && unmasked(mask, value);
  const height = bandHeight(value, layer, count);
  const quick = request.rows.end - request.rows.start <= height && schedule.urgency !== urgency.background;
  const place = schedule.turns.place(quick ? urgency.quick : schedule.urgency);
  try {
    for (let start = request.rows.start; start < request.rows.end; start += height) {
      // A turn of the event loop lets a cancellation come in.
      await turnOfTheLoop();
      await place.turn();
      schedule.signal?.throwIfAborted();
      const rows = { start, end: Math.min(request.rows.end, start + height) };
      const region: Region = [...leading, rows, columns];
      const targets = [{ value, region }, ...(masked === undefined ? [] : [{ value: masked, region }])];
      const [tensor, scores] = await reader.readAll(targets);
      if (tensor === undefined) throw new Error('A band gave nothing.');
      yield {
        data: showMasked(tensor.data, scores?.data, value),
        rows,
        columns: columns.end - columns.start,
        heads: count,
      };
    }
  } finally {
    place.leave();
  }
}

/** The step that says which cells are masked: by a mask or a window, or, in scores that are given, by −∞ of their own. */
function maskOf(layer: Layer): Value | undefined {
  const masked = layer.steps.findLast((step) => roleOf(step) === 'masked' && isMasking(unset(step)));
  const scores = stepWithRole(layer.steps, 'scores');
  const given = scores !== undefined && unset(scores).origin.kind !== 'operation' ? scores : undefined;
  return masked ?? given;
}

/** Whether a mask takes keys away: where there is none, scores are passed on, divided by nothing. */
function isMasking({ origin }: Value): boolean {
  return origin.kind === 'operation' && origin.operation.name !== 'divide';
}

/** Masked cells as NaN: a weight where the score is −∞, and a score of −∞ itself. */
function showMasked(data: Float32Array, scores: Float32Array | undefined, value: Value): Float32Array {
  if (value.label?.axes.at(-1) !== 'key') return data;
  // Without masked scores beside them, weights are none of them masked.
  if (scores === undefined && value.label.step?.scale === 'weights') return data;
  const by = scores ?? data;
  for (let at = 0; at < data.length; at++) if (by[at] === -Infinity) data[at] = Number.NaN;
  return data;
}

/** Takes the finite numbers of data[start … end − 1] into the extremes; tells whether there is one that is not masked. */
function widen(
  extremes: { minimum: number; maximum: number },
  data: Float32Array,
  start: number,
  end: number,
): boolean {
  // Comparisons with “not a number” are false: what is masked moves neither bound.
  let [least, most] = [Infinity, -Infinity];
  for (let at = start; at < end; at++) {
    const number = data[at] ?? Number.NaN;
    if (number < least) least = number;
    if (number > most) most = number;
  }
  if (least === Infinity && most === -Infinity) return false;
  for (const bound of Number.isFinite(least) && Number.isFinite(most)
    ? [least, most]
    : finite(data, start, end)) {
    if (bound < extremes.minimum) extremes.minimum = bound;
    if (bound > extremes.maximum) extremes.maximum = bound;
  }
  return true;
}

function finite(data: Float32Array, start: number, end: number): number[] {
  return [...data.subarray(start, end)].filter(Number.isFinite);
}

/** One head's part of a step, pooled on the way where that is asked for. */
export async function slice(
  reader: LayerReader,
  layer: Layer,
  headCount: number,
  request: SliceRequest,
  revision: number,
  schedule: Schedule,
): Promise<Slice> {
  const value = stepOf(layer, request.step);
  const rows = checkSpan(request.rows, value.shape.at(-2) ?? 0, 'Rows');
  const columns = checkSpan(request.columns, value.shape.at(-1) ?? 0, 'Columns');
  const [height, width] = [rows.end - rows.start, columns.end - columns.start];
  const { pool: asked } = request;
  const to = {
    rows: Math.min(height, Math.max(1, Math.floor(asked?.rows ?? height))),
    columns: Math.min(width, Math.max(1, Math.floor(asked?.columns ?? width))),
  };
  const pool =
    asked === undefined || (to.rows === height && to.columns === width)
      ? undefined
      : new Pool({ rows: height, columns: width }, to, asked.by);
  const whole = pool === undefined ? new Float32Array(height * width) : undefined;
  const emptyRows: number[] = [];
  const extremes = { minimum: Infinity, maximum: -Infinity };
  const heads = { start: request.head, end: request.head + 1 };
  const attends = value.label?.axes.at(-2) === 'query' && !isGiven(value);
  for await (const band of bands(reader, layer, { ...request, heads, headCount, rows, columns }, schedule)) {
    whole?.set(band.data, (band.rows.start - rows.start) * width);
    for (let row = band.rows.start; row < band.rows.end; row++) {
      const start = (row - band.rows.start) * width;
      const seen = widen(extremes, band.data, start, start + width);
      if (!seen && attends && width > 0) emptyRows.push(row);
      pool?.add(band.data, start, row - rows.start);
    }
  }
  const { minimum, maximum } = extremes;
  const some = minimum <= maximum;
  return {
    shape: [to.rows, to.columns],
    data: whole ?? pool?.finish() ?? new Float32Array(),
    revision,
    rows,
    columns,
    emptyRows: await trulyEmpty(
      reader,
      layer,
      request,
      headCount,
      emptyRows,
      width < (value.shape.at(-1) ?? 0),
      schedule,
    ),
    minimum: some ? minimum : 0,
    maximum: some ? maximum : 0,
  };
}

/** Of rows that look empty in some columns only, those that are so in all. */
async function trulyEmpty(
  reader: LayerReader,
  layer: Layer,
  request: SliceRequest,
  headCount: number,
  rows: readonly number[],
  partial: boolean,
  schedule: Schedule,
): Promise<Uint32Array> {
  if (!partial || rows.length === 0) return Uint32Array.from(rows);
  const heads = { start: request.head, end: request.head + 1 };
  const span = { start: rows[0] ?? 0, end: (rows.at(-1) ?? 0) + 1 };
  const candidates = new Set(rows);
  for await (const band of bands(
    reader,
    layer,
    { step: request.step, heads, headCount, rows: span },
    schedule,
  )) {
    for (let row = band.rows.start; row < band.rows.end; row++) {
      const start = (row - band.rows.start) * band.columns;
      const line = band.data.subarray(start, start + band.columns);
      if (line.some((number) => !Number.isNaN(number))) candidates.delete(row);
    }
  }
  return Uint32Array.from(candidates);
}
