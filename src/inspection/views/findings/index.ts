import { stepWithRole, type Value } from '../../../engine/graph.js';
import { unset } from '../../../engine/rewrite.js';
import type { Finding } from '../../../protocol.js';
import { describeStep, stepOf, type Layer } from '../../core/subject.js';
import { bandHeight, bands, leadingRanges, type Schedule } from '../matrix.js';
import type { LayerReader } from '../reader.js';
import { fingerprint, MatrixFindings, type Matrix } from './matrix.js';
import { placeNumber } from '../../../common/counting.js';

/** So many numbers of other heads are read, at most, to find heads that are equal. */
const mostOfOthers = 1 << 24;

/** What a head's numbers show that was given, or computed from what was given, in words. */
export async function findings(
  reader: LayerReader,
  layer: Layer,
  place: { readonly head: number; readonly heads: number; readonly queries: number; readonly keys: number },
  schedule: Schedule,
): Promise<Finding[]> {
  const found: Finding[] = [];
  const { head, heads: headCount, queries, keys } = place;
  for (const role of ['query', 'key', 'value'] as const) {
    const step = stepWithRole(layer.steps, role);
    if (step !== undefined) found.push(...(await notFinite(reader, layer, step, place, schedule)));
  }
  const scores = stepWithRole(layer.steps, 'scores');
  const weights = stepWithRole(layer.steps, 'weights');
  const looked: readonly (readonly [Value | undefined, Matrix['kind']])[] = [
    [scores, 'scores'],
    [weights, weights !== undefined && isInput(weights) ? 'weights' : 'computed'],
  ];
  let noNumbers: ReadonlySet<number> = new Set();
  for (const [step, kind] of looked) {
    const name = step?.label?.name;
    if (step === undefined || name === undefined) continue;
    const gathered = new MatrixFindings({ kind, queries, keys }, noNumbers);
    await eachRow(reader, layer, { step: name, head, headCount, queries }, schedule, (row, at) => {
      gathered.row(row, at);
    });
    noNumbers = gathered.rowsWithoutNumbers;
    const { title } = describeStep(step);
    const own = gathered.finish();
    // Of scores that were computed, what the weights show of their mask is not said twice.
    const wanted =
      kind === 'scores' && !isInput(step)
        ? own.filter(({ text }) => /beyond float16|cells? (is|are)/.test(text))
        : own;
    found.push(...wanted.map((each) => ({ step: name, title, ...each })));
    if (step === weights && headCount > 1 && headCount * queries * keys <= mostOfOthers) {
      const same: number[] = [];
      for (let other = 0; other < headCount; other++) {
        if (other === head) continue;
        let theirs = 0;
        await eachRow(reader, layer, { step: name, head: other, headCount, queries }, schedule, (row, at) => {
          theirs += fingerprint(row, at);
        });
        if (Object.is(theirs, gathered.fingerprint)) same.push(placeNumber(other));
      }
      if (same.length > 0) {
        const which =
          same.length === headCount - 1
            ? 'All heads of this layer are'
            : `The same as ${same.length === 1 ? 'head' : 'heads'} ${same.join(', ')}`;
        const text = same.length === headCount - 1 ? `${which} the same: one head copied?` : `${which}.`;
        found.push({
          step: name,
          title,
          text,
          rows: [{ start: 0, end: queries }],
          cell: { row: 0, column: 0 },
        });
      }
    }
  }
  return found;
}

/** Whether a step was given, and not computed. */
function isInput(step: Value): boolean {
  return unset(step).origin.kind === 'input';
}

async function eachRow(
  reader: LayerReader,
  layer: Layer,
  { step, head, headCount, queries }: { step: string; head: number; headCount: number; queries: number },
  schedule: Schedule,
  take: (row: Float32Array, at: number) => void,
): Promise<void> {
  const value = stepOf(layer, step);
  if (isInput(value)) {
    // As it was given: elsewhere −∞ is shown as masked, and so is what is NaN.
    await eachGivenRow(reader, layer, value, { head, headCount }, schedule, take);
    return;
  }
  const request = {
    step,
    heads: { start: head, end: head + 1 },
    headCount,
    rows: { start: 0, end: queries },
  };
  for await (const band of bands(reader, layer, request, schedule)) {
    for (let row = band.rows.start; row < band.rows.end; row++) {
      const start = (row - band.rows.start) * band.columns;
      take(band.data.subarray(start, start + band.columns), row);
    }
  }
}

async function eachGivenRow(
  reader: LayerReader,
  layer: Layer,
  value: Value,
  { head, headCount }: { readonly head: number; readonly headCount: number },
  { turns, urgency, signal }: Schedule,
  take: (row: Float32Array, at: number) => void,
): Promise<void> {
  const [rows = 0, columns = 0] = value.shape.slice(-2);
  const leading = leadingRanges(value, { heads: { start: head, end: head + 1 }, headCount });
  const height = bandHeight(value, layer, 1);
  const place = turns.place(urgency);
  try {
    for (let start = 0; start < rows; start += height) {
      await place.turn();
      signal?.throwIfAborted();
      const end = Math.min(rows, start + height);
      const { data } = await reader.read(value, [...leading, { start, end }, { start: 0, end: columns }]);
      for (let row = start; row < end; row++) {
        take(data.subarray((row - start) * columns, (row - start + 1) * columns), row);
      }
    }
  } finally {
    place.leave();
  }
}

/** NaN and infinities among vectors that were given. */
async function notFinite(
  reader: LayerReader,
  layer: Layer,
  step: Value,
  { head, heads }: { readonly head: number; readonly heads: number },
  schedule: Schedule,
): Promise<Finding[]> {
  const { name, title, rows } = describeStep(step);
  const bad: { row: number; column: number }[] = [];
  let count = 0;
  await eachRow(
    reader,
    layer,
    { step: name, head, headCount: heads, queries: rows.size },
    schedule,
    (values, row) => {
      const column = values.findIndex((value) => !Number.isFinite(value));
      if (column < 0) return;
      bad.push({ row, column });
      count += values.reduce((sum, value) => sum + (Number.isFinite(value) ? 0 : 1), 0);
    },
  );
  const [cell] = bad;
  if (cell === undefined) return [];
  const text = count === 1 ? 'One number is NaN or infinite.' : `${count} numbers are NaN or infinite.`;
  return [{ step: name, title, text, rows: bad.map(({ row }) => ({ start: row, end: row + 1 })), cell }];
}
