import assert from 'node:assert/strict';
import { join } from 'node:path';
import { CancelledError, type Port } from '../../../../src/channel.js';
import { EngineClient, EngineStoppedError } from '../../../../src/host/transports/client.js';
import type { EngineClientOptions, Stop } from '../../../../src/host/transports/client.js';
import { transports } from '../../../../src/host/transports/index.js';
import { processTransport } from '../../../../src/host/transports/process.js';
import type { End, StartedEngine, Transport } from '../../../../src/host/transports/transport.js';
import { textRequest } from '../../../support/inspections.js';
import { summaryOf } from '../../../support/summaries.js';

const script = join(process.cwd(), 'test/unit/host/transports/worker.fixture.cjs');
const embedded = { kind: 'embedded' } as const;

describe('The engine’s client', () => {
  const engines: EngineClient[] = [];
  const logged: string[] = [];
  const keep = (message: string): void => {
    logged.push(message);
  };

  function start(options: Partial<EngineClientOptions> = {}): EngineClient {
    const describe = (stop: Stop, restarted: boolean): string =>
      `stopped: ${JSON.stringify(stop)}, ${restarted ? 'restarted' : 'not restarted'}`;
    const engine = new EngineClient({
      transport: processTransport,
      script,
      log: { info: keep, warn: keep, error: keep },
      describe,
      ...options,
    });
    engines.push(engine);
    return engine;
  }

  const inspect = (
    engine: EngineClient,
    text: string,
    signal?: AbortSignal,
  ): Promise<{ readonly id: string }> =>
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

  describe('whatever its transport is', () => {
    /** An engine inside this process, which answers every request with its method, once it is let start. */
    function transportInside(): {
      readonly transport: Transport;
      /** Lets an engine start, once that was asked for. */
      readonly letStart: () => Promise<void>;
      readonly posted: unknown[];
      readonly kills: () => number;
      readonly end: (end: End) => void;
    } {
      const posted: unknown[] = [];
      let kills = 0;
      let go: (() => void) | undefined;
      let end: (how: End) => void = () => undefined;
      const start = async (): Promise<StartedEngine> => {
        await new Promise<void>((resolve) => {
          go = resolve;
        });
        const listeners = new Set<(message: unknown) => void>();
        const port: Port = {
          post(message) {
            posted.push(message);
            const { id, method } = message as { readonly id: number; readonly method: string }; // The channel's request.
            for (const listener of listeners) listener({ type: 'result', id, result: method });
          },
          listen(listener) {
            listeners.add(listener);
            return () => listeners.delete(listener);
          },
        };
        const ended = new Promise<End>((resolve) => {
          end = resolve;
        });
        return { name: 'test', port, sharesDisk: false, ended, kill: () => kills++ };
      };
      return {
        transport: { id: 'inside', start },
        letStart: async () => {
          await until(() => go !== undefined);
          go?.();
          go = undefined;
        },
        posted,
        kills: () => kills,
        end: (how) => {
          end(how);
        },
      };
    }

    it('says what was asked before the engine had started, in order', async () => {
      const { transport, letStart, posted } = transportInside();
      const engine = start({ transport });
      const answers = Promise.all([engine.request('memory', null), engine.request('mechanisms', null)]);
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(posted, []);
      await letStart();
      assert.deepEqual(await answers, ['memory', 'mechanisms']);
      assert.equal(engine.processId, undefined);
      assert.equal(engine.generation, 1);
      assert.ok(logged.includes("The engine's test was started."));
    });

    it('rejects what was asked of one that cannot be started, with the reason', async () => {
      const transport: Transport = { id: 'broken', start: () => Promise.reject(new Error('no such server')) };
      const engine = start({ transport });
      const stopped = { name: 'EngineStoppedError', message: /"failed".*no such server.*not restarted/ };
      await assert.rejects(engine.request('memory', null), stopped);
      await assert.rejects(engine.sharesDisk(), stopped);
    });

    it('starts another one where one has ended', async () => {
      const { transport, letStart, end } = transportInside();
      const engine = start({ transport });
      const first = engine.request('memory', null);
      await letStart();
      await first;
      end({ kind: 'exit', code: 7 });
      await until(() => engine.generation === 2);
      assert.ok(logged.some((line) => line.includes('"code":7')));
      const second = engine.request('memory', null);
      await letStart();
      await second;
    });

    it('ends one that it was disposed of while it was starting', async () => {
      const { transport, letStart, kills } = transportInside();
      const engine = start({ transport });
      const asked = engine.request('memory', null);
      await new Promise((resolve) => setImmediate(resolve));
      engine.dispose();
      await assert.rejects(asked, EngineStoppedError);
      assert.equal(kills(), 0);
      await letStart();
      await until(() => kills() === 1);
    });

    it('tells whether the engine sees this machine’s disk', async () => {
      const { transport, letStart } = transportInside();
      const apart = start({ transport }).sharesDisk();
      await letStart();
      assert.equal(await apart, false);
      assert.equal(await start().sharesDisk(), true);
    });
  });

  it('has transports that are told apart by their id', () => {
    assert.equal(new Set(transports.map(({ id }) => id)).size, transports.length);
    assert.equal(transports[0].id, 'process');
  });
});
