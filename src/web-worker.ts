import { Channel, type Port } from './channel.js';
import { Engine } from './inspection/core/engine.js';
import { webPlatform, type WebOptions } from './platform/web.js';
import type { EngineMethods, EngineNotices } from './protocol.js';

/** The first message to the worker: what there is to read, and with what it is run. */
export interface WebStart extends WebOptions {
  readonly type: 'start';
  /** The folder of `files` that holds the embedded models. */
  readonly media: string;
  /** How many bytes of weights are held at once, as float32. */
  readonly weights?: number;
}

/** What a worker of a browser has; the types of Node, that the sources are checked with, lack it. */
interface WorkerScope {
  postMessage(message: unknown): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  removeEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

/** Entry of the engine in a browser: a worker that is told what there is to read, then inspections over its messages. */
function serve(scope: WorkerScope): void {
  const port: Port = {
    post(message) {
      scope.postMessage(message);
    },
    listen(listener) {
      const heard = ({ data }: { readonly data: unknown }): void => {
        listener(data);
      };
      scope.addEventListener('message', heard);
      return () => {
        scope.removeEventListener('message', heard);
      };
    },
  };
  const stop = port.listen((message) => {
    stop();
    const { media, weights, ...options } = startOf(message);
    const engine = new Engine(webPlatform(options), media, weights);
    new Channel<Record<never, never>, EngineNotices, EngineMethods, Record<never, never>>(
      port,
      engine.handlers(),
      {},
    );
  });
}

/** @throws TypeError where the message is another one */
function startOf(message: unknown): WebStart {
  if (isStart(message)) return message;
  throw new TypeError('The engine is started by a message {"type": "start", "files": …, "media": …}.');
}

/** Whoever starts the worker is ours; that it is the message that starts is looked at here. */
function isStart(message: unknown): message is WebStart {
  if (typeof message !== 'object' || message === null) return false;
  const fields: Readonly<Record<string, unknown>> = { ...message };
  const isFile = (file: unknown): boolean =>
    file instanceof Uint8Array ||
    (typeof file === 'object' &&
      file !== null &&
      'url' in file &&
      typeof file.url === 'string' &&
      'size' in file &&
      Number.isSafeInteger(file.size));
  const { type, files, media, weights, onnxRuntime } = fields;
  return (
    type === 'start' &&
    typeof media === 'string' &&
    (weights === undefined || typeof weights === 'number') &&
    (onnxRuntime === undefined || typeof onnxRuntime === 'string') &&
    typeof files === 'object' &&
    files !== null &&
    Object.values(files).every(isFile)
  );
}

serve(globalThis as unknown as WorkerScope); // It is one: nothing else runs this script.
