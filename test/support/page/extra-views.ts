import { h } from '../../../webview/dom.js';
import { startPage } from '../../../webview/page.js';
import { fieldsOf, isCount } from '../../../webview/parse.js';
import { views } from '../../../webview/views/index.js';
import type { RegisteredView, ViewContext } from '../../../webview/views/view.js';
import { defineView } from '../../../webview/views/view.js';

/** The panel's page with one more view in every place: each counts the presses of its button, and remembers that. */

const places = ['left', 'centre', 'right', 'whole'] as const;

function counter(place: (typeof places)[number]): RegisteredView {
  return defineView<number>({
    id: `extra-${place}`,
    title: `Extra ${place}`,
    place,
    ...(place === 'whole' ? { key: 'x', hint: 'One more view (X)' } : {}),
    // Not of everything: what is called so has none.
    offered: ({ title }) => title !== 'Without extras',
    recall: (remembered) => {
      const count = fieldsOf(remembered)?.['count'];
      return isCount(count) ? count : null;
    },
    open: (context, recalled) => open(context, place, recalled ?? 0),
  });
}

function open(context: ViewContext, place: string, from: number): ReturnType<RegisteredView['open']> {
  let count = from;
  const button = h('button', { text: `${place} ${count}`, attributes: { type: 'button' } });
  button.addEventListener('click', () => {
    count += 1;
    button.textContent = `${place} ${count}`;
    context.changed();
  });
  const note = (what: string): void => {
    window.extras.push(`${place} ${what}`);
  };
  note('opened');
  return {
    element: h('div', { class: `extra extra-${place}` }, button),
    retheme: ({ dark }) => {
      note(dark ? 'dark' : 'light');
    },
    remember: () => ({ count }),
    dispose: () => {
      note('disposed');
    },
  };
}

declare global {
  interface Window {
    /** What became of the extra views. */
    extras: string[];
  }
}

window.extras = [];
startPage([...views, ...places.map(counter)]);
