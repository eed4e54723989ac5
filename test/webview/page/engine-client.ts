import { Channel } from '../../../src/channel.js';
import type { Port } from '../../../src/channel.js';
import type { EngineMethods, EngineNotices } from '../../../src/protocol.js';
import type { WebStart } from '../../../src/web-worker.js';

type Nothing = Record<never, never>;

declare global {
  interface Window {
    /** Asks the engine in the worker. */
    ask<K extends keyof EngineMethods>(
      method: K,
      params: EngineMethods[K]['params'],
    ): Promise<EngineMethods[K]['result']>;
    /** Starts the engine of the build in a worker. */
    startEngine(start: WebStart): void;
  }
}

window.startEngine = (start) => {
  const worker = new Worker('/web/engine.js', { type: 'module' });
  const port: Port = {
    post(message) {
      worker.postMessage(message);
    },
    listen(listener) {
      const heard = ({ data }: MessageEvent): void => {
        listener(data);
      };
      worker.addEventListener('message', heard);
      return () => {
        worker.removeEventListener('message', heard);
      };
    },
  };
  const channel = new Channel<EngineMethods, Nothing, Nothing, EngineNotices>(port, {}, {});
  worker.addEventListener('error', ({ message }) => {
    channel.dispose(new Error(`The worker failed: ${message}`));
  });
  worker.postMessage(start);
  window.ask = (method, params) => channel.request(method, params);
};
