import './ranking.css';
import { headPlace } from '../../../src/common/counting.js';
import { reasonOf } from '../../../src/common/values.js';
import type { HeadPlace, InspectionSummary } from '../../../src/protocol.js';
import { bar } from '../../controls/bar.js';
import { h } from '../../dom.js';
import { tableOf } from '../../../src/drawing/colors/maps.js';
import { formatNumber } from '../../../src/drawing/format.js';
import { isPairwise, longLabel, shortLabel } from '../../../src/drawing/labels.js';
import { Lifetime } from '../../lifetime.js';
import { isCancelled } from '../../matrices.js';
import type { Panel } from '../../panel.js';
import { roving } from '../../controls/roving.js';
import type { Theme } from '../../theme.js';
import { threshold } from '../../controls/threshold.js';
import { button, dropdown } from '../../controls/ui.js';
import { partsOf } from '../heads/parts.js';
import type { OpenView, ViewContext } from '../view.js';
import { Groups } from './groups.js';
import { TintGrid } from './grid.js';
import type { Kind, Question, RankingSettings } from './question.js';
import { pickedOf, questionOf, requestOf } from './question.js';
import { Found } from './found.js';
import { rankingStrings } from './strings.js';

/** How many heads are listed. */
const listed = 10;
/** How many of them are drawn as lines. */
const drawnTogether = 4;
/** More weights than these are looked through only when that is asked for. */
const mostUnasked = 2 ** 27;

/** All heads of all layers, ranked and tinted by what is asked of them with the cell that is picked. */
export class RankingView implements OpenView {
  private readonly kind;
  private readonly least;
  private readonly groups: Groups;
  private readonly grid = new TintGrid((place) => {
    this.open(place);
  });
  private readonly prompt = h('p', { class: 'muted' });
  private readonly said = h('p', {
    class: 'muted number ranking-said',
    attributes: { 'aria-live': 'polite' },
  });
  private readonly list = h('ol', {
    class: 'ranking-list',
    attributes: { 'aria-label': rankingStrings.list },
  });
  private readonly strongest = h('ol', {
    class: 'ranking-list',
    attributes: { 'aria-label': rankingStrings.strongest },
  });
  private readonly strongestPart = h(
    'div',
    { class: 'ranking-strongest' },
    h('h3', { class: 'ranking-subtitle muted', text: rankingStrings.strongest }),
    this.strongest,
  );
  private readonly roves = [roving(this.list), roving(this.strongest)];
  private readonly problem = h('p', { class: 'problem', attributes: { role: 'alert' } });
  private readonly run = button({
    text: rankingStrings.run,
    press: () => void this.ask(true),
  });
  private readonly together = button({
    text: rankingStrings.together,
    title: rankingStrings.togetherHint,
    press: () => {
      const heads = this.reaching.slice(0, drawnTogether);
      this.panel.showTogether(
        heads.map(({ layer, head }) => ({ layer, head })),
        'lines',
      );
    },
  });
  /** The heads that reach the threshold, the strongest first. */
  private reaching: readonly HeadPlace[] = [];
  private readonly result: HTMLElement;
  readonly element: HTMLElement;
  private readonly panel: Panel;
  private readonly life = new Lifetime();
  private theme: Theme;
  private asking: AbortController | null = null;
  /** What was asked last, as text. */
  private asked = '';
  private shown: { readonly found: Found; readonly question: Question } | null = null;

