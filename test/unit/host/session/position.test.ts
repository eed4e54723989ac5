import assert from 'node:assert/strict';
import { CancelledError } from '../../../../src/channel.js';
import { firstPicture } from '../../../../src/host/session/position.js';
import type { InspectionSummary, Slice, SliceRequest, Step } from '../../../../src/protocol.js';

const step = (name: string, count: number): Step => ({
  name,
  title: name,
  tex: name,
  symbol: name,
  note: '',
  rows: { axis: 'query', size: count },
  columns: { axis: 'key', size: count },
  scale: 'weights',
  perHead: true,
  perQuery: false,
  phase: 'normalisation',
});

const summaryOf = (count: number, changes: Partial<Step> = {}): InspectionSummary => ({
  id: 'engine-1',
  revision: 3,
  title: 'a text',
  subtitle: '',
  mechanism: { id: 'multi-head', title: 'Multi-head attention' },
  layers: 6,
  heads: 12,
  media: [],
  queries: { count },
  keys: { count },
  steps: [step('scores', count), { ...step('weights', count), ...changes }],
  parameters: [],
  notices: [],
  continues: false,
  plots: [],
  timing: { forward: 1 },
});

const slice: Slice = {
  revision: 3,
  shape: [2, 2],
  data: new Float32Array([1, 0, 0.5, 0.5]),
  rows: { start: 0, end: 2 },
  columns: { start: 0, end: 2 },
  emptyRows: new Uint32Array(0),
  minimum: 0,
  maximum: 1,
};

const wanted = { layer: 4, head: 40, step: 'weights' };
const never = new AbortController().signal;

/** An engine that answers slices alone, and tells what it was asked for. */
function engine(answer: (signal: AbortSignal | undefined) => Promise<Slice>) {
  const asked: SliceRequest[] = [];
  const request = (_method: string, place: unknown, options: { readonly signal?: AbortSignal } = {}) => {
    // Only slices are asked for here.
    asked.push(place as SliceRequest);
    return answer(options.signal) as Promise<never>;
  };
  return { asked, request };
}

describe('The first picture of a result', () => {
  it('is the matrix at the place nearest to where the user was', async () => {
    const { asked, request } = engine(() => Promise.resolve(slice));
    const picture = await firstPicture({ request }, summaryOf(2), wanted, never);
    const place = { inspection: 'engine-1', layer: 4, head: 11, step: 'weights' };
    assert.deepEqual(picture, { place, slice });
    assert.deepEqual(asked, [place]);
  });

  it('is the weights, whatever they are called, where the step that was wanted is not there', async () => {
    const { asked, request } = engine(() => Promise.resolve(slice));
    const summary = summaryOf(2, { name: 'share', role: 'weights' });
    await firstPicture({ request }, { ...summary, steps: summary.steps.toReversed() }, wanted, never);
    assert.deepEqual(
      asked.map(({ step: name }) => name),
      ['share'],
    );
  });

  it('is left to the page where the matrix is larger than a screen, or one of many', async () => {
    for (const summary of [summaryOf(513), summaryOf(2, { perQuery: true })]) {
      const { asked, request } = engine(() => Promise.resolve(slice));
      assert.equal(await firstPicture({ request }, summary, wanted, never), undefined);
      assert.deepEqual(asked, []);
    }
  });

  it('is not waited for where it takes long, and no longer computed', async () => {
    let given: AbortSignal | undefined;
    const { request } = engine(
      (signal) =>
        new Promise((_, reject) => {
          given = signal;
          signal?.addEventListener('abort', () => {
            reject(new CancelledError());
          });
        }),
    );
    const begun = performance.now();
    const alive = setTimeout(() => undefined, 5000);
    assert.equal(await firstPicture({ request }, summaryOf(2), wanted, never), undefined);
    clearTimeout(alive);
    assert.ok(performance.now() - begun < 2000);
    assert.equal(given?.aborted, true);
  });

  it('is not missed where it fails: the page asks, and is told why', async () => {
    const { request } = engine(() => Promise.reject(new Error('The engine’s process has died.')));
    assert.equal(await firstPicture({ request }, summaryOf(2), wanted, never), undefined);
  });
});
