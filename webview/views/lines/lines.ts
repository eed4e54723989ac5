import './lines.css';
import { reasonOf } from '../../../src/common/values.js';
import type { InspectionSummary, LineSet, LinesRequest, Span, Step } from '../../../src/protocol.js';
import { h, perFrame, settled } from '../../dom.js';
import { formatNumber } from '../../../src/drawing/format.js';
import { axisTitle, isPairwise, longLabel, shortLabel } from '../../../src/drawing/labels.js';
import { Lifetime } from '../../lifetime.js';
import { isCancelled } from '../../matrices.js';
import type { Panel } from '../../panel.js';
import type { Theme } from '../../theme.js';
import type { OpenView, ViewContext } from '../view.js';
import { LinesControls } from './controls.js';
import { Asking, focusRequest, viewRequest } from './data.js';
import type { Wanted } from './data.js';
import { LinesLegend } from './legend.js';
import { paintLines } from './paint.js';
import type { LinesSettings } from './settings.js';
import { drawnOf, isOneText, mostHeads, spansOf } from './settings.js';
import type { Focus, Layout } from './shapes.js';
import { layoutOf, pictureOf, pitch } from './shapes.js';
import { linesStrings } from './strings.js';
import { TokenColumn } from './tokens.js';

/** How long one points at a token before lines of it are asked for that are not there, in milliseconds. */
const restBeforeAsking = 100;
/** How many keys the readout names. */
const told = 5;

/** Lines, and whether they are those that are looked at, all of them. */
interface Known {
  readonly sets: readonly LineSet[];
  readonly isExact: boolean;
}

const otherSide = { query: 'key', key: 'query' } as const;

/** The step whose numbers lines stand for. */
export function weightsOf({ steps }: InspectionSummary): Step | undefined {
  return steps.find((step) => step.role === 'weights' && isPairwise(step));
}

/** Attention as lines from queries to keys, in two columns or as arcs beside the text. */
export class LinesView implements OpenView {
  private readonly controls = new LinesControls((changes) => {
    this.set(changes);
  });
  private readonly legend = new LinesLegend({
    add: (place) => {
      this.set({ picked: [...this.settings.picked, place] });
    },
    remove: ({ layer, head }) => {
      this.set({ picked: this.settings.picked.filter((each) => each.layer !== layer || each.head !== head) });
    },
    point: (set) => {
      if (set === this.only) return;
      this.only = set;
      this.draw();
    },
  });
  private readonly columns = { query: this.column('query'), key: this.column('key') };
  private readonly titles = {
    query: h('span', { text: axisTitle('query') }),
    key: h('span', { text: axisTitle('key') }),
  };
  private readonly canvas = h('canvas', { class: 'lines-canvas', attributes: { 'aria-hidden': 'true' } });
  private readonly space = h(
    'div',
    { class: 'lines-space' },
    this.columns.query.element,
    this.columns.key.element,
  );
  private readonly scroller = h('div', { class: 'lines-scroller' }, this.canvas, this.space);
  private readonly readout = h('p', { class: 'readout lines-readout', attributes: { role: 'status' } });
  private readonly problem = h('p', { class: 'problem', attributes: { role: 'alert' } });
  readonly element = h(
    'div',
    { class: 'lines' },
    this.controls.element,
    this.legend.element,
    this.problem,
    h(
      'div',
      { class: 'lines-titles muted', attributes: { 'aria-hidden': 'true' } },
      ...Object.values(this.titles),
    ),
    this.scroller,
    this.readout,
  );
  private readonly panel: Panel;
  private readonly life = new Lifetime();
  private theme: Theme;
  private readonly view: Asking;
  private readonly single: Asking;
  private pointed: Focus | null = null;
  private locked: Focus | null = null;
  private only: number | null = null;
  private shownOf = '';
  private readonly draw = perFrame(() => {
    this.paint();
  });
  private readonly askForFocus = settled(restBeforeAsking, () => {
    const wanted = this.wanted();
    if (wanted !== null) this.single.ask(this.requestOfFocus(wanted), wanted.summary.revision);
  });

