import type { HeadTypesState } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { isCancelled } from '../../matrices.js';
import { reasonOf } from '../../../src/common/values.js';
import { button } from '../../controls/ui.js';
import { headTypesGrid } from '../heads/head-types-grid.js';

/** Classifies the heads; reports its progress. */
export type ClassifyHeads = (
  signal: AbortSignal,
  report: (message: string, fraction: number | null) => void,
) => Promise<void>;

/** What the heads of a model do, or the offer to find out. */
export class HeadTypesView {
  private readonly content = h('div', { class: 'model-head-types' });
  private readonly progress = h('span', { class: 'muted', attributes: { role: 'status' } });
  private readonly problem = h('p', { class: 'problem', attributes: { role: 'alert' } });
  readonly element = h('div', {}, this.content, this.problem);
  private running: AbortController | null = null;

  constructor(private readonly classify: ClassifyHeads) {
    this.problem.hidden = true;
  }

  show(state: HeadTypesState): void {
    this.element.hidden = state.kind === 'none';
    if (state.kind === 'known') this.content.replaceChildren(headTypesGrid(state.types));
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
    const running = new AbortController();
    this.running = running;
    this.problem.hidden = true;
    this.progress.textContent = '';
    const stop = button({
      text: 'Cancel',
      press: () => {
        this.running?.abort();
      },
    });
    this.content.replaceChildren(this.progress, stop);
    try {
      await this.classify(running.signal, (message, fraction) => {
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
