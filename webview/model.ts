import './base.css';
import './views/model/model.css';
import { Channel } from '../src/channel.js';
import type { HeadTypesState, ModelPage, ModelPageMethods, ModelPageNotices } from '../src/protocol.js';
import { h } from './dom.js';
import { connectHost } from './host.js';
import { isCancelled } from './matrices.js';
import { reasonOf } from '../src/common/values.js';
import { button } from './controls/ui.js';
import { factList, partTable, section } from './views/model/facts.js';
import { HeadTypesView } from './views/model/head-types.js';
import { LayerView } from './views/model/layer.js';

type Nothing = Record<never, never>;
const channel: Channel<ModelPageMethods, Nothing, Nothing, ModelPageNotices> = new Channel(
  connectHost(),
  {},
  {
    used: (isUsed) => {
      tellUse(isUsed);
    },
    headTypes: (state) => {
      showHeadTypes(state);
    },
  },
);

const main = h('main', { class: 'model' });
const sentence = h('p', { attributes: { role: 'alert' } });
const retry = button({ text: 'Retry', look: 'primary', press: describe });
const problem = h('div', { class: 'model-problem' }, sentence, retry);
problem.hidden = true;
document.body.append(problem, main);

function reportError(error: unknown): void {
  if (isCancelled(error)) return;
  sentence.textContent = reasonOf(error);
  // What was asked for on the page is asked for again where it was.
  retry.hidden = main.hasChildNodes();
  problem.hidden = false;
}

const inUse = h('span', { class: 'muted', text: 'Selected text is read by it.' });
const use = button({
  text: 'Use for Selections',
  look: 'primary',
  press: () => {
    channel.request('use', null).catch(reportError);
  },
});
function tellUse(isUsed: boolean): void {
  inUse.hidden = !isUsed;
  use.hidden = isUsed;
}

const headTypes = new HeadTypesView(async (signal, report) => {
  await channel.request('classifyHeads', null, {
    signal,
    onProgress: ({ message, fraction }) => {
      report(message, fraction);
    },
  });
});
const headTypesSection = section('Heads', headTypes.element);
headTypesSection.hidden = true;
function showHeadTypes(state: HeadTypesState): void {
  headTypesSection.hidden = state.kind === 'none';
  headTypes.show(state);
}

function show(page: ModelPage): void {
  const { model, facts, parts, tokenizer, stacks } = page;
  const place = 'path' in model.reference ? model.reference.path : 'comes with the extension';
  main.replaceChildren(
    h(
      'header',
      { class: 'model-head' },
      h(
        'div',
        {},
        h('h1', { class: 'model-title', text: model.name }),
        h('p', { class: 'muted model-place', text: place }),
      ),
      h('div', { class: 'model-use' }, inUse, use),
    ),
    h(
      'div',
      { class: 'model-columns' },
      section('Model', factList(facts)),
      ...(parts.length === 0 ? [] : [section('Parameters', partTable(page))]),
      ...(tokenizer.length === 0 ? [] : [section('Tokenizer', factList(tokenizer))]),
    ),
    headTypesSection,
    ...(stacks.length === 0
      ? []
      : [section('Layer graph', new LayerView(stacks, (layer) => channel.request('layer', layer)).element)]),
  );
}

function describe(): void {
  problem.hidden = true;
  channel.request('describe', null).then(({ page, isUsed }) => {
    show(page);
    tellUse(isUsed);
  }, reportError);
}

describe();
channel.request('headTypes', null).then(showHeadTypes, reportError);
