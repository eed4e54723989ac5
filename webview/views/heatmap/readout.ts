import type { Place, Slice, Step } from '../../../src/protocol.js';
import { h, settled } from '../../dom.js';
import { isMasked } from '../../../src/drawing/colors/colormap.js';
import type { Cell } from '../../draw/viewport.js';
import { formatNumber } from '../../../src/drawing/format.js';
import { isCancelled } from '../../matrices.js';
import { reasonOf } from '../../../src/common/values.js';
import type { Panel } from '../../panel.js';
import {
  axisTitle,
  hasWords,
  longLabel,
  ordinal,
  quantity,
  scoreOf,
  shortLabel,
} from '../../../src/drawing/labels.js';
import type { Target } from '../../draw/target.js';

/** The row of a cell, in its step and in the scores it was made from. */
interface Row {
  readonly place: Place;
  readonly index: number;
  readonly slice: Slice;
  readonly scores: Slice | null;
}

/** How long the pointer rests before a row is asked for, in milliseconds. */
const restBeforeRow = 40;

/** A number's rank in its row, the largest first, among those that are not masked. */
export function rankIn(row: Float32Array, value: number): { place: number; of: number } {
  let place = 1;
  let of = 0;
  for (const other of row) {
    if (isMasked(other)) continue;
    of += 1;
    if (other > value) place += 1;
  }
  return { place, of };
}

/** Where the rows of a readout come from; what has no place is not read. */
export interface RowSource {
  place(step: string): Place | null;
  row(place: Place, row: number): Promise<Slice>;
}

export interface ReadoutWording {
  /** Said where nothing is pointed at. */
  nothing(): string;
  /** What the numbers are. */
  quantity(step: Step): string;
}

const heatmapWording: ReadoutWording = {
  nothing: () => 'Point at a cell to read it; press Enter or click to pick it.',
  quantity,
};

/** The line that says what is pointed at, with its exact numbers, and says it aloud to those who use the keyboard. */
export class Readout {
  readonly element = h('div', { class: 'readout' });
  readonly spoken = h('div', { class: 'aside', attributes: { 'aria-live': 'polite', role: 'status' } });
  private cell: Cell | null = null;
  private step: Step | null = null;
  private row: Row | null = null;
  private aloud = false;
  private readonly rest = settled(restBeforeRow, () => {
    void this.complete();
  });

  constructor(
    private readonly panel: Panel,
    private readonly matrices: RowSource,
    /** A number that is on screen already, exactly. */
    private readonly valueAt: (row: number, column: number) => number | undefined,
    /** What a row's weights are multiplied by where keys are left out; NaN of a key that is. */
    private readonly renormalised: (row: number, column: number) => number = () => 1,
    private readonly wording: ReadoutWording = heatmapWording,
  ) {}

  show(target: Target | null, step: Step, aloud: boolean): void {
    this.step = step;
    this.aloud = aloud;
    this.cell = target?.kind === 'cell' ? target.cell : null;
    this.rest.drop();
    const { summary } = this.panel;
    if (summary === null) return;
    if (target === null) {
      this.element.replaceChildren(h('span', { class: 'muted', text: this.wording.nothing() }));
    } else if (target.kind === 'cell') {
      this.write(target.cell, step);
      if (this.rowFor(target.cell, step) === null) this.rest.ask();
      else this.speak();
    } else {
      const { axis } = step[target.kind === 'row' ? 'rows' : 'columns'];
      this.element.replaceChildren(h('span', { text: longLabel(summary, axis, target.index) }));
    }
  }

  /** Forgets its numbers: they are about to be others. */
  clear(): void {
    this.row = null;
  }

  dispose(): void {
    this.rest.drop();
    this.cell = null;
  }

  /** The row that is at hand, where it is the wanted one. */
  private rowFor(cell: Cell, step: Step): Row | null {
    const place = this.matrices.place(step.name);
    const { row } = this;
    return row !== null && row.index === cell.row && JSON.stringify(row.place) === JSON.stringify(place)
      ? row
      : null;
  }

  private async complete(): Promise<void> {
    const { cell, step } = this;
    const { summary } = this.panel;
    const place = step === null ? null : this.matrices.place(step.name);
    if (cell === null || step === null || summary === null) return;
    if (place === null) {
      // There is no more to be said of it.
      this.speak();
      return;
    }
    const score = scoreOf(summary, step);
    const scorePlace = score === undefined ? null : this.matrices.place(score.name);
    try {
      const [slice, scores] = await Promise.all([
        this.matrices.row(place, cell.row),
        scorePlace === null ? null : this.matrices.row(scorePlace, cell.row),
      ]);
      if (this.cell !== cell || this.step !== step) return;
      this.row = { place, index: cell.row, slice, scores };
      this.write(cell, step);
      this.speak();
    } catch (error) {
      if (isCancelled(error) || this.cell !== cell) return;
      this.element.append(' ', h('span', { class: 'error', text: reasonOf(error) }));
    }
  }

  private speak(): void {
    if (this.aloud) this.spoken.textContent = this.element.textContent;
  }

  private write(cell: Cell, step: Step): void {
    const { summary } = this.panel;
    if (summary === null) return;
    const row = this.rowFor(cell, step);
    const value = row === null ? this.valueAt(cell.row, cell.column) : (row.slice.data[cell.column] ?? NaN);
    const place = (side: 'rows' | 'columns', index: number): HTMLElement => {
      const { axis } = step[side];
      const name = h('span', { class: 'readout-place' }, `${axisTitle(axis)} `);
      name.append(h('b', { text: shortLabel(summary, axis, index) }));
      if (hasWords(summary, axis)) name.append(` (${ordinal(index)})`);
      return name;
    };
    const number = value === undefined ? '…' : formatNumber(value);
    const facts = [
      h('span', {}, place('rows', cell.row), ' → ', place('columns', cell.column)),
      h('span', {}, `${this.wording.quantity(step)} `, h('b', { class: 'number', text: number })),
    ];
    const factor = this.renormalised(cell.row, cell.column);
    if (factor !== 1 && value !== undefined && !isMasked(value)) {
      const rest = Number.isNaN(factor) ? 'left out' : `of the rest ${formatNumber(value * factor)}`;
      facts.push(h('span', { class: 'muted number', text: rest }));
    }
    const source = scoreOf(summary, step);
    const score = row?.scores?.data[cell.column];
    if (source !== undefined && score !== undefined && !isMasked(score)) {
      facts.push(
        h(
          'span',
          { title: `${source.title}: what the softmax was given` },
          `${quantity(source)} `,
          h('span', { class: 'number', text: formatNumber(score) }),
        ),
      );
    }
    if (row?.slice.emptyRows.includes(cell.row) === true) {
      facts.push(h('span', { class: 'muted', text: 'nothing to attend to' }));
    } else if (row !== null && step.scale === 'weights' && value !== undefined && !isMasked(value)) {
      const rank = rankIn(row.slice.data, value);
      facts.push(h('span', { class: 'muted number', text: `rank ${rank.place} of ${rank.of}` }));
    }
    this.element.replaceChildren(...facts.flatMap((fact, index) => (index === 0 ? [fact] : [' ', fact])));
  }
}