  constructor(
    private readonly context: ViewContext,
    private settings: RankingSettings,
  ) {
    const { panel } = context;
    this.panel = panel;
    this.theme = context.theme;
    this.kind = dropdown({
      label: rankingStrings.question,
      choices: (['pair', 'query', 'key'] as const).map((value) => ({ value, title: rankingStrings[value] })),
      value: settings.kind,
      change: (value) => {
        this.set({ kind: value === 'query' || value === 'key' ? value : 'pair' });
      },
    });
    this.least = threshold(rankingStrings.threshold, rankingStrings.thresholdHint, () => {
      this.settings = { ...this.settings, threshold: this.least.value };
      context.changed();
      this.draw();
    });
    this.least.set(settings.threshold);
    this.groups = new Groups((kept) => {
      this.set({ kept: { origin: panel.store.get().origin, ...kept } });
    });
    this.result = h(
      'div',
      { class: 'ranking-result' },
      this.least.element,
      this.grid.element,
      this.said,
      this.list,
      this.together,
      this.strongestPart,
    );
    this.element = h(
      'section',
      { class: 'section ranking' },
      h('h2', { class: 'section-title', text: rankingStrings.title }),
      this.kind.element,
      this.groups.element,
      this.prompt,
      this.run,
      this.result,
      this.problem,
    );
    for (const part of [this.problem, this.run, this.result]) part.hidden = true;
    this.life.add(
      panel.store.follow(
        ({ content, position: { step, cell } }) =>
          content.kind === 'inspection'
            ? JSON.stringify([content.summary.id, content.summary.revision, step, cell])
            : '',
        () => void this.ask(),
      ),
      panel.store.watch(
        ({ position: { layer, head } }) => JSON.stringify([layer, head]),
        () => {
          this.grid.mark(panel.store.get().position);
        },
      ),
      panel.store.watch(
        ({ scale }) => scale.map,
        () => {
          this.draw();
        },
      ),
    );
  }

  retheme(theme: Theme): void {
    this.theme = theme;
    this.draw();
  }

  remember(): RankingSettings {
    return this.settings;
  }

  dispose(): void {
    this.life.dispose();
    this.asking?.abort();
    this.asking = null;
  }

  private set(changes: Partial<RankingSettings>): void {
    this.settings = { ...this.settings, ...changes };
    this.context.changed();
    void this.ask();
  }

  /** Asks what is to be asked now, unless that is known, or takes long and was not `wanted`. */
  private async ask(wanted = false): Promise<void> {
    const { settings, panel } = this;
    const { summary } = panel;
    const view = panel.store.get();
    if (summary === null) return;
    const picked = pickedOf(view);
    const question = questionOf(settings, picked, view.origin, summary);
    this.groups.show(summary, settings, picked, view.origin);
    this.prompt.textContent = promptOf(settings.kind);
    this.prompt.hidden = question !== null;
    const key = JSON.stringify([summary.id, summary.revision, question]);
    if (this.asked === key && !wanted) return;
    this.asking?.abort();
    this.asking = null;
    this.asked = '';
    this.problem.hidden = true;
    const weights = summary.layers * summary.heads * summary.queries.count * summary.keys.count;
    const isLong = question?.kind === 'key' && weights > mostUnasked;
    this.run.hidden = !isLong || wanted;
    this.run.title = rankingStrings.runHint(weights.toLocaleString('en'));
    if (question === null || (isLong && !wanted)) {
      this.result.hidden = true;
      return;
    }
    this.asked = key;
    await this.fetch(summary, question);
  }

  private async fetch(summary: InspectionSummary, question: Question): Promise<void> {
    const asking = new AbortController();
    this.asking = asking;
    await this.panel.matrixShown();
    if (asking.signal.aborted) return;
    try {
      const found = new Found(summary.layers, summary.heads);
      const parts =
        question.kind === 'key' ? partsOf(summary, this.panel.store.get().position.layer) : [null];
      for (const layers of parts) {
        const request = { ...requestOf(question, summary.id), ...(layers === null ? {} : { layers }) };
        const ranking = await this.panel.channel.request('headRanking', request, { signal: asking.signal });
        if (this.asking !== asking || ranking.revision !== summary.revision) return;
        found.take(ranking);
        this.shown = { found, question };
        this.grid.build(summary.layers, summary.heads);
        this.grid.mark(this.panel.store.get().position);
        this.draw();
        this.result.hidden = false;
      }
    } catch (error) {
      if (this.asking !== asking || isCancelled(error)) return;
      this.asked = '';
      this.result.hidden = true;
      this.problem.textContent = reasonOf(error);
      this.problem.hidden = false;
    }
  }

