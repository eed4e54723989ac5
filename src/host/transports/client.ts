import { reasonOf } from '../../common/values.js';
import { Channel } from '../../channel.js';
import type { RequestOptions } from '../../channel.js';
import type { EngineMethods, EngineNotices } from '../../protocol.js';
import { Disposable } from '../base/disposable.js';
import type { Releasable } from '../base/disposable.js';
import { startingPort } from './starting-port.js';
import type { End, Log, StartedEngine, Transport } from './transport.js';

/** Why an engine is no more. */
export type Stop =
  | End
  /** A cancelled run went on, so the engine was ended. */
  | { readonly kind: 'unresponsive' }
  /** Nobody had used it for a while, or the extension is going. */
  | { readonly kind: 'idle' };

/** A request that was under way when the engine stopped. */
export class EngineStoppedError extends Error {
  override readonly name = 'EngineStoppedError';
  constructor(
    message: string,
    readonly stop: Stop,
  ) {
    super(message);
  }
}

export interface EngineClientOptions {
  /** How an engine is started. */
  readonly transport: Transport;
  /** The engine's script. */
  readonly script: string;
  readonly log: Log;
  /** The sentence for people: what stopped, and whether it has been started again. */
  readonly describe: (stop: Stop, restarted: boolean) => string;
  /** How many bytes of weights the engine may hold at once; asked when one starts. */
  readonly weights?: () => number;
  /** How long a cancelled run may go on before its engine is ended, in milliseconds. */
  readonly patience?: number;
  /** How long the engine is kept when nobody holds it, in milliseconds. */
  readonly grace?: number;
}

type Nothing = Record<never, never>;

interface Running {
  readonly starting: Promise<StartedEngine>;
  /** Once it has started. */
  engine: StartedEngine | undefined;
  readonly channel: Channel<EngineMethods, Nothing, Nothing, EngineNotices>;
  pending: number;
  /** Until the engine has shown that it heeds a cancellation, or has been ended. */
  checking: Promise<void> | undefined;
  /** One that never answered is not started again by itself: it would only die again. */
  answered: boolean;
}

/** What may compute for long. Other questions are answered quickly, or wait for one of these that nobody cancelled. */
const runs: ReadonlySet<keyof EngineMethods> = new Set(['open', 'change']);

/**
 * Speaks to an engine, whatever transport starts it: when it is first asked for something, and again when it has died.
 * A request never hangs: it is answered, cancelled, or rejected with the sentence that says how the engine stopped.
 */
export class EngineClient extends Disposable {
  private running: Running | undefined;
  private started = 0;
  private holders = 0;
  private idle: NodeJS.Timeout | undefined;
  private readonly patience: number;
  private readonly grace: number;

  constructor(private readonly options: EngineClientOptions) {
    super();
    this.patience = options.patience ?? 1000;
    this.grace = options.grace ?? 5 * 60_000;
  }

  /** Counts the engines there have been: what an earlier one had open is lost. */
  get generation(): number {
    return this.started;
  }

  /** Of an engine that is a process of this machine; undefined while none runs. */
  get processId(): number | undefined {
    return this.running?.engine?.processId;
  }

  /** Whether a path leads the engine to the file that it leads us to; starts it where none runs. @throws EngineStoppedError */
  async sharesDisk(): Promise<boolean> {
    if (this.disposed) throw this.stopped({ kind: 'idle' }, false);
    const running = (this.running ??= this.start());
    try {
      return (await running.starting).sharesDisk;
    } catch (error) {
      throw this.stopped(failureOf(error), false);
    } finally {
      this.rest();
    }
  }

  /** Keeps the engine alive for something that is open in it. */
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
    // Whether the engine heeds an earlier cancellation is known soon; until then nothing is entrusted to it.
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
      // Only now, so that the engine reads of the cancellation before it is asked for a sign of life.
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
    const { transport, script, log, weights } = this.options;
    const starting = transport.start({
      script,
      log,
      ...(weights === undefined ? {} : { weights: weights() }),
    });
    const channel = new Channel<EngineMethods, Nothing, Nothing, EngineNotices>(
      startingPort(starting),
      {},
      {
        log: ({ level, message }) => {
          if (level === 'error') log.error(message);
          else if (level === 'warning') log.warn(message);
          else log.info(message);
        },
      },
    );
    const running: Running = {
      starting,
      engine: undefined,
      channel,
      pending: 0,
      checking: undefined,
      answered: false,
    };
    this.started++;
    starting.then(
      (engine) => {
        // It may have been ended while it was being started.
        if (this.running !== running) {
          engine.kill();
          return;
        }
        running.engine = engine;
        log.info(`The engine's ${engine.name} was started.`);
        void engine.ended.then((end) => {
          this.end(running, end);
        });
      },
      (error: unknown) => {
        this.end(running, failureOf(error));
      },
    );
    return running;
  }

  /** Ends an engine if it has not, rejects what it was doing, and starts the next where somebody is waiting for one. */
  private end(running: Running, stop: Stop): void {
    if (this.running !== running) return;
    this.running = undefined;
    const restart = stop.kind !== 'idle' && running.answered && !this.disposed;
    const stopped = this.stopped(stop, restart);
    if (stop.kind === 'idle') this.options.log.info(stopped.message);
    else this.options.log.error(stopped.message);
    running.engine?.kill();
    if (restart) this.running = this.start();
    running.channel.dispose(stopped);
    this.rest();
  }

  /** After a cancellation: the engine must answer soon, or it is ended. */
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

function failureOf(error: unknown): End {
  return { kind: 'failed', message: reasonOf(error) };
}
