import assert from 'node:assert/strict';
import { ResourcePool } from '../../../../src/inspection/core/resource-pool.js';
import { turnOfTheLoop } from '../../../../src/platform/turn.js';

class Thing {
  closed = 0;
  constructor(private readonly failure?: Error) {}

  async dispose(): Promise<void> {
    this.closed++;
    // Closing takes time, as that of files does.
    await turnOfTheLoop();
    if (this.failure !== undefined) throw this.failure;
  }
}

const opening =
  (thing: Thing): (() => Promise<Thing>) =>
  () =>
    Promise.resolve(thing);

const failing = (message: string): (() => Promise<Thing>) => {
  return () => Promise.reject(new Error(message));
};

/** What was rejected while `run` ran, with nobody listening. */
async function unheard(run: () => Promise<void>): Promise<unknown[]> {
  const heard: unknown[] = [];
  const listen = (reason: unknown): void => {
    heard.push(reason);
  };
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', listen);
  try {
    await run();
    await turnOfTheLoop();
    await turnOfTheLoop();
  } finally {
    process.off('unhandledRejection', listen);
    for (const other of others) process.on('unhandledRejection', other);
  }
  return heard;
}

describe('The pool of what is open', () => {
  it('answers with the error when something that lies idle changed and no longer opens', async () => {
    const pool = new ResourcePool<Thing>(2);
    const thing = new Thing();
    const rejected = await unheard(async () => {
      await (await pool.acquire('model', 'yesterday', opening(thing))).release();
      await assert.rejects(pool.acquire('model', 'today', failing('config.json is gone')), {
        message: 'config.json is gone',
      });
    });
    assert.deepEqual(rejected, []);
    assert.equal(thing.closed, 1);
    // It can be opened again once it can be read again.
    const handle = await pool.acquire('model', 'today', opening(new Thing()));
    await handle.release();
  });

  it('hears an opening that fails after everybody went', async () => {
    const pool = new ResourcePool<Thing>(2);
    const rejected = await unheard(async () => {
      const acquired = pool.acquire('model', '', failing('no such file'));
      await pool.dispose();
      await assert.rejects(acquired, { message: 'no such file' });
    });
    assert.deepEqual(rejected, []);
  });

  it('hands out what is new although what was old does not close', async () => {
    const pool = new ResourcePool<Thing>(2);
    const old = new Thing(new Error('EBADF'));
    await (await pool.acquire('model', 'yesterday', opening(old))).release();
    const thing = new Thing();
    const handle = await pool.acquire('model', 'today', opening(thing));
    assert.equal(handle.opened, thing);
    await handle.release();
    assert.equal(old.closed, 1);
  });

  it('closes those that nobody uses, but the spare ones that were used last', async () => {
    const pool = new ResourcePool<Thing>(1);
    const [first, second] = [new Thing(), new Thing()];
    await (await pool.acquire('first', '', opening(first))).release();
    await (await pool.acquire('second', '', opening(second))).release();
    assert.deepEqual([first.closed, second.closed], [1, 0]);
    await pool.dispose();
    assert.deepEqual([first.closed, second.closed], [1, 1]);
  });
});
