import type { InspectionSummary, Metric, ParameterValues, Phase, Step } from '../../../src/protocol.js';
import { h, settled } from '../../dom.js';
import { isMasked } from '../../../src/drawing/colors/colormap.js';
import type { UseOfWebGL } from '../../draw/painter.js';
import type { Cell } from '../../draw/viewport.js';
import { formatNumber } from '../../../src/drawing/format.js';
import { isCancelled, Matrices } from '../../matrices.js';
import { reasonOf } from '../../../src/common/values.js';
import type { Panel } from '../../panel.js';
import type { Theme } from '../../theme.js';
import { shortLabel } from '../../../src/drawing/labels.js';
import { compareStrings } from './strings.js';
import { ArithmeticView } from '../steps/arithmetic.js';
import type { Aligned } from './alignment.js';
import { weightsOf } from './alignment.js';
import type { Beside } from './comparison.js';
import { Formulas } from './formulas.js';
import { Header } from './header.js';
import type { Lens } from '../../draw/lens.js';
import type { MetricName } from './metrics.js';
import { metricsTable, signed } from './metrics.js';
import { Pictures } from './pictures.js';

/** How long the pointer rests before a row is asked for, in milliseconds. */
const restBeforeRow = 40;

export interface ColumnEvents {
  change(changes: ParameterValues): void;
  remove(): void;
  toggle(phase: Phase): void;
  /** Numbers have come or are gone. */
  arrived(): void;
  /** A row that was pointed at can be read now. */
  read(): void;
  metrics(): void;
}

/** One column: what it is, its formulas, its weights and what is said of them. Each part is a row of the whole view. */
export class Column {
  readonly header: Header;
  readonly formulas: Formulas;
  readonly pictures: Pictures;
  readonly matrices: Matrices;
  metrics: readonly Metric[] | null = null;
  /** What was asked for last, and is to be seen until something else has come. */
  shown: { readonly summary: InspectionSummary; readonly step: Step } | null = null;
  private asked = '';
  private readonly readout = h('div', { class: 'compare-cell compare-readout row-readout' });
  private readonly arithmeticCell = h('div', { class: 'compare-cell row-arithmetic' });
  private readonly metricsCell = h('div', { class: 'compare-cell row-metrics' });
  private readonly problem = h('p', {
    class: 'compare-cell problem row-problem',
    attributes: { role: 'alert' },
  });
  private readonly parts: readonly HTMLElement[];
  readonly element: HTMLElement;
  private arithmetic: { readonly of: string; readonly view: ArithmeticView } | null = null;
  private asking: AbortController | null = null;
  private explaining: AbortController | null = null;
  private wanted: Cell | null = null;
  private known: { readonly row: number; readonly of: string; readonly data: Float32Array } | null = null;
  private readonly rest = settled(restBeforeRow, () => {
    void this.fetchRow();
  });

  constructor(
    private readonly panel: Panel,
    readonly summary: () => InspectionSummary | null,
    readonly isFirst: boolean,
    private theme: Theme,
    options: { readonly webgl: UseOfWebGL },
    /** Where it looks: with the others, unless its weights are of another size. */
    readonly own: Lens,
    private readonly events: ColumnEvents,
    repaint: () => void,
  ) {
    this.matrices = new Matrices(panel, summary);
    this.header = new Header(isFirst, events);
    this.formulas = new Formulas(events);
    this.pictures = new Pictures(this.matrices, isFirst, options, { arrived: events.arrived, repaint });
    const weights = h('div', { class: 'compare-cell row-weights' }, this.pictures.weightsElement);
    const difference = h('div', { class: 'compare-cell row-difference' }, this.pictures.differenceElement);
    this.problem.hidden = true;
    this.parts = [
      ...this.formulas.cells,
      weights,
      this.readout,
      this.arithmeticCell,
      this.metricsCell,
      difference,
    ];
    this.element = h(
      'section',
      { class: 'compare-column' },
      this.header.head,
      this.header.form,
      ...this.parts,
      this.problem,
    );
  }

