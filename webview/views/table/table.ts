import { drawHeatmap } from '../../../src/drawing/draw-heatmap.js';
import type { FigureTheme } from '../../../src/drawing/figure-theme.js';
import type { Slice, Span, Step } from '../../../src/protocol.js';
import { h, perFrame, settled } from '../../dom.js';
import type { ColorScale } from '../../../src/drawing/colors/scale.js';
import { colorIndex, scaleOf, shareAt } from '../../../src/drawing/colors/scale.js';
import { extent } from '../../draw/strip.js';
import type { Theme } from '../../theme.js';
import { formatNumber, formatShape } from '../../../src/drawing/format.js';
import { Lifetime } from '../../lifetime.js';
import type { Matrices } from '../../matrices.js';
import { isCancelled } from '../../matrices.js';
import { reasonOf } from '../../../src/common/values.js';
import type { Panel } from '../../panel.js';
import { shownQuery } from '../../panel.js';
import type { OpenView } from '../view.js';
import { axisTitle, forQuery, ordinal, shortLabel } from '../../../src/drawing/labels.js';
import { placeNumber } from '../../../src/common/counting.js';

const rowHeight = 24;
const columnWidth = 74;
const headWidth = 104;
/** How much of a colour the strongest numbers stand on. */
const mostTint = 0.22;

/** The numbers behind the picture: a table of which only what is in sight exists, and is asked for. */
export class TableView implements OpenView {
  private readonly table = h('table', { class: 'numbers-table' });
  private readonly sizer = h('div', { class: 'numbers-sizer' }, this.table);
  private readonly message = h('p', { class: 'problem', attributes: { role: 'alert' } });
  private readonly scroller = h(
    'div',
    { class: 'numbers-scroller', attributes: { tabindex: '0', role: 'region', 'aria-label': 'Numbers' } },
    this.sizer,
  );
  readonly element = h('div', { class: 'numbers' }, this.message, this.scroller);
  private readonly life = new Lifetime();
  private asking: AbortController | null = null;
  private slice: Slice | null = null;
  private seen = { minimum: 0, maximum: 0 };
  private readonly draw = perFrame(() => {
    this.fill();
  });
  private readonly rest = settled(60, () => {
    void this.fetch();
  });

  constructor(
    private readonly panel: Panel,
    private readonly matrices: Matrices,
    private theme: Theme,
    /** Whether it is shown: what is not seen is not asked for. */
    private readonly isShown: () => boolean,
  ) {
    this.message.hidden = true;
    this.scroller.addEventListener('scroll', () => {
      this.draw();
      this.rest.ask();
    });
    this.table.addEventListener('click', (event) => {
      const cell = event.target instanceof Element ? event.target.closest('td') : null;
      if (cell === null) return;
      const { row, column } = cell.dataset;
      if (row !== undefined && column !== undefined) panel.pick({ row: Number(row), column: Number(column) });
    });
    this.life.resized(this.scroller, () => {
      this.draw();
      this.rest.ask();
    });
    this.life.add(
      panel.store.watch(
        (view) =>
          isShown() && view.content.kind === 'inspection'
            ? JSON.stringify([
                view.content.summary.id,
                view.content.summary.revision,
                view.position.layer,
                view.position.head,
                view.position.step,
                shownQuery(view),
              ])
            : '',
        (shown) => {
          this.asking?.abort();
          this.slice = null;
          this.seen = { minimum: 0, maximum: 0 };
          this.table.replaceChildren();
          if (shown === '') return;
          this.reveal();
          this.draw();
          this.rest.ask();
        },
      ),
      panel.store.watch(({ position }) => position.cell, this.draw),
      panel.store.watch(({ scale }) => scale, this.draw),
    );
  }

  dispose(): void {
    this.life.dispose();
    this.rest.drop();
    this.asking?.abort();
  }

  /** The part that is in sight, with its numbers. */
  async toSvg(theme: FigureTheme, signal: AbortSignal): Promise<string> {
    const { step, summary } = this.panel;
    const place = step === null ? null : this.matrices.place(step.name);
    if (step === null || summary === null || place === null)
      throw new Error('There are no numbers to draw yet.');
    const { scale } = this.panel.store.get();
    const options = { scale: { ...scale, leaveOut: 'nothing' as const }, theme, table: true as const };
    return drawHeatmap(this.matrices, summary, { ...place, ...this.window(step) }, options, signal);
  }

  retheme(theme: Theme): void {
    this.theme = theme;
    this.draw();
  }

  /** Scrolls to the picked cell. */
  private reveal(): void {
    const { cell } = this.panel.store.get().position;
    if (cell === undefined) return;
    this.resize();
    this.scroller.scrollTop = Math.max(0, (cell.row - 3) * rowHeight);
    this.scroller.scrollLeft = Math.max(0, (cell.column - 2) * columnWidth);
  }

  private resize(): void {
    const { step } = this.panel;
    if (step === null) return;
    this.sizer.style.width = `${headWidth + step.columns.size * columnWidth}px`;
    this.sizer.style.height = `${(step.rows.size + 2) * rowHeight}px`;
  }