  constructor(
    private readonly context: ViewContext,
    private settings: LinesSettings,
  ) {
    const { panel } = context;
    this.panel = panel;
    this.theme = context.theme;
    this.problem.hidden = true;
    const fail = (error: unknown): void => {
      if (isCancelled(error)) return;
      this.problem.textContent = reasonOf(error);
      this.problem.hidden = false;
    };
    const come = (): void => {
      this.problem.hidden = true;
      this.draw();
    };
    this.view = new Asking(panel.channel, come, fail);
    this.single = new Asking(panel.channel, come, fail);
    this.scroller.addEventListener('scroll', this.draw);
    this.life.resized(this.scroller, this.draw);
    this.life.add(
      panel.store.watch(
        ({ together }) => together,
        (picked) => {
          if (picked.length > 0) this.set({ heads: 'picked', picked: picked.slice(0, mostHeads) });
        },
      ),
      panel.store.watch(
        ({ content, position: { layer, head } }) =>
          content.kind === 'inspection'
            ? JSON.stringify([content.summary.id, content.summary.revision, layer, head])
            : '',
        () => {
          this.show();
        },
      ),
    );
  }

  retheme(theme: Theme): void {
    this.theme = theme;
    this.paint();
  }

  remember(): LinesSettings {
    return this.settings;
  }

  dispose(): void {
    this.life.dispose();
    this.askForFocus.drop();
    this.view.forget();
    this.single.forget();
    this.context.hover(null, null);
  }

  private set(changes: Partial<LinesSettings>): void {
    // Several heads begin with the one that is shown.
    const { layer, head } = this.panel.store.get().position;
    const begins =
      changes.heads === 'picked' && changes.picked === undefined && this.settings.picked.length === 0;
    this.settings = { ...this.settings, ...changes, ...(begins ? { picked: [{ layer, head }] } : {}) };
    this.context.changed();
    this.show();
  }

  private get arrangement(): LinesSettings['arrangement'] {
    const { summary } = this.panel;
    return summary !== null && isOneText(summary) ? this.settings.arrangement : 'columns';
  }

  /** Puts up what is inspected now, with what is set now. */
  private show(): void {
    const { summary } = this.panel;
    if (summary === null) return;
    this.controls.show(this.settings, summary);
    const { arrangement } = this;
    const of = JSON.stringify([summary.id, summary.revision, arrangement]);
    if (of !== this.shownOf) {
      this.shownOf = of;
      this.pointed = null;
      this.locked = null;
      for (const side of ['query', 'key'] as const) {
        const isOnce = arrangement === 'arcs';
        const name = isOnce ? linesStrings.tokens : linesStrings[side === 'query' ? 'queries' : 'keys'];
        const { count } = summary[side === 'query' ? 'queries' : 'keys'];
        this.columns[side].show(
          {
            count,
            word: (index) => shortLabel(summary, side, index),
            title: (index) => longLabel(summary, side, index),
          },
          name,
        );
        const isHidden = isOnce && side === 'key';
        this.columns[side].element.hidden = isHidden;
        this.titles[side].hidden = isOnce;
      }
      this.space.style.height = `${Math.max(summary.queries.count, summary.keys.count) * pitch}px`;
    }
    this.element.classList.toggle('arcs', arrangement === 'arcs');
    this.paint();
  }

  private wanted(): Wanted | null {
    const { summary } = this.panel;
    if (summary === null) return null;
    const { settings } = this;
    const drawn = drawnOf(settings, this.panel.store.get().position, summary);
    if (drawn.heads.length === 0) return null;
    return { summary, drawn, ...spansOf(summary, settings.sentences), threshold: settings.threshold };
  }

