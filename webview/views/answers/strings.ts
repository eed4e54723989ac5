import type { Answer } from '../../../src/protocol.js';
import { percent } from '../../../src/drawing/format.js';
import { ordinal, visibleWord } from '../../../src/drawing/labels.js';

/** Said of the answers to a question. */
export const answerStrings = {
  title: 'Answer',
  list: 'The most probable answers in the text, with their probabilities',
  rank: (rank: number) => `${rank + 1}.`,
  percent,
  hint: ({ text, first, last, start, end, probability }: Answer) =>
    `“${visibleWord(text)}”: starts at token ${ordinal(first)} with ${percent(start)}, ends at token ${ordinal(last)} with ${percent(end)}; ${percent(start)} × ${percent(end)} = ${percent(probability)}`,
  none: 'no answer in it',
  noneHint: 'Both ends at the first token: that the text does not answer.',
} as const;
