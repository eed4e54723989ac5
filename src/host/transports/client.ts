import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { Channel } from '../../channel.js';
import type { Port, RequestOptions } from '../../channel.js';
import type { EngineMethods, EngineNotices } from '../../protocol.js';
import { Disposable } from '../base/disposable.js';
import { engineEnvironment } from './engine-environment.js';
import type { Releasable } from '../base/disposable.js';

/** Why a process of the engine is no more. */
export type Stop =
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'failed'; readonly message: string }
  /** A cancelled run went on, so its process was ended. */
  | { readonly kind: 'unresponsive' }
  /** Nobody had used it for a while, or the extension is going. */
  | { readonly kind: 'idle' };

/** A request that was under way when the engine's process stopped. */
export class EngineStoppedError extends Error {
  override readonly name = 'EngineStoppedError';
  constructor(
    message: string,
    readonly stop: Stop,
  ) {
    super(message);
  }
}

export interface Log {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export interface EngineOptions {
  /** The worker's script. */
  readonly script: string;
  readonly log: Log;
  /** The sentence for people: what stopped, and whether it has been started again. */
  readonly describe: (stop: Stop, restarted: boolean) => string;
  /** How many bytes of weights the process may hold at once; asked when one starts. */
  readonly weights?: () => number;
  /** How long a cancelled run may go on before its process is ended, in milliseconds. */
  readonly patience?: number;
  /** How long the process is kept when nobody holds it, in milliseconds. */
  readonly grace?: number;
}

type Nothing = Record<never, never>;

interface Running {
  readonly child: ChildProcess;
  readonly channel: Channel<EngineMethods, Nothing, Nothing, EngineNotices>;
  pending: number;
  /** Until the process has shown that it heeds a cancellation, or has been ended. */
  checking: Promise<void> | undefined;
  /** One that never answered is not started again by itself: it would only die again. */
  answered: boolean;
}

/** What may compute for long. Other questions are answered quickly, or wait for one of these that nobody cancelled. */
const runs: ReadonlySet<keyof EngineMethods> = new Set(['open', 'change']);

/**
 * Starts the engine's process when it is first asked for something, and again when it has died.
 * A request never hangs: it is answered, cancelled, or rejected with the sentence that says how the process stopped.
 */
export class Engine extends Disposable {
  private running: Running | undefined;
  private started = 0;
  private holders = 0;
  private idle: NodeJS.Timeout | undefined;
  private readonly patience: number;
  private readonly grace: number;

  constructor(private readonly options: EngineOptions) {
    super();
    this.patience = options.patience ?? 1000;
    this.grace = options.grace ?? 5 * 60_000;
  }

  /** Counts the processes there have been: what an earlier one had open is lost. */
  get generation(): number {
    return this.started;
  }

  get processId(): number | undefined {
    return this.running?.child.pid;
  }

  /** Keeps the process alive for something that is open in it. */
  hold(): Releasable {
    this.holders++;
    clearTimeout(this.idle);
    let held = true;
    return {
      dispose: () => {
        if (!held) return;
        held = false;
        this.holders--;
        this.rest();
      },
    };
  }

  /**
   * @throws CancelledError when the signal says so, RemoteError with the engine's sentence, EngineStoppedError
   */
  async request<K extends keyof EngineMethods>(
    method: K,
    params: EngineMethods[K]['params'],
    options: RequestOptions = {},
  ): Promise<EngineMethods[K]['result']> {
    if (this.disposed) throw this.stopped({ kind: 'idle' }, false);
    const { signal } = options;
    // Whether the process heeds an earlier cancellation is known soon; until then nothing is entrusted to it.
    await this.running?.checking;
    if (this.disposed) throw this.stopped({ kind: 'idle' }, false);
    const running = (this.running ??= this.start());
    const checkResponsive = (): void => {
      this.checkResponsive(running);
    };
    clearTimeout(this.idle);
    running.pending++;
    try {
      const reply = running.channel.request(method, params, options);
      // Only now, so that the process reads of the cancellation before it is asked for a sign of life.
      if (runs.has(method)) signal?.addEventListener('abort', checkResponsive, { once: true });
      const result = await reply;
      running.answered = true;
      return result;
    } finally {
      signal?.removeEventListener('abort', checkResponsive);
      running.pending--;
      this.rest();
    }
  }

