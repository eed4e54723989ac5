import { CancelledError, Channel } from '../../channel.js';
import type { Call, Port, RequestOptions } from '../../channel.js';
import type {
  Dropped,
  EngineMethods,
  HeadTypesState,
  ModelReference,
  PageMethods,
  PanelMethods,
  PanelNotices,
  PanelReports,
  ReaderChoice,
} from '../../protocol.js';
import { Disposable } from '../base/disposable.js';
import type { Releasable } from '../base/disposable.js';
import { Emitter } from '../base/emitter.js';
import type { Painter } from '../editor/paint.js';
import type { KnownHeadTypes } from '../models/head-types.js';
import { PageMoves } from './page-moves.js';
import type { Session } from '../session/session.js';
import type { Asking, Question } from '../session/session-options.js';
import type { Log } from '../transports/transport.js';

type PanelChannel = Channel<PageMethods, PanelNotices, PanelMethods, PanelReports>;

/** How long a page may take to come up and draw, in milliseconds. */
const longestAnswer = 30_000;

/** What a page wants that is not its session's. */
export interface PageServices {
  /** What is said of the page itself. */
  readonly messages: { readonly silentPage: string };
  readonly log: Log;
  readonly painter: Pick<Painter, 'clear' | 'mark' | 'paint'>;
  readonly headTypes: Pick<KnownHeadTypes, 'of'>;
  /** Puts code on the clipboard, and says so. */
  copyCode(session: Session, request: PanelMethods['copyCode']['params']): Promise<void>;
  /** Asks what of the inspection that is looked at goes to which file, unless it is one of the page's pictures, and writes it. */
  exportShown(asked: PanelMethods['export']['params']): Promise<void>;
  /** The page has put a picture on the clipboard, or could not. */
  copiedPicture(told: PanelReports['copiedPicture']): void;
  /** The models that could read what a session shows. */
  readers(session: Session): Promise<readonly ReaderChoice[]>;
  /** Has one of them read it, in this page, where the user is told of failures. */
  readWith(reader: string): Promise<void>;
  /** Inspects what was dropped onto the page, where the user is told of failures. */
  inspectDropped(dropped: Dropped): Promise<void>;
  /** Classifies a model's heads, where the user is told of failures. */
  classifyHeads(model: ModelReference): Promise<void>;
}

/** A panel's page and the session that it shows: answers the page's requests, and tells it what becomes of the session. */
export class PageConnection extends Disposable {
  private readonly endEmitter = this.own(new Emitter<void>());
  /** The session that is shown has ended. */
  readonly onDidEnd = this.endEmitter.event;
  private readonly channel: PanelChannel;
  private following: Releasable[] = [];
  /** The page has asked for what it shows, so it answers too. */
  private up = deferred();
  private readonly moves = new PageMoves((moved) => {
    this.channel.notify('position', moved);
  });

  constructor(
    port: Port,
    private shown: Session,
    private readonly services: PageServices,
  ) {
    super();
    this.channel = this.own(this.connect(port));
    this.follow();
  }

  get session(): Session {
    return this.shown;
  }

  /** Shows another session in the place of this one, which ends. */
  show(session: Session): void {
    const before = this.shown;
    this.unfollow();
    this.shown = session;
    this.follow();
    this.channel.notify('state', session.state);
    before.dispose();
  }

  /**
   * Asks the page, once it is up.
   * @throws Error where it does not come up, or does not answer
   */
  async ask<M extends keyof PageMethods>(
    method: M,
    params: PageMethods[M]['params'],
  ): Promise<PageMethods[M]['result']> {
    const limit = AbortSignal.timeout(longestAnswer);
    const late = new Promise<never>((_, reject) => {
      limit.addEventListener('abort', () => {
        reject(new Error(this.services.messages.silentPage));
      });
    });
    await Promise.race([this.up.promise, late]);
    return Promise.race([this.channel.request(method, params, { signal: limit }), late]);
  }

  /** VS Code ends the page of a hidden panel; when it is shown again, another comes up. */
  hidden(): void {
    this.up.resolve();
    this.up = deferred();
  }

  tellHeadTypes(state: HeadTypesState): void {
    this.channel.notify('headTypes', state);
  }

