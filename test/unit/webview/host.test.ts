import assert from 'node:assert/strict';
import { connectHost } from '../../../webview/host.js';

describe('What a page keeps for its next life', () => {
  let kept: unknown;

  /** What VS Code gives a page, as far as the page keeps something. */
  function open(inspection?: string): ReturnType<typeof connectHost> {
    const api = {
      postMessage: () => undefined,
      getState: () => kept,
      setState: (state: unknown) => {
        // As VS Code keeps it: as JSON.
        kept = JSON.parse(JSON.stringify(state));
      },
    };
    Object.assign(globalThis, {
      acquireVsCodeApi: () => api,
      document: { documentElement: { dataset: inspection === undefined ? {} : { inspection } } },
    });
    return connectHost();
  }

  beforeEach(() => {
    kept = undefined;
  });
  after(() => {
    Reflect.deleteProperty(globalThis, 'acquireVsCodeApi');
    Reflect.deleteProperty(globalThis, 'document');
  });

  it('names the inspection from the first moment, also where there is never a result', () => {
    open('one');
    assert.deepEqual(kept, { inspection: 'one' });
  });

  it('names it beside where the user was', () => {
    const host = open('one');
    host.remember({ asTable: true });
    assert.deepEqual(kept, { asTable: true, inspection: 'one' });
    const next = open('one');
    assert.deepEqual(next.recall(), { asTable: true, inspection: 'one' });
  });

  it('names the one that took the place of the first', () => {
    const host = open('one');
    host.remember({ asTable: true });
    host.identify('two');
    assert.deepEqual(kept, { asTable: true, inspection: 'two' });
    host.remember({ asTable: false });
    assert.deepEqual(kept, { asTable: false, inspection: 'two' });
  });

  it('is nothing where the page shows no inspection', () => {
    open();
    assert.equal(kept, undefined);
  });
});
