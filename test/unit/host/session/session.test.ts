import assert from 'node:assert/strict';
import { CancelledError } from '../../../../src/channel.js';
import { Session } from '../../../../src/host/session/session.js';
import type { SessionOptions } from '../../../../src/host/session/session-options.js';
import type { InspectionSummary, PanelState, Step } from '../../../../src/protocol.js';
import { FakeEngine } from '../../../support/host/fake-engine.js';

const step = (name: string): Step => ({
  name,
  title: name,
  tex: name,
  symbol: name,
  note: '',
  rows: { axis: 'query', size: 4 },
  columns: { axis: 'key', size: 4 },
  scale: 'weights',
  perHead: true,
  perQuery: false,
  phase: 'score',
});

const summary = (changes: Partial<InspectionSummary> = {}): InspectionSummary => ({
  id: 'engine-1',
  revision: 7,
  title: 'a model',
  subtitle: '',
  mechanism: { id: 'multi-head', title: 'Multi-head attention' },
  layers: 2,
  heads: 3,
  media: [],
  queries: { count: 4 },
  keys: { count: 4 },
  steps: [step('scores'), step('weights')],
  parameters: [],
  notices: [],
  continues: true,
  plots: [],
  timing: { forward: 1 },
  ...changes,
});

const opened = (changes?: Partial<InspectionSummary>) =>
  ({ kind: 'inspection', summary: summary(changes) }) as const;

