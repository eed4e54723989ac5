import './shell.css';
import type { CodeLanguage, InspectionSummary } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { formatDuration } from '../../format.js';
import type { Mode, Panel, Scene, Tab } from '../../panel.js';
import type { Columns } from '../../recall.js';
import { menu } from '../../ui.js';
import { compareWords, plotWords } from '../../words.js';
import { divider } from './divider.js';
import { Tabs } from './tabs.js';

/** Groups at least this wide, in CSS pixels, get three columns, or two. */
const wideFrom = 1200;
const mediumFrom = 680;

export const standardColumns: Columns = { heads: 344, steps: 392 };
const leastColumn = 260;

export interface ShellParts {
  readonly heads: readonly HTMLElement[];
  readonly matrix: readonly HTMLElement[];
  readonly steps: readonly HTMLElement[];
  readonly compare: HTMLElement;
  readonly plots: HTMLElement;
  readonly notices: HTMLElement;
  readonly status: HTMLElement;
}

const languages: readonly { language: CodeLanguage; text: string }[] = [
  { language: 'latex', text: 'LaTeX' },
  { language: 'numpy', text: 'NumPy' },
  { language: 'pytorch', text: 'PyTorch' },
];

type Side = Exclude<Tab, 'matrix'>;
type View = 'heatmap' | 'table' | Side;
/** What stands in the place of the matrix and its steps. */
type Shown = Exclude<Scene['kind'], 'matrix'>;

/** The page's frame: title, tabs, up to three columns, footer. What goes into them is not its business. */
export class Shell {
  private readonly title = h('h1', { class: 'title' });
  private readonly subtitle = h('span', { class: 'subtitle muted' });
  private readonly footer = h('span', { class: 'number' });
  private readonly columns: HTMLElement;
  private readonly body: HTMLElement;
  private readonly panes: Readonly<Record<Tab, HTMLElement>>;
  private readonly scenes: Readonly<Record<Shown, HTMLElement>>;
  private readonly compare: HTMLButtonElement;
  private readonly plots = h('span', { class: 'topbar-plots' });
  /** With two columns: what stands beside the matrix. */
  private readonly sides: Tabs<Side>;
  /** How the matrix is shown; with one column, the side panes too. */
  private readonly views: Tabs<View>;
  readonly element: HTMLElement;

  constructor(
    private readonly panel: Panel,
    parts: ShellParts,
    private widths: Columns,
    private readonly events: { resized(columns: Columns): void; trouble(error: unknown): void },
  ) {
    const pane = (name: Tab, label: string, children: readonly HTMLElement[]): HTMLElement =>
      h(
        'section',
        { class: `pane pane-${name}`, attributes: { id: `pane-${name}`, 'aria-label': label } },
        ...children,
      );
    this.panes = {
      heads: pane('heads', 'Heads', parts.heads),
      matrix: pane('matrix', 'Matrix', parts.matrix),
      steps: pane('steps', 'Steps', parts.steps),
    };
    const scene = (name: Shown, label: string, child: HTMLElement): HTMLElement =>
      h('section', { class: `pane pane-scene pane-${name}`, attributes: { 'aria-label': label } }, child);
    this.scenes = {
      compare: scene('compare', compareWords.compare, parts.compare),
      plot: scene('plot', plotWords.plots, parts.plots),
    };
    this.compare = h('button', {
      class: 'topbar-toggle',
      text: compareWords.compare,
      title: compareWords.compareHint,
      attributes: { type: 'button', 'aria-keyshortcuts': 'c' },
    });
    this.compare.addEventListener('click', () => {
      panel.toggleCompare();
    });
    const sides: readonly { name: Side; title: string; panel: string }[] = [
      { name: 'steps', title: 'Steps', panel: 'pane-steps' },
      { name: 'heads', title: 'Heads', panel: 'pane-heads' },
    ];
    this.sides = new Tabs<Side>({
      label: 'Panes',
      tabs: sides,
      choose: (tab) => {
        panel.store.update({ tab });
      },
    });
    this.sides.element.classList.add('pane-tabs');
    this.views = new Tabs<View>({
      label: 'Views',
      tabs: [
        { name: 'heatmap', title: 'Heatmap', panel: 'pane-matrix' },
        { name: 'table', title: 'Table', panel: 'pane-matrix' },
        ...sides,
      ],
      choose: (view) => {
        panel.enter({ kind: 'matrix' });
        if (view === 'steps' || view === 'heads') panel.store.update({ tab: view });
        else panel.store.update({ asTable: view === 'table', tab: 'matrix' });
      },
    });
    this.columns = h(
      'main',
      { class: 'columns' },
      this.sides.element,
      this.panes.heads,
      this.divider('heads', 'left'),
      this.panes.matrix,
      this.divider('steps', 'right'),
      this.panes.steps,
      this.scenes.compare,
      this.scenes.plot,
    );
    const bar = h(
      'header',
      { class: 'topbar' },
      h('div', { class: 'titles' }, this.title, this.subtitle),
      this.views.element,
      h(
        'div',
        { class: 'topbar-actions' },
        this.compare,
        this.plots,
        menu({
          text: 'Copy as',
          items: languages.map(({ language, text }) => ({
            text,
            press: () => {
              this.copy(language);
            },
          })),
        }),
      ),
    );
    const foot = h(
      'footer',
      { class: 'foot muted' },
      this.footer,
      h('span', { text: 'Attention weights are not by themselves an explanation.' }),
    );
    this.body = h('div', { class: 'body' }, bar, parts.notices, this.columns, foot);
    this.element = h('div', { class: 'shell' }, this.body, parts.status);
    this.setWidths(widths);
    this.connect();
  }