  private window(step: Step): { rows: Span; columns: Span } {
    const { scrollTop, scrollLeft, clientWidth, clientHeight } = this.scroller;
    const span = (offset: number, room: number, unit: number, count: number): Span => {
      const shown = Math.max(1, Math.floor(room / unit));
      const start = Math.max(0, Math.min(Math.round(offset / unit), count - shown));
      return { start, end: Math.min(count, start + shown) };
    };
    return {
      rows: span(scrollTop, clientHeight - rowHeight, rowHeight, step.rows.size),
      columns: span(scrollLeft, clientWidth - headWidth, columnWidth, step.columns.size),
    };
  }

  private async fetch(): Promise<void> {
    const { step } = this.panel;
    const place = step === null ? null : this.matrices.place(step.name);
    if (step === null || place === null || !this.isShown()) return;
    const { rows, columns } = this.window(step);
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    try {
      this.slice = await this.matrices.slice({ ...place, rows, columns }, asking.signal);
      this.message.hidden = true;
      const { minimum, maximum } = extent(this.slice.data);
      const { seen } = this;
      this.seen = {
        minimum: Math.min(seen.minimum, minimum),
        maximum: Math.max(seen.maximum, maximum),
      };
      this.draw();
    } catch (error) {
      if (isCancelled(error) || this.asking !== asking) return;
      this.message.textContent = reasonOf(error);
      this.message.hidden = false;
    }
  }

  private fill(): void {
    const { summary, step } = this.panel;
    const view = this.panel.store.get();
    if (summary === null || step === null || !this.isShown() || this.scroller.clientWidth === 0) return;
    this.resize();
    const { rows, columns } = this.window(step);
    const { cell: picked, layer, head } = view.position;
    const query = step.perQuery ? `, ${forQuery(summary, view.chosen.query)}` : '';
    const head0 = h('tr', { attributes: { 'aria-rowindex': '1' } });
    head0.append(
      h('td', { class: 'corner', text: `${axisTitle(step.rows.axis)} ↓ ${axisTitle(step.columns.axis)} →` }),
    );
    for (let column = columns.start; column < columns.end; column += 1) {
      const text = shortLabel(summary, step.columns.axis, column);
      head0.append(
        h('th', {
          text,
          title: `${text} (${ordinal(column)})`,
          attributes: { scope: 'col', 'aria-colindex': String(column + 2) },
        }),
      );
    }
    const scale = this.scale(step);
    const body = h('tbody');
    for (let row = rows.start; row < rows.end; row += 1) {
      const text = shortLabel(summary, step.rows.axis, row);
      const line = h('tr', { attributes: { 'aria-rowindex': String(row + 2) } });
      line.append(h('th', { text, title: `${text} (${ordinal(row)})`, attributes: { scope: 'row' } }));
      for (let column = columns.start; column < columns.end; column += 1) {
        const value = this.valueAt(row, column);
        const cell = h('td', { text: value === undefined ? '…' : formatNumber(value) });
        if (value !== undefined && Number.isNaN(value)) cell.classList.add('masked');
        else if (value !== undefined) this.tint(cell, value, scale);
        cell.dataset['row'] = String(row);
        cell.dataset['column'] = String(column);
        if (picked?.row === row && picked.column === column) cell.classList.add('picked');
        line.append(cell);
      }
      body.append(line);
    }
    const caption = h('caption', {
      class: 'aside',
      text: `${step.title} ${formatShape(step.rows.size, step.columns.size)}, layer ${placeNumber(layer)}, head ${placeNumber(head)}${query}`,
    });
    this.table.setAttribute('aria-rowcount', String(step.rows.size + 1));
    this.table.setAttribute('aria-colcount', String(step.columns.size + 1));
    this.table.replaceChildren(caption, h('thead', {}, head0), body);
  }

  /** Colours from what has been seen of the matrix so far: a whole one may be too large to be asked for. */
  private scale(step: Step): ColorScale {
    const { kind, map } = this.panel.store.get().scale;
    const { minimum, maximum } = this.seen;
    return scaleOf({
      of: step.scale,
      minimum,
      maximum,
      map,
      kind: kind === 'row' ? 'linear' : kind,
      ground: this.theme.ground,
    });
  }

  /** A little of the heatmap’s colour, on which the number stays legible. */
  private tint(cell: HTMLElement, value: number, scale: ColorScale): void {
    const strength = scale.low < 0 ? Math.abs(2 * shareAt(scale, value) - 1) : shareAt(scale, value);
    const at = colorIndex(scale, value) * 4;
    const [red = 0, green = 0, blue = 0] = scale.table.subarray(at, at + 3);
    cell.style.backgroundColor = `rgb(${red} ${green} ${blue} / ${(strength * mostTint).toFixed(3)})`;
  }

  private valueAt(row: number, column: number): number | undefined {
    const { slice } = this;
    if (slice === null) return undefined;
    const { rows, columns } = slice;
    if (row < rows.start || row >= rows.end || column < columns.start || column >= columns.end)
      return undefined;
    return slice.data[(row - rows.start) * (columns.end - columns.start) + column - columns.start];
  }
}
