import type { Session } from '../session/session.js';

/** The cell of a row of weights that has the largest one. */
export async function largestOf(
  session: Session,
  { layer, head, row }: { readonly layer: number; readonly head: number; readonly row: number },
): Promise<{ row: number; column: number }> {
  const rows = { start: row, end: row + 1 };
  const { data } = await session.ask('slice', { layer, head, step: 'weights', rows });
  let column = 0;
  for (const [at, weight] of data.entries()) if (weight > (data[column] ?? 0)) column = at;
  return { row, column };
}
