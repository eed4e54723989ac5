import './shell.css';
import type { CodeLanguage, InspectionSummary } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { formatDuration } from '../../../src/drawing/format.js';
import type { Column, Mode, Panel } from '../../panel.js';
import { summaryKey } from '../../panel.js';
import type { Pictures, ShownView } from '../../pictures.js';
import type { Widths } from '../../saved.js';
import type { Theme } from '../../theme.js';
import { menu } from '../../controls/ui.js';
import type { MenuItem } from '../../controls/ui.js';
import { noticesView } from '../notices/notices.js';
import { StatusView } from '../status/status.js';
import type { OpenView, RegisteredView, ViewContext } from '../view.js';
import { isOffered } from '../view.js';
import { divider } from './divider.js';
import { Launchers } from './launchers.js';
import { OpenViews } from './open-views.js';
import { bring } from './shortcuts.js';
import { Tabs } from './tabs.js';
import type { Tab } from './tabs.js';
import { Toolbar } from './toolbar.js';

/** Groups at least this wide, in CSS pixels, get three columns, or two. */
const wideFrom = 1200;
const mediumFrom = 680;
/** Lower ones have no room for anything above the matrix. */
const tallFrom = 560;

export const standardWidths: Widths = { left: 344, right: 392 };
const leastColumn = 260;

/** What the columns are called, after what stands there first. */
const columnTitles: Readonly<Record<Column, string>> = { left: 'Heads', centre: 'Matrix', right: 'Steps' };
const sideColumns: readonly Column[] = ['right', 'left'];

const languages: readonly { language: CodeLanguage; text: string }[] = [
  { language: 'latex', text: 'LaTeX' },
  { language: 'numpy', text: 'NumPy' },
  { language: 'pytorch', text: 'PyTorch' },
];

export interface ShellOptions {
  readonly panel: Panel;
  readonly pictures: Pictures;
  readonly views: readonly RegisteredView[];
  readonly context: ViewContext;
  /** What the views remembered in an earlier life of the page. */
  readonly remembered: Readonly<Record<string, unknown>>;
  readonly widths: Widths;
  /** The inspection of which an earlier life of the page says what stood in the centre, as `summaryKey` names it. */
  readonly returning: string | null;
}

/** The page's frame: title, tabs, up to three columns, footer. Which views stand in them, the list of views says. */
export class Shell {
  private readonly panel: Panel;
  private readonly views: readonly RegisteredView[];
  private readonly context: ViewContext;
  private readonly title = h('h1', { class: 'title' });
  private readonly subtitle = h('span', { class: 'subtitle muted' });
  private readonly readers = menu({
    text: '',
    label: 'Read with another model',
    items: () => this.choices(),
  });
  private readonly body: HTMLElement;
  private readonly toolbar: Toolbar;
  /** With two columns: what is seen together with the matrix. */
  private readonly above = h('div', { class: 'above' });
  private tall = true;
  private readonly columns: Readonly<Record<Column, HTMLElement>>;
  /** Of each view whose place is `whole`, where it stands when it is open. */
  private readonly covers: ReadonlyMap<string, HTMLElement>;
  private readonly launchers: Launchers;
  /** With two columns: what stands beside the matrix. */
  private readonly sides: Tabs;
  /** How the matrix is shown; with one column, the side columns too. */
  private readonly tabs: Tabs;
  private readonly open: OpenViews;
  private returning: string | null;
  /** Views in the page, by id. */
  private readonly placed = new Map<string, OpenView>();
  readonly element: HTMLElement;
  widths: Widths;
  /** What is inspected is led by this view of the centre. */
  private led: string | null = null;

