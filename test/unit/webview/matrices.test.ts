import { noPictures } from '../../support/pages.js';
import assert from 'node:assert/strict';
import { Channel, type Port } from '../../../src/channel.js';
import type {
  InspectionSummary,
  PanelMethods,
  PanelNotices,
  PanelReports,
  Slice,
  Step,
} from '../../../src/protocol.js';
import { Matrices } from '../../../webview/matrices.js';
import { Panel } from '../../../webview/panel.js';

const weights: Step = {
  name: 'weights',
  title: 'Weights',
  tex: 'A',
  symbol: 'A',
  note: '',
  rows: { axis: 'query', size: 2 },
  columns: { axis: 'key', size: 2 },
  scale: 'weights',
  perHead: true,
  perQuery: false,
  phase: 'normalisation',
};

const summary: InspectionSummary = {
  id: 'panel-1',
  revision: 3,
  title: 'a text',
  subtitle: '',
  mechanism: { id: 'multi-head', title: 'Multi-head attention' },
  layers: 6,
  heads: 12,
  media: [],
  queries: { count: 2 },
  keys: { count: 2 },
  steps: [weights],
  parameters: [],
  notices: [],
  continues: false,
  plots: [],
  timing: { forward: 1 },
};

const place = { inspection: 'panel-1', layer: 4, head: 11, step: 'weights' };
const never = new AbortController().signal;

function sliceOf(value: number, revision = 3): Slice {
  return {
    revision,
    shape: [2, 2],
    data: new Float32Array(4).fill(value),
    rows: { start: 0, end: 2 },
    columns: { start: 0, end: 2 },
    emptyRows: new Uint32Array(0),
    minimum: value,
    maximum: value,
  };
}

/** A panel's page, and a host that answers every slice with ones. */
function page() {
  const [near, far] = ports();
  let asked = 0;
  type Hosted = Pick<PanelMethods, 'slice'>;
  new Channel<Record<never, never>, PanelNotices, Hosted, PanelReports>(
    far,
    {
      slice: () => {
        asked += 1;
        return sliceOf(1);
      },
    },
    {},
  );
  const panel = new Panel(new Channel(near, noPictures, {}), null, () => false);
  panel.show({ kind: 'inspection', summary, position: { layer: 4, head: 11, step: 'weights' } });
  return { matrices: new Matrices(panel), asked: () => asked };
}

function ports(): readonly [Port, Port] {
  const listeners: [((message: unknown) => void)[], ((message: unknown) => void)[]] = [[], []];
  const port = (own: 0 | 1, other: 0 | 1): Port => ({
    post: (message) => {
      queueMicrotask(() => {
        for (const listener of listeners[other]) listener(message);
      });
    },
    listen: (listener) => {
      listeners[own].push(listener);
      return () => undefined;
    },
  });
  return [port(0, 1), port(1, 0)];
}

describe('A matrix that came with its result', () => {
  it('is not asked for, once', async () => {
    const { matrices, asked } = page();
    matrices.bring({ place, slice: sliceOf(0.5) });
    assert.equal((await matrices.slice(place, never)).data[0], 0.5);
    assert.equal(asked(), 0);
    assert.equal((await matrices.slice(place, never)).data[0], 1);
    assert.equal(asked(), 1);
  });

  for (const [what, request] of [
    ['another head', { ...place, head: 10 }],
    ['another step', { ...place, step: 'scores' }],
    ['another inspection', { ...place, inspection: 'panel-2' }],
    ['a query of its own', { ...place, query: 0 }],
    ['a row', { ...place, rows: { start: 0, end: 1 } }],
    ['fewer cells', { ...place, pool: { rows: 1, columns: 1, by: 'max' as const } }],
  ] as const) {
    it(`does not stand for ${what}`, async () => {
      const { matrices, asked } = page();
      matrices.bring({ place, slice: sliceOf(0.5) });
      assert.equal((await matrices.slice(request, never)).data[0], 1);
      assert.equal(asked(), 1);
    });
  }

  it('is not shown where its revision is another', async () => {
    const { matrices } = page();
    matrices.bring({ place, slice: sliceOf(0.5, 2) });
    await assert.rejects(matrices.slice(place, never), { name: 'CancelledError' });
  });

  it('gives way to that of the next result, or to none', async () => {
    const { matrices, asked } = page();
    matrices.bring({ place, slice: sliceOf(0.5) });
    matrices.bring(null);
    assert.equal((await matrices.slice(place, never)).data[0], 1);
    assert.equal(asked(), 1);
  });
});
