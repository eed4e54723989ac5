import type { Alignment, Interval } from '../../../src/protocol.js';
import type { Cell } from '../../draw/viewport.js';
import type { Panel } from '../../panel.js';
import { frameAt } from './frames.js';
import type { Shown, TimedMatrix } from './shown.js';
import type { Pointed } from './stage.js';

/** Picks a cell of what is shown; its matrix is opened where another one is. */
function pickCell(panel: Panel, { step }: TimedMatrix, cell: Cell): void {
  if (panel.step === step) panel.pick(cell);
  else panel.openStep(step, cell);
}

/** A place in the pictures: its frame, its token, or both; the other side of the cell stays where it was. */
export function pickPlace(panel: Panel, { matrix }: Shown, { row, column }: Pointed): void {
  if (matrix === null || (row === null && column === null)) return;
  const { chosen } = panel.store.get();
  const { frames } = matrix;
  const within = Math.min(Math.max(chosen.key, frames.first), frames.first + frames.count - 1);
  pickCell(panel, matrix, { row: row ?? chosen.query, column: column ?? within });
}

/** A word: its first token, at the frame where it begins. */
export function pickWord(panel: Panel, { matrix }: Shown, { rows, start }: Alignment['words'][number]): void {
  // In the encoder's own attention a word has no row.
  if (matrix === null || matrix.rowFrames !== null || rows.start >= matrix.step.rows.size) return;
  const column = frameAt(matrix.frames, start);
  if (column !== null) pickCell(panel, matrix, { row: rows.start, column });
}

/** When the word of a token was said; null where it is none's. */
export function wordOf(alignment: Alignment | null, row: number): Interval | null {
  return alignment?.words.find(({ rows }) => row >= rows.start && row < rows.end) ?? null;
}
