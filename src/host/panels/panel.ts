import { commands, env, l10n, Uri, window } from 'vscode';
import type { WebviewPanel } from 'vscode';
import type { CodeLanguage, CodeRequest, PageMethods, PictureLook } from '../../protocol.js';
import { Disposable } from '../base/disposable.js';
import { Emitter } from '../base/emitter.js';
import type { Log } from '../transports/transport.js';
import type { Painter } from '../editor/paint.js';
import { mediumAt } from '../../file-types.js';
import type { KnownHeadTypes } from '../models/head-types.js';
import type { Models } from '../models/models.js';
import type { Session } from '../session/session.js';
import { pagesFolder, pageShell } from './page.js';
import { PageConnection } from './page-connection.js';
import { webviewPort } from './webview-port.js';
import { placeNumber } from '../../common/counting.js';

export const panelType = 'attention-inspector.panel';

export interface PanelContext {
  readonly extension: Uri;
  readonly log: Log;
  readonly painter: Painter;
  readonly headTypes: KnownHeadTypes;
  readonly models: Models;
}

/** With what the panel's opener does for it. */
interface OpenedContext extends PanelContext {
  /** Has another model read what a panel shows, in its place. */
  again(panel: InspectionPanel, reader: string): Promise<void>;
}

/** An inspection in an editor tab. Closing the tab ends the inspection, and the other way round. */
export class InspectionPanel extends Disposable {
  private readonly activateEmitter = this.own(new Emitter<void>());
  readonly onDidActivate = this.activateEmitter.event;
  private readonly page: PageConnection;

  constructor(
    readonly panel: WebviewPanel,
    session: Session,
    private readonly context: OpenedContext,
  ) {
    super();
    const { webview } = panel;
    const { again, extension, headTypes, log, models, painter } = context;
    this.page = this.own(
      new PageConnection(webviewPort(webview), session, {
        log,
        painter,
        headTypes,
        copyCode,
        messages: {
          silentPage: l10n.t('The panel did not answer: bring it to the front and try again.'),
        },
        exportShown: async (asked) => {
          await commands.executeCommand('attention-inspector.export', ...(asked === null ? [] : [asked]));
        },
        copiedPicture: ({ view, title, problem }) => {
          if (problem === null) tellCopied(title);
          else void offerToSave(problem, view);
        },
        readers: ({ request }) => models.readersOf(request),
        readWith: (reader) => again(this, reader),
        inspectDropped: async (dropped) => {
          if (dropped.kind === 'bytes') {
            const medium = dropped.type.startsWith('audio/') ? 'audio' : 'image';
            await commands.executeCommand(inspecting[medium], dropped);
            return;
          }
          const uris = dropped.uris.map((uri) => Uri.parse(uri, true));
          const others = uris.filter(({ path }) => mediumAt(path) === undefined);
          for (const uri of uris) {
            const medium = mediumAt(uri.path);
            if (medium !== undefined) await commands.executeCommand(inspecting[medium], uri);
          }
          if (others.length > 0) {
            await commands.executeCommand('attention-inspector.inspectFile', others[0], others);
          }
        },
        classifyHeads: async (model) => {
          await commands.executeCommand('attention-inspector.classifyHeads', model);
        },
      }),
    );
    this.own(
      this.page.onDidEnd(() => {
        this.dispose();
      }),
    );
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
      headTypes.onDidFind(() => {
        void headTypes.of(this.inspection.request).then((state) => {
          if (!this.disposed) this.page.tellHeadTypes(state);
        });
      }),
    );
    webview.options = { enableScripts: true, localResourceRoots: [pagesFolder(extension)] };
    webview.html = pageShell(webview, extension, 'panel', panel.title, session.id);
    this.look();
  }

  get inspection(): Session {
    return this.page.session;
  }

  /** What its page shows that can be drawn; the panel comes to the front, for only what is in sight has a page. */
  async pictures(): Promise<PageMethods['pictures']['result']> {
    if (!this.panel.visible) this.panel.reveal();
    return this.page.ask('pictures', null);
  }

  /** One of them as a file. */
  picture(request: PageMethods['picture']['params']): Promise<Uint8Array> {
    return this.page.ask('picture', request);
  }

  /** A page that needs nothing but itself, as a file. */
  html(): Promise<Uint8Array> {
    return this.page.ask('html', null);
  }

  /** Puts one of them on the clipboard, which takes a page with the focus. */
  async copyPicture(look: PictureLook, title: string): Promise<void> {
    this.panel.reveal(undefined, false);
    await this.page.ask('copyPicture', look);
    tellCopied(title);
  }

  /** Shows another inspection in the place of this one, which ends. */
  show(inspection: Session): void {
    this.panel.title = inspection.label;
    this.page.show(inspection);
  }

  override dispose(): void {
    if (this.disposed) return;
    const { inspection } = this;
    this.context.painter.clear(inspection);
    super.dispose();
    tellActive(false);
    inspection.dispose();
    this.panel.dispose();
  }

  private look(): void {
    const { active, visible } = this.panel;
    tellActive(active);
    if (active) this.activateEmitter.fire(undefined);
    if (visible) return;
    this.context.painter.clear(this.inspection);
    this.page.hidden();
  }
}

/** What inspects an image or a recording. */
const inspecting = {
  audio: 'attention-inspector.inspectAudio',
  image: 'attention-inspector.inspectImage',
} as const;

function tellCopied(title: string): void {
  window.setStatusBarMessage(l10n.t('$(clippy) Copied as a picture: {0}', title), 4000);
}

/** What cannot be put on the clipboard can still be saved. */
async function offerToSave(problem: string, picture: string): Promise<void> {
  const save = l10n.t('Save to a File…');
  if ((await window.showWarningMessage(problem, save)) === save)
    await commands.executeCommand('attention-inspector.export', { picture });
}

const languages: Readonly<Record<CodeLanguage, string>> = {
  numpy: 'NumPy',
  pytorch: 'PyTorch',
  latex: 'LaTeX',
};

/** Puts a layer's code on the clipboard, and says whether it is one head's. */
export async function copyCode(inspection: Session, request: Omit<CodeRequest, 'inspection'>): Promise<void> {
  const { language, scope } = request;
  await env.clipboard.writeText(await inspection.code(request));
  const layer = placeNumber(scope.layer === 'all' ? 0 : scope.layer);
  const place =
    scope.head === 'all'
      ? l10n.t('layer {0}, all heads', layer)
      : l10n.t('layer {0}, head {1} alone', layer, placeNumber(scope.head));
  window.setStatusBarMessage(l10n.t('$(clippy) Copied as {0}: {1}', languages[language], place), 4000);
}

/** For the `when` clauses of the panel's keys. */
function tellActive(active: boolean): void {
  void commands.executeCommand('setContext', 'attention-inspector.panelActive', active);
}