  constructor({ panel, pictures, views, context, remembered, widths, returning }: ShellOptions) {
    this.returning = returning;
    this.panel = panel;
    this.views = views;
    this.context = context;
    this.widths = widths;
    this.toolbar = new Toolbar(panel, pictures);
    const column = (name: Column, ...children: readonly HTMLElement[]): HTMLElement =>
      h(
        'section',
        { class: `pane pane-${name}`, attributes: { id: `pane-${name}`, 'aria-label': columnTitles[name] } },
        ...children,
      );
    this.columns = {
      left: column('left'),
      centre: column('centre', this.above, this.toolbar.element),
      right: column('right'),
    };
    const whole = views.filter(({ place }) => place === 'whole');
    this.covers = new Map(
      whole.map(({ id, title }) => [
        id,
        h('section', { class: 'pane pane-whole', attributes: { 'aria-label': title } }),
      ]),
    );
    this.launchers = new Launchers(panel, whole);
    const sides: readonly Tab[] = sideColumns.map((name) => ({
      id: name,
      title: columnTitles[name],
      panel: `pane-${name}`,
    }));
    const choose = (id: string): void => {
      const view = this.centred.find((each) => each.id === id);
      if (view !== undefined) bring(panel, view);
      else if (id === 'left' || id === 'right') {
        panel.cover(null);
        panel.store.update({ front: id });
      }
    };
    this.sides = new Tabs({ label: 'Panes', tabs: sides, choose });
    this.sides.element.classList.add('pane-tabs');
    const middle = this.centred.map(({ id, title }) => ({ id, title, panel: 'pane-centre' }));
    this.tabs = new Tabs({ label: 'Views', tabs: [...middle, ...sides], choose });
    const columns = h(
      'main',
      { class: 'columns' },
      this.sides.element,
      this.columns.left,
      this.divider('left'),
      this.columns.centre,
      this.divider('right'),
      this.columns.right,
      ...this.covers.values(),
    );
    const foot = h(
      'footer',
      { class: 'foot muted' },
      h('span', { text: 'Attention weights are not by themselves an explanation.' }),
    );
    this.body = h('div', { class: 'body' }, this.bar(), noticesView(panel), columns, foot);
    this.element = h(
      'div',
      { class: 'shell' },
      this.body,
      new StatusView(panel, context.reportError.bind(context)).element,
    );
    this.setWidths(widths);
    this.connect();
    this.open = new OpenViews(views, panel, context, remembered, {
      opened: (view, open) => {
        this.place(view, open);
      },
      closed: ({ id }) => {
        this.placed.delete(id);
      },
    });
  }

  get remembered(): Readonly<Record<string, unknown>> {
    return this.open.remembered;
  }

  /** The views that are in sight: what is in the middle first. */
  get shown(): readonly ShownView[] {
    const { covering, centre } = this.panel.store.get();
    const middle = covering?.view ?? centre;
    return this.views
      .flatMap(({ id, title }) => {
        const open = this.open.get(id);
        return open === undefined || open.element.getClientRects().length === 0 ? [] : [{ id, title, open }];
      })
      .toSorted((a, b) => Number(b.id === middle) - Number(a.id === middle));
  }

  retheme(theme: Theme): void {
    this.open.retheme(theme);
  }

  private get centred(): readonly RegisteredView[] {
    return this.views.filter(({ place }) => place === 'centre');
  }

  private bar(): HTMLElement {
    const copy = menu({
      text: 'Copy as',
      items: languages.map(({ language, text }) => ({
        text,
        press: () => {
          this.copy(language);
        },
      })),
    });
    return h(
      'header',
      { class: 'topbar' },
      h('div', { class: 'titles' }, this.title, this.readers, this.subtitle),
      this.tabs.element,
      h('div', { class: 'topbar-actions' }, ...this.launchers.elements, copy),
    );
  }

  private connect(): void {
    const { store } = this.panel;
    new ResizeObserver(([entry]) => {
      const { width = 0, height = 0 } = entry?.contentRect ?? {};
      const mode: Mode = width >= wideFrom ? 'wide' : width >= mediumFrom ? 'medium' : 'narrow';
      const tall = height >= tallFrom;
      if (width > 0 && store.get().mode !== mode) store.update({ mode });
      if (height > 0 && this.tall !== tall) {
        this.tall = tall;
        this.arrange();
      }
      this.setWidths(this.widths);
    }).observe(this.element);
    store.watch(
      ({ content }) => content,
      (content) => {
        this.body.hidden = content.kind !== 'inspection';
        if (content.kind !== 'inspection') return;
        const { title, subtitle } = content.summary;
        this.title.textContent = title;
        this.title.title = title;
        this.subtitle.textContent = subtitle;
        this.lead(content.summary);
        // Only text and images are read by a model.
        this.readers.hidden = content.summary.media.length === 0;
        this.arrange();
      },
    );
    store.watch(
      ({ content, picture }) =>
        content.kind === 'inspection'
          ? `Forward pass ${formatDuration(content.summary.timing.forward)}` +
            (picture === null ? '' : ` · picture ${formatDuration(picture)}`)
          : '',
      (text) => {
        this.subtitle.title = text;
      },
    );
    store.watch(
      ({ mode, front, centre, covering }) => JSON.stringify([mode, front, centre, covering?.view]),
      () => {
        this.arrange();
      },
    );
  }

  /** What is seen first of another kind of inspection comes to the front; among inspections of one kind the user's choice stays. */
  private lead(summary: InspectionSummary): void {
    const leader = this.centred.find((view) => view.leads === true && isOffered(view, summary))?.id ?? null;
    const isBack = this.returning === summaryKey(summary);
    this.returning = null;
    if (leader !== null && leader !== this.led && !isBack) this.panel.store.update({ centre: leader });
    this.led = leader;
  }

