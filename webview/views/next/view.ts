import type { ParameterValues } from '../../../src/protocol.js';
import { fieldsOf, parameterValuesOf } from '../../parse.js';
import { defineView } from '../view.js';
import { NextView } from './next.js';
import { nextStrings } from './strings.js';

/** What the controls of a continuation are set to. */
export interface NextMemory {
  readonly values: ParameterValues;
}

export const nextView = defineView<NextMemory>({
  id: 'next',
  title: nextStrings.title,
  place: 'right',
  offered: ({ continues }) => continues,
  recall: (remembered) => {
    const values = parameterValuesOf(fieldsOf(remembered)?.['values']);
    return values === null ? null : { values };
  },
  open: (context, recalled) => new NextView(context, recalled?.values ?? {}),
});
