import type { Fact, ModelPage } from '../../../src/protocol.js';
import { h } from '../../dom.js';

/** A titled part of the page. */
export function section(title: string, ...children: readonly Node[]): HTMLElement {
  return h(
    'section',
    { class: 'model-section' },
    h('h2', { class: 'section-title', text: title }),
    ...children,
  );
}

/** What is told of a model, a line each. */
export function factList(facts: readonly Fact[]): HTMLElement {
  const list = h('dl', { class: 'model-facts' });
  for (const { title, value } of facts)
    list.append(h('dt', { text: title }), h('dd', { class: 'number', text: value }));
  return list;
}

/** Numbers by what they are for, as bars whose lengths are shares of all. */
export function partTable({ parts, total, unused }: ModelPage): HTMLElement {
  const rows = [
    ...parts.map(({ title, count }) => row(title, count, total, '')),
    ...(unused.count === 0 ? [] : [row('Not read', unused.count, total, 'model-unread')]),
    row('All tensors', total, total, 'model-total'),
  ];
  const table = h(
    'table',
    { class: 'model-parts' },
    h('caption', { class: 'aside', text: 'Parameters by part' }),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        ...['Part', 'Share', 'Parameters', '%'].map((text) =>
          h('th', { text, attributes: { scope: 'col' } }),
        ),
      ),
    ),
    h('tbody', {}, ...rows),
  );
  const names = unused.names.join(', ');
  const note = h('p', {
    class: 'muted model-note',
    text: `Not read: ${names}${unused.names.length < unused.count ? ' …' : ''}. They belong to a head that is not run here.`,
  });
  return h('div', {}, table, ...(unused.names.length === 0 ? [] : [note]));
}

function row(title: string, count: number, total: number, kind: string): HTMLElement {
  const share = total === 0 ? 0 : count / total;
  const bar = h('span', { class: 'model-bar', attributes: { 'aria-hidden': 'true' } });
  const fill = h('span', { class: 'model-fill' });
  fill.style.width = `${100 * share}%`;
  bar.append(fill);
  return h(
    'tr',
    { class: kind },
    h('th', { text: title, attributes: { scope: 'row' } }),
    h('td', { class: 'model-bar-cell' }, bar),
    h('td', { class: 'number', text: count.toLocaleString('en-US') }),
    h('td', { class: 'number', text: shareText(share) }),
  );
}

/** "12.3 %"; what is there is not called nothing */
function shareText(share: number): string {
  const percent = 100 * share;
  return percent > 0 && percent < 0.05 ? '< 0.1 %' : `${percent.toFixed(1)} %`;
}
