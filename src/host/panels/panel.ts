import { commands, env, EventEmitter, l10n, window } from 'vscode';
import type { Uri, WebviewPanel } from 'vscode';
import { Channel } from '../../channel.js';
import type { Call, RequestOptions } from '../../channel.js';
import type { CodeLanguage, CodeRequest, PanelMethods, PanelNotices, PanelReports } from '../../protocol.js';
import { Disposable } from '../base/disposable.js';
import type { Releasable } from '../base/disposable.js';
import type { Log } from '../transports/client.js';
import type { Inspection } from '../session/session.js';
import { pagesFolder, pageShell } from './page.js';
import type { Kinds } from '../models/head-types.js';
import type { Painter } from '../editor/paint.js';
import { webviewPort } from './webview-port.js';
import { isCancelled } from '../base/messages.js';

export const panelType = 'attention-inspector.panel';

export interface PanelContext {
  readonly extension: Uri;
  readonly log: Log;
  readonly painter: Painter;
  readonly kinds: Kinds;
}

type Nothing = Record<never, never>;
type PanelChannel = Channel<Nothing, PanelNotices, PanelMethods, PanelReports>;

/** An inspection in an editor tab. Closing the tab ends the inspection, and the other way round. */
export class InspectionPanel extends Disposable {
  private readonly activateEmitter = this.own(new EventEmitter<void>());
  readonly onDidActivate = this.activateEmitter.event;
  private readonly channel: PanelChannel;
  private following: Releasable[] = [];

  constructor(
    readonly panel: WebviewPanel,
    private shown: Inspection,
    private readonly context: PanelContext,
  ) {
    super();
    const { webview } = panel;
    this.channel = this.own(this.connect());
    this.follow();
    this.own(
      panel.onDidChangeViewState(() => {
        this.look();
      }),
    );
    this.own(
      panel.onDidDispose(() => {
        this.dispose();
      }),
    );
    this.own(
      context.kinds.onDidFind(() => {
        void context.kinds.of(this.shown.request).then((state) => {
          if (!this.disposed) this.channel.notify('kinds', state);
        });
      }),
    );
    webview.options = { enableScripts: true, localResourceRoots: [pagesFolder(context.extension)] };
    webview.html = pageShell(webview, context.extension, 'panel', panel.title);
    this.look();
  }

  get inspection(): Inspection {
    return this.shown;
  }

  /** Shows another inspection in the place of this one, which ends. */
  show(inspection: Inspection): void {
    const before = this.shown;
    this.unfollow();
    this.shown = inspection;
    this.follow();
    this.channel.notify('state', inspection.state);
    this.panel.title = inspection.label;
    before.dispose();
  }

  override dispose(): void {
    if (this.disposed) return;
    this.context.painter.clear(this.shown);
    this.unfollow();
    super.dispose();
    tellActive(false);
    this.shown.dispose();
    this.panel.dispose();
  }

  private follow(): void {
    const { channel, shown } = this;
    this.following = [
      shown.onDidChangeState((state) => {
        channel.notify('state', state);
      }),
      shown.onDidMove((position) => {
        channel.notify('position', position);
      }),
      shown.onDidProgress((progress) => {
        channel.notify('progress', progress);
      }),
      shown.onDidDispose(() => {
        this.dispose();
      }),
    ];
  }

  private unfollow(): void {
    for (const subscription of this.following) subscription.dispose();
    this.following = [];
  }

  private look(): void {
    const { active, visible } = this.panel;
    tellActive(active);
    if (active) this.activateEmitter.fire();
    if (!visible) this.context.painter.clear(this.shown);
  }

  private connect(): PanelChannel {
    const { log, painter } = this.context;
    return new Channel<Nothing, PanelNotices, PanelMethods, PanelReports>(
      webviewPort(this.panel.webview),
      {
        ready: () => this.shown.state,
        slice: (request, call) => this.shown.slice(request, relay(call)),
        arithmetic: (request, call) => this.shown.arithmetic(request, relay(call)),
        thumbnails: (request, call) => this.shown.thumbnails(request, relay(call)),
        metrics: (request, call) => this.shown.metrics(request, relay(call)),
        compare: ({ variants }, call) => this.shown.compare(variants, relay(call)),
        plot: (request, call) => this.shown.plot(request, relay(call)),
        candidates: (request, call) => this.shown.candidates(request, relay(call)),
        continue: (request, call) => this.shown.continue(request, relay(call)),
        halt: async () => {
          await this.shown.halt();
          return null;
        },
        copyCode: async (request) => {
          await copyCode(this.shown, request);
          return null;
        },
        export: async () => {
          await commands.executeCommand('attention-inspector.export');
          return null;
        },
        change: async ({ parameters }) => {
          await this.shown.change(parameters);
          return null;
        },
        kinds: () => this.context.kinds.of(this.shown.request),
        findKinds: async () => {
          const { request } = this.shown;
          if (request.kind === 'text') {
            await commands.executeCommand('attention-inspector.findHeadKinds', request.model);
          }
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
        position: (position) => {
          this.shown.move(position);
        },
        hover: (hover) => {
          if (hover === null) painter.clear(this.shown);
          else {
            painter.paint(this.shown, hover).catch((error: unknown) => {
              if (!isCancelled(error)) log.warn(`The editor was not painted: ${String(error)}`);
            });
          }
        },
        answer: (answer) => {
          if (answer === null) painter.clear(this.shown);
          else painter.mark(this.shown, answer);
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

const languages: Readonly<Record<CodeLanguage, string>> = {
  numpy: 'NumPy',
  pytorch: 'PyTorch',
  latex: 'LaTeX',
};

/** Puts a layer's code on the clipboard, and says whether it is one head's. */
export async function copyCode(
  inspection: Inspection,
  request: Omit<CodeRequest, 'inspection'>,
): Promise<void> {
  const { language, scope } = request;
  await env.clipboard.writeText(await inspection.code(request));
  const layer = scope.layer === 'all' ? 1 : scope.layer + 1;
  const place =
    scope.head === 'all'
      ? l10n.t('layer {0}, all heads', layer)
      : l10n.t('layer {0}, head {1} alone', layer, scope.head + 1);
  window.setStatusBarMessage(l10n.t('$(clippy) Copied as {0}: {1}', languages[language], place), 4000);
}

/** For the `when` clauses of the panel's keys. */
function tellActive(active: boolean): void {
  void commands.executeCommand('setContext', 'attention-inspector.panelActive', active);
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