  /** Puts a view where its place is, among the others in the order of the list. */
  private place(view: RegisteredView, open: OpenView): void {
    this.placed.set(view.id, open);
    if (view.place === 'whole') {
      this.covers.get(view.id)?.replaceChildren(open.element);
      return;
    }
    if (view.above === true && this.hasAbove) {
      this.above.append(open.element);
      return;
    }
    const after = this.views.slice(this.views.indexOf(view) + 1);
    const column = this.columns[view.place];
    const next = after
      .map(({ id }) => this.placed.get(id)?.element)
      .find((element) => element?.parentElement === column);
    column.insertBefore(open.element, next ?? null);
    if (view.place === 'centre') this.arrangeCentre();
  }

  private get hasAbove(): boolean {
    return this.tall && this.panel.store.get().mode === 'medium';
  }

  /** Moves what stands above the matrix with two columns to where it belongs now. */
  private arrangeAbove(): void {
    for (const view of this.views) {
      const open = this.placed.get(view.id);
      if (view.above !== true || open === undefined) continue;
      if (this.hasAbove !== (open.element.parentElement === this.above)) this.place(view, open);
    }
    this.sides.rename('left', this.hasAbove ? 'Details' : columnTitles.left);
  }

  /** Which columns are there: all, the centre and one, or one. */
  private arrange(): void {
    const { mode, front, covering } = this.panel.store.get();
    this.element.dataset['mode'] = mode;
    this.arrangeAbove();
    this.element.toggleAttribute('data-covered', covering !== null);
    const side = front === 'left' ? 'left' : 'right';
    const seen: readonly Column[] =
      covering !== null
        ? mode === 'wide'
          ? ['left']
          : []
        : mode === 'wide'
          ? ['left', 'centre', 'right']
          : mode === 'medium'
            ? ['centre', side]
            : [front];
    for (const [name, column] of Object.entries(this.columns)) {
      column.hidden = !seen.some((one) => one === name);
    }
    for (const [id, cover] of this.covers) cover.hidden = id !== covering?.view;
    this.sides.element.hidden = mode !== 'medium' || covering !== null;
    this.sides.show(side, sideColumns);
    this.arrangeCentre();
  }

  /** Which of the centre's views is shown; another where the chosen one is not offered. */
  private arrangeCentre(): void {
    const { summary, store } = this.panel;
    const { mode, front, centre, covering } = store.get();
    const offered = this.centred
      .filter((view) => summary === null || isOffered(view, summary))
      .map(({ id }) => id);
    const [first] = offered;
    if (first !== undefined && !offered.includes(centre)) {
      store.update({ centre: first });
      return;
    }
    for (const { id } of this.centred) {
      const open = this.placed.get(id);
      if (open !== undefined) open.element.hidden = id !== centre;
    }
    this.toolbar.showTools(this.placed.get(centre)?.tools ?? null);
    const narrow = mode === 'narrow';
    const shown = narrow && front !== 'centre' ? front : centre;
    this.tabs.show(covering === null ? shown : null, narrow ? [...offered, ...sideColumns] : offered);
  }

  /** What else could read what is shown. */
  private async choices(): Promise<readonly MenuItem[]> {
    try {
      const found = await this.panel.channel.request('readers', null);
      return found.map(({ reader, name, detail, used }) => ({
        text: name,
        detail,
        checked: used,
        press: () => {
          if (used) return;
          this.panel.channel.request('readWith', { reader }).catch((error: unknown) => {
            this.context.reportError(error);
          });
        },
      }));
    } catch (error) {
      this.context.reportError(error);
      throw error;
    }
  }

  private copy(language: CodeLanguage): void {
    const { layer } = this.panel.store.get().position;
    const request = { language, scope: { layer, head: 'all' as const } };
    this.panel.channel.request('copyCode', request).catch((error: unknown) => {
      this.context.reportError(error);
    });
  }

  private divider(side: keyof Widths): HTMLElement {
    const line = divider({
      label: `Width of the ${columnTitles[side].toLowerCase()}`,
      side,
      least: leastColumn,
      most: () => Math.max(leastColumn, this.element.clientWidth * 0.42),
      get: () => this.widths[side],
      set: (width) => {
        this.setWidths({ ...this.widths, [side]: width });
        this.context.changed();
      },
    });
    line.classList.add(`divider-${side}`);
    return line;
  }

  private setWidths(widths: Widths): void {
    this.widths = widths;
    this.element.style.setProperty('--left-width', `${widths.left}px`);
    this.element.style.setProperty('--right-width', `${widths.right}px`);
  }
}
