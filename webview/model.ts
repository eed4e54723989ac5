import './base.css';
import './views/model/model.css';
import { Channel } from '../src/channel.js';
import type { ModelPage, ModelPageMethods, ModelPageNotices } from '../src/protocol.js';
import { h } from './dom.js';
import { connectHost } from './host.js';
import { isCancelled, messageOf } from './matrices.js';
import { button } from './ui.js';
import { factList, partTable, section } from './views/model/facts.js';
import { LayerView } from './views/model/layer.js';

type Nothing = Record<never, never>;
const channel: Channel<ModelPageMethods, Nothing, Nothing, ModelPageNotices> = new Channel(
  connectHost(),
  {},
  {
    used: (isUsed) => {
      tellUse(isUsed);
    },
  },
);

const main = h('main', { class: 'model' });
const problem = h('p', { class: 'problem', attributes: { role: 'alert' } });
problem.hidden = true;
document.body.append(problem, main);

function trouble(error: unknown): void {
  if (isCancelled(error)) return;
  problem.textContent = messageOf(error);
  problem.hidden = false;
}

const inUse = h('span', { class: 'muted', text: 'Selected text is read by it.' });
const use = button({
  text: 'Use for Selections',
  look: 'primary',
  press: () => {
    channel.request('use', null).catch(trouble);
  },
});
function tellUse(isUsed: boolean): void {
  inUse.hidden = !isUsed;
  use.hidden = isUsed;
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
    ...(stacks.length === 0
      ? []
      : [section('A layer', new LayerView(stacks, (layer) => channel.request('layer', layer)).element)]),
  );
}

channel.request('describe', null).then(({ page, isUsed }) => {
  show(page);
  tellUse(isUsed);
}, trouble);