  override dispose(): void {
    this.unfollow();
    super.dispose();
  }

  private follow(): void {
    const { channel, shown } = this;
    this.following = [
      shown.onDidChangeState((state) => {
        channel.notify('state', state);
      }),
      shown.onDidMove((position) => {
        this.moves.follow(position);
      }),
      shown.onDidProgress((progress) => {
        channel.notify('progress', progress);
      }),
      shown.onDidDispose(() => {
        this.endEmitter.fire(undefined);
      }),
    ];
  }

  private unfollow(): void {
    for (const subscription of this.following) subscription.dispose();
    this.following = [];
  }

  private connect(port: Port): PanelChannel {
    const {
      copyCode,
      copiedPicture,
      classifyHeads,
      exportShown,
      headTypes,
      inspectDropped,
      log,
      painter,
      readers,
      readWith,
    } = this.services;
    const ask =
      <M extends Question>(method: M) =>
      (request: Asking<M>, call: Call): Promise<EngineMethods[M]['result']> =>
        this.shown.ask(method, request, relay(call));
    return new Channel<PageMethods, PanelNotices, PanelMethods, PanelReports>(
      port,
      {
        ready: () => {
          this.up.resolve();
          return this.shown.state;
        },
        slice: ask('slice'),
        arithmetic: ask('arithmetic'),
        thumbnails: ask('thumbnails'),
        findings: ask('findings'),
        metrics: ask('metrics'),
        compare: ({ variants }, call) => this.shown.compare(variants, relay(call)),
        plot: ask('plot'),
        candidates: ask('candidates'),
        rollout: ask('rollout'),
        classes: ask('classes'),
        preview: ask('preview'),
        waveform: ask('waveform'),
        spectrogram: ask('spectrogram'),
        samples: ask('samples'),
        alignment: ask('alignment'),
        rankHeads: ask('rankHeads'),
        headRanking: ask('headRanking'),
        lines: ask('lines'),
        continue: (request, call) => this.shown.continue(request, relay(call)),
        halt: async () => {
          await this.shown.halt();
          return null;
        },
        copyCode: async (request) => {
          await copyCode(this.shown, request);
          return null;
        },
        export: async (asked) => {
          await exportShown(asked);
          return null;
        },
        readers: () => readers(this.shown),
        readWith: async ({ reader }) => {
          await readWith(reader);
          return null;
        },
        drop: async (dropped) => {
          await inspectDropped(dropped);
          return null;
        },
        change: async ({ parameters }) => {
          await this.shown.change(parameters);
          return null;
        },
        headTypes: () => headTypes.of(this.shown.request),
        classifyHeads: async () => {
          const { request } = this.shown;
          if (request.kind === 'text' || request.kind === 'image') await classifyHeads(request.model);
          return null;
        },
        cancel: () => {
          this.shown.cancel();
          return null;
        },
        retry: async () => {
          // The page is told of the outcome as of any other state.
          await this.shown.again().catch(() => undefined);
          return null;
        },
      },
      {
        position: (move) => {
          this.moves.make(this.shown, move);
        },
        hover: (hover) => {
          if (hover === null) painter.clear(this.shown);
          else {
            painter.paint(this.shown, hover).catch((error: unknown) => {
              if (!(error instanceof CancelledError))
                log.warn(`The editor was not painted: ${String(error)}`);
            });
          }
        },
        answer: (answer) => {
          if (answer === null) painter.clear(this.shown);
          else painter.mark(this.shown, answer);
        },
        copiedPicture: (told) => {
          copiedPicture(told);
        },
        painted: ({ milliseconds }) => {
          log.info(`“${this.shown.label}” was on screen after ${milliseconds.toFixed(0)} ms.`);
        },
        error: ({ message }) => {
          log.error(`The panel's page: ${message}`);
        },
      },
    );
  }
}

/** A page's request as one to the engine: cancelled with it, its progress passed on. */
function relay(call: Call): RequestOptions {
  return {
    signal: call.signal,
    onProgress: (progress) => {
      call.progress(progress);
    },
  };
}

function deferred(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return {
    promise,
    resolve: () => {
      resolve();
    },
  };
}
