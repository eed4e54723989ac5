import './steps.css';
import type { InspectionSummary } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { Lifetime } from '../../lifetime.js';
import { Store } from '../../store.js';
import type { Theme } from '../../theme.js';
import type { OpenView, ViewContext } from '../view.js';
import { findStep, isPairwise, shortLabel } from '../../../src/drawing/labels.js';
import { StepView } from './step.js';
import type { StepsMemory } from './view.js';

/** The mechanism as a numbered sequence of steps, each with its formula, its matrix and the picked cell's arithmetic. */
export class StepsView implements OpenView {
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
  private summary: InspectionSummary | null = null;
  private readonly memory: Store<StepsMemory>;
  private readonly life = new Lifetime();

  constructor(
    private readonly context: ViewContext,
    recalled: StepsMemory,
  ) {
    this.memory = new Store(recalled);
    const { panel } = context;
    const { store } = panel;
    this.life.add(
      this.memory.watch(({ opened }) => opened, context.changed),
      store.follow(
        ({ content }) => (content.kind === 'inspection' ? content.summary : null),
        (summary) => {
          this.build(summary);
        },
      ),
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
      ),
    );
  }

  remember(): StepsMemory {
    return this.memory.get();
  }

  dispose(): void {
    this.life.dispose();
    for (const view of this.views) view.dispose();
  }

  retheme(theme: Theme): void {
    for (const view of this.views) view.retheme(theme);
  }

  /** Other steps get new views; the same steps with other numbers keep theirs, and with them where the user is. */
  private build(summary: InspectionSummary | null): void {
    const built = summary === null ? '' : JSON.stringify(summary.steps);
    if (built === this.built) return;
    const before = this.summary;
    this.built = built;
    this.summary = summary;
    for (const view of this.views) view.dispose();
    const steps = summary?.steps ?? [];
    const firstPair = Math.max(
      0,
      steps.findIndex((step) => step.perQuery || isPairwise(step)),
    );
    this.views = steps.map(
      (step, index) => new StepView(this.context, this.memory, step, index + 1, index >= firstPair),
    );
    this.list.replaceChildren(...this.views.map(({ element }) => element));
    const gradients = steps.findIndex(({ phase }) => phase === 'gradient');
    const chosen = before !== null && before.id === summary?.id && gradients >= 0;
    // Who asks for gradients wants to see them, and they stand below all else.
    if (chosen && !before.steps.some(({ phase }) => phase === 'gradient'))
      this.views[gradients]?.element.scrollIntoView({ block: 'start' });
  }
}
