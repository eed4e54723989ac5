import type { Metric } from '../../../src/protocol.js';
import { bar } from '../../controls/bar.js';
import { h } from '../../dom.js';
import { formatShort } from '../../../src/drawing/format.js';
import { hasAttention } from '../../../src/drawing/labels.js';
import { isCancelled } from '../../matrices.js';
import { reasonOf } from '../../../src/common/values.js';
import { headPlace } from '../../../src/common/counting.js';
import { shownHead, type Panel } from '../../panel.js';
import type { OpenView } from '../view.js';

/** The open head's figures, each with a bar that shows how much of its possible range it fills. */
export class MetricsView implements OpenView {
  private readonly title = h('h2', { class: 'section-title' });
  private readonly list = h('div', { class: 'metrics' });
  readonly element = h('section', { class: 'section' }, this.title, this.list);
  private asking: AbortController | null = null;
  private readonly stop: () => void;

  constructor(private readonly panel: Panel) {
    this.stop = panel.store.follow(shownHead, (shown) => {
      void this.fetch(shown);
    });
  }

  dispose(): void {
    this.stop();
    this.asking?.abort();
    this.asking = null;
  }

  private async fetch(shown: string): Promise<void> {
    this.asking?.abort();
    const { summary } = this.panel;
    this.element.hidden = summary !== null && !hasAttention(summary);
    if (shown === '' || summary === null || !hasAttention(summary)) {
      this.list.replaceChildren();
      return;
    }
    const { layer, head } = this.panel.store.get().position;
    this.title.textContent = headPlace(layer, head);
    const asking = new AbortController();
    this.asking = asking;
    await this.panel.matrixShown();
    if (asking.signal.aborted) return;
    try {
      const { signal } = asking;
      const request = { inspection: summary.id, layer, head };
      const metrics = await this.panel.channel.request('metrics', request, { signal });
      if (this.asking === asking) this.list.replaceChildren(...metrics.map(row));
    } catch (error) {
      if (isCancelled(error) || this.asking !== asking) return;
      this.list.replaceChildren(
        h('p', { class: 'problem', text: reasonOf(error), attributes: { role: 'alert' } }),
      );
    }
  }
}

function row(metric: Metric): HTMLElement {
  const share = metric.full > 0 && Number.isFinite(metric.value) ? metric.value / metric.full : 0;
  const unit = metric.unit === '' ? '' : ` ${metric.unit}`;
  // A number that does not exist, as of a head with nothing to attend to.
  const value = Number.isNaN(metric.value) ? '–' : `${formatShort(metric.value)}${unit}`;
  return h(
    'div',
    { class: 'metric', title: metric.note },
    h('span', { class: 'metric-title', text: metric.title }),
    bar(share),
    h('span', { class: 'metric-value number', text: value }),
  );
}
