import './vectors.css';
import { reasonOf } from '../../../src/common/values.js';
import type { InspectionSummary, Slice } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { renderTex } from '../../draw/tex.js';
import { formatNumber } from '../../../src/drawing/format.js';
import { axisTitle, ordinal, shortLabel } from '../../../src/drawing/labels.js';
import { Lifetime } from '../../lifetime.js';
import { isCancelled } from '../../matrices.js';
import type { Panel } from '../../panel.js';
import type { Theme } from '../../theme.js';
import { dropdown } from '../../controls/ui.js';
import { stepper } from '../steps/stepper.js';
import type { OpenView, ViewContext } from '../view.js';
import { chartOf, drawChart, topOfRow } from './chart.js';
import { KeyStrip } from './key-strip.js';
import { chainOf, isOperand, orderOf, productOf, runningSum, scoresOf, stagesOf, termsOf } from './pair.js';
import type { Terms } from './pair.js';
import { vectorsStrings } from './strings.js';

/** The most numbers that all keys' vectors may be, for the strip of all keys. */
const mostInStrip = 1 << 21;

export interface VectorsMemory {
  readonly order: 'dimension' | 'size';
}

/** What has come for one pair. */
interface Found {
  readonly summary: InspectionSummary;
  readonly query: number;
  readonly key: number;
  /** By stage, the last as it ran. */
  readonly stages: readonly { readonly title: string; readonly terms: Terms }[];
  readonly score: number;
  readonly chain: readonly { readonly title: string; readonly tex: string; readonly value: number }[];
  readonly keys: Slice | null;
}

/** A query's and a key's vectors, dimension by dimension: what is multiplied, the products, and how they add up to the score. */
export class VectorsView implements OpenView {
  private readonly pair = h('div', { class: 'vectors-pair' });
  private readonly order;
  private readonly stage = h('div', { class: 'vectors-stage' });
  private readonly chain = h('ol', {
    class: 'vectors-chain',
    attributes: { 'aria-label': vectorsStrings.chain },
  });
  private readonly names = h('div', { class: 'vectors-names', attributes: { 'aria-hidden': 'true' } });
  private readonly marker = h('div', { class: 'vectors-marker', attributes: { 'aria-hidden': 'true' } });
  private readonly drawing = h('div', {
    class: 'vectors-drawing',
    title: vectorsStrings.keys,
    attributes: { role: 'slider', tabindex: '0', 'aria-valuemin': '0' },
  });
  private readonly said = h('p', { class: 'muted number vectors-said', attributes: { role: 'status' } });
  private readonly problem = h('p', { class: 'problem', attributes: { role: 'alert' } });
  private readonly note = h('p', { class: 'muted' });
  private readonly strip: KeyStrip;
  private readonly body: HTMLElement;
  readonly element: HTMLElement;
  private readonly panel: Panel;
  private readonly life = new Lifetime();
  private by: VectorsMemory['order'];
  private asking = 0;
  private found: Found | null = null;
  /** Which stage is shown; the last where there is none of that number. */
  private shown = Infinity;
  /** The place of the dimension that is pointed at, in the order that is drawn. */
  private at: number | null = null;

  constructor(
    private readonly context: ViewContext,
    recalled: VectorsMemory | null,
  ) {
    const { panel } = context;
    this.panel = panel;
    this.by = recalled?.order ?? 'dimension';
    this.order = dropdown({
      label: vectorsStrings.order,
      choices: [
        { value: 'dimension', title: vectorsStrings.byDimension },
        { value: 'size', title: vectorsStrings.bySize },
      ],
      value: this.by,
      change: (value) => {
        this.by = value === 'size' ? value : 'dimension';
        context.changed();
        this.draw();
      },
    });
    this.strip = new KeyStrip(context.theme, (key) => {
      panel.choosePlace('key', key);
    });
    this.body = h(
      'div',
      { class: 'vectors-body' },
      this.chain,
      this.note,
      h('div', { class: 'vectors-plot' }, this.names, this.drawing),
      this.said,
      this.strip.element,
    );
    this.element = h(
      'div',
      { class: 'vectors' },
      h('div', { class: 'vectors-controls' }, this.pair, this.stage, this.order.element),
      this.problem,
      this.body,
    );
    this.problem.hidden = true;
    this.body.hidden = true;
    this.drawing.addEventListener('pointermove', (event) => {
      const { left, width } = this.drawing.getBoundingClientRect();
      this.point(Math.floor(((event.clientX - left) / Math.max(1, width)) * this.count));
    });
    this.drawing.addEventListener('pointerleave', () => {
      this.point(null);
    });
    this.drawing.addEventListener('keydown', (event) => {
      this.key(event);
    });
    this.life.resized(this.drawing, () => {
      this.draw();
    });
    this.life.add(
      panel.store.follow(
        ({ content, position: { layer, head }, chosen: { query, key } }) =>
          content.kind === 'inspection'
            ? JSON.stringify([content.summary.id, content.summary.revision, layer, head, query, key])
            : '',
        () => void this.fetch(),
      ),
    );
  }

