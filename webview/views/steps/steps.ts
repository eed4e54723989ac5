import './steps.css';
import type { InspectionSummary } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import type { Matrices } from '../../matrices.js';
import type { Panel } from '../../panel.js';
import type { Theme } from '../../theme.js';
import { findStep, isPairwise, shortLabel } from '../../words.js';
import { StepView } from './step.js';

/** The mechanism as a numbered sequence of steps, each with its formula, its matrix and the picked cell's arithmetic. */
export class StepsView {
  private readonly place = h('span', { class: 'section-aside' });
  private readonly list = h('ol', { class: 'steps-list' });
  readonly element = h(
    'div',
    { class: 'steps' },
    h('div', { class: 'section-head' }, h('h2', { class: 'section-title', text: 'Steps' }), this.place),
    this.list,
  );
  private views: StepView[] = [];
  private built = '';

  constructor(
    private readonly panel: Panel,
    private readonly matrices: Matrices,
    private theme: Theme,
  ) {
    const { store } = panel;
    store.follow(
      ({ content }) => (content.kind === 'inspection' ? content.summary : null),
      (summary) => {
        this.build(summary);
      },
    );
    store.watch(
      ({ position }) => position,
      (position) => {
        const { summary } = panel;
        const step = summary === null ? undefined : findStep(summary, position.step);
        const { cell } = position;
        this.place.textContent =
          summary === null || step === undefined || cell === undefined
            ? ''
            : `cell (${shortLabel(summary, step.rows.axis, cell.row)}, ${shortLabel(summary, step.columns.axis, cell.column)})`;
      },
    );
  }

  retheme(theme: Theme): void {
    this.theme = theme;
    for (const view of this.views) view.retheme(theme);
  }

  /** Other steps get new views; the same steps with other numbers keep theirs, and with them where the user is. */
  private build(summary: InspectionSummary | null): void {
    const built = summary === null ? '' : JSON.stringify(summary.steps);
    if (built === this.built) return;
    this.built = built;
    for (const view of this.views) view.dispose();
    const steps = summary?.steps ?? [];
    const firstPair = Math.max(
      0,
      steps.findIndex((step) => step.perQuery || isPairwise(step)),
    );
    this.views = steps.map(
      (step, index) =>
        new StepView(this.panel, this.matrices, step, index + 1, index >= firstPair, this.theme),
    );
    this.list.replaceChildren(...this.views.map(({ element }) => element));
  }
}
