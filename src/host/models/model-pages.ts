import { EventEmitter, l10n, Uri, ViewColumn, window, workspace } from 'vscode';
import type { WebviewPanel } from 'vscode';
import { Channel } from '../../channel.js';
import type { ModelDescription, ModelPageMethods, ModelPageNotices } from '../../protocol.js';
import { Disposable } from '../base/disposable.js';
import type { EngineClient } from '../transports/client.js';
import type { KnownHeadTypes } from './head-types.js';
import { sameModel } from './model-path.js';
import type { Models } from './models.js';
import { pagesFolder, pageShell } from '../panels/page.js';
import { isActive, section } from '../base/settings.js';
import { webviewPort } from '../panels/webview-port.js';

type Nothing = Record<never, never>;

type ShownModel = Pick<ModelDescription, 'reference' | 'name' | 'reads'>;

/** Pages that tell what models are made of, one for each that was asked for. */
export class ModelPages extends Disposable {
  private readonly open = new Map<string, WebviewPanel>();
  private readonly usedEmitter = this.own(new EventEmitter<void>());

  constructor(
    private readonly extension: Uri,
    private readonly engine: EngineClient,
    private readonly models: Models,
    private readonly headTypes: KnownHeadTypes,
  ) {
    super();
    this.own(
      workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(section)) this.usedEmitter.fire();
      }),
    );
  }

  /** Opens a model's page, or brings the one there is to the front. */
  show(description: ShownModel): void {
    const { reference, name } = description;
    const key = JSON.stringify(reference);
    const known = this.open.get(key);
    if (known !== undefined) {
      known.reveal();
      return;
    }
    const panel = window.createWebviewPanel('attention-inspector.model', name, ViewColumn.Active, {
      enableScripts: true,
      localResourceRoots: [pagesFolder(this.extension)],
      retainContextWhenHidden: true,
    });
    panel.iconPath = Uri.joinPath(this.extension, 'media', 'icon.png');
    this.open.set(key, panel);
    const channel = this.connect(panel, description);
    const following = this.usedEmitter.event(() => {
      channel.notify('used', isActive(description));
    });
    const finding = this.headTypes.onDidFind((model) => {
      if (!sameModel(reference, model)) return;
      void this.headTypes.ofModel(reference).then((state) => {
        channel.notify('headTypes', state);
      });
    });
    panel.onDidDispose(() => {
      this.open.delete(key);
      following.dispose();
      finding.dispose();
      channel.dispose();
    });
    panel.webview.html = pageShell(panel.webview, this.extension, 'model', l10n.t('Model {0}', name));
  }

  override dispose(): void {
    for (const panel of [...this.open.values()]) panel.dispose();
    super.dispose();
  }

  private connect(
    { webview }: WebviewPanel,
    description: ShownModel,
  ): Channel<Nothing, ModelPageNotices, ModelPageMethods, Nothing> {
    const { reference: model } = description;
    return new Channel<Nothing, ModelPageNotices, ModelPageMethods, Nothing>(
      webviewPort(webview),
      {
        describe: async (_, { signal }) => ({
          page: await this.engine.request('modelPage', { model }, { signal }),
          isUsed: isActive(description),
        }),
        layer: (place, { signal }) => this.engine.request('modelLayer', { model, ...place }, { signal }),
        headTypes: () => this.headTypes.ofModel(model),
        classifyHeads: async (_, { signal, progress }) => {
          await this.headTypes.find(model, { signal, onProgress: progress });
          return null;
        },
        use: async () => {
          await this.models.use(description);
          return null;
        },
      },
      {},
    );
  }
}