  retheme(theme: Theme): void {
    this.strip.retheme(theme);
  }

  remember(): VectorsMemory {
    return { order: this.by };
  }

  dispose(): void {
    this.life.dispose();
    this.asking += 1;
  }

  private async fetch(): Promise<void> {
    const asking = (this.asking += 1);
    const { summary } = this.panel;
    const scores = summary === null ? undefined : scoresOf(summary);
    if (summary === null || scores === undefined) return;
    const { query, key } = this.panel.store.get().chosen;
    this.showPair(summary, query, key);
    try {
      const found = await this.ask(summary, scores.name, query, key);
      if (this.asking !== asking) return;
      this.found = found;
      this.problem.hidden = true;
      this.draw();
    } catch (error) {
      if (this.asking !== asking || isCancelled(error)) return;
      this.body.hidden = true;
      this.problem.textContent = reasonOf(error);
      this.problem.hidden = false;
    }
  }

  private async ask(summary: InspectionSummary, scores: string, query: number, key: number): Promise<Found> {
    const { matrices } = this.context;
    const at = (step: string) => {
      const place = matrices.place(step);
      if (place === null) throw new Error(vectorsStrings.given);
      return place;
    };
    const { signal } = new AbortController();
    const row = async (step: string, index: number): Promise<Float32Array> =>
      (await matrices.row(at(step), index)).data;
    const arithmetic = await matrices.arithmetic({ ...at(scores), row: query, column: key }, signal);
    const ran = termsOf(arithmetic);
    const stages = stagesOf(summary);
    const last = stages.at(-1);
    const earlier = await Promise.all(
      stages.slice(0, -1).map(async (stage) => ({
        title: `${stage.query.title}, ${stage.key.title.toLowerCase()}`,
        terms: productOf(stage, await row(stage.query.name, query), await row(stage.key.name, key)),
      })),
    );
    const chain = await Promise.all(
      chainOf(summary).map(async ({ name, title, symbol }) => ({
        ...{ title, tex: symbol },
        value: (await row(name, query))[key] ?? NaN,
      })),
    );
    const isDot = ran !== null && last !== undefined && ran.columns.length === 3;
    const fits = isDot && summary.keys.count * last.key.columns.size <= mostInStrip;
    const every = fits ? await matrices.slice(at(last.key.name), signal) : null;
    const size = last?.key.columns.size ?? 0;
    const own = every?.data.subarray(key * size, (key + 1) * size);
    const keys = own !== undefined && isOperand(own, ran?.columns[1]?.values) ? every : null;
    const title =
      last === undefined ? vectorsStrings.title : `${last.query.title}, ${last.key.title.toLowerCase()}`;
    return {
      ...{ summary, query, key, chain, keys },
      score: arithmetic.value,
      stages: ran === null ? [] : [...earlier, { title, terms: ran }],
    };
  }

  private showPair(summary: InspectionSummary, query: number, key: number): void {
    const one = (axis: 'query' | 'key', size: number, value: number): readonly HTMLElement[] => [
      stepper({
        ...{ label: axisTitle(axis), size, value },
        get: () => this.panel.store.get().chosen[axis],
        change: (index) => {
          this.panel.choosePlace(axis, index);
        },
      }),
      h('b', { class: 'vectors-word', text: shortLabel(summary, axis, value) }),
    ];
    const focused = document.activeElement?.getAttribute('aria-label') ?? '';
    const isIn = this.pair.contains(document.activeElement);
    this.pair.replaceChildren(
      ...one('query', summary.queries.count, query),
      ...one('key', summary.keys.count, key),
    );
    if (isIn) this.pair.querySelector<HTMLElement>(`[aria-label="${focused}"]`)?.focus();
  }

  private get stageShown(): number {
    return Math.min(this.shown, (this.found?.stages.length ?? 1) - 1);
  }

  private get terms(): Terms | null {
    return this.found?.stages[this.stageShown]?.terms ?? null;
  }

  private get count(): number {
    return this.terms?.products.length ?? 0;
  }

