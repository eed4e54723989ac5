import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Channel } from '../../../../src/channel.js';
import { mechanisms } from '../../../../src/engine/mechanisms/index.js';
import { processTransport } from '../../../../src/host/transports/process.js';
import type { EngineMethods, EngineNotices } from '../../../../src/protocol.js';

type Nothing = Record<never, never>;

describe('The transport to a process', () => {
  it('starts the engine of the build, and ends it', async () => {
    const printed: string[] = [];
    const print = (message: string): void => {
      printed.push(message);
    };
    const engine = await processTransport.start({
      script: join(process.cwd(), 'dist', 'worker.js'),
      weights: 5e6,
      log: { info: print, warn: print, error: print },
    });
    const channel = new Channel<EngineMethods, Nothing, Nothing, EngineNotices>(engine.port, {}, {});
    try {
      assert.equal(engine.name, `process ${engine.processId}`);
      assert.equal(engine.sharesDisk, true);
      const found = await channel.request('mechanisms', null);
      assert.deepEqual(
        found.map(({ id }) => id),
        mechanisms.map(({ id }) => id),
      );
    } finally {
      engine.kill();
      channel.dispose();
    }
    assert.deepEqual(await engine.ended, { kind: 'signal', signal: 'SIGKILL' });
    engine.kill();
    assert.deepEqual(printed, []);
  });

  it('starts one that a promise rejected unheard does not end: it is logged', async () => {
    const printed: string[] = [];
    let logged: () => void = () => undefined;
    const log = new Promise<void>((resolve) => {
      logged = resolve;
    });
    const print = (message: string): void => {
      printed.push(message);
      if (printed.join('').includes('left behind by memory')) logged();
    };
    const engine = await processTransport.start({
      script: join(process.cwd(), 'test', 'support', 'host', 'rejecting.fixture.cjs'),
      log: { info: print, warn: print, error: print },
    });
    const channel = new Channel<EngineMethods, Nothing, Nothing, EngineNotices>(engine.port, {}, {});
    try {
      await channel.request('mechanisms', null);
      await channel.request('memory', null);
      await log;
      assert.match(
        printed.join(''),
        /^Something failed that nobody waited for: Error: left behind by mechanisms/,
      );
    } finally {
      engine.kill();
      channel.dispose();
    }
    assert.deepEqual(await engine.ended, { kind: 'signal', signal: 'SIGKILL' });
  });
});
