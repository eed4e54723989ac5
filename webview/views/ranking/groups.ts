import type { InspectionSummary } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { longLabel, shortLabel } from '../../../src/drawing/labels.js';
import type { Picked, RankingSettings } from './question.js';
import { rankingStrings } from './strings.js';

type Axis = 'query' | 'key';

interface Kept {
  readonly queries: readonly number[];
  readonly keys: readonly number[];
}

/** The queries and the keys that are asked for: the picked one, and those that were kept. */
export class Groups {
  readonly element = h('div', { class: 'ranking-groups' });

  constructor(private readonly change: (kept: Kept) => void) {}

  show(summary: InspectionSummary, { kind, kept }: RankingSettings, picked: Picked, origin: string): void {
    const own: Kept = kept.origin === origin ? kept : { queries: [], keys: [] };
    const lines = [
      ...(kind === 'key' ? [] : [this.line(summary, 'query', own, picked.query)]),
      ...(kind === 'query' ? [] : [this.line(summary, 'key', own, picked.key)]),
    ].filter((line) => line !== null);
    const focused = document.activeElement?.getAttribute('data-chip') ?? null;
    this.element.replaceChildren(...lines);
    this.element.hidden = lines.length === 0;
    if (focused !== null) this.element.querySelector<HTMLElement>(`[data-chip="${focused}"]`)?.focus();
  }

  private line(
    summary: InspectionSummary,
    axis: Axis,
    kept: Kept,
    picked: number | null,
  ): HTMLElement | null {
    const side = axis === 'query' ? 'queries' : 'keys';
    const group = kept[side].filter((at) => at < summary[side].count);
    if (group.length === 0 && picked === null) return null;
    const chips = group.map((at) => {
      const label = longLabel(summary, axis, at);
      const chip = h(
        'button',
        {
          class: 'ranking-chip kept',
          title: rankingStrings.remove(label),
          attributes: {
            type: 'button',
            'aria-label': rankingStrings.remove(label),
            'data-chip': `${axis}${at}`,
          },
        },
        h('span', { class: 'ranking-word', text: shortLabel(summary, axis, at) }),
        h('span', { text: '×', attributes: { 'aria-hidden': 'true' } }),
      );
      chip.addEventListener('click', () => {
        this.change({ ...kept, [side]: group.filter((other) => other !== at) });
      });
      return chip;
    });
    if (picked !== null && !group.includes(picked)) chips.push(this.pickedChip(summary, axis, kept, picked));
    return h(
      'div',
      { class: 'ranking-group' },
      h('span', { class: 'muted ranking-axis', text: rankingStrings[side] }),
      ...chips,
    );
  }

  private pickedChip(summary: InspectionSummary, axis: Axis, kept: Kept, picked: number): HTMLButtonElement {
    const side = axis === 'query' ? 'queries' : 'keys';
    const label = longLabel(summary, axis, picked);
    const chip = h(
      'button',
      {
        class: 'ranking-chip',
        title: rankingStrings.keepHint(label),
        attributes: {
          type: 'button',
          'aria-label': `${rankingStrings.keep} ${label}`,
          'data-chip': `${axis}${picked}`,
        },
      },
      h('span', { class: 'ranking-word', text: shortLabel(summary, axis, picked) }),
      h('span', { text: '+', attributes: { 'aria-hidden': 'true' } }),
    );
    chip.addEventListener('click', () => {
      this.change({ ...kept, [side]: [...kept[side], picked] });
    });
    return chip;
  }
}