  /** The token whose lines alone are drawn: while one is locked, a token of the other side can be pointed at without changing that. */
  private get focus(): Focus | null {
    const { pointed, locked } = this;
    return pointed !== null && (locked === null || locked.side === pointed.side) ? pointed : locked;
  }

  private requestOfFocus(wanted: Wanted): LinesRequest | null {
    const { focus, locked } = this;
    return focus === null ? null : focusRequest(wanted, focus, focus === locked);
  }

  private paint(): void {
    const { scroller, theme, focus } = this;
    const { clientHeight: height, clientWidth: width, scrollTop: scroll } = scroller;
    const { summary } = this.panel;
    if (height === 0 || width === 0 || summary === null) return;
    const layout = layoutOf(width, this.arrangement);
    this.place(layout, height);
    const seen = { start: Math.floor(scroll / pitch), end: Math.ceil((scroll + height) / pitch) };
    for (const side of ['query', 'key'] as const) {
      this.columns[side].view(seen);
      const at = (of: Focus | null): number | null => (of?.side === side ? of.index : null);
      this.columns[side].set(at(this.pointed), at(this.locked));
    }
    const wanted = this.wanted();
    const known = wanted === null ? { sets: [], isExact: true } : this.lines(wanted, seen);
    const picture = pictureOf({ sets: known.sets, focus, only: this.only, layout, scroll, height });
    paintLines(this.canvas, picture, { width, height, theme });
    this.canvas.dataset['lines'] = String(picture.curves.length);
    this.tell(summary, wanted, known);
  }

  /**
   * The lines that are to be drawn; asks for those that are not there, and gives those of before until they are. They are exact where
   * they are all of what is looked at, and nothing else.
   */
  private lines(wanted: Wanted, seen: Span): Known {
    const { revision } = wanted.summary;
    const inView = viewRequest(wanted, seen);
    this.view.ask(inView, revision);
    const all = inView === null ? [] : this.view.of(inView, revision);
    if (this.focus === null) return { sets: all ?? this.view.last, isExact: all !== null };
    const request = this.requestOfFocus(wanted);
    const own = this.single.of(request, revision);
    if (own !== null) return { sets: own, isExact: true };
    if (request !== null) this.askForFocus.ask();
    return { sets: all ?? this.view.last, isExact: false };
  }

  private place(layout: Layout, height: number): void {
    const { style } = this.element;
    style.setProperty('--token', `${layout.tokenWidth}px`);
    const isOnce = layout.arrangement === 'arcs';
    style.setProperty('--left', `${isOnce ? layout.left : layout.left - layout.tokenWidth}px`);
    style.setProperty('--right', `${layout.right}px`);
    style.setProperty('--high', `${height}px`);
  }

  /** Says which lines are drawn, and what the token in focus attends to. */
  private tell(summary: InspectionSummary, wanted: Wanted | null, { sets, isExact }: Known): void {
    const { settings, focus, theme } = this;
    const { layer, head } = this.panel.store.get().position;
    const picked = wanted !== null && settings.heads === 'picked' ? wanted.drawn.heads : [];
    const isIn = picked.some((each) => each.layer === layer && each.head === head);
    const offered = settings.heads === 'picked' && !isIn ? { layer, head } : null;
    this.legend.show({
      ...{ names: wanted?.drawn.names ?? [], picked, offered, theme },
      sets: isExact ? sets : null,
      ofKey: focus?.side === 'key',
    });
    this.readout.textContent = focus === null ? linesStrings.nothing : this.readingOf(summary, focus, sets);
  }

  private readingOf(summary: InspectionSummary, focus: Focus, sets: readonly LineSet[]): string {
    const other = otherSide[focus.side];
    const token = longLabel(summary, focus.side, focus.index);
    const { names } = drawnOf(this.settings, this.panel.store.get().position, summary);
    const parts = sets.map((set, at) => {
      const ends = endsOf(set, focus).slice(0, told);
      const said = ends
        .map(({ index, weight }) => `${shortLabel(summary, other, index)} (${index}) ${formatNumber(weight)}`)
        .join(', ');
      return said === '' || sets.length === 1 ? said : `${names[at]} ${said}`;
    });
    const said = parts.filter((part) => part !== '');
    return said.length === 0
      ? linesStrings.none(token, this.settings.threshold.toFixed(2))
      : linesStrings.strongest(token, said.join(' · '));
  }

