import { placeNumber } from '../../../src/common/counting.js';
import type { HeadPlace } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import type { ColorTable } from '../../../src/drawing/colors/colormap.js';
import { labelStride } from '../../draw/viewport.js';
import { rankingStrings } from './strings.js';

/** A head's number, as a cell shows it. */
export interface Tint {
  /** Of the scale, 0 to 1; null where the cell stays empty. */
  readonly share: number | null;
  readonly text: string;
}

/** Layers × heads, each with the colour of its number. */
export class TintGrid {
  readonly element = h('div', {
    class: 'ranking-grid',
    attributes: { role: 'grid', 'aria-label': rankingStrings.grid },
  });
  private cells: HTMLElement[][] = [];

  constructor(private readonly open: (place: HeadPlace) => void) {
    this.element.addEventListener('keydown', (event) => {
      this.key(event);
    });
  }

  /** Makes room for so many; what was there before is gone. */
  build(layers: number, heads: number): void {
    if (this.cells.length === layers && this.cells[0]?.length === heads) return;
    const stride = labelStride(Math.floor(300 / heads), 14);
    const row = (...children: readonly HTMLElement[]): HTMLElement =>
      h('div', { class: 'ranking-row', attributes: { role: 'row' } }, ...children);
    const number = (role: string, name: string, at: number, shown: boolean): HTMLElement =>
      h('span', {
        class: 'ranking-number number',
        text: shown ? String(placeNumber(at)) : '',
        attributes: { role, 'aria-label': name },
      });
    const corner = h(
      'span',
      { attributes: { role: 'columnheader' } },
      h('span', { class: 'aside', text: 'Layer' }),
    );
    const numbers = Array.from({ length: heads }, (_, head) =>
      number('columnheader', rankingStrings.head(head), head, head % stride === 0),
    );
    this.cells = Array.from({ length: layers }, (_, layer) =>
      Array.from({ length: heads }, (__, head) => this.cell({ layer, head })),
    );
    const lines = this.cells.map((cells, layer) =>
      row(number('rowheader', rankingStrings.layer(layer), layer, true), ...cells),
    );
    this.element.classList.toggle('dense', layers > 12);
    this.element.style.setProperty('--heads', String(heads));
    this.element.replaceChildren(row(corner, ...numbers), ...lines);
  }

  show(tint: (place: HeadPlace) => Tint, table: ColorTable): void {
    for (const [layer, line] of this.cells.entries()) {
      for (const [head, cell] of line.entries()) {
        const { share, text } = tint({ layer, head });
        cell.style.backgroundColor = share === null ? '' : colorAt(table, share);
        cell.classList.toggle('empty', share === null);
        cell.title = text;
        cell.setAttribute('aria-label', text);
      }
    }
  }

  /** Outlines the head that is open. */
  mark(place: HeadPlace): void {
    for (const [layer, line] of this.cells.entries()) {
      for (const [head, cell] of line.entries()) {
        const isOpen = layer === place.layer && head === place.head;
        cell.setAttribute('aria-selected', String(isOpen));
        cell.tabIndex = isOpen ? 0 : -1;
      }
    }
  }

  private cell(place: HeadPlace): HTMLElement {
    const cell = h('div', { class: 'ranking-cell', attributes: { role: 'gridcell', tabindex: '-1' } });
    cell.addEventListener('click', () => {
      this.open(place);
      cell.focus();
    });
    return cell;
  }

  private key(event: KeyboardEvent): void {
    const layer = this.cells.findIndex((row) => row.some((cell) => cell === document.activeElement));
    const head = this.cells[layer]?.findIndex((cell) => cell === document.activeElement) ?? -1;
    if (head < 0) return;
    const last = (this.cells[0]?.length ?? 1) - 1;
    const next = {
      ArrowLeft: [layer, head - 1],
      ArrowRight: [layer, head + 1],
      ArrowUp: [layer - 1, head],
      ArrowDown: [layer + 1, head],
      Home: [event.ctrlKey ? 0 : layer, 0],
      End: [event.ctrlKey ? this.cells.length - 1 : layer, last],
    }[event.key];
    if (next !== undefined) this.cells[next[0] ?? -1]?.[next[1] ?? -1]?.focus();
    else if (event.key === 'Enter' || event.key === ' ') this.open({ layer, head });
    else return;
    event.preventDefault();
  }
}

/** A colour of the scale, for CSS. */
export function colorAt(table: ColorTable, share: number): string {
  const at = Math.round(Math.min(1, Math.max(0, share)) * 255) * 4;
  return `rgb(${table[at] ?? 0}, ${table[at + 1] ?? 0}, ${table[at + 2] ?? 0})`;
}
