import type { Phase } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { renderTex } from '../../draw/tex.js';
import { phaseTitle } from '../../../src/drawing/labels.js';
import { compareStrings } from './strings.js';
import type { Aligned, Line } from './alignment.js';
import { phases } from './alignment.js';

/** The sign that something is not as in the first column, for the eye and for the ear. */
export function differenceMark(): HTMLElement {
  return h(
    'span',
    { class: 'compare-mark', title: compareStrings.differs },
    h('span', { text: compareStrings.mark, attributes: { 'aria-hidden': 'true' } }),
    h('span', { class: 'aside', text: compareStrings.differs }),
  );
}

/** One column's formulas, a cell for each phase. */
export class Formulas {
  readonly cells: readonly HTMLElement[];
  private readonly shown = new Map<Phase, string>();

  constructor(
    private readonly events: {
      /** A phase is to be opened or closed, in all columns. */
      toggle(phase: Phase): void;
    },
  ) {
    this.cells = phases.map((phase) => h('div', { class: `compare-cell compare-phase row-${phase}` }));
  }

  /** `seen` are the phases that any column has, `closed` those of which no formulas are shown. */
  show(aligned: readonly Aligned[], seen: ReadonlySet<Phase>, closed: ReadonlySet<Phase>): void {
    for (const [at, cell] of this.cells.entries()) {
      const phase = phases[at];
      const own = aligned[at];
      if (phase === undefined || own === undefined) continue;
      cell.hidden = !seen.has(phase);
      const signature = JSON.stringify([own, closed.has(phase)]);
      if (this.shown.get(phase) === signature) continue;
      this.shown.set(phase, signature);
      this.fill(cell, own, closed.has(phase));
    }
  }

  private fill(cell: HTMLElement, own: Aligned, closed: boolean): void {
    const focused = cell.contains(document.activeElement);
    const differs = own.without.length > 0 || own.lines.some((line) => line.differs);
    const toggle = h(
      'button',
      {
        class: 'compare-toggle',
        attributes: { type: 'button', 'aria-expanded': String(!closed) },
      },
      h('span', { class: 'step-sign', attributes: { 'aria-hidden': 'true' } }),
      h('span', { text: phaseTitle(own.phase) }),
    );
    toggle.addEventListener('click', () => {
      this.events.toggle(own.phase);
    });
    const title = h('h4', { class: 'compare-phase-title' }, toggle);
    if (closed && differs) title.append(differenceMark());
    cell.replaceChildren(title, ...(closed ? [] : [lines(own)]));
    if (focused) toggle.focus();
  }
}

function lines(own: Aligned): HTMLElement {
  const list = h('ul', { class: 'compare-lines' });
  for (const line of own.lines) list.append(written(line));
  for (const { title } of own.without) {
    list.append(
      h(
        'li',
        { class: 'compare-line differs' },
        differenceMark(),
        h('span', { class: 'muted', text: compareStrings.without(title) }),
      ),
    );
  }
  return list;
}

function written({ step, differs }: Line): HTMLElement {
  const formula = h('div', { class: 'compare-formula' });
  renderTex(step.tex, formula);
  return h(
    'li',
    { class: differs ? 'compare-line differs' : 'compare-line', title: step.note },
    ...(differs ? [differenceMark()] : []),
    h('span', { class: 'compare-step-title muted', text: step.title }),
    formula,
  );
}
