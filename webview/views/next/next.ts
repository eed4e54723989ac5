import './next.css';
import type { Candidate, Candidates, InspectionSummary, ParameterValues } from '../../../src/protocol.js';
import { gatherText } from '../../../src/text-change.js';
import { h } from '../../dom.js';
import { formatShort } from '../../../src/drawing/format.js';
import { isCancelled } from '../../matrices.js';
import { reasonOf } from '../../../src/common/values.js';
import type { Panel, PanelView } from '../../panel.js';
import { button } from '../../controls/ui.js';
import { shortLabel } from '../../../src/drawing/labels.js';
import { nextStrings } from './strings.js';
import { rankedItem } from '../../controls/ranked.js';
import { ParametersView } from '../parameters/parameters.js';
import { withKnownValues } from '../parameters/values.js';
import type { OpenView, ViewContext } from '../view.js';
import { requestOf, samplingParameters } from './sampling.js';
import type { NextMemory } from './view.js';

/** How many tokens are listed. */
const listed = 8;

/** What the model expects after the picked token, or after the last, and how the text can be gone on with. */
export class NextView implements OpenView {
  private readonly after = h('span', { class: 'muted next-after' });
  private readonly list = h('ol', { class: 'ranked', attributes: { 'aria-label': nextStrings.list } });
  private readonly entropy = h('p', { class: 'muted next-entropy' });
  private readonly problem = h('p', { class: 'problem', attributes: { role: 'alert' } });
  private readonly said = h('p', { class: 'next-said', attributes: { role: 'status' } });
  private readonly controls = new ParametersView(
    (values) => {
      this.values = { ...this.values, ...values };
      this.controls.show(withKnownValues(samplingParameters, this.values));
      this.context.changed();
    },
    { resetAll: false },
  );
  private readonly go = button({
    text: nextStrings.go,
    title: nextStrings.goHint,
    press: () => {
      void this.run();
    },
  });
  private readonly stop = button({
    text: nextStrings.stop,
    title: nextStrings.stopHint,
    press: () => {
      this.panel.channel.request('halt', null).catch((error: unknown) => {
        this.fail(error);
      });
    },
  });
  readonly element = h(
    'section',
    { class: 'section next' },
    h('h2', { class: 'section-title', text: nextStrings.title }),
    this.after,
    this.list,
    this.entropy,
    this.controls.element,
    h('div', { class: 'next-actions' }, this.go, this.stop),
    this.said,
    this.problem,
  );
  private readonly panel: Panel;
  private readonly end: () => void;
  private asking: AbortController | null = null;

  constructor(
    private readonly context: ViewContext,
    private values: ParameterValues,
  ) {
    const { panel } = context;
    this.panel = panel;
    this.stop.hidden = true;
    this.problem.hidden = true;
    this.controls.show(withKnownValues(samplingParameters, this.values));
    this.end = panel.store.follow(
      (view) => {
        const query = queryOf(view);
        return view.content.kind === 'inspection' && query !== null
          ? JSON.stringify([view.content.summary.id, view.content.summary.revision, query])
          : '';
      },
      (shown) => void this.fetch(shown),
    );
  }

  remember(): NextMemory {
    return { values: this.values };
  }

  dispose(): void {
    this.end();
    this.asking?.abort();
    this.asking = null;
  }

  private async fetch(shown: string): Promise<void> {
    this.asking?.abort();
    this.asking = null;
    const { summary } = this.panel;
    const query = queryOf(this.panel.store.get());
    if (shown === '' || summary === null || query === null) return;
    const asking = new AbortController();
    this.asking = asking;
    await this.panel.matrixShown();
    if (asking.signal.aborted) return;
    try {
      const request = { inspection: summary.id, query, count: listed };
      const said = await this.panel.channel.request('candidates', request, { signal: asking.signal });
      if (this.asking !== asking) return;
      this.show(said, summary);
      this.problem.hidden = true;
    } catch (error) {
      if (this.asking === asking) this.fail(error);
    }
  }

  private show(said: Candidates, summary: InspectionSummary): void {
    const word = `“${shortLabel(summary, 'query', said.query)}”`;
    this.after.textContent = summary.rows === 'written' ? nextStrings.at(word) : nextStrings.after(word);
    const { actual, candidates } = said;
    const rows = candidates.map((each, rank) => row(each, rank, each.id === actual?.id));
    if (actual !== undefined && actual.rank >= candidates.length) rows.push(row(actual, actual.rank, true));
    this.list.replaceChildren(...rows);
    this.entropy.textContent = nextStrings.entropy(formatShort(said.entropy));
  }

  private async run(): Promise<void> {
    this.running(true);
    this.said.textContent = nextStrings.waiting;
    try {
      const { text, ending } = await this.panel.channel.request(
        'continue',
        requestOf(withKnownValues(samplingParameters, this.values)),
        {
          onProgress: gatherText((written) => {
            this.said.textContent = written;
          }),
        },
      );
      this.said.textContent = [text, nextStrings.said(ending)].filter((each) => each !== '').join(' — ');
      this.problem.hidden = true;
    } catch (error) {
      this.said.textContent = '';
      this.fail(error);
    }
    this.running(false);
  }

  private running(runs: boolean): void {
    this.go.hidden = runs;
    this.stop.hidden = !runs;
  }

  private fail(error: unknown): void {
    if (isCancelled(error)) return;
    this.problem.textContent = reasonOf(error);
    this.problem.hidden = false;
  }
}

/** The query after which the next token is looked at: the picked one, or the last. */
function queryOf({ content, position }: PanelView): number | null {
  if (content.kind !== 'inspection' || !content.summary.continues) return null;
  const { summary } = content;
  const step = summary.steps.find(({ name }) => name === position.step);
  const picked = step?.rows.axis === 'query' ? position.cell?.row : undefined;
  return picked ?? summary.queries.count - 1;
}

function row({ text, token, probability }: Candidate, rank: number, stands: boolean): HTMLElement {
  return rankedItem({
    ...{ rank, probability, title: token, text: text === '' ? token : text },
    ...(stands ? { stands: nextStrings.here } : {}),
  });
}
