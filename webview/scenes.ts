import type { Panel } from './panel.js';

/** What takes letters itself: fields, and lists that are searched by typing. */
const takesLetters = 'input, textarea, select, [role="combobox"], [role="menu"], [contenteditable]';

/** C compares, or no longer; Escape goes back to the matrix, unless it has closed something smaller. */
export function attachSceneKeys(panel: Panel): void {
  document.addEventListener('keydown', (event) => {
    const { target } = event;
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    const { scene } = panel.store.get();
    if (event.key === 'Escape' && scene.kind !== 'matrix') {
      panel.enter({ kind: 'matrix' });
      event.preventDefault();
    } else if (event.key === 'c' || event.key === 'C') {
      if (target instanceof Element && target.closest(takesLetters) !== null) return;
      if (panel.summary === null || panel.summary.parameters.length === 0) return;
      panel.toggleCompare();
      event.preventDefault();
    }
  });
}
