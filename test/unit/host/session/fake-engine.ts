import assert from 'node:assert/strict';
import { CancelledError, type RequestOptions } from '../../../../src/channel.js';
import { EngineStoppedError, type Stop } from '../../../../src/host/transports/client.js';
import type { SessionEngine } from '../../../../src/host/session/session-options.js';
import type { EngineMethods } from '../../../../src/protocol.js';

interface Asked {
  readonly method: string;
  readonly params: unknown;
  readonly options: RequestOptions;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** An engine whose answers a test gives, when it wants to. The first picture of a result is refused at once. */
export class FakeEngine implements SessionEngine {
  generation = 1;
  processId: number | undefined = 1;
  holders = 0;
  private asked: Asked[] = [];
  private watchers: (() => void)[] = [];

  hold(): { dispose(): void } {
    this.holders++;
    return { dispose: () => void this.holders-- };
  }

  sharesDisk(): Promise<boolean> {
    return Promise.resolve(true);
  }

  request<K extends keyof EngineMethods>(
    method: K,
    params: EngineMethods[K]['params'],
    options: RequestOptions = {},
  ): Promise<EngineMethods[K]['result']> {
    if (method === 'slice' && options.onProgress === undefined && options.signal !== undefined) {
      return Promise.reject(new Error('no picture'));
    }
    return new Promise((resolve, reject) => {
      const one: Asked = { method, params, options, resolve: (result) => resolve(result as never), reject };
      this.asked.push(one);
      options.signal?.addEventListener('abort', () => {
        this.asked = this.asked.filter((each) => each !== one);
        reject(new CancelledError());
      });
      for (const watcher of this.watchers.splice(0)) watcher();
    });
  }

  /** The methods that wait for an answer. */
  get waiting(): readonly string[] {
    return this.asked.map(({ method }) => method);
  }

  /** The oldest request of a method, once there is one. */
  async next<K extends keyof EngineMethods>(
    method: K,
  ): Promise<{
    readonly params: EngineMethods[K]['params'];
    readonly options: RequestOptions;
    answer(result: EngineMethods[K]['result']): void;
    fail(error: Error): void;
  }> {
    let found = this.asked.find((each) => each.method === method);
    while (found === undefined) {
      await new Promise<void>((resolve) => this.watchers.push(resolve));
      found = this.asked.find((each) => each.method === method);
    }
    const one = found;
    this.asked = this.asked.filter((each) => each !== one);
    return {
      params: one.params as EngineMethods[K]['params'],
      options: one.options,
      answer: (result) => {
        one.resolve(result);
      },
      fail: (error) => {
        one.reject(error);
      },
    };
  }

  /** Ends the process: what waits is rejected, and the next process knows nothing of it. */
  stop(stop: Stop = { kind: 'signal', signal: 'SIGKILL' }): void {
    this.generation++;
    for (const one of this.asked.splice(0)) one.reject(new EngineStoppedError('The engine stopped.', stop));
  }

  assertIdle(): void {
    assert.deepEqual(this.waiting, []);
  }
}
