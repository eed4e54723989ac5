import type { Slice } from '../../../src/protocol.js';
import { isMasked } from '../../../src/drawing/colors/colormap.js';
import { extent } from '../../draw/strip.js';

/**
 * `own` less `first`, number by number; null where they are not of the same part of matrices of the same size. What one of
 * them masks has a weight of 0 there; what both mask stays masked, and so does a row that has nothing to attend to in either.
 */
export function subtract(own: Slice | null, first: Slice | null): Slice | null {
  if (own === null || first === null || !sameParts(own, first)) return null;
  const width = own.shape[1] ?? 0;
  const height = own.shape[0] ?? 0;
  const data = own.data.map((value, at) => {
    const other = first.data[at] ?? NaN;
    if (isMasked(value) && isMasked(other)) return NaN;
    return (isMasked(value) ? 0 : value) - (isMasked(other) ? 0 : other);
  });
  const share = height / Math.max(1, own.rows.end - own.rows.start);
  const emptyRows = Uint32Array.from(new Set([...own.emptyRows, ...first.emptyRows])).sort();
  for (const row of emptyRows) {
    const line = Math.floor((row - own.rows.start) * share);
    // Where rows are pooled, the others in the block have numbers still.
    if (share === 1 && line >= 0 && line < height) data.fill(NaN, line * width, (line + 1) * width);
  }
  return { ...own, data, emptyRows, ...extent(data) };
}

function sameParts(a: Slice, b: Slice): boolean {
  return (
    a.data.length === b.data.length &&
    a.shape[0] === b.shape[0] &&
    a.rows.start === b.rows.start &&
    a.rows.end === b.rows.end &&
    a.columns.start === b.columns.start &&
    a.columns.end === b.columns.end
  );
}