  private offered = '';

  private connect(): void {
    const { store } = this.panel;
    new ResizeObserver(([entry]) => {
      const width = entry?.contentRect.width ?? 0;
      const mode: Mode = width >= wideFrom ? 'wide' : width >= mediumFrom ? 'medium' : 'narrow';
      if (width > 0 && store.get().mode !== mode) store.update({ mode });
      this.setWidths(this.widths);
    }).observe(this.element);
    store.watch(
      ({ content }) => content,
      (content) => {
        this.body.hidden = content.kind !== 'inspection';
        if (content.kind !== 'inspection') return;
        this.title.textContent = content.summary.title;
        this.title.title = content.summary.title;
        this.subtitle.textContent = content.summary.subtitle;
        this.compare.hidden = content.summary.parameters.length === 0;
        this.offerPlots(content.summary.plots);
      },
    );
    store.watch(
      ({ content, picture }) =>
        content.kind === 'inspection'
          ? `forward ${formatDuration(content.summary.timing.forward)}` +
            (picture === null ? '' : ` · picture ${formatDuration(picture)}`)
          : '',
      (text) => {
        this.footer.textContent = text;
      },
    );
    store.watch(
      ({ mode, tab, asTable, scene }) => `${mode} ${tab} ${asTable} ${scene.kind}`,
      () => {
        this.arrange();
      },
    );
  }

  /** Which panes are there: all, the matrix and one, or one. */
  private arrange(): void {
    const { mode, tab, asTable, scene } = this.panel.store.get();
    this.element.dataset['mode'] = mode;
    const side = tab === 'heads' ? 'heads' : 'steps';
    const seen: readonly Tab[] =
      scene.kind !== 'matrix'
        ? mode === 'wide'
          ? ['heads']
          : []
        : mode === 'wide'
          ? ['heads', 'matrix', 'steps']
          : mode === 'medium'
            ? ['matrix', side]
            : [tab];
    for (const [name, pane] of Object.entries(this.panes)) pane.hidden = !seen.some((one) => one === name);
    for (const [name, pane] of Object.entries(this.scenes)) pane.hidden = name !== scene.kind;
    this.element.dataset['scene'] = scene.kind;
    this.compare.setAttribute('aria-pressed', String(scene.kind === 'compare'));
    this.sides.element.hidden = mode !== 'medium' || scene.kind !== 'matrix';
    this.sides.show(side);
    const matrix: View = asTable ? 'table' : 'heatmap';
    const open = scene.kind !== 'matrix' ? null : mode !== 'narrow' || tab === 'matrix' ? matrix : tab;
    if (mode === 'narrow') this.views.show(open);
    else this.views.show(open, ['heatmap', 'table']);
  }

  private offerPlots(plots: InspectionSummary['plots']): void {
    const offered = JSON.stringify(plots);
    if (offered === this.offered) return;
    this.offered = offered;
    this.plots.hidden = plots.length === 0;
    this.plots.replaceChildren();
    if (plots.length === 0) return;
    this.plots.append(
      menu({
        text: plotWords.plots,
        items: plots.map(({ name, title }) => ({
          text: title,
          press: () => {
            this.panel.enter({ kind: 'plot', name });
          },
        })),
      }),
    );
  }

  private copy(language: CodeLanguage): void {
    const { layer } = this.panel.store.get().position;
    void this.panel.channel
      .request('copyCode', { language, scope: { layer, head: 'all' } })
      .catch(this.events.trouble);
  }

  private divider(pane: keyof Columns, side: 'left' | 'right'): HTMLElement {
    const line = divider({
      label: pane === 'heads' ? 'Width of the heads' : 'Width of the steps',
      side,
      least: leastColumn,
      most: () => Math.max(leastColumn, this.element.clientWidth * 0.42),
      get: () => this.widths[pane],
      set: (width) => {
        this.setWidths({ ...this.widths, [pane]: width });
        this.events.resized(this.widths);
      },
    });
    line.classList.add(`divider-${pane}`);
    return line;
  }

  private setWidths(widths: Columns): void {
    this.widths = widths;
    this.element.style.setProperty('--heads-width', `${widths.heads}px`);
    this.element.style.setProperty('--steps-width', `${widths.steps}px`);
  }
}