  retheme(theme: Theme): void {
    this.theme = theme;
    this.arithmetic?.view.retheme(theme);
  }

  /** Says what the column is; true where its numbers can be shown. */
  show(first: InspectionSummary, beside: Beside | null, changes: ParameterValues): void {
    if (beside === null) this.header.showFirst(first);
    else this.header.show(first, beside, changes);
    this.element.setAttribute('aria-label', this.title);
    const failed = beside?.kind === 'failed' ? beside.message : null;
    this.problem.textContent = failed ?? '';
    this.problem.hidden = failed === null;
    this.element.classList.toggle('failed', failed !== null);
    if (failed !== null) this.release();
  }

  get title(): string {
    const words = this.header.head.querySelector('.compare-title')?.lastChild?.textContent ?? '';
    const changes = [...this.header.head.querySelectorAll('.compare-change')].map((each) => each.textContent);
    return [words, ...changes].join(', ');
  }

  align(aligned: readonly Aligned[], seen: ReadonlySet<Phase>, closed: ReadonlySet<Phase>): void {
    this.formulas.show(aligned, seen, closed);
  }

  /**
   * Asks for weights for a window of so many device pixels, metrics and the picked cell's arithmetic, where they are not
   * those that were asked for last, or `anew`.
   */
  ask(pixels: { readonly width: number; readonly height: number }, anew: boolean): void {
    const summary = this.summary();
    const step = summary === null ? undefined : weightsOf(summary);
    const place = step === undefined ? null : this.matrices.place(step.name);
    if (summary === null || step === undefined || place === null) return;
    const asked = JSON.stringify([place, summary.revision]);
    if (asked === this.asked && !anew) return;
    this.asked = asked;
    this.known = null;
    this.shown = { summary, step };
    void this.pictures.layers.show(place, step, pixels);
    void this.fetchMetrics();
    this.explain();
  }

  /** Shows the picked cell's arithmetic. */
  explain(): void {
    void this.fetchArithmetic();
  }

  showMetrics(names: readonly MetricName[], first: readonly Metric[] | null): void {
    const { metrics } = this;
    if (metrics === null) this.metricsCell.replaceChildren();
    else this.metricsCell.replaceChildren(metricsTable(this.title, names, metrics, first));
  }

  /** The number at a cell where it is at hand. */
  valueAt({ row, column }: Cell): number | undefined {
    const at = this.pictures.layers.valueAt(row, column);
    if (at !== undefined) return at;
    const { known } = this;
    return known !== null && known.row === row && known.of === this.stamp() ? known.data[column] : undefined;
  }

  /** Says the number at a cell, and what it differs by from the first column's. */
  read(cell: Cell | null, first: Column): string {
    const summary = this.summary();
    const step = summary === null ? undefined : weightsOf(summary);
    this.wanted = null;
    if (cell === null || summary === null || step === undefined) {
      const hint = this.isFirst && summary !== null ? compareStrings.pickHint : '';
      this.readout.replaceChildren(h('span', { class: 'muted', text: hint }));
      return '';
    }
    const value = this.valueAt(cell);
    if (value === undefined) {
      this.wanted = cell;
      this.rest.ask();
    }
    const number = value === undefined ? '…' : formatNumber(value);
    const label = (axis: 'query' | 'key', index: number): HTMLElement =>
      h('b', { class: 'compare-word', text: shortLabel(summary, axis, index) });
    const facts: Node[] = [
      h('span', {}, label('query', cell.row), ' → ', label('key', cell.column)),
      h('b', { class: 'number', text: number }),
    ];
    const before = this.isFirst ? undefined : first.valueAt(cell);
    const difference = value === undefined || before === undefined ? NaN : weightOf(value) - weightOf(before);
    const more = Number.isNaN(difference) ? '' : signed(difference, formatNumber);
    if (more !== '') {
      facts.push(h('span', { class: 'number muted', text: more, title: compareStrings.difference }));
    }
    this.readout.replaceChildren(...facts.flatMap((fact, at) => (at === 0 ? [fact] : [' ', fact])));
    return `${this.title}: ${number}${more === '' ? '' : ` (${more})`}`;
  }

