import type { ParameterValues } from '../../../src/protocol.js';
import { fieldsOf, flagsOf, parameterValuesOf } from '../../parse.js';
import { defineView } from '../view.js';
import { CompareView } from './compare.js';
import { mostVariants } from './comparison.js';
import { compareStrings } from './strings.js';

export interface CompareMemory {
  /** What was compared, as the panel names it. */
  readonly origin: string;
  /** What stands beside it: changes to its parameters; null until that is first asked for. */
  readonly variants: readonly ParameterValues[] | null;
  /** Phases that the user opened or closed. */
  readonly opened: Readonly<Record<string, boolean>>;
}

export const compareView = defineView<CompareMemory>({
  id: 'compare',
  title: compareStrings.compare,
  hint: compareStrings.compareHint,
  key: 'c',
  place: 'whole',
  offered: ({ parameters }) => parameters.length > 0,
  recall: (remembered) => {
    const fields = fieldsOf(remembered);
    const origin = fields?.['origin'];
    if (fields === null || typeof origin !== 'string') return null;
    return { origin, variants: variantsOf(fields['variants']), opened: flagsOf(fields['opened']) };
  },
  open: (context, recalled) => new CompareView(context, recalled),
});

function variantsOf(value: unknown): readonly ParameterValues[] | null {
  if (!Array.isArray(value) || value.length > mostVariants) return null;
  const read = value.map(parameterValuesOf);
  return read.every((each) => each !== null) ? read : null;
}
