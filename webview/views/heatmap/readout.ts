import type { Step } from '../../../src/protocol.js';
import { h, settled } from '../../dom.js';
import { isMasked } from '../../draw/colormap.js';
import type { Cell } from '../../draw/viewport.js';
import { formatNumber } from '../../format.js';
import type { Matrices } from '../../matrices.js';
import { isCancelled, messageOf } from '../../matrices.js';
import type { Panel } from '../../panel.js';
import { axisTitle, hasWords, longLabel, ordinal, quantity, scoreOf, shortLabel } from '../../words.js';
import type { Target } from './overlay.js';

/** What is known of a cell; what is not yet is asked for. */
interface Facts {
  readonly value?: number;
  readonly score?: number;
  /** Counted from 1, among the row's entries that are not masked. */
  readonly rank?: { readonly place: number; readonly of: number };
}

/** A number's rank in its row, the largest first. */
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

/** The line that says what is pointed at, with its exact numbers, and says it aloud to those who use the keyboard. */
export class Readout {
  readonly element = h('div', { class: 'readout' });
  readonly spoken = h('div', { class: 'aside', attributes: { 'aria-live': 'polite', role: 'status' } });
  private cell: Cell | null = null;
  private step: Step | null = null;
  private aloud = false;
  private readonly fetch = settled(40, () => {
    void this.complete();
  });

  constructor(
    private readonly panel: Panel,
    private readonly matrices: Matrices,
    /** A number that is on screen already, exactly. */
    private readonly valueAt: (row: number, column: number) => number | undefined,
  ) {}

  show(target: Target | null, step: Step, aloud: boolean): void {
    this.step = step;
    this.aloud = aloud;
    this.cell = target?.kind === 'cell' ? target.cell : null;
    this.fetch.drop();
    if (target === null) {
      this.element.replaceChildren(
        h('span', { class: 'muted', text: 'Point at a cell to read it; press Enter or click to pick it.' }),
      );
    } else if (target.kind === 'cell') {
      const value = this.valueAt(target.cell.row, target.cell.column);
      this.write(value === undefined ? {} : { value });
      this.fetch.ask();
    } else {
      const { summary } = this.panel;
      const axis = step[target.kind === 'row' ? 'rows' : 'columns'].axis;
      if (summary === null) return;
      this.element.replaceChildren(h('span', { text: longLabel(summary, axis, target.index) }));
    }
  }

  private async complete(): Promise<void> {
    const { cell, step } = this;
    const { summary } = this.panel;
    if (cell === null || step === null || summary === null) return;
    const place = this.matrices.place(step.name);
    const score = scoreOf(summary, step);
    const scorePlace = score === undefined ? null : this.matrices.place(score.name);
    if (place === null) return;
    try {
      const [row, scores] = await Promise.all([
        this.matrices.row(place, cell.row),
        scorePlace === null ? null : this.matrices.row(scorePlace, cell.row),
      ]);
      if (this.cell !== cell || this.step !== step) return;
      const value = row.data[cell.column] ?? NaN;
      const scoreValue = scores?.data[cell.column];
      this.write({
        value,
        ...(scoreValue === undefined ? {} : { score: scoreValue }),
        ...(step.scale === 'weights' && !isMasked(value) ? { rank: rankIn(row.data, value) } : {}),
      });
      if (row.emptyRows.includes(cell.row))
        this.element.append(h('span', { class: 'muted', text: 'nothing to attend to' }));
      if (this.aloud) this.spoken.textContent = this.element.textContent;
    } catch (error) {
      if (isCancelled(error) || this.cell !== cell) return;
      this.element.append(h('span', { class: 'error', text: messageOf(error) }));
    }
  }

  private write({ value, score, rank }: Facts): void {
    const { cell, step } = this;
    const { summary } = this.panel;
    if (cell === null || step === null || summary === null) return;
    const place = (side: 'rows' | 'columns', index: number): HTMLElement => {
      const { axis } = step[side];
      const name = h('span', { class: 'readout-place' }, `${axisTitle(axis)} `);
      name.append(h('b', { text: shortLabel(summary, axis, index) }));
      if (hasWords(summary, axis)) name.append(` (${ordinal(index)})`);
      return name;
    };
    const pair = h('span', {}, place('rows', cell.row), ' → ', place('columns', cell.column));
    const facts: HTMLElement[] = [
      h(
        'span',
        {},
        `${quantity(step)} `,
        h('b', { class: 'number', text: value === undefined ? '…' : formatNumber(value) }),
      ),
    ];
    const source = scoreOf(summary, step);
    if (source !== undefined && score !== undefined) {
      facts.push(
        h('span', {}, `${quantity(source)} `, h('span', { class: 'number', text: formatNumber(score) })),
      );
    }
    if (rank !== undefined) {
      facts.push(h('span', { class: 'muted number', text: `rank ${rank.place} of ${rank.of}` }));
    }
    const children: (Node | string)[] = [pair];
    for (const fact of facts) children.push(' ', fact);
    this.element.replaceChildren(...children);
  }
}