  private draw(): void {
    const { found, terms } = this;
    if (found === null) return;
    this.body.hidden = false;
    this.showStages(found);
    this.chain.replaceChildren(
      ...found.chain.map(({ title, tex, value }) => {
        const symbol = h('span', { attributes: { 'aria-hidden': 'true' } });
        renderTex(tex, symbol);
        return h(
          'li',
          { title },
          symbol,
          h('span', { class: 'aside', text: title }),
          h('b', { class: 'number', text: formatNumber(value) }),
        );
      }),
    );
    const isEmpty = terms === null;
    for (const part of [this.names, this.drawing, this.said]) part.hidden = isEmpty;
    if (isEmpty) {
      this.note.textContent = vectorsStrings.given;
      this.strip.hide();
      return;
    }
    const order = orderOf(terms.products, this.by);
    const sums = runningSum(terms.products, order);
    const total = formatNumber(sums.at(-1) ?? 0);
    const isLast = this.stageShown === found.stages.length - 1;
    this.note.textContent = isLast
      ? vectorsStrings.sum(order.length, total, formatNumber(found.score))
      : vectorsStrings.before(found.stages[this.stageShown]?.title ?? '', total);
    const rows = [...terms.columns.map(({ values }) => order.map((at) => values[at] ?? 0)), sums];
    const width = this.drawing.clientWidth;
    if (width > 0) this.drawing.replaceChildren(drawChart(chartOf(rows, width)), this.marker);
    this.names.replaceChildren(...[...terms.columns.map(({ name }) => name), null].map(nameOf));
    this.drawing.setAttribute('aria-label', vectorsStrings.parts(axisTitle(terms.axis)));
    this.drawing.setAttribute('aria-valuemax', String(Math.max(0, order.length - 1)));
    this.drawing.dataset['sum'] = String(sums.at(-1) ?? 0);
    this.point(this.at);
    this.showStrip(found, terms, isLast);
  }

  private showStages({ stages }: Found): void {
    const titles = stages.map(({ title }) => title);
    const key = JSON.stringify(titles);
    if (this.stage.dataset['of'] === key) return;
    this.stage.dataset['of'] = key;
    this.stage.hidden = titles.length < 2;
    if (titles.length < 2) {
      this.stage.replaceChildren();
      return;
    }
    const choice = dropdown({
      label: vectorsStrings.stage,
      choices: titles.map((title, at) => ({ value: String(at), title })),
      value: String(this.stageShown),
      change: (value) => {
        this.shown = Number(value);
        this.draw();
      },
    });
    this.stage.replaceChildren(choice.element);
  }

  private showStrip({ summary, keys, key }: Found, terms: Terms, isLast: boolean): void {
    const [q] = terms.columns;
    if (keys === null || !isLast || q === undefined) this.strip.hide();
    else this.strip.show(q.values, keys, key, (index) => shortLabel(summary, 'key', index));
  }

  /** Says what one dimension brings. */
  private point(at: number | null): void {
    const { terms } = this;
    const count = this.count;
    this.at = at === null || count === 0 ? null : Math.min(Math.max(0, at), count - 1);
    this.marker.hidden = this.at === null;
    if (this.at === null || terms === null) {
      this.said.textContent = vectorsStrings.keys;
      return;
    }
    const order = orderOf(terms.products, this.by);
    const dimension = order[this.at] ?? 0;
    const sum = runningSum(terms.products, order)[this.at] ?? 0;
    const numbers = terms.columns.map(({ values }) => formatNumber(values[dimension] ?? NaN));
    const text = vectorsStrings.at(
      axisTitle(terms.axis),
      ordinal(dimension),
      numbers.join(numbers.length === 3 ? ' · ' : ', ').replace(/ · (\S+)$/, ' = $1'),
      formatNumber(sum),
    );
    this.said.textContent = text;
    this.drawing.setAttribute('aria-valuenow', String(this.at));
    this.drawing.setAttribute('aria-valuetext', text);
    this.marker.style.left = `${(100 * this.at) / count}%`;
    this.marker.style.width = `${100 / count}%`;
  }

  private key(event: KeyboardEvent): void {
    const at = this.at ?? -1;
    const to = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1,
      Home: 0,
      End: this.count - 1,
    }[event.key];
    if (to === undefined) return;
    this.point(to);
    event.preventDefault();
  }
}

/** What a row of bars is called. */
function nameOf(tex: string | null, row: number): HTMLElement {
  const name = h('span', { class: 'vectors-name' });
  if (tex === null) name.textContent = vectorsStrings.running;
  else renderTex(tex, name);
  name.style.top = `${topOfRow(row)}px`;
  return name;
}
