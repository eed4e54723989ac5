import type { Panel } from '../../panel.js';
import type { RegisteredView } from '../view.js';
import { isOffered } from '../view.js';

/** What takes letters itself: fields, and lists that are searched by typing. */
const takesLetters = 'input, textarea, select, [role="combobox"], [role="menu"], [contenteditable]';

/** Brings a view into sight; one that stands in place of the matrix goes if it is there already. */
export function bring(panel: Panel, { id, place, choices }: RegisteredView): void {
  const { summary, store } = panel;
  switch (place) {
    case 'whole':
      if (store.get().covering?.view === id) panel.cover(null);
      else panel.cover({ view: id, choice: (summary && choices?.(summary)[0]?.name) ?? null });
      break;
    case 'centre':
      panel.cover(null);
      store.update({ centre: id, front: 'centre' });
      break;
    case 'left':
    case 'right':
      panel.cover(null);
      store.update({ front: place });
      break;
  }
}

/** A view's letter brings it into sight; Escape goes back to the matrix, unless it has closed something smaller. */
export function attachShortcuts(panel: Panel, views: readonly RegisteredView[]): void {
  document.addEventListener('keydown', (event) => {
    const { target } = event;
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === 'Escape' && panel.store.get().covering !== null) {
      panel.cover(null);
      event.preventDefault();
      return;
    }
    const view = views.find(({ key }) => key !== undefined && key === event.key.toLowerCase());
    const { summary } = panel;
    if (view === undefined || summary === null || !isOffered(view, summary)) return;
    if (target instanceof Element && target.closest(takesLetters) !== null) return;
    bring(panel, view);
    event.preventDefault();
  });
}
