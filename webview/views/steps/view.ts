import { fieldsOf, flagsOf } from '../../parse.js';
import { defineView } from '../view.js';
import { StepsView } from './steps.js';

/** Which steps the user opened or closed, by name. */
export interface StepsMemory {
  readonly opened: Readonly<Record<string, boolean>>;
}

export const stepsView = defineView<StepsMemory>({
  id: 'steps',
  title: 'Steps',
  place: 'right',
  recall: (remembered) => ({ opened: flagsOf(fieldsOf(remembered)?.['opened']) }),
  open: (context, recalled) => new StepsView(context, recalled ?? { opened: {} }),
});
