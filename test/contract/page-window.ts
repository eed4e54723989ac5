import { setMaxListeners } from 'node:events';

/**
 * A page's surroundings without a browser: what the pages' way to the host and the fake host need of a window. It has to be
 * loaded before them.
 */
const target = new EventTarget();
const nothingYet = { acquireVsCodeApi: (): unknown => undefined };

export const pageWindow = Object.assign(target, nothingYet, {
  setTimeout,
  clearTimeout,
  requestAnimationFrame: (run: () => void) => setTimeout(run),
  cancelAnimationFrame: clearTimeout,
  behaviour: { subject: null, failing: {} },
  isExplore: false,
});

const pageDocument = Object.assign(new EventTarget(), { documentElement: { dataset: {} } });
// One window is there for all cases, and each host listens.
setMaxListeners(0, pageDocument);

Object.assign(globalThis, {
  window: pageWindow,
  document: pageDocument,
  acquireVsCodeApi: () => pageWindow.acquireVsCodeApi(),
});
