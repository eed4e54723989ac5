import type { HeadTypesState } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { isCancelled } from '../../matrices.js';
import { reasonOf } from '../../../src/common/values.js';
import { button } from '../../ui.js';
import { kindsGrid } from '../heads/kinds-grid.js';

/** Finds kinds; tells how far it is. */
export type FindKinds = (
  signal: AbortSignal,
  told: (message: string, fraction: number | null) => void,
) => Promise<void>;

/** What the heads of a model do, or the offer to find out. */
export class KindsView {
  private readonly content = h('div', { class: 'model-kinds' });
  private readonly progress = h('span', { class: 'muted', attributes: { role: 'status' } });
  private readonly problem = h('p', { class: 'problem', attributes: { role: 'alert' } });
  readonly element = h('div', {}, this.content, this.problem);
  private finding: AbortController | null = null;

  constructor(private readonly find: FindKinds) {
    this.problem.hidden = true;
  }

  show(state: HeadTypesState): void {
    this.element.hidden = state.kind === 'none';
    if (state.kind === 'known') this.content.replaceChildren(kindsGrid(state.types));
    else this.offer();
  }

  private offer(): void {
    const why = h('p', {
      class: 'muted',
      text: 'Which heads look at the token before, at themselves, at a separator, or repeat what came before: told from their weights over a built-in text, once, and kept.',
    });
    const start = button({
      text: 'Classify Heads',
      press: () => {
        void this.run();
      },
    });
    this.content.replaceChildren(why, start);
  }

  private async run(): Promise<void> {
    const finding = new AbortController();
    this.finding = finding;
    this.problem.hidden = true;
    this.progress.textContent = '';
    const stop = button({
      text: 'Cancel',
      press: () => {
        this.finding?.abort();
      },
    });
    this.content.replaceChildren(this.progress, stop);
    try {
      await this.find(finding.signal, (message, fraction) => {
        this.progress.textContent =
          fraction === null ? message : `${message} · ${Math.round(100 * fraction)} %`;
      });
    } catch (error) {
      this.offer();
      if (isCancelled(error)) return;
      this.problem.textContent = reasonOf(error);
      this.problem.hidden = false;
    }
  }
}