  /** Lets go of its numbers. */
  release(): void {
    this.asking?.abort();
    this.explaining?.abort();
    this.rest.drop();
    this.pictures.clear();
    this.matrices.clear();
    this.metrics = null;
    this.known = null;
    this.shown = null;
    this.asked = '';
    this.arithmetic = null;
    for (const cell of [this.readout, this.arithmeticCell, this.metricsCell]) cell.replaceChildren();
  }

  dispose(): void {
    this.release();
    this.pictures.dispose();
    this.element.remove();
  }

  private stamp(): string {
    const summary = this.summary();
    return JSON.stringify(summary === null ? null : this.matrices.place(weightsOf(summary)?.name ?? ''));
  }

  private async fetchRow(): Promise<void> {
    const { wanted } = this;
    const summary = this.summary();
    const place = summary === null ? null : this.matrices.place(weightsOf(summary)?.name ?? '');
    if (wanted === null || place === null) return;
    const of = this.stamp();
    try {
      const { data } = await this.matrices.row(place, wanted.row);
      if (of !== this.stamp()) return;
      this.known = { row: wanted.row, of, data };
      if (this.wanted?.row === wanted.row) this.events.read();
    } catch (error) {
      if (isCancelled(error) || this.wanted !== wanted) return;
      this.readout.replaceChildren(h('span', { class: 'error', text: reasonOf(error) }));
    }
  }

  private async fetchMetrics(): Promise<void> {
    this.asking?.abort();
    const place = this.matrices.place('');
    if (place === null) return;
    const asking = new AbortController();
    this.asking = asking;
    const { inspection, layer, head } = place;
    try {
      const { signal } = asking;
      const metrics = await this.panel.channel.request('metrics', { inspection, layer, head }, { signal });
      if (this.asking !== asking) return;
      this.metrics = metrics;
      this.events.metrics();
    } catch (error) {
      if (isCancelled(error) || this.asking !== asking) return;
      this.metricsCell.replaceChildren(
        h('p', { class: 'problem', text: reasonOf(error), attributes: { role: 'alert' } }),
      );
    }
  }

  private async fetchArithmetic(): Promise<void> {
    this.explaining?.abort();
    const summary = this.summary();
    const step = summary === null ? undefined : weightsOf(summary);
    const place = step === undefined ? null : this.matrices.place(step.name);
    if (step === undefined || place === null) return;
    const cell = pickedOf(this.panel);
    if (cell === null || cell.row >= step.rows.size || cell.column >= step.columns.size) {
      this.arithmeticCell.replaceChildren();
      return;
    }
    const explaining = new AbortController();
    this.explaining = explaining;
    try {
      const arithmetic = await this.matrices.arithmetic({ ...place, ...cell }, explaining.signal);
      if (this.explaining !== explaining) return;
      const of = JSON.stringify(step);
      if (this.arithmetic?.of !== of) {
        this.arithmetic = { of, view: new ArithmeticView(this.theme, step, this.summary) };
      }
      const { view } = this.arithmetic;
      this.arithmeticCell.replaceChildren(view.element);
      view.show(arithmetic);
    } catch (error) {
      if (isCancelled(error) || this.explaining !== explaining) return;
      this.arithmeticCell.replaceChildren(
        h('p', { class: 'problem', text: reasonOf(error), attributes: { role: 'alert' } }),
      );
    }
  }
}

/** What is masked is not attended to. */
function weightOf(value: number): number {
  return isMasked(value) ? 0 : value;
}

/** The picked cell of the weights, or the one that belongs to what is picked in another step. */
export function pickedOf(panel: Panel): Cell | null {
  const { position, chosen } = panel.store.get();
  return position.cell === undefined ? null : { row: chosen.query, column: chosen.key };
}