describe('A session', () => {
  let engine: FakeEngine;
  let session: Session;
  let states: PanelState['kind'][];

  function start(options: Partial<SessionOptions> = {}): Session {
    const request = { kind: 'text', texts: ['a b'], model: { kind: 'embedded' } } as const;
    return new Session(engine, request, {
      id: 'session',
      label: 'a b',
      messageOf: (error) => (error instanceof Error ? error.message : String(error)),
      ask: () => Promise.reject(new CancelledError()),
      open: async (client, asked, parameters, { continuation, interventions, signal, onProgress }) => {
        const params = {
          material: { kind: 'text', texts: ['a b'] as const } as const,
          parameters,
          ...(interventions === undefined ? {} : { interventions }),
          ...(continuation === undefined ? {} : { continuation }),
        };
        const result = await client.request('open', params, {
          signal,
          ...(onProgress === undefined ? {} : { onProgress }),
        });
        assert.ok(result.kind === 'inspection');
        return { request: asked, summary: result.summary };
      },
      ...options,
    });
  }

  /** Runs it as far as its first result. */
  async function ready(changes?: Partial<InspectionSummary>): Promise<void> {
    const running = session.ready();
    (await engine.next('open')).answer(opened(changes));
    await running;
  }

  beforeEach(() => {
    engine = new FakeEngine();
    session = start();
    states = [];
    session.onDidChangeState(({ kind }) => states.push(kind));
  });

  afterEach(async () => {
    session.dispose();
    // What was closed may have been asked for; nothing else may wait.
    const closed = engine.waiting.filter((method) => method === 'close');
    for (const method of closed) (await engine.next(method)).answer(null);
    engine.assertIdle();
    assert.equal(engine.holders, 0, 'the engine is let go of');
  });

  it('runs once for all who wait, and shows the result under its own id and revision', async () => {
    const both = [session.ready(), session.ready()];
    (await engine.next('open')).answer(opened());
    const [first, second] = await Promise.all(both);
    assert.equal(first, second);
    assert.deepEqual([first?.id, first?.revision], ['session', 1]);
    assert.deepEqual(states, ['busy', 'inspection']);
    assert.equal(await session.ready(), first, 'no further run');
  });

  it('goes to the nearest position there is', async () => {
    session.dispose();
    session = start({ position: { layer: 9, head: 9, step: 'no such step' } });
    await ready();
    assert.deepEqual(session.position, { layer: 1, head: 2, step: 'weights' });
    session.move({ layer: -1, head: 1, step: 'scores', cell: { row: 9, column: 0 } });
    assert.deepEqual(session.position, { layer: 0, head: 1, step: 'scores' });
  });

  it('tells of a move once, and of none that leads nowhere', async () => {
    await ready();
    const moves: number[] = [];
    session.onDidMove(({ head }) => moves.push(head));
    session.move({ layer: 0, head: 2, step: 'weights' });
    session.move({ layer: 0, head: 2, step: 'weights' });
    session.move({ layer: 0, head: 5, step: 'weights' });
    assert.deepEqual(moves, [2]);
  });

  it('fails with a sentence, and runs again when it is told to', async () => {
    const failing = session.ready();
    (await engine.next('open')).fail(new Error('Q.npy is empty.'));
    await assert.rejects(failing, { message: 'Q.npy is empty.' });
    assert.deepEqual(session.state, { kind: 'failed', message: 'Q.npy is empty.' });
    const again = session.again();
    (await engine.next('open')).answer(opened());
    assert.equal((await again).revision, 1);
    assert.deepEqual(states, ['busy', 'failed', 'busy', 'inspection']);
  });

  it('gathers changes that come while one runs into the next run', async () => {
    await ready();
    const changing = [session.change({ temperature: 1 })];
    const first = await engine.next('change');
    changing.push(session.change({ temperature: 2 }), session.change({ mask: 'causal' }));
    changing.push(session.change({ temperature: 3 }));
    assert.deepEqual(first.params.parameters, { temperature: 1 });
    first.answer(summary({ revision: 8 }));
    const second = await engine.next('change');
    assert.deepEqual(second.params.parameters, { temperature: 3, mask: 'causal' });
    second.answer(summary({ revision: 9 }));
    await Promise.all(changing);
    assert.equal(session.summary?.revision, 3);
    assert.deepEqual(session.remembered.parameters, { temperature: 3, mask: 'causal' });
  });

  it('keeps what was shown where a change fails, and its parameters', async () => {
    await ready();
    const changing = session.change({ temperature: -1 });
    (await engine.next('change')).fail(new Error('Temperature is above 0.'));
    await assert.rejects(changing, { message: 'Temperature is above 0.' });
    assert.equal(session.state.kind, 'inspection');
    assert.deepEqual(session.remembered.parameters, {});
  });

  it('cancels a change', async () => {
    await ready();
    const changing = session.change({ temperature: 2 });
    await engine.next('change').then(({ options }) => {
      session.cancel();
      assert.equal(options.signal?.aborted, true);
    });
    await assert.rejects(changing, CancelledError);
    assert.equal(session.state.kind, 'inspection');
  });

  it('cancels a change also when a continuation has ended in the meantime', async () => {
    await ready();
    const continuing = session.continue({ tokens: 3 });
    const continuation = await engine.next('continue');
    const changing = session.change({ temperature: 2 });
    const change = await engine.next('change');
    continuation.answer({ summary: summary({ revision: 8 }), ending: 'length', text: ' c' });
    assert.deepEqual(await continuing, { ending: 'length', text: ' c' });
    session.cancel();
    assert.equal(change.options.signal?.aborted, true, 'the cancellation reaches the change');
    await assert.rejects(changing, CancelledError);
  });

  it('waits for a change before it asks anything of what is shown', async () => {
    await ready();
    const changing = session.change({ temperature: 2 });
    const change = await engine.next('change');
    const asked = session.ask('metrics', { layer: 0, head: 0 });
    assert.ok(!engine.waiting.includes('metrics'));
    change.answer(summary({ revision: 8 }));
    (await engine.next('metrics')).answer([]);
    assert.deepEqual(await asked, []);
    await changing;
  });

  it('counts revisions of its own, whatever the engine counts', async () => {
    await ready();
    const slicing = session.ask('slice', { layer: 0, head: 0, step: 'weights' });
    const span = { start: 0, end: 1 };
    const numbers = { shape: [1, 1], data: new Float32Array(1), emptyRows: new Uint32Array() };
    const slice = { ...numbers, rows: span, columns: span, minimum: 0, maximum: 0, revision: 7 };
    (await engine.next('slice')).answer(slice);
    assert.equal((await slicing).revision, 1);
  });

  it('is done again after the process has died, with its parameters and what its model wrote', async () => {
    const continuation = { ids: [5], ending: 'length', drawn: false, by: 'model' } as const;
    await ready({ continuation });
    const changing = session.change({ temperature: 2 });
    (await engine.next('change')).answer(summary({ revision: 8, continuation }));
    await changing;
    engine.stop();
    const asked = session.ask('metrics', { layer: 0, head: 0 });
    const open = await engine.next('open');
    assert.deepEqual(open.params.parameters, { temperature: 2 });
    assert.deepEqual(open.params.continuation, continuation);
    open.answer(opened({ id: 'engine-2', revision: 1 }));
    const metrics = await engine.next('metrics');
    assert.equal(metrics.params.inspection, 'engine-2');
    metrics.answer([]);
    await asked;
    assert.equal(session.summary?.revision, 3, 'revisions go on growing');
  });

  it('keeps what is set from outside through changes, and when the process has died', async () => {
    const zero = [{ layer: 0, step: 'weights', set: { kind: 'zero' } }] as const;
    await ready();
    const setting = session.change({}, { interventions: zero });
    const first = await engine.next('change');
    assert.deepEqual(first.params, { inspection: 'engine-1', parameters: {}, interventions: zero });
    // What is gathered while it runs says nothing of interventions: they stay.
    const changing = session.change({ temperature: 2 });
    first.answer(summary({ revision: 8 }));
    const second = await engine.next('change');
    assert.deepEqual(second.params, { inspection: 'engine-1', parameters: { temperature: 2 } });
    second.answer(summary({ revision: 9 }));
    await Promise.all([setting, changing]);
    engine.stop();
    const running = session.ready();
    const open = await engine.next('open');
    assert.deepEqual(open.params.interventions, zero);
    open.answer(opened({ id: 'engine-2' }));
    await running;
  });

  it('ends a change by the signal that came with it', async () => {
    await ready();
    const controller = new AbortController();
    const changing = session.change({ temperature: 2 }, { signal: controller.signal });
    const { options } = await engine.next('change');
    controller.abort();
    assert.equal(options.signal?.aborted, true);
    await assert.rejects(changing, CancelledError);
    const late = session.change({ temperature: 3 }, { signal: controller.signal });
    await assert.rejects(late, CancelledError);
    engine.assertIdle();
  });

  it('runs again after the process has died in the middle of a run, where that is asked for', async () => {
    const running = session.ready();
    await engine.next('open');
    engine.stop();
    engine.assertIdle();
    session.cancel();
    await assert.rejects(running, CancelledError);
    assert.equal(session.state.kind, 'failed');
    const again = session.again();
    (await engine.next('open')).answer(opened({ id: 'engine-2' }));
    assert.equal((await again).revision, 1);
  });

  it('says so where the process dies in the middle of a question', async () => {
    await ready();
    const asked = session.ask('metrics', { layer: 0, head: 0 });
    const request = await engine.next('metrics');
    engine.stop();
    const { EngineStoppedError } = await import('../../../../src/host/transports/client.js');
    request.fail(new EngineStoppedError('The engine stopped.', { kind: 'exit', code: 1 }));
    await assert.rejects(asked, { message: 'The engine stopped.' });
    assert.deepEqual(session.state, { kind: 'failed', message: 'The engine stopped.' });
  });

  it('asks again where somebody else’s run was ended', async () => {
    await ready();
    const asked = session.ask('metrics', { layer: 0, head: 0 });
    const request = await engine.next('metrics');
    engine.stop();
    const { EngineStoppedError } = await import('../../../../src/host/transports/client.js');
    request.fail(new EngineStoppedError('stopped', { kind: 'unresponsive' }));
    (await engine.next('open')).answer(opened({ id: 'engine-2' }));
    (await engine.next('metrics')).answer([]);
    assert.deepEqual(await asked, []);
  });

  it('passes questions about its variants on, and refuses those about earlier ones', async () => {
    await ready();
    const comparing = session.compare([{ temperature: 2 }]);
    (await engine.next('compare')).answer([{ kind: 'variant', summary: summary({ id: 'variant-1' }) }]);
    await comparing;
    const asked = session.ask('metrics', { inspection: 'variant-1', layer: 0, head: 0 });
    const request = await engine.next('metrics');
    assert.equal(request.params.inspection, 'variant-1');
    request.answer([]);
    await asked;
    const changing = session.change({ temperature: 3 });
    (await engine.next('change')).answer(summary({ revision: 8 }));
    await changing;
    const gone = session.ask('metrics', { inspection: 'variant-1', layer: 0, head: 0 });
    await assert.rejects(gone, CancelledError);
  });

  it('halts a continuation in the process that runs it, and none that is gone', async () => {
    await ready();
    const halting = session.halt();
    const halt = await engine.next('halt');
    assert.equal(halt.params.inspection, 'engine-1');
    halt.answer(null);
    await halting;
    engine.stop();
    await session.halt();
    engine.assertIdle();
  });

  it('tells how far a run is, also a page that comes up while it runs', async () => {
    const told: string[] = [];
    session.onDidProgress(({ message }) => told.push(message));
    const running = session.ready();
    const open = await engine.next('open');
    open.options.onProgress?.({ message: 'Layer 1 of 2', fraction: 0.5 });
    assert.deepEqual(told, ['Layer 1 of 2']);
    assert.ok(session.state.kind === 'busy');
    assert.deepEqual(session.state.progress, { message: 'Layer 1 of 2', fraction: 0.5 });
    open.answer(opened());
    await running;
  });

  describe('that is disposed of', () => {
    it('while it runs, cancels the run', async () => {
      const running = session.ready();
      const open = await engine.next('open');
      session.dispose();
      assert.equal(open.options.signal?.aborted, true);
      await assert.rejects(running, CancelledError);
    });

    it('when a result comes all the same, closes it', async () => {
      const running = session.ready();
      const open = await engine.next('open');
      open.answer(opened());
      session.dispose();
      await assert.rejects(running, CancelledError);
      assert.deepEqual((await engine.next('close')).params, { inspection: 'engine-1' });
    });

    it('when it is open, closes it, and tells once', async () => {
      await ready();
      let told = 0;
      session.onDidDispose(() => told++);
      session.dispose();
      session.dispose();
      assert.deepEqual((await engine.next('close')).params, { inspection: 'engine-1' });
      assert.equal(told, 1);
    });

    it('while a change runs, cancels the change and closes what was shown', async () => {
      await ready();
      const changing = session.change({ temperature: 2 });
      const change = await engine.next('change');
      session.dispose();
      assert.equal(change.options.signal?.aborted, true);
      await assert.rejects(changing, CancelledError);
      assert.deepEqual((await engine.next('close')).params, { inspection: 'engine-1' });
      assert.deepEqual(states, ['busy', 'inspection'], 'nobody is told of anything any more');
    });

    it('after a failure, closes nothing', async () => {
      const running = session.ready();
      (await engine.next('open')).fail(new Error('Q.npy is empty.'));
      await assert.rejects(running, { message: 'Q.npy is empty.' });
      session.dispose();
      engine.assertIdle();
    });

    it('while a question waits, leaves the question to the one that asked', async () => {
      await ready();
      const asked = session.ask('metrics', { layer: 0, head: 0 });
      const question = await engine.next('metrics');
      session.dispose();
      question.answer([]);
      assert.deepEqual(await asked, []);
    });

    it('after the process has died, closes nothing', async () => {
      await ready();
      engine.stop();
      session.dispose();
      engine.assertIdle();
    });
  });
});
