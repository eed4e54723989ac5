import { l10n } from 'vscode';
import type { InspectionSummary, Position } from '../../protocol.js';
import { selectedText } from '../editor/selection.js';
import { select, type Example } from './example.js';

const sentence = "The animal didn't cross the street because it was too tired.";

/** Of all-MiniLM-L6-v2, counted from 0: the head in which “it” looks most at “animal”. */
const [layer, head] = [3, 1];

export const pronoun: Example = {
  id: 'pronoun',
  title: l10n.t('What “it” refers to'),
  detail: l10n.t('A sentence, a small BERT, and the head in which “it” looks at “animal”.'),
  icon: 'symbol-text',
  async open(stage) {
    const editor = await select(stage, 'story.md', sentence);
    const session = await stage.openText(selectedText(editor), { model: { kind: 'embedded' } });
    const { summary } = session;
    const cell =
      summary === undefined
        ? undefined
        : cellOf(summary, sentence.indexOf('it was'), sentence.indexOf('animal'));
    session.move({ layer, head, step: 'weights', ...(cell === undefined ? {} : { cell }) });
  },
};

/** Where the row of the token that begins at one place crosses the column of that at another; undefined where none does. */
function cellOf(
  { queries, keys }: Pick<InspectionSummary, 'queries' | 'keys'>,
  from: number,
  to: number,
): Position['cell'] {
  const tokenAt = ({ marks = [] }: typeof queries, start: number): number =>
    marks.findIndex((mark) => mark?.kind === 'span' && mark.start === start);
  const [row, column] = [tokenAt(queries, from), tokenAt(keys, to)];
  return row < 0 || column < 0 ? undefined : { row, column };
}
