import { formatShort } from '../../../src/drawing/format.js';

/** Said of results that were given beside the inputs. */
export const diagnosisStrings = {
  title: 'Given results',
  offer: 'Results were given beside the inputs. They can be compared with the formula.',
  explain: 'Explain the difference',
  explainHint:
    'Looks for the reading of the formula that gives these results: usual slips, other parameters, rounding',
  verdicts: {
    agrees: 'Agrees',
    explained: 'Explained',
    unexplained: 'Not explained',
  },
  compared: 'Given results beside the formula',
  given: 'Given',
  largest: 'Largest difference',
  relative: 'Relative (RMS)',
  same: 'same',
  differs: 'differs',
  fitting: 'Readings that give these results',
  nearest: 'Nearest readings',
  show: 'Show',
  showHint: (title: string) => `Shows the steps of this reading: ${title}`,
  showFormula: 'Show the formula',
  showFormulaHint: 'Shows the formula as it stands',
  showGiven: 'Show the given results',
  showGivenHint: 'Shows the steps with the results that were given in their place',
  compare: 'Compare',
  compareHint: 'The formula, the given results and the best reading side by side, with the differences',
  reading: (title: string, error: number) => `${title} (to ${formatShort(error)})`,
} as const;
