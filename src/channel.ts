import type { Methods, Notices } from './protocol.js';
import type { TextChange } from './text-change.js';

/** Anything that carries messages both ways: a webview, a forked process, a message port, a test's pair. */
export interface Port {
  post(message: unknown): void;
  /** Calls back for every message that arrives; returns how to stop. */
  listen(listener: (message: unknown) => void): () => void;
}

/** Progress of a long request: a word for people, and how far, or null where that cannot be told. */
export interface Progress {
  readonly message: string;
  readonly fraction: number | null;
  /** Of a text that is being written: what is new since the last progress. */
  readonly text?: TextChange;
}

export interface RequestOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** What a handler is given besides its parameters. */
export interface Call {
  readonly signal: AbortSignal;
  progress(progress: Progress): void;
}

export type Handlers<M extends Methods> = {
  readonly [K in keyof M]: (params: M[K]['params'], call: Call) => M[K]['result'] | Promise<M[K]['result']>;
};

export type Listeners<N extends Notices> = { readonly [K in keyof N]?: (notice: N[K]) => void };

/** An error that came from the other side. `kind` is its class's name there, so that a caller can tell a cancelled run from a bad file. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';
  constructor(
    message: string,
    readonly kind: string,
  ) {
    super(message);
  }
}

/** The request was cancelled, by its caller or because the channel closed. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError';
  constructor(message = 'Cancelled.') {
    super(message);
  }
}

type Envelope =
  | { readonly type: 'request'; readonly id: number; readonly method: string; readonly params: unknown }
  | { readonly type: 'result'; readonly id: number; readonly result: unknown }
  | { readonly type: 'error'; readonly id: number; readonly message: string; readonly kind: string }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'progress'; readonly id: number; readonly progress: Progress }
  | { readonly type: 'notice'; readonly name: string; readonly body: unknown };

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
  onProgress: ((progress: Progress) => void) | undefined;
  release(): void;
}

/**
 * Requests with replies, progress and cancellation, and notices without reply, over any port.
 * A handler that throws answers with its error; a closed channel rejects what is under way; nothing is left hanging.
 *
 * `Calls` are the other side's methods, `Tells` the notices sent there, `Serves` and `Hears` are this side's.
 */
export class Channel<
  Calls extends Methods,
  Tells extends Notices,
  Serves extends Methods,
  Hears extends Notices,
> {
  private readonly pending = new Map<number, Pending>();
  private readonly running = new Map<number, AbortController>();
  private readonly stop: () => void;
  private next = 1;
  private closed = false;

  constructor(
    private readonly port: Port,
    private readonly handlers: Handlers<Serves>,
    private readonly listeners: Listeners<Hears>,
  ) {
    this.stop = port.listen((message) => {
      this.receive(message);
    });
  }

  request<K extends keyof Calls & string>(
    method: K,
    params: Calls[K]['params'],
    options: RequestOptions = {},
  ): Promise<Calls[K]['result']> {
    const { signal, onProgress } = options;
    if (this.closed) return Promise.reject(new CancelledError('The channel is closed.'));
    if (signal?.aborted === true) return Promise.reject(new CancelledError());
    const id = this.next++;
    return new Promise<Calls[K]['result']>((resolve, reject) => {
      const cancel = (): void => {
        this.post({ type: 'cancel', id });
        this.settle(id)?.reject(new CancelledError());
      };
      signal?.addEventListener('abort', cancel, { once: true });
      this.pending.set(id, {
        resolve,
        reject,
        onProgress,
        release: () => {
          signal?.removeEventListener('abort', cancel);
        },
      });
      try {
        this.post({ type: 'request', id, method, params });
      } catch (error) {
        this.settle(id);
        throw error;
      }
    });
  }

  notify<K extends keyof Tells & string>(name: K, body: Tells[K]): void {
    this.post({ type: 'notice', name, body });
  }

  /** Rejects what is under way, cancels what this side was doing, and stops listening. */
  dispose(reason: Error = new CancelledError('The channel was closed.')): void {
    if (this.closed) return;
    this.closed = true;
    this.stop();
    for (const id of [...this.pending.keys()]) this.settle(id)?.reject(reason);
    for (const controller of this.running.values()) controller.abort();
    this.running.clear();
  }

  private settle(id: number): Pending | undefined {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    pending?.release();
    return pending;
  }

  private post(envelope: Envelope): void {
    if (!this.closed) this.port.post(envelope);
  }

  private receive(message: unknown): void {
    if (this.closed || !isEnvelope(message)) return;
    switch (message.type) {
      case 'request':
        void this.serve(message.id, message.method, message.params);
        break;
      case 'result':
        this.settle(message.id)?.resolve(message.result);
        break;
      case 'error': {
        const { id, kind } = message;
        const error =
          kind === 'CancelledError' ? new CancelledError() : new RemoteError(message.message, kind);
        this.settle(id)?.reject(error);
        break;
      }
      case 'cancel':
        this.running.get(message.id)?.abort();
        break;
      case 'progress':
        this.pending.get(message.id)?.onProgress?.(message.progress);
        break;
      case 'notice':
        if (Object.hasOwn(this.listeners, message.name)) {
          // The sender's `notify` is typed by the same interface: the body fits its name.
          this.listeners[message.name]?.(message.body as Hears[string]);
        }
        break;
    }
  }

  private async serve(id: number, method: string, params: unknown): Promise<void> {
    const controller = new AbortController();
    this.running.set(id, controller);
    try {
      const handler = Object.hasOwn(this.handlers, method) ? this.handlers[method] : undefined;
      if (handler === undefined) throw new Error(`There is no method “${method}”.`);
      const result: unknown = await handler(params, {
        signal: controller.signal,
        progress: (progress) => {
          this.post({ type: 'progress', id, progress });
        },
      });
      this.post({ type: 'result', id, result });
    } catch (error) {
      const { message, name } = toldOf(error, method);
      this.post({ type: 'error', id, message, kind: controller.signal.aborted ? 'CancelledError' : name });
    } finally {
      this.running.delete(id);
    }
  }
}

