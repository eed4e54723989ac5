import type { InspectionSummary, Step } from '../../protocol.js';
import { shortLabel } from '../labels.js';
import type { MatrixScale, ScaleNote } from './matrix-scale.js';
import { scaleStrings } from './strings.js';

/**
 * What the colours do to the numbers beside what was chosen, each in a sentence.
 * @param leftOut the keys that are left out, in words; empty where none is
 */
export function scaleNotes(
  summary: InspectionSummary,
  step: Step,
  { note }: Pick<MatrixScale, 'note'>,
  leftOut: string,
): readonly string[] {
  return [
    ...(leftOut === '' ? [] : [scaleStrings.renormalised(leftOut)]),
    ...(note.sinks.length > 0 || note.rows ? [foundNote(summary, step, note)] : []),
  ];
}

/** "Scale ends below “[CLS]” (0), to show the rest" */
function foundNote(summary: InspectionSummary, step: Step, { sinks, rows }: ScaleNote): string {
  const { axis } = step.columns;
  const names = sinks.map(({ start, end }) =>
    end - start > 1 ? `keys ${start}–${end - 1}` : `“${shortLabel(summary, axis, start)}” (${start})`,
  );
  if (names.length === 0) return scaleStrings.rows;
  return (rows ? scaleStrings.both : scaleStrings.sink)(names.join(', '));
}
