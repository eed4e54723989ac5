import { reasonOf } from '../../../src/common/values.js';
import { h } from '../../dom.js';
import { formatNumber } from '../../../src/drawing/format.js';
import { isCancelled } from '../../matrices.js';
import type { Panel } from '../../panel.js';
import { rankedItem } from '../../controls/ranked.js';
import type { OpenView } from '../view.js';
import { classesStrings } from './strings.js';

/** How many classes are listed. */
const listed = 8;

/** What the model takes the whole for: the likeliest classes. */
export class ClassesView implements OpenView {
  private readonly list = h('ol', { class: 'ranked', attributes: { 'aria-label': classesStrings.list } });
  private readonly note = h('p', { class: 'muted classes-note' });
  private readonly problem = h('p', { class: 'problem', attributes: { role: 'alert' } });
  readonly element = h(
    'section',
    { class: 'section classes' },
    h('h2', { class: 'section-title', text: classesStrings.title }),
    this.list,
    this.note,
    this.problem,
  );
  private readonly end: () => void;
  private asking: AbortController | null = null;

  constructor(private readonly panel: Panel) {
    this.problem.hidden = true;
    this.end = panel.store.follow(
      ({ content }) =>
        content.kind === 'inspection' ? JSON.stringify([content.summary.id, content.summary.revision]) : '',
      () => void this.fetch(),
    );
  }

  dispose(): void {
    this.end();
    this.asking?.abort();
    this.asking = null;
  }

  private async fetch(): Promise<void> {
    this.asking?.abort();
    this.asking = null;
    const { summary } = this.panel;
    if (summary?.classes === undefined) return;
    const asking = new AbortController();
    this.asking = asking;
    await this.panel.matrixShown();
    if (asking.signal.aborted) return;
    try {
      const reply = await this.panel.channel.request(
        'classes',
        { inspection: summary.id, count: listed },
        { signal: asking.signal },
      );
      if (this.asking !== asking || reply.revision !== summary.revision) return;
      this.list.replaceChildren(
        ...reply.classes.map(({ index, label, logit, probability, similarity }, rank) =>
          rankedItem({
            ...{ rank, probability, text: label },
            title:
              similarity === undefined
                ? classesStrings.hint(index, label, formatNumber(logit))
                : classesStrings.caption(label, formatNumber(logit), formatNumber(similarity)),
          }),
        ),
      );
      this.note.textContent = classesStrings.of(reply, summary.classes);
      this.problem.hidden = true;
    } catch (error) {
      if (this.asking !== asking || isCancelled(error)) return;
      this.problem.textContent = reasonOf(error);
      this.problem.hidden = false;
    }
  }
}
