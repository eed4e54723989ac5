import type { HeadPlace, LineSet } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import type { Theme } from '../../theme.js';
import { colorOf } from './paint.js';
import { mostHeads } from './settings.js';
import { linesStrings } from './strings.js';

/** What the legend tells of. */
export interface LegendFacts {
  readonly names: readonly string[];
  /** The sets that are drawn, and whether their share is of what one key is given. */
  readonly sets: readonly LineSet[] | null;
  readonly ofKey: boolean;
  /** The heads that can be taken out; none where the sets are no picked heads. */
  readonly picked: readonly HeadPlace[];
  /** The head that can be added, if one can. */
  readonly offered: HeadPlace | null;
  readonly theme: Theme;
}

/** The sets of lines with their colours, and which share of the weight none of their lines stands for. */
export class LinesLegend {
  readonly element = h('ul', { class: 'lines-legend', attributes: { 'aria-label': linesStrings.legend } });
  private shown = '';
  private shares: HTMLElement[] = [];

  constructor(
    private readonly events: {
      add(place: HeadPlace): void;
      remove(place: HeadPlace): void;
      point(set: number | null): void;
    },
  ) {}

  show({ names, sets, ofKey, picked, offered, theme }: LegendFacts): void {
    const isFull = picked.length >= mostHeads;
    const shown = JSON.stringify([names, picked, offered, theme.dark]);
    if (shown !== this.shown) {
      const isFocused = this.element.contains(document.activeElement);
      this.shown = shown;
      this.shares = names.map(() => h('span', { class: 'number muted' }));
      const items = names.map((name, set) => this.item(name, set, picked[set] ?? null, theme));
      this.element.replaceChildren(
        ...items,
        ...(offered === null ? [] : [h('li', {}, this.adding(offered, isFull))]),
      );
      if (isFocused) this.element.querySelector('button')?.focus();
    }
    for (const [at, share] of this.shares.entries()) {
      const set = sets?.[at];
      share.textContent = set === undefined ? '' : shareOf(set, ofKey);
      share.title = ofKey ? linesStrings.notDrawnTo : linesStrings.notDrawnHint;
    }
  }

  private item(name: string, set: number, place: HeadPlace | null, theme: Theme): HTMLElement {
    const swatch = h('span', { class: 'lines-swatch', attributes: { 'aria-hidden': 'true' } });
    swatch.style.backgroundColor = colorOf(set, theme);
    const item = h(
      'li',
      { class: 'lines-set' },
      swatch,
      name,
      ...(this.shares[set] === undefined ? [] : [this.shares[set]]),
    );
    if (place !== null) {
      const remove = h('button', {
        class: 'lines-remove',
        text: '×',
        title: linesStrings.remove(name),
        attributes: { type: 'button', 'aria-label': linesStrings.remove(name) },
      });
      remove.addEventListener('click', () => {
        this.events.point(null);
        this.events.remove(place);
      });
      item.append(remove);
    }
    // What comes to stand under the pointer is not pointed at yet.
    item.addEventListener('pointermove', () => {
      this.events.point(set);
    });
    item.addEventListener('pointerleave', () => {
      this.events.point(null);
    });
    return item;
  }

  private adding(place: HeadPlace, isFull: boolean): HTMLElement {
    const add = h('button', {
      class: 'lines-add',
      text: linesStrings.add(place.layer, place.head),
      title: isFull ? linesStrings.full(mostHeads) : linesStrings.addHint,
      attributes: { type: 'button' },
    });
    add.disabled = isFull;
    add.addEventListener('click', () => {
      this.events.add(place);
    });
    return add;
  }
}

/** "12.3 % not drawn", and how many of the lines there would be. */
function shareOf({ whole, asked, drawn, reaching, weights }: LineSet, ofKey: boolean): string {
  const of = ofKey ? asked : whole;
  const share = of > 0 ? Math.max(0, 1 - drawn / of) : 0;
  const cut = reaching > weights.length ? [linesStrings.cut(weights.length, reaching)] : [];
  return [linesStrings.notDrawn(share), ...cut].join(', ');
}
