import './head-types.css';
import type { HeadTypes, HeadTypeDescription, StackHeadTypes } from '../../../src/protocol.js';
import { h } from '../../dom.js';
import { headPlace, placeNumber } from '../../../src/common/counting.js';

/** What a cell says of a head. */
export interface HeadTypeSign {
  /** One or two letters. */
  readonly label: string;
  /** "Previous token, 0.83" */
  readonly text: string;
  /** A class that sets the colour. */
  readonly class: string;
}

/** A head under every threshold. */
const mixed: HeadTypeSign = { label: '', text: 'Mixed', class: 'head-type-mixed' };

export function signOf(
  { described }: HeadTypes,
  stack: StackHeadTypes,
  layer: number,
  head: number,
): HeadTypeSign {
  const type = stack.types[layer * stack.heads + head] ?? null;
  const found = described.find(({ name }) => name === type?.name);
  const distance = stack.distances?.[layer * stack.heads + head] ?? null;
  const far = distance === null ? '' : `; ${distance.toFixed(1)} patches away on average`;
  if (type === null || found === undefined) return { ...mixed, text: `${mixed.text}${far}` };
  return {
    label: found.label,
    text: `${found.title}, ${type.score.toFixed(2)}${far}`,
    class: `head-type-${found.name}`,
  };
}

/** The types that were looked for, each with its sign and the score from which on a head is of it. */
export function headTypesLegend({ described }: HeadTypes, stack: StackHeadTypes): HTMLElement {
  const looked = described.filter(({ name }) => stack.looked.includes(name));
  const item = (label: string, className: string, title: string, note: string): HTMLElement =>
    h('li', { title: note }, h('span', { class: `head-type-sign ${className}`, text: label }), title);
  return h(
    'ul',
    { class: 'head-types-legend', attributes: { 'aria-label': 'Head types' } },
    ...looked.map((each: HeadTypeDescription) =>
      item(
        each.label,
        `head-type-${each.name}`,
        `${each.title} ≥ ${each.threshold}`,
        `${each.note} From ${each.threshold} on a head is of this type; of several, the one farthest above.`,
      ),
    ),
  );
}

const stackTitles: Readonly<Record<StackHeadTypes['stack'], string>> = {
  self: 'Heads',
  encoder: 'Source to source',
  decoder: 'Target to target',
  cross: 'Target to source',
};

/** The types of all heads, layers × heads, with the legend: a table for each of the model's attentions. */
export function headTypesGrid(types: HeadTypes): HTMLElement {
  return h(
    'div',
    { class: 'head-types-grid' },
    ...types.stacks.flatMap((stack) => [table(types, stack), headTypesLegend(types, stack)]),
  );
}

function table(types: HeadTypes, stack: StackHeadTypes): HTMLElement {
  const rows = Array.from({ length: stack.layers }, (_, layer) =>
    h(
      'tr',
      {},
      h('th', {
        text: String(placeNumber(layer)),
        attributes: { scope: 'row', 'aria-label': `Layer ${placeNumber(layer)}` },
      }),
      ...Array.from({ length: stack.heads }, (__, head) => {
        const sign = signOf(types, stack, layer, head);
        const title = `${headPlace(layer, head)}: ${sign.text}`;
        return h(
          'td',
          { title },
          ...(sign.label === ''
            ? []
            : [
                h('span', {
                  class: `head-type-sign ${sign.class}`,
                  text: sign.label,
                  attributes: { 'aria-hidden': 'true' },
                }),
              ]),
          h('span', { class: 'aside', text: sign.text }),
        );
      }),
    ),
  );
  const numbers = Array.from({ length: stack.heads }, (_, head) =>
    h('th', {
      text: String(placeNumber(head)),
      attributes: { scope: 'col', 'aria-label': `Head ${placeNumber(head)}` },
    }),
  );
  const caption = h('caption', { class: 'aside', text: `Head types: ${stackTitles[stack.stack]}` });
  return h('table', { class: 'head-types-table' }, caption, h('tr', {}, h('td'), ...numbers), ...rows);
}
