import './base.css';
import './views/explore/explore.css';
import { Channel } from '../src/channel.js';
import type {
  ExploreMethods,
  ExploreNotices,
  ExploreReports,
  ExploreState,
  ExploreSummary,
  Moved,
  Position,
} from '../src/protocol.js';
import { namedFileTypes } from '../src/file-types.js';
import { h } from './dom.js';
import { connectHost } from './host.js';
import { isCancelled } from './matrices.js';
import { reasonOf } from '../src/common/values.js';
import { OwnMoves } from './moves.js';
import { Store } from './store.js';
import { button } from './controls/ui.js';
import { picker } from './views/explore/picker.js';
import { isOfRun, ParametersView } from './views/parameters/parameters.js';

const store = new Store<{ readonly state: ExploreState; readonly problem: string | null }>({
  state: { kind: 'none' },
  problem: null,
});
const channel: Channel<ExploreMethods, ExploreReports, Record<never, never>, ExploreNotices> = new Channel(
  connectHost(),
  {},
  { state: take, position: follow },
);

const moves = new OwnMoves();

function take(state: ExploreState): void {
  const { state: before } = store.get();
  const same =
    state.kind === 'inspection' && before.kind === 'inspection' && state.summary.id === before.summary.id;
  // It was told before the host heard of the newest move: where this page is stays.
  const told = same && moves.unanswered ? { ...state, position: before.position } : state;
  store.update({ state: told, problem: null });
}

function follow({ position, answers }: Moved): void {
  const { state } = store.get();
  if (moves.isNews(answers) && state.kind === 'inspection') store.update({ state: { ...state, position } });
}

function reportError(error: unknown): void {
  if (!isCancelled(error)) store.update({ problem: reasonOf(error) });
}

/** Goes to another head, at once here, and tells the host, which tells the panel. */
function move(changes: Partial<Pick<Position, 'layer' | 'head'>>): void {
  const { state } = store.get();
  if (state.kind !== 'inspection') return;
  const position = { ...state.position, ...changes };
  store.update({ state: { ...state, position } });
  channel.notify('position', { position, number: moves.next() });
}

const title = h('h1', { class: 'explore-title' });
const subtitle = h('p', { class: 'explore-subtitle muted' });
const layer = picker('Layer', (index) => {
  move({ layer: index });
});
const head = picker('Head', (index) => {
  move({ head: index });
});
const parameters = new ParametersView((values) => {
  channel.request('change', { parameters: values }).catch(reportError);
});
const mechanism = h('h2', { class: 'section-title' });
const problem = h('p', { class: 'problem', attributes: { role: 'alert' } });
const empty = h(
  'div',
  { class: 'explore-empty' },
  h('p', { text: 'Select text in an editor and inspect how a model attends to it.' }),
  button({
    text: 'Inspect Selection',
    look: 'primary',
    press: () => {
      channel.request('inspectSelection', null).catch(reportError);
    },
  }),
  h('p', {
    class: 'muted',
    text: `Or right-click a ${namedFileTypes()} file in the explorer and choose “Attention: Inspect File”.`,
  }),
);
const full = h(
  'div',
  { class: 'explore-full' },
  h('div', {}, title, subtitle),
  h('div', { class: 'explore-pickers' }, layer.element, head.element),
  h('section', { class: 'section' }, mechanism, parameters.element),
);
document.body.append(h('main', { class: 'explore' }, problem, empty, full));

function show(summary: ExploreSummary, position: Position): void {
  title.textContent = summary.title;
  subtitle.textContent = summary.subtitle;
  mechanism.textContent = summary.mechanism.title;
  layer.show(summary.layers, position.layer);
  head.show(summary.heads, position.head);
  parameters.show(summary.parameters.filter(isOfRun));
}

store.watch(
  ({ state }) => state,
  (state) => {
    empty.hidden = state.kind !== 'none';
    full.hidden = state.kind !== 'inspection';
    if (state.kind === 'inspection') show(state.summary, state.position);
  },
);
store.watch(
  (view) => view.problem,
  (message) => {
    problem.hidden = message === null;
    problem.textContent = message ?? '';
  },
);

channel.request('ready', null).then(take, reportError);
