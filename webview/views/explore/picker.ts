import { h } from '../../dom.js';
import { button, dropdown } from '../../controls/ui.js';
import { placeNumber } from '../../../src/common/counting.js';

export interface Picker {
  readonly element: HTMLElement;
  show(count: number, index: number): void;
}

/** One of a few numbered things, a layer or a head: a list, and a step either way. Nothing where there is only one. */
export function picker(title: string, choose: (index: number) => void): Picker {
  let count = 0;
  let index = 0;
  const step = (by: number): void => {
    const next = index + by;
    if (next >= 0 && next < count) choose(next);
  };
  const slot = h('span', { class: 'picker-list' });
  const back = button({
    text: '‹',
    look: 'icon',
    label: `Previous ${title.toLowerCase()}`,
    press: () => {
      step(-1);
    },
  });
  const on = button({
    text: '›',
    look: 'icon',
    label: `Next ${title.toLowerCase()}`,
    press: () => {
      step(1);
    },
  });
  const element = h(
    'div',
    { class: 'picker' },
    h('span', { class: 'picker-title', text: title }),
    slot,
    back,
    on,
  );
  let list = null as ReturnType<typeof dropdown> | null;
  return {
    element,
    show: (newCount, newIndex) => {
      index = newIndex;
      element.hidden = newCount < 2;
      if (list === null || newCount !== count) {
        count = newCount;
        list = dropdown({
          label: title,
          choices: Array.from({ length: count }, (_, at) => ({
            value: String(at),
            title: String(placeNumber(at)),
          })),
          value: String(index),
          change: (value) => {
            choose(Number(value));
          },
        });
        slot.replaceChildren(list.element);
      } else {
        list.set(String(index));
      }
      back.toggleAttribute('disabled', index <= 0);
      on.toggleAttribute('disabled', index >= count - 1);
    },
  };
}
