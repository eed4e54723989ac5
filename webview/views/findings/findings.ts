import './findings.css';
import { reasonOf } from '../../../src/common/values.js';
import type { Finding } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { findStep } from '../../../src/drawing/labels.js';
import { isCancelled } from '../../matrices.js';
import { shownHead, type Panel } from '../../panel.js';
import type { OpenView } from '../view.js';
import { findingStrings } from './strings.js';

/** What the open head's numbers show, in words; each leads to its rows. */
export class FindingsView implements OpenView {
  private readonly list = h('ul', {
    class: 'findings-list',
    attributes: { 'aria-label': findingStrings.list },
  });
  readonly element = h(
    'section',
    { class: 'section findings' },
    h('h2', { class: 'section-title', text: findingStrings.title }),
    this.list,
  );
  private asking: AbortController | null = null;
  private readonly stop: () => void;

  constructor(private readonly panel: Panel) {
    this.stop = panel.store.follow(shownHead, () => {
      void this.fetch();
    });
  }

  dispose(): void {
    this.stop();
    this.asking?.abort();
    this.asking = null;
  }

  private async fetch(): Promise<void> {
    this.asking?.abort();
    this.asking = null;
    const { summary } = this.panel;
    if (summary === null) {
      this.list.replaceChildren();
      return;
    }
    const { layer, head } = this.panel.store.get().position;
    const asking = new AbortController();
    this.asking = asking;
    await this.panel.matrixShown();
    if (asking.signal.aborted) return;
    try {
      const request = { inspection: summary.id, layer, head };
      const found = await this.panel.channel.request('findings', request, { signal: asking.signal });
      if (this.asking !== asking) return;
      const none = h('li', { class: 'muted', text: findingStrings.none });
      this.list.replaceChildren(
        ...(found.length === 0 ? [none] : found.map((each) => h('li', {}, this.row(each)))),
      );
    } catch (error) {
      if (isCancelled(error) || this.asking !== asking) return;
      this.list.replaceChildren(
        h('li', { class: 'problem', text: reasonOf(error), attributes: { role: 'alert' } }),
      );
    }
  }

  private row(finding: Finding): HTMLButtonElement {
    const { title, text, rows, cell } = finding;
    const button = h(
      'button',
      { class: 'finding', title: findingStrings.hint, attributes: { type: 'button' } },
      h('span', { text }),
      h('span', { class: 'muted', text: `${title}, ${findingStrings.rows(rows)}` }),
    );
    let next = -1;
    button.addEventListener('click', () => {
      const { summary } = this.panel;
      const step = summary === null ? undefined : findStep(summary, finding.step);
      if (step === undefined) return;
      // The cell that shows it best comes first, then the row after it, round and round.
      next = next < 0 ? cell.row : rowAfter(rows, next);
      this.panel.openStep(step, { row: next, column: cell.column });
    });
    return button;
  }
}

/** The row that comes after one among rows; the first after the last. */
function rowAfter(rows: Finding['rows'], row: number): number {
  const holder = rows.find(({ end }) => end > row + 1);
  if (holder === undefined) return rows[0]?.start ?? row;
  return Math.max(holder.start, row + 1);
}
