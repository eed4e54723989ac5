import type { InspectionSummary, Step, Sum } from '../../../src/protocol.js';
import { h, uniqueId } from '../../dom.js';
import { renderTex, spokenTex } from '../../draw/tex.js';
import { formatNumber } from '../../../src/drawing/format.js';
import { formatCount } from '../../../src/common/strings.js';
import { axisTitle, ordinal, shortLabel } from '../../../src/drawing/labels.js';

/** Terms a page: few enough to lay out at once, whatever the sum's length. */
const page = 64;

/** Every term of a cell's sums, in aligned columns, opened on demand and read in pages. */
export class TermsTable {
  private readonly toggle: HTMLButtonElement;
  private readonly tables = h('div', { class: 'terms-tables' });
  readonly element: HTMLElement;
  private sums: readonly Sum[] = [];
  private starts: number[] = [];
  private open = false;

  constructor(
    private readonly step: Step,
    private readonly summary: () => InspectionSummary | null,
  ) {
    const id = uniqueId('terms');
    this.tables.id = id;
    this.toggle = h('button', {
      class: 'terms-toggle',
      attributes: { type: 'button', 'aria-expanded': 'false', 'aria-controls': id },
    });
    this.toggle.addEventListener('click', () => {
      this.open = !this.open;
      this.draw();
    });
    this.element = h('div', { class: 'terms' }, this.toggle, this.tables);
  }

  show(sums: readonly Sum[]): void {
    this.sums = sums.filter(({ columns }) => (columns[0]?.values.length ?? 0) > 0);
    this.starts = this.sums.map(({ picked }) =>
      picked === undefined ? 0 : Math.floor(picked / page) * page,
    );
    this.draw();
  }

  private draw(): void {
    const count = this.sums.reduce((most, { columns }) => Math.max(most, columns[0]?.values.length ?? 0), 0);
    this.element.hidden = count === 0;
    this.toggle.setAttribute('aria-expanded', String(this.open));
    this.toggle.textContent = `${this.open ? 'Hide' : 'Show'} ${formatCount(count, 'term')}`;
    this.toggle.setAttribute('aria-label', `${this.toggle.textContent}: ${this.step.title}`);
    this.tables.hidden = !this.open;
    this.tables.replaceChildren(...(this.open ? this.sums.map((sum, index) => this.table(sum, index)) : []));
  }

  private table(sum: Sum, at: number): HTMLElement {
    const length = sum.columns[0]?.values.length ?? 0;
    const start = this.starts[at] ?? 0;
    const end = Math.min(length, start + page);
    const head = h('tr', {}, h('th', { text: axisTitle(sum.axis), attributes: { scope: 'col' } }));
    for (const column of sum.columns) {
      const formula = h('span', { attributes: { 'aria-hidden': 'true' } });
      renderTex(column.tex, formula);
      const spoken = h('span', { class: 'aside', text: spokenTex(formula) });
      head.append(h('th', { attributes: { scope: 'col' } }, formula, spoken));
    }
    const body = h('tbody');
    for (let term = start; term < end; term += 1) {
      const row = h('tr', {}, h('th', { text: this.label(sum, term), attributes: { scope: 'row' } }));
      if (term === sum.picked) {
        row.className = 'picked';
        row.setAttribute('aria-current', 'true');
      }
      for (const column of sum.columns) {
        row.append(h('td', { text: formatNumber(column.values[term] ?? NaN, 4) }));
      }
      body.append(row);
    }
    const table = h('table', { class: 'terms-table' }, h('thead', {}, head), body);
    if (sum.columns.some(({ total }) => total !== undefined)) {
      const totals = h('tr', {}, h('th', { text: 'sum', attributes: { scope: 'row' } }));
      for (const { total } of sum.columns) {
        totals.append(h('td', { text: total === undefined ? '' : formatNumber(total, 4) }));
      }
      table.append(h('tfoot', {}, totals));
    }
    const wrapped = h(
      'div',
      {
        class: 'terms-scroller',
        attributes: { tabindex: '0', role: 'region', 'aria-label': `Terms of ${this.step.title}` },
      },
      table,
    );
    return h('div', { class: 'terms-block' }, wrapped, ...this.pager(at, start, end, length));
  }

  private pager(at: number, start: number, end: number, length: number): HTMLElement[] {
    if (length <= page) return [];
    const turn = (text: string, label: string, to: number): HTMLElement => {
      const made = h('button', {
        class: 'stepper-arrow',
        text,
        attributes: { type: 'button', 'aria-label': label },
      });
      made.disabled = to < 0 || to >= length;
      made.addEventListener('click', () => {
        this.starts[at] = to;
        this.draw();
      });
      return made;
    };
    return [
      h(
        'div',
        { class: 'stepper' },
        turn('‹', 'Earlier terms', start - page),
        h('span', { class: 'muted number', text: `${start + 1}–${end} of ${length}` }),
        turn('›', 'Later terms', start + page),
      ),
    ];
  }

  private label(sum: Sum, term: number): string {
    const summary = this.summary();
    return summary === null
      ? String(ordinal(sum.start + term))
      : shortLabel(summary, sum.axis, sum.start + term);
  }
}
