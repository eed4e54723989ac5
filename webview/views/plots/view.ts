import { fieldsOf } from '../../parse.js';
import { defineView } from '../view.js';
import { PlotsView } from './plots.js';
import { plotStrings } from './strings.js';

export interface PlotsMemory {
  /** Whether the numbers behind the curves are to be seen. */
  readonly numbers: boolean;
}

export const plotsView = defineView<PlotsMemory>({
  id: 'plots',
  title: plotStrings.plots,
  place: 'whole',
  offered: ({ plots }) => plots.length > 0,
  choices: ({ plots }) => plots,
  recall: (remembered) => ({ numbers: fieldsOf(remembered)?.['numbers'] === true }),
  open: (context, recalled) => new PlotsView(context, recalled?.numbers ?? false),
});
