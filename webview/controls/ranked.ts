import './ranked.css';
import { bar } from './bar.js';
import { h } from '../dom.js';
import { percent } from '../../src/drawing/format.js';
import { visibleWord } from '../../src/drawing/labels.js';

/** One of the likeliest, with its probability. */
export interface Ranked {
  /** Counted from 0. */
  readonly rank: number;
  readonly text: string;
  readonly title: string;
  readonly probability: number;
  /** Said of the one that stands out, if it does. */
  readonly stands?: string;
}

/** An item of a list of the likeliest: its rank, its text, and its probability as a bar and in digits. */
export function rankedItem({ rank, text, title, probability, stands }: Ranked): HTMLElement {
  return h(
    'li',
    {
      class: stands === undefined ? 'ranked-item' : 'ranked-item stands',
      title: stands === undefined ? title : `${title} ${stands}`,
    },
    h('span', { class: 'ranked-rank muted number', text: `${rank + 1}.` }),
    h('span', { class: 'ranked-text', text: visibleWord(text) }),
    bar(probability),
    h('span', { class: 'metric-value number', text: percent(probability) }),
    ...(stands === undefined ? [] : [h('span', { class: 'aside', text: stands })]),
  );
}
