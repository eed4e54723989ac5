import { explain } from '../../engine/explain.js';
import type { Sum } from '../../engine/graph.js';
import { cellRegion } from '../../engine/tensor.js';
import type { Arithmetic, ArithmeticRequest, Sum as WireSum } from '../../protocol.js';
import { leadingRanges } from './matrix.js';
import { checkIndex } from './pool.js';
import type { LayerReader } from './reader.js';
import { shownAxis, stepOf, type Layer } from '../core/subject.js';

/** The most terms of one sum that are sent to a view. */
const mostTerms = 16_384;

/** How one cell of one step came about, from the numbers that ran. */
export async function arithmetic(
  reader: LayerReader,
  layer: Layer,
  headCount: number,
  request: ArithmeticRequest,
): Promise<Arithmetic> {
  const value = stepOf(layer, request.step);
  const row = checkIndex(request.row, value.shape.at(-2) ?? 0, 'row');
  const column = checkIndex(request.column, value.shape.at(-1) ?? 0, 'column');
  const heads = { start: request.head, end: request.head + 1 };
  const leading = leadingRanges(value, { heads, headCount, query: request.query }).map(({ start }) => start);
  const index = [...leading, row, column];
  const region = cellRegion(index);
  const [ran, explanation] = await Promise.all([
    reader.read(value, region),
    explain(value, index, (from, part) => reader.read(from, part)),
  ]);
  const cell = ran.data[0] ?? Number.NaN;
  const longest = Math.max(0, ...explanation.sums.map((sum) => sum.columns[0]?.values.length ?? 0));
  const remarks = [
    ...(explanation.remark === undefined ? [] : [explanation.remark]),
    ...(longest > mostTerms ? [`The table has the first ${mostTerms} of ${longest} terms.`] : []),
  ];
  return {
    step: request.step,
    row,
    column,
    value: cell === -Infinity ? Number.NaN : cell,
    tex: explanation.tex,
    sums: explanation.sums.map(toWire),
    ...(remarks.length === 0 ? {} : { remark: remarks.join(' ') }),
  };
}

function toWire(sum: Sum): WireSum {
  return {
    axis: shownAxis(sum.axis),
    start: 0,
    columns: sum.columns.map(({ tex, values, total }) => ({
      tex,
      values: Float32Array.from(values.subarray(0, mostTerms)),
      ...(total === undefined ? {} : { total }),
    })),
    ...(sum.picked === undefined || sum.picked >= mostTerms ? {} : { picked: sum.picked }),
  };
}