  private draw(): void {
    const { shown, panel } = this;
    const { summary } = panel;
    if (shown === null || summary === null) return;
    const { found, question } = shown;
    const least = this.settings.threshold;
    const ranked = found.ranked();
    const largest = ranked[0]?.value ?? 0;
    const table = tableOf(panel.store.get().scale.map, this.theme.ground);
    this.grid.show((place) => {
      const value = found.at(place);
      const isShown = !Number.isNaN(value) && value >= least;
      return {
        share: isShown && largest > 0 ? value / largest : null,
        text: this.textOf(place, value, summary, question),
      };
    }, table);
    const reaching = ranked.filter(({ value }) => value >= least);
    this.reaching = reaching;
    this.together.hidden = reaching.length === 0;
    this.said.textContent = this.saying(found, reaching.length, question);
    this.list.replaceChildren(
      ...reaching.slice(0, listed).map(({ value, ...place }) => {
        const key = question.kind === 'query' ? found.peak(place)?.key : undefined;
        const target = key === undefined ? '' : `→ ${shortLabel(summary, 'key', key)}`;
        return this.item(place, value, target);
      }),
    );
    this.strongestPart.hidden = question.kind !== 'key';
    this.strongest.replaceChildren(
      ...(question.kind === 'key' ? found.strongest : []).map(({ query, key, value, ...place }) => {
        const label = shortLabel(summary, 'query', query);
        const press = (): void => {
          this.openCell(place, { row: query, column: key });
        };
        return h('li', {}, this.row(label, headPlace(place.layer, place.head), value, press));
      }),
    );
    for (const rove of this.roves) rove.stop(null);
  }

  private saying(found: Found, reaching: number, { kind, queries, keys }: Question): string {
    if (found.isMasked) return rankingStrings.masked;
    const parts = [
      rankingStrings.reaching(reaching, found.count, this.settings.threshold.toFixed(2)),
      ...(reaching > listed ? [rankingStrings.shown(listed)] : []),
      ...(kind === 'key' ? [rankingStrings.mean] : []),
      ...(kind === 'query' ? [rankingStrings.largest] : []),
      ...groupOf(queries, rankingStrings.meanOf),
      ...groupOf(keys, rankingStrings.sumOf),
    ];
    return parts.join(' ');
  }

  private textOf(place: HeadPlace, value: number, summary: InspectionSummary, { kind }: Question): string {
    const key = kind === 'query' ? this.shown?.found.peak(place)?.key : undefined;
    const number = formatNumber(value);
    return key === undefined
      ? rankingStrings.cell(place.layer, place.head, number)
      : rankingStrings.cellTo(place.layer, place.head, number, longLabel(summary, 'key', key));
  }

  private item(place: HeadPlace, value: number, target: string): HTMLElement {
    const name = rankingStrings.item(place.layer, place.head);
    return h(
      'li',
      {},
      this.row(name, target, value, () => {
        this.open(place);
      }),
    );
  }

  private row(name: string, detail: string, value: number, press: () => void): HTMLElement {
    const number = formatNumber(value);
    const row = h(
      'button',
      { class: 'ranking-item', attributes: { type: 'button' } },
      h('span', { class: 'ranking-name', text: name }),
      h('span', { class: 'ranking-detail muted', text: detail }),
      bar(value),
      h('span', { class: 'number ranking-value', text: number }),
    );
    row.addEventListener('click', press);
    return row;
  }

  /** Opens a head, at the cell that it was ranked by where that is one. */
  private open(place: HeadPlace): void {
    const { shown, panel } = this;
    if (shown === null) return;
    const peak = shown.found.peak(place);
    const { kind, queries, keys } = shown.question;
    const single = kind === 'query' ? queries?.length === 1 : kind === 'key' ? keys?.length === 1 : true;
    const { query, key } = pickedOf(panel.store.get());
    // Within a group the pick stays: another would be another question.
    if (kind === 'pair' && query !== null && key !== null) this.openCell(place, { row: query, column: key });
    else if (kind !== 'pair' && single && peak !== null)
      this.openCell(place, { row: peak.query, column: peak.key });
    else panel.openHead(place.layer, place.head);
  }

  private openCell(place: HeadPlace, cell: { readonly row: number; readonly column: number }): void {
    const step = this.panel.summary?.steps.find((each) => each.role === 'weights' && isPairwise(each));
    if (step === undefined) this.panel.openHead(place.layer, place.head);
    else this.panel.openCell(place, step, cell);
  }
}

function groupOf(group: readonly number[] | null, say: (count: number) => string): string[] {
  return group === null || group.length < 2 ? [] : [`${say(group.length)}.`];
}

function promptOf(kind: Kind): string {
  return kind === 'pair'
    ? rankingStrings.prompt
    : kind === 'query'
      ? rankingStrings.promptOfQuery
      : rankingStrings.promptOfKey;
}
