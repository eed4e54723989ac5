import type { Alignment } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { visibleWord } from '../../../src/drawing/labels.js';
import { soundStrings } from './strings.js';
import { seconds } from './ticks.js';

/** When each word was said, in numbers. */
export class WordTable {
  private readonly body = h('tbody');
  readonly element = h(
    'div',
    {
      class: 'sound-table-scroller',
      attributes: { tabindex: '0', role: 'region', 'aria-label': soundStrings.table },
    },
    h(
      'table',
      { class: 'sound-table' },
      h('caption', { class: 'section-title', text: soundStrings.table }),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ...[
            soundStrings.tableWord,
            soundStrings.tableStart,
            soundStrings.tableEnd,
            soundStrings.tableLength,
          ].map((text) => h('th', { text, attributes: { scope: 'col' } })),
        ),
      ),
      this.body,
    ),
  );

  constructor(private readonly play: (word: Alignment['words'][number]) => void) {}

  show(words: Alignment['words']): void {
    this.body.replaceChildren(
      ...words.map((word) => {
        const text = visibleWord(word.text.trim());
        const button = h('button', {
          class: 'sound-table-word',
          text,
          attributes: { type: 'button', 'aria-label': soundStrings.playWord(text) },
        });
        button.addEventListener('click', () => {
          this.play(word);
        });
        const numbers = [word.start, word.end, word.end - word.start];
        return h(
          'tr',
          {},
          h('th', { attributes: { scope: 'row' } }, button),
          ...numbers.map((value) => h('td', { class: 'number', text: seconds(value) })),
        );
      }),
    );
  }
}
