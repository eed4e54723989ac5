import type { AlignmentHead, HeadRank } from '../../../src/protocol.js';
import { bar } from '../../controls/bar.js';
import { h } from '../../dom.js';
import { percent } from '../../../src/drawing/format.js';
import { button } from '../../controls/ui.js';
import { headTitle } from './shown.js';
import { soundStrings } from './strings.js';

/** How many are listed at first, besides those that the alignment uses. */
const listed = 8;

export interface RankedHeadsEvents {
  open(head: AlignmentHead): void;
  /** Aligns with these; the model's own where there are none. */
  align(heads: readonly AlignmentHead[]): void;
}

/** Heads by how near their attention is to a diagonal: each is opened with a press, and those to align with are checked. */
export class RankedHeads {
  private readonly list = h('ul', { class: 'sound-heads-list' });
  private readonly loading = h('p', { class: 'muted', text: soundStrings.headsLoading });
  private readonly notices = h('div', { class: 'sound-heads-notices muted' });
  private readonly apply: HTMLElement;
  private readonly own: HTMLElement;
  private readonly more: HTMLElement;
  readonly element: HTMLElement;
  private ranks: readonly HeadRank[] = [];
  private readonly checked = new Set<string>();
  private openHead: AlignmentHead | null = null;
  private all = false;

  constructor(private readonly events: RankedHeadsEvents) {
    this.apply = button({
      text: soundStrings.align,
      press: () => {
        events.align(this.ranks.filter((rank) => this.checked.has(keyOf(rank))).toSorted(byPlace));
      },
    });
    this.own = button({
      text: soundStrings.modelHeads,
      press: () => {
        events.align([]);
      },
    });
    this.more = h('button', { class: 'sound-more', attributes: { type: 'button' } });
    this.more.addEventListener('click', () => {
      this.all = !this.all;
      this.fill();
    });
    this.element = h(
      'section',
      { class: 'sound-heads' },
      h('h2', { class: 'section-title', text: soundStrings.heads }),
      h('p', { class: 'muted sound-heads-note', text: soundStrings.headsNote }),
      this.loading,
      this.list,
      h('div', { class: 'sound-heads-actions' }, this.apply, this.own, this.more),
      this.notices,
    );
    this.clear();
  }

  /** They are about to be others. */
  clear(): void {
    this.ranks = [];
    this.fill();
    this.loading.hidden = false;
  }

  show(ranks: readonly HeadRank[]): void {
    this.ranks = ranks;
    this.checked.clear();
    for (const rank of ranks) if (rank.used) this.checked.add(keyOf(rank));
    this.fill();
    this.loading.hidden = true;
  }

  say(notices: readonly string[]): void {
    this.notices.replaceChildren(...notices.map((text) => h('p', { text })));
  }

  /** Which head is open now. */
  mark(head: AlignmentHead): void {
    if (this.openHead?.layer === head.layer && this.openHead.head === head.head) return;
    this.openHead = head;
    for (const item of this.list.querySelectorAll('.sound-head-open')) {
      const isOpen = item.getAttribute('data-head') === keyOf(head);
      if (isOpen) item.setAttribute('aria-current', 'true');
      else item.removeAttribute('aria-current');
    }
  }

  private fill(): void {
    const shown = this.ranks.filter((rank, at) => this.all || at < listed || rank.used);
    this.list.replaceChildren(...shown.map((rank) => this.item(rank)));
    this.more.hidden = this.ranks.length <= listed;
    this.more.textContent = this.all ? soundStrings.fewHeads : soundStrings.allHeads(this.ranks.length);
    this.offer();
  }

  private item(rank: HeadRank): HTMLElement {
    const { layer, head, share } = rank;
    const key = keyOf(rank);
    const box = h('input', {
      title: soundStrings.headUsed(layer, head),
      attributes: { type: 'checkbox', 'aria-label': soundStrings.headUsed(layer, head) },
    });
    box.checked = this.checked.has(key);
    box.addEventListener('change', () => {
      if (box.checked) this.checked.add(key);
      else this.checked.delete(key);
      this.offer();
    });
    const isOpen = this.openHead !== null && keyOf(this.openHead) === key;
    const open = h(
      'button',
      {
        class: 'sound-head-open',
        attributes: {
          type: 'button',
          'data-head': key,
          ...(isOpen ? { 'aria-current': 'true' } : {}),
        },
      },
      h(
        'span',
        { class: 'sound-head-name number' },
        h('span', { class: 'aside', text: soundStrings.openHead }),
        headTitle(layer, head),
      ),
      bar(share),
      h(
        'span',
        { class: 'number' },
        percent(share),
        h('span', { class: 'aside', text: soundStrings.nearDiagonal }),
      ),
    );
    open.addEventListener('click', () => {
      this.events.open(rank);
    });
    return h('li', { class: 'sound-ranked' }, box, open);
  }

  /** Nothing to align with, or what is used already, cannot be asked for. */
  private offer(): void {
    const used = this.ranks.filter((rank) => rank.used).map(keyOf);
    const same = used.length === this.checked.size && used.every((key) => this.checked.has(key));
    this.apply.toggleAttribute('disabled', same || this.checked.size === 0);
    this.own.toggleAttribute('disabled', this.ranks.length === 0);
  }
}

function keyOf({ layer, head }: AlignmentHead): string {
  return `${layer}.${head}`;
}

function byPlace(a: AlignmentHead, b: AlignmentHead): number {
  return a.layer - b.layer || a.head - b.head;
}
