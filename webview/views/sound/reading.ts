import { h } from '../../dom.js';
import type { Panel } from '../../panel.js';
import { Readout } from '../heatmap/readout.js';
import type { ViewContext } from '../view.js';
import { intervalOf } from './frames.js';
import type { Shown } from './shown.js';
import type { Pointed } from './stage.js';
import { soundStrings } from './strings.js';
import { seconds } from './ticks.js';

/** Says what is pointed at, else what is picked: its time, its token, its number. */
export class Reading {
  private readonly place = h('p', { class: 'sound-place number' });
  private readonly readout: Readout;
  readonly element: HTMLElement;
  private readonly panel: Panel;

  constructor(
    { panel, matrices }: ViewContext,
    valueAt: (row: number, column: number) => number | undefined,
  ) {
    this.panel = panel;
    this.readout = new Readout(panel, matrices, valueAt, () => 1, {
      nothing: () => soundStrings.nothing,
      quantity: (step) => (step.role === 'weights' ? 'weight' : step.title.toLowerCase()),
    });
    this.element = h('div', { class: 'sound-read' }, this.place, this.readout.element);
  }

  /** Read aloud to those who use the keyboard. */
  get spoken(): HTMLElement {
    return this.readout.spoken;
  }

  show(shown: Shown | null, place: Pointed | null, aloud: boolean): void {
    const matrix = shown?.matrix ?? null;
    this.readout.element.hidden = matrix === null;
    if (matrix === null) {
      this.place.textContent = place === null ? ' ' : `${seconds(place.time)} s`;
      return;
    }
    const row = place === null ? matrix.picked?.row : (place.row ?? this.panel.store.get().chosen.query);
    const column = place === null ? matrix.picked?.column : place.column;
    const interval = column == null ? null : intervalOf(matrix.frames, column);
    this.place.textContent = interval === null ? ' ' : soundStrings.at(interval.start, interval.end);
    const target =
      row === undefined
        ? null
        : column == null
          ? ({ kind: 'row', index: row } as const)
          : ({ kind: 'cell', cell: { row, column } } as const);
    this.readout.show(target, matrix.step, aloud);
  }

  /** Its numbers are about to be others. */
  clear(): void {
    this.readout.clear();
  }

  dispose(): void {
    this.readout.dispose();
  }
}