  private column(side: 'query' | 'key'): TokenColumn {
    const column = new TokenColumn({
      point: (index) => {
        this.point(index === null ? null : { side, index });
      },
      press: (index) => {
        this.press({ side, index });
      },
      key: (event) => {
        this.key(side, event);
      },
      focus: () => {
        if (this.pointed?.side !== side) this.point({ side, index: this.firstSeen() });
      },
    });
    column.element.classList.add(`lines-${side}`);
    column.element.setAttribute('aria-description', linesStrings.keyboard);
    return column;
  }

  private firstSeen(): number {
    return Math.ceil(this.scroller.scrollTop / pitch);
  }

  private point(to: Focus | null): void {
    const { pointed } = this;
    if (to?.side === pointed?.side && to?.index === pointed?.index) return;
    this.pointed = to;
    const step = this.panel.summary === null ? undefined : weightsOf(this.panel.summary);
    const target =
      to === null
        ? null
        : { kind: to.side === 'query' ? ('row' as const) : ('column' as const), index: to.index };
    this.context.hover(target, step ?? null);
    this.draw();
  }

  /** Locks a token, or lets it go; with one locked, a token of the other side picks their cell. */
  private press(at: Focus): void {
    const { locked, panel } = this;
    if (locked !== null && locked.side !== at.side) {
      const step = panel.summary === null ? undefined : weightsOf(panel.summary);
      const [row, column] = at.side === 'key' ? [locked.index, at.index] : [at.index, locked.index];
      if (step !== undefined) panel.openStep(step, { row, column });
      return;
    }
    this.locked = locked?.index === at.index ? null : at;
    this.draw();
  }

  private key(side: 'query' | 'key', event: KeyboardEvent): void {
    const { summary } = this.panel;
    if (summary === null) return;
    const count = summary[side === 'query' ? 'queries' : 'keys'].count;
    const at = this.pointed?.side === side ? this.pointed.index : this.firstSeen();
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / pitch) - 1);
    const steps: Readonly<Record<string, number>> = {
      ...{ ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: count - 1 },
      ...{ PageUp: at - page, PageDown: at + page },
    };
    const to = steps[event.key];
    if (to !== undefined) this.go({ side, index: Math.min(Math.max(0, to), count - 1) });
    else if (event.key === 'Enter' || event.key === ' ') this.press({ side, index: at });
    else if (event.key === 'Escape' && this.locked !== null) {
      this.locked = null;
      this.draw();
    } else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
      const next = event.key === 'ArrowLeft' ? 'query' : 'key';
      if (next === side || this.arrangement === 'arcs') return;
      const most = summary[next === 'query' ? 'queries' : 'keys'].count - 1;
      this.go({ side: next, index: Math.min(at, most) });
      this.columns[next].element.focus({ preventScroll: true });
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private go(to: Focus): void {
    const { scroller } = this;
    const top = to.index * pitch;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top + pitch > scroller.scrollTop + scroller.clientHeight)
      scroller.scrollTop = top + pitch - scroller.clientHeight;
    this.point(to);
  }
}

/** The other ends of a token’s lines, the strongest first. */
function endsOf(
  { queries, keys, weights }: LineSet,
  { side, index }: Focus,
): { readonly index: number; readonly weight: number }[] {
  const [own, others] = side === 'query' ? [queries, keys] : [keys, queries];
  return Array.from(weights, (weight, at) => ({ at: own[at], index: others[at] ?? 0, weight })).filter(
    ({ at }) => at === index,
  );
}
