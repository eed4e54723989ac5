import assert from 'node:assert/strict';
import { join } from 'node:path';
import { CancelledError } from '../../../../src/channel.js';
import { Engine, EngineStoppedError } from '../../../../src/host/transports/client.js';
import type { EngineOptions, Stop } from '../../../../src/host/transports/client.js';
import { textRequest } from '../../../support/inspections.js';
import { summaryOf } from '../../../support/summaries.js';

const script = join(process.cwd(), 'test/unit/host/transports/worker.fixture.cjs');
const embedded = { kind: 'embedded' } as const;

describe('host/engine', () => {
  const engines: Engine[] = [];
  const logged: string[] = [];
  const keep = (message: string): void => {
    logged.push(message);
  };

  function start(options: Partial<EngineOptions> = {}): Engine {
    const describe = (stop: Stop, restarted: boolean): string =>
      `stopped: ${JSON.stringify(stop)}, ${restarted ? 'restarted' : 'not restarted'}`;
    const engine = new Engine({ script, log: { info: keep, warn: keep, error: keep }, describe, ...options });
    engines.push(engine);
    return engine;
  }

  const inspect = (engine: Engine, text: string, signal?: AbortSignal): Promise<{ readonly id: string }> =>
    engine
      .request('open', textRequest({ text, model: embedded }), signal === undefined ? {} : { signal })
      .then(summaryOf);

  async function until(condition: () => boolean): Promise<void> {
    const end = Date.now() + 5000;
    while (!condition()) {
      assert.ok(Date.now() < end, 'it did not come about within five seconds');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  afterEach(() => {
    for (const engine of engines.splice(0)) engine.dispose();
    logged.length = 0;
  });

  it('starts no process before it is asked for something', async () => {
    const engine = start();
    assert.equal(engine.processId, undefined);
    const { id } = await inspect(engine, 'a word');
    assert.equal(id, String(engine.processId));
    assert.equal(engine.generation, 1);
  });

  it('passes on the sentence of a request that fails, and goes on', async () => {
    const engine = start();
    await assert.rejects(engine.request('candidates', { inspection: '1', query: 0, count: 1 }), {
      message: 'candidates: no such inspection',
    });
    await inspect(engine, 'a word');
    assert.equal(engine.generation, 1);
  });

  it('rejects what was under way when the process is killed, and restarts it', async () => {
    const engine = start();
    await inspect(engine, 'a word');
    const before = engine.processId ?? 0;
    const waiting = [inspect(engine, 'wait'), inspect(engine, 'wait')];
    process.kill(before, 'SIGKILL');
    for (const one of waiting) {
      await assert.rejects(one, (error) => {
        assert.ok(error instanceof EngineStoppedError);
        assert.match(error.message, /SIGKILL.*, restarted$/);
        return true;
      });
    }
    assert.notEqual(engine.processId, before);
    assert.equal(engine.generation, 2);
    assert.equal((await inspect(engine, 'a word')).id, String(engine.processId));
  });

  it('does not restart a process that never answered, until it is asked again', async () => {
    const engine = start();
    await assert.rejects(inspect(engine, 'exit'), /"code":3.*not restarted/);
    assert.equal(engine.processId, undefined);
    await inspect(engine, 'a word');
    assert.equal(engine.generation, 2);
  });

  it('says so when there is no such script', async () => {
    const engine = start({ script: join(process.cwd(), 'no-such-worker.cjs') });
    await assert.rejects(inspect(engine, 'a word'), EngineStoppedError);
    await until(() => logged.some((line) => line.includes('no-such-worker.cjs')));
  });

  it('cancels at once, and keeps a process that heeds it', async () => {
    const engine = start({ patience: 100 });
    await inspect(engine, 'a word');
    const before = engine.processId;
    const controller = new AbortController();
    const waiting = inspect(engine, 'wait', controller.signal);
    controller.abort();
    await assert.rejects(waiting, CancelledError);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(engine.processId, before);
  });

  it('ends a process that goes on after its run was cancelled, within a second and a bit', async () => {
    const engine = start();
    await inspect(engine, 'a word');
    const before = engine.processId;
    const controller = new AbortController();
    const blocked = new Promise<void>((resolve) => {
      engine
        .request('open', textRequest({ text: 'block', model: embedded }), {
          signal: controller.signal,
          onProgress: () => {
            resolve();
          },
        })
        .catch(() => undefined);
    });
    await blocked;
    const cancelled = Date.now();
    controller.abort();
    // Asked in between, it waits for the process that will answer it.
    const next = inspect(engine, 'a word');
    await until(() => engine.processId !== before);
    assert.ok(Date.now() - cancelled < 1500, `it took ${Date.now() - cancelled} ms`);
    assert.ok(logged.some((line) => line.includes('unresponsive')));
    assert.equal((await next).id, String(engine.processId));
  });

  it('goes to rest when nobody holds it, and not before', async () => {
    const engine = start({ grace: 50 });
    const held = engine.hold();
    await inspect(engine, 'a word');
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.notEqual(engine.processId, undefined);
    held.dispose();
    held.dispose();
    await until(() => engine.processId === undefined);
    await inspect(engine, 'a word');
    assert.equal(engine.generation, 2);
  });

  it('writes what the process tells to the log', async () => {
    const engine = start();
    await inspect(engine, 'log');
    await until(() => logged.includes('half a word'));
  });

  it('leaves no process behind when it is disposed of', async () => {
    const engine = start();
    await inspect(engine, 'a word');
    const id = engine.processId ?? 0;
    const waiting = inspect(engine, 'wait');
    engine.dispose();
    await assert.rejects(waiting, EngineStoppedError);
    await until(() => {
      try {
        process.kill(id, 0);
        return false;
      } catch {
        return true;
      }
    });
    await assert.rejects(inspect(engine, 'a word'), EngineStoppedError);
  });
});