  override dispose(): void {
    if (this.running !== undefined) this.end(this.running, { kind: 'idle' });
    clearTimeout(this.idle);
    super.dispose();
  }

  private start(): Running {
    const { script, log, weights } = this.options;
    // The extension host's own debugger flags must not reach the worker: the port would be taken.
    const { NODE_OPTIONS: _, ...inherited } = process.env;
    const child = fork(script, [], {
      serialization: 'advanced',
      execArgv: [],
      env: {
        ...inherited,
        ELECTRON_RUN_AS_NODE: '1',
        ...engineEnvironment,
        ...(weights === undefined ? {} : { ATTENTION_INSPECTOR_WEIGHTS: String(weights()) }),
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const channel = new Channel<EngineMethods, Nothing, Nothing, EngineNotices>(
      portOf(child),
      {},
      {
        log: ({ level, message }) => {
          if (level === 'error') log.error(message);
          else if (level === 'warning') log.warn(message);
          else log.info(message);
        },
      },
    );
    const running: Running = { child, channel, pending: 0, checking: undefined, answered: false };
    this.started++;
    log.info(`The engine's process ${child.pid ?? '(none)'} was started.`);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      log.info(text.trimEnd());
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log.warn(text.trimEnd());
    });
    child.once('error', ({ message }) => {
      this.end(running, { kind: 'failed', message });
    });
    child.once('exit', (code, signal) => {
      this.end(running, signal === null ? { kind: 'exit', code: code ?? 0 } : { kind: 'signal', signal });
    });
    return running;
  }

  /** Ends a process if it has not, rejects what it was doing, and starts the next where somebody is waiting for one. */
  private end(running: Running, stop: Stop): void {
    if (this.running !== running) return;
    this.running = undefined;
    const restart = stop.kind !== 'idle' && running.answered && !this.disposed;
    const stopped = this.stopped(stop, restart);
    if (stop.kind === 'idle') this.options.log.info(stopped.message);
    else this.options.log.error(stopped.message);
    running.child.kill('SIGKILL');
    if (restart) this.running = this.start();
    running.channel.dispose(stopped);
    this.rest();
  }

  /** After a cancellation: the process must answer soon, or it is ended. */
  private checkResponsive(running: Running): void {
    const timer = setTimeout(() => {
      this.end(running, { kind: 'unresponsive' });
    }, this.patience);
    const clear = (): void => {
      clearTimeout(timer);
    };
    const sign = running.channel.request('memory', null).then(clear, clear);
    running.checking = Promise.all([running.checking, sign]).then(() => undefined);
  }

  private stopped(stop: Stop, restarted: boolean): EngineStoppedError {
    return new EngineStoppedError(this.options.describe(stop, restarted), stop);
  }

  private rest(): void {
    clearTimeout(this.idle);
    const { running } = this;
    if (running === undefined || this.holders > 0 || running.pending > 0) return;
    this.idle = setTimeout(() => {
      if (running.pending === 0 && this.holders === 0) this.end(running, { kind: 'idle' });
    }, this.grace);
    this.idle.unref();
  }
}

function portOf(child: ChildProcess): Port {
  return {
    post: (message) => {
      // The message is one of the channel's envelopes, made of what structured cloning carries.
      // A process that is gone is reported by its exit, so a failed post needs no word of its own.
      if (child.connected) child.send(message as object, () => undefined);
    },
    listen: (listener) => {
      child.on('message', listener);
      return () => {
        child.off('message', listener);
      };
    },
  };
}
