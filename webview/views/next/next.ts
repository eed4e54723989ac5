import './next.css';
import type { Candidate, Candidates, InspectionSummary, ParameterValues } from '../../../src/protocol.js';
import { gatherText } from '../../../src/text-change.js';
import { bar } from '../../bar.js';
import { h } from '../../dom.js';
import { formatShort } from '../../format.js';
import { isCancelled, messageOf } from '../../matrices.js';
import type { Panel, PanelView } from '../../panel.js';
import { button } from '../../ui.js';
import { nextWords, shortLabel, visibleWord } from '../../words.js';
import { ParametersView } from '../parameters/parameters.js';
import { withValues } from '../parameters/values.js';
import { requestOf, samplingParameters } from './sampling.js';

/** How many tokens are listed. */
const listed = 8;

/** The section for a model that says what comes next, made when the first such model is shown. */
export function nextSection(panel: Panel): HTMLElement {
  const element = h('section', { class: 'section next' });
  element.hidden = true;
  let view: NextView | null = null;
  panel.store.watch(
    (shown) => queryOf(shown) !== null,
    (continues) => {
      element.hidden = !continues;
      if (!continues || view !== null) return;
      view = new NextView(panel);
      element.append(...view.parts);
    },
  );
  return element;
}

/** What the model expects after the picked token, or after the last, and how the text can be gone on with. */
class NextView {
  private readonly after = h('span', { class: 'muted next-after' });
  private readonly list = h('ol', { class: 'next-list', attributes: { 'aria-label': nextWords.list } });
  private readonly entropy = h('p', { class: 'muted next-entropy' });
  private readonly problem = h('p', { class: 'problem', attributes: { role: 'alert' } });
  private readonly said = h('p', { class: 'next-said', attributes: { role: 'status' } });
  private readonly controls = new ParametersView(
    (values) => {
      this.values = { ...this.values, ...values };
      this.controls.show(withValues(samplingParameters, this.values));
    },
    { resetAll: false },
  );
  private readonly go = button({
    text: nextWords.go,
    title: nextWords.goHint,
    press: () => {
      void this.run();
    },
  });
  private readonly stop = button({
    text: nextWords.stop,
    title: nextWords.stopHint,
    press: () => {
      this.panel.channel.request('halt', null).catch((error: unknown) => {
        this.fail(error);
      });
    },
  });
  readonly parts = [
    h('h2', { class: 'section-title', text: nextWords.title }),
    this.after,
    this.list,
    this.entropy,
    this.controls.element,
    h('div', { class: 'next-actions' }, this.go, this.stop),
    this.said,
    this.problem,
  ];
  private values: ParameterValues = {};
  private asking: AbortController | null = null;

  constructor(private readonly panel: Panel) {
    this.stop.hidden = true;
    this.problem.hidden = true;
    this.controls.show(withValues(samplingParameters, this.values));
    panel.store.follow(
      (view) => {
        const query = queryOf(view);
        return view.content.kind === 'inspection' && query !== null
          ? JSON.stringify([view.content.summary.id, view.content.summary.revision, query])
          : '';
      },
      (shown) => void this.fetch(shown),
    );
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
    this.after.textContent = summary.rows === 'written' ? nextWords.at(word) : nextWords.after(word);
    const { actual, candidates } = said;
    const rows = candidates.map((each, rank) => row(each, rank, each.id === actual?.id));
    if (actual !== undefined && actual.rank >= candidates.length) rows.push(row(actual, actual.rank, true));
    this.list.replaceChildren(...rows);
    this.entropy.textContent = nextWords.entropy(formatShort(said.entropy));
  }

  private async run(): Promise<void> {
    this.running(true);
    this.said.textContent = nextWords.waiting;
    try {
      const { text, ending } = await this.panel.channel.request(
        'continue',
        requestOf(withValues(samplingParameters, this.values)),
        {
          onProgress: gatherText((written) => {
            this.said.textContent = written;
          }),
        },
      );
      this.said.textContent = [text, nextWords.said(ending)].filter((each) => each !== '').join(' — ');
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
    this.problem.textContent = messageOf(error);
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
  return h(
    'li',
    {
      class: stands ? 'next-token stands' : 'next-token',
      title: stands ? `${token} ${nextWords.here}` : token,
    },
    h('span', { class: 'next-rank muted number', text: nextWords.rank(rank) }),
    h('span', { class: 'next-text', text: visibleWord(text === '' ? token : text) }),
    bar(probability),
    h('span', {
      class: 'metric-value number',
      text: `${(probability * 100).toFixed(probability < 0.1 ? 2 : 1)} %`,
    }),
    ...(stands ? [h('span', { class: 'aside', text: nextWords.here })] : []),
  );
}
