import './base.css';
import { Channel } from '../src/channel.js';
import type { PanelState, Step } from '../src/protocol.js';
import { h, perFrame, settled } from './dom.js';
import { connectHost } from './host.js';
import { isCancelled, Matrices, messageOf } from './matrices.js';
import type { PanelChannel, Whereabouts } from './panel.js';
import { Panel, summaryKey } from './panel.js';
import type { Columns } from './recall.js';
import { recall } from './recall.js';
import { attachSceneKeys } from './scenes.js';
import { readTheme, watchTheme } from './theme.js';
import { AnswersView } from './views/answers/answers.js';
import { CompareView } from './views/compare/compare.js';
import { HeatmapView } from './views/heatmap/heatmap.js';
import type { Target } from './draw/target.js';
import { useOfWebGL } from './draw/painter.js';
import { TableView } from './views/heatmap/table.js';
import { HeadsView } from './views/heads/heads.js';
import { KindsView } from './views/heads/kinds.js';
import { MetricsView } from './views/heads/metrics.js';
import { noticesView } from './views/notices/notices.js';
import { ParametersView } from './views/parameters/parameters.js';
import { Shell, standardColumns } from './views/shell/shell.js';
import { Toolbar } from './views/shell/toolbar.js';
import { nextSection } from './views/next/next.js';
import { PlotsView } from './views/plots/plots.js';
import { StatusView } from './views/status/status.js';
import { StepsView } from './views/steps/steps.js';

const host = connectHost();
const recalled = recall(host.recall());
const channel: PanelChannel = new Channel(
  host,
  {},
  {
    state: (state) => {
      show(state);
    },
    position: (position) => {
      panel.follow(position);
    },
    kinds: (state) => {
      kinds.show(state);
    },
    progress: ({ message, fraction }) => {
      panel.progress(message, fraction);
    },
  },
);
const panel = new Panel(channel, recalled?.at ?? null);
const { store } = panel;
if (recalled !== null)
  store.update({ opened: recalled.opened, asTable: recalled.asTable, kinds: recalled.kinds });

function show(state: PanelState): void {
  if (state.kind === 'inspection') {
    host.identify(state.summary.id);
    matrices.bring(state.picture ?? null);
  }
  panel.show(state);
}

function trouble(error: unknown): void {
  if (!isCancelled(error)) channel.notify('error', { message: messageOf(error) });
}

function moveOn(): void {
  // In one column the heads cover the matrix: having chosen one, the user wants to see it.
  if (store.get().mode === 'narrow') store.update({ tab: 'matrix' });
}

let hovered: { readonly target: Target; readonly step: Step } | null = null;
const tellHover = perFrame(() => {
  const { layer, head } = store.get().position;
  const axis = hovered?.step[hovered.target.kind === 'column' ? 'columns' : 'rows'].axis;
  if (hovered === null || (axis !== 'query' && axis !== 'key')) {
    channel.notify('hover', null);
    return;
  }
  const { target } = hovered;
  const index = target.kind === 'cell' ? target.cell.row : target.index;
  channel.notify('hover', { axis, index, layer, head });
});
function hover(target: Target | null, step: Step | null): void {
  hovered = target === null || step === null ? null : { target, step };
  tellHover();
}

const theme = readTheme();
const drawing = { webgl: useOfWebGL(document.documentElement.dataset['webgl']) };
const matrices = new Matrices(panel);
const heatmap = new HeatmapView(
  panel,
  matrices,
  theme,
  {
    hover: (target) => {
      hover(target, panel.step);
    },
    painted: (milliseconds) => {
      const first = store.get().picture === null;
      store.update({ picture: milliseconds });
      if (first) channel.notify('painted', { milliseconds });
    },
    zoom: (level) => {
      toolbar?.showLevel(level);
    },
  },
  drawing,
);
const table = new TableView(panel, matrices);
let toolbar: Toolbar | null = null;
toolbar = new Toolbar(panel, heatmap);
const heads = new HeadsView(panel, theme, moveOn);
const kinds = new KindsView(panel, {
  shown: (sign) => {
    heads.label(sign);
  },
  trouble,
});
const steps = new StepsView(panel, matrices, theme);
const parameters = new ParametersView((values) => {
  channel.request('change', { parameters: values }).catch(trouble);
});
const whatIf = h(
  'section',
  { class: 'section' },
  h('h2', { class: 'section-title', text: 'What if' }),
  parameters.element,
);
const compare = new CompareView(panel, theme, { hover }, drawing);
const plots = new PlotsView(panel);
let columns: Columns = recalled?.columns ?? standardColumns;
const shell = new Shell(
  panel,
  {
    heads: [
      new AnswersView(panel).element,
      h(
        'section',
        { class: 'section' },
        h('h2', { class: 'section-title', text: 'Heads' }),
        kinds.element,
        heads.element,
      ),
      new MetricsView(panel).element,
      nextSection(panel),
      whatIf,
    ],
    matrix: [toolbar.element, heatmap.element, table.element],
    steps: [steps.element],
    compare: compare.element,
    plots: plots.element,
    notices: noticesView(panel),
    status: new StatusView(panel, trouble).element,
  },
  columns,
  {
    resized: (next) => {
      columns = next;
      remember.ask();
    },
    trouble,
  },
);
document.body.append(shell.element);

store.watch(
  ({ asTable }) => asTable,
  (asTable) => {
    heatmap.element.hidden = asTable;
    table.element.hidden = !asTable;
  },
);
store.watch(
  ({ content }) => (content.kind === 'inspection' ? content.summary : null),
  () => {
    matrices.clear();
  },
);
store.follow(
  ({ content }) => (content.kind === 'inspection' ? content.summary : null),
  (summary) => {
    whatIf.hidden = summary === null || summary.parameters.length === 0;
    if (summary !== null) parameters.show(summary.parameters);
  },
);

/** Where the user is, never what was computed. */
const remember = settled(200, () => {
  const { summary } = panel;
  if (summary === null) return;
  const { position, opened, asTable, kinds: labelled, scene, variants } = store.get();
  const at: Whereabouts = {
    summaryKey: summaryKey(summary),
    position,
    comparing: scene.kind === 'compare',
    variants,
  };
  host.remember({ at, opened, asTable, kinds: labelled, columns });
});
store.watch(({ position }) => position, remember.ask);
store.watch(({ opened }) => opened, remember.ask);
store.watch(({ asTable }) => asTable, remember.ask);
store.watch((view) => view.kinds, remember.ask);
store.watch(({ scene }) => scene, remember.ask);
store.watch(({ variants }) => variants, remember.ask);
attachSceneKeys(panel);

watchTheme(() => {
  const next = readTheme();
  heatmap.retheme(next);
  heads.retheme(next);
  steps.retheme(next);
  compare.retheme(next);
});
window.addEventListener('error', ({ message }) => {
  channel.notify('error', { message });
});
window.addEventListener('unhandledrejection', ({ reason }) => {
  trouble(reason);
});

channel.request('ready', null).then(show, (error: unknown) => {
  panel.show({ kind: 'failed', message: messageOf(error) });
});
