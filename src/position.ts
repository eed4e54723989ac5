import type { InspectionSummary, Position } from './protocol.js';

/**
 * The position as near to the wanted one as an inspection has. A step that is not there becomes the weights, else the last; the
 * picked cell is kept where it is one of the same step.
 */
export function nearestPosition(summary: InspectionSummary, wanted: Position): Position {
  const layer = Math.max(0, Math.min(wanted.layer, summary.layers - 1));
  const head = Math.max(0, Math.min(wanted.head, summary.heads - 1));
  const named = (name: string) => summary.steps.find((step) => step.name === name);
  const weights = summary.steps.find(({ role }) => role === 'weights');
  const step = named(wanted.step) ?? weights ?? summary.steps.at(-1);
  if (step === undefined) return { layer, head, step: '' };
  const { cell } = wanted;
  const fits =
    cell !== undefined &&
    step.name === wanted.step &&
    cell.row >= 0 &&
    cell.column >= 0 &&
    cell.row < step.rows.size &&
    cell.column < step.columns.size;
  return { layer, head, step: step.name, ...(fits ? { cell } : {}) };
}
