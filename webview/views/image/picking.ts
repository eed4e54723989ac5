import type { Cell } from '../../draw/viewport.js';
import type { Panel } from '../../panel.js';
import { patchAt } from './patches.js';
import type { Shown } from './shown.js';
import { cellOf } from './shown.js';

/** Picks a cell of what is shown; its matrix is opened where another one is. */
export function pickCell(panel: Panel, { step }: Shown, cell: Cell): void {
  if (panel.step === step) panel.pick(cell);
  else panel.openStep(step, cell);
}

/** Shows the row or column of another token. */
export function pickSource(panel: Panel, shown: Shown, index: number): void {
  const { chosen } = panel.store.get();
  const isRow = shown.direction === 'row';
  pickCell(panel, shown, { row: isRow ? index : chosen.query, column: isRow ? chosen.key : index });
}

/** A point of the image: the patch whose attention is shown from then on; with Shift, or for words, the other side of the cell. */
export function pickAt(panel: Panel, shown: Shown, x: number, y: number, shift: boolean): void {
  const { patches, sources } = shown;
  const source = shift || sources === null ? null : patchAt(sources, x, y);
  const other = patchAt(patches, x, y);
  if (source !== null) pickSource(panel, shown, source.index);
  else if (other !== null && (shift || sources === null)) pickCell(panel, shown, cellOf(shown, other.index));
}

/** A token that is no patch: its own attention where it stands on both sides; with Shift, or for words, its cell. */
export function pickOther(panel: Panel, shown: Shown, index: number, shift: boolean): void {
  const { summary, sources } = shown;
  const isBoth =
    sources?.others.includes(index) === true &&
    summary.queries.words?.[index] === summary.keys.words?.[index];
  if (isBoth && !shift) pickSource(panel, shown, index);
  else pickCell(panel, shown, cellOf(shown, index));
}