/** What an engine of JavaScript says of its own limits. */
const limits =
  /^(?:Maximum call stack size exceeded|Invalid (?:array|typed array|string|array buffer) length.*|(?:Array buffer|WebAssembly\.\w+\(\):).* allocation failed|(?:Map|Set) maximum size exceeded)$/;

const unforeseen =
  /^(?:Cannot (?:read|set|destructure|convert|mix|access) |.* is (?:not (?:a function|iterable|defined|a constructor|an object)|undefined)|.*object is not iterable)/s;

/** An error as a sentence for people: also one that nobody wrote for them. */
function toldOf(error: unknown, method: string): { readonly message: string; readonly name: string } {
  const { message, name } = error instanceof Error ? error : new Error(String(error));
  if (limits.test(message)) {
    return { name, message: `“${method}” needs more memory than there is for it (${message}).` };
  }
  return (name === 'TypeError' || name === 'ReferenceError') && unforeseen.test(message)
    ? {
        name,
        message: `“${method}” failed in a way that nobody foresaw: please report it, with what it was asked of. (${message.slice(0, 200)})`,
      }
    : { name, message };
}

/** The other side's types hold for what is inside; that the envelope is whole is looked at here. */
function isEnvelope(message: unknown): message is Envelope {
  if (typeof message !== 'object' || message === null || !('type' in message)) return false;
  const fields: Readonly<Record<string, unknown>> = { ...message };
  const hasId = Number.isSafeInteger(fields['id']);
  const hasText = (name: string): boolean => typeof fields[name] === 'string';
  switch (fields['type']) {
    case 'request':
      return hasId && hasText('method');
    case 'result':
    case 'cancel':
      return hasId;
    case 'error':
      return hasId && hasText('message') && hasText('kind');
    case 'progress':
      return hasId && typeof fields['progress'] === 'object' && fields['progress'] !== null;
    case 'notice':
      return hasText('name');
    default:
      return false;
  }
}

/** What stands for a number that JSON has no word for. */
interface PackedNumber {
  readonly $number: 'NaN' | 'Infinity' | '-Infinity';
}

/**
 * A message made ready for a webview, which is posted as JSON with typed arrays beside it: numbers that JSON would turn into
 * null are packed, and typed arrays that look into a larger buffer are copied out of it, since the whole buffer would travel.
 */
export function pack(message: unknown): unknown {
  if (typeof message === 'number' && !Number.isFinite(message)) return { $number: String(message) };
  if (typeof message !== 'object' || message === null || message instanceof ArrayBuffer) return message;
  if (ArrayBuffer.isView(message)) {
    const alone = message.byteLength === message.buffer.byteLength;
    return alone ? message : copyOf(message);
  }
  if (Array.isArray(message)) return message.map(pack);
  return Object.fromEntries(Object.entries(message).map(([key, value]) => [key, pack(value)]));
}

function copyOf(view: ArrayBufferView): ArrayBufferView {
  if (view instanceof Float32Array) return new Float32Array(view);
  if (view instanceof Float64Array) return new Float64Array(view);
  if (view instanceof Uint32Array) return new Uint32Array(view);
  if (view instanceof Uint8Array) return new Uint8Array(view);
  if (view instanceof Uint8ClampedArray) return new Uint8ClampedArray(view);
  throw new TypeError(`A ${view.constructor.name} cannot travel to a webview.`);
}

/** What `pack` packed, as it was. */
export function unpack(message: unknown): unknown {
  if (typeof message !== 'object' || message === null) return message;
  if (message instanceof ArrayBuffer || ArrayBuffer.isView(message)) return message;
  if (Array.isArray(message)) return message.map(unpack);
  if (isPackedNumber(message)) return Number(message.$number);
  return Object.fromEntries(Object.entries(message).map(([key, value]) => [key, unpack(value)]));
}

function isPackedNumber(message: object): message is PackedNumber {
  return '$number' in message && Object.keys(message).length === 1;
}
