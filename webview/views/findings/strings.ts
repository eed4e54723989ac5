import type { Span } from '../../../src/protocol.js';
import { ordinal } from '../../../src/drawing/labels.js';

/** So many rows are listed by number. */
const listed = 4;

/** Said of what a head's numbers show. */
export const findingStrings = {
  title: 'Findings',
  list: 'What the numbers of this head show',
  none: 'Nothing unusual in these numbers.',
  rows: (rows: readonly Span[]) => {
    const shown = rows
      .slice(0, listed)
      .map(({ start, end }) =>
        end - start === 1 ? String(ordinal(start)) : `${ordinal(start)}–${ordinal(end - 1)}`,
      );
    const one = rows.length === 1 && rows.every(({ start, end }) => end - start === 1);
    return `${one ? 'row' : 'rows'} ${shown.join(', ')}${rows.length > listed ? ' …' : ''}`;
  },
  hint: 'Shows these rows; each further click shows the next of them',
} as const;
