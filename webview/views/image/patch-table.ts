import { h } from '../../dom.js';
import { isMasked } from '../../../src/drawing/colors/colormap.js';
import { formatNumber } from '../../../src/drawing/format.js';
import { shortLabel } from '../../../src/drawing/labels.js';
import type { Patch } from './patches.js';
import type { Shown } from './shown.js';
import { imageStrings } from './strings.js';
import type { Values } from './values.js';

/** Patches that are listed at once. */
const listed = 50;

/** The numbers on the image as a table, the largest first: what the picture shows, for those who do not see it. */
export class PatchTable {
  private readonly caption = h('caption', { class: 'muted' });
  private readonly body = h('tbody');
  readonly element = h(
    'table',
    { class: 'image-table' },
    this.caption,
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        ...[imageStrings.patch, imageStrings.line, imageStrings.place, imageStrings.value].map((text) =>
          h('th', { text, attributes: { scope: 'col' } }),
        ),
      ),
    ),
    this.body,
  );

  constructor(private readonly pick: (patch: Patch) => void) {
    this.element.hidden = true;
  }

  show({ summary, patches, direction, sources, source }: Shown, { patches: values }: Values): void {
    const { list, grid } = patches;
    const order = list
      .map((patch, place) => ({ patch, place, value: values[place] ?? NaN }))
      .filter(({ value }) => !isMasked(value))
      .sort((a, b) => b.value - a.value || a.place - b.place);
    const axis = direction === 'row' ? 'key' : 'query';
    this.caption.textContent = imageStrings.listed(Math.min(listed, order.length), list.length);
    const focused = this.body.contains(document.activeElement);
    this.body.replaceChildren(
      ...order.slice(0, listed).map(({ patch, place, value }) => {
        const button = h('button', {
          class: 'image-table-patch',
          text: shortLabel(summary, axis, patch.index),
          attributes: {
            type: 'button',
            ...(sources?.places.has(source) === true && patch.index === source
              ? { 'aria-current': 'true' }
              : {}),
          },
        });
        button.addEventListener('click', () => {
          this.pick(patch);
        });
        const at =
          grid === null ? null : { row: Math.floor(place / grid.columns), column: place % grid.columns };
        return h(
          'tr',
          {},
          h('th', { attributes: { scope: 'row' } }, button),
          h('td', { class: 'number', text: at === null ? '—' : String(at.row) }),
          h('td', { class: 'number', text: at === null ? '—' : String(at.column) }),
          h('td', { class: 'number', text: formatNumber(value) }),
        );
      }),
    );
    if (focused) this.body.querySelector('button')?.focus();
  }
}
