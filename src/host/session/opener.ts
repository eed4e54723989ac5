import { l10n, Uri, ViewColumn, window } from 'vscode';
import type { WebviewPanel, WebviewPanelSerializer } from 'vscode';
import type { ModelReference, ParameterValues, Position } from '../../protocol.js';
import { Disposable } from '../base/disposable.js';
import type { EngineClient } from '../transports/client.js';
import { createSession } from './create.js';
import type { Session } from './session.js';
import type { Sessions } from './sessions.js';
import { InspectionPanel, panelType } from '../panels/panel.js';
import type { PanelContext } from '../panels/panel.js';
import { isCancelled, messageOf } from '../base/messages.js';
import { withProgress } from '../base/progress.js';
import type { ImageRequest, InspectionRequest, Origin, Remembered } from './request.js';
import type { FileReadings } from './file-readings.js';
import { findRemembered } from './restoring.js';
import { askRoles } from './roles.js';
import type { SelectedText } from '../editor/selection.js';
import { chosenImageModel, chosenModel } from '../base/settings.js';

type Earlier = Omit<Remembered, 'label' | 'request'>;

/** What reads a text: a model, or, on its word vectors, a mechanism. */
export interface Reader {
  readonly model?: ModelReference;
  readonly mechanism?: string;
}

/** What reads an image, and what it is to have written of it. */
export interface ImageReader {
  readonly model?: ModelReference;
  readonly selected?: SelectedText;
}

async function imageRequest(
  uri: string,
  given?: ModelReference,
  selected?: SelectedText,
): Promise<ImageRequest> {
  return {
    kind: 'image',
    uri,
    model: given ?? (await chosenImageModel()),
    ...(selected === undefined ? {} : { text: selected.texts[0], origin: selected.origin }),
  };
}

/** Where the user is in what a panel shows; the picked cell is of that alone. */
function placeOf({ inspection: { position } }: InspectionPanel): Position {
  const { layer, head, step } = position;
  return { layer, head, step };
}

/** Opens inspections in panels, and knows which panel shows what. */
export class Opener extends Disposable implements WebviewPanelSerializer {
  private readonly panels = new Set<InspectionPanel>();
  private readonly restored = new Set<string>();

  constructor(
    private readonly engine: EngineClient,
    private readonly inspections: Sessions,
    private readonly readings: FileReadings,
    private readonly context: PanelContext,
  ) {
    super();
    this.own(window.registerWebviewPanelSerializer(panelType, this));
  }

  /**
   * Runs a model, by default the active one, or a mechanism over a text. A panel that shows text of the same document is used again; a first one opens while
   * the engine starts, and is closed again if the run fails.
   */
  async openText({ texts, origin }: SelectedText, reader: Reader = {}): Promise<Session> {
    const { model = await chosenModel(), mechanism } = reader;
    const used = [...this.panels].find(({ panel, inspection: { request } }) => {
      const here = request.kind === 'text' && request.origin?.document === origin.document;
      return here && panel.viewType === panelType;
    });
    const inspection = this.make(
      {
        kind: 'text',
        texts,
        origin,
        model,
        ...(mechanism === undefined ? {} : { mechanism }),
      },
      // Beforehand, so that the picture that comes with it is the one that will be looked at.
      used === undefined ? {} : { position: placeOf(used) },
    );
    if (used !== undefined) {
      await this.run(inspection);
      inspection.move(placeOf(used));
      this.replace(used, inspection);
      if (!used.panel.visible) used.panel.reveal(undefined, true);
      return inspection;
    }
    const panel = this.newPanel(inspection, { viewColumn: this.columnFor(origin), preserveFocus: true });
    this.attach(panel, inspection);
    await this.run(inspection);
    return inspection;
  }

  /**
   * Has a model, by default the active one for images, read an image. A panel that shows the same image is used again; else one
   * opens when that has worked.
   */
  async openImage(uri: Uri, { model, selected }: ImageReader, viewColumn: ViewColumn): Promise<Session> {
    const address = uri.toString();
    const used = [...this.panels].find(
      ({ panel, inspection: { request } }) =>
        request.kind === 'image' && request.uri === address && panel.viewType === panelType,
    );
    const request = await imageRequest(address, model, selected);
    const inspection = this.make(request, used === undefined ? {} : { position: placeOf(used) });
    await this.run(inspection);
    if (used === undefined) {
      this.attach(this.newPanel(inspection, { viewColumn }), inspection);
      return inspection;
    }
    this.replace(used, inspection);
    used.panel.reveal();
    return inspection;
  }

  /** Inspects files as one; a panel opens only when that has worked. */
  async openFiles(uris: readonly Uri[], parameters: ParameterValues = {}): Promise<void> {
    const inspection = this.make({ kind: 'files', uris: uris.map(String) }, { parameters });
    await this.run(inspection);
    this.attach(this.newPanel(inspection, { viewColumn: ViewColumn.Active }), inspection);
  }

  /** Shows one that is open, or inspects again what was inspected before. */
  async openAgain(id: string): Promise<void> {
    const shown = [...this.panels].find(({ inspection }) => inspection.id === id);
    if (shown !== undefined) {
      shown.panel.reveal();
      return;
    }
    const earlier = this.inspections.remembered(id);
    if (earlier === undefined) throw new Error(l10n.t('This inspection is not remembered any more.'));
    const inspection = this.make(earlier.request, earlier);
    await this.run(inspection);
    this.attach(this.newPanel(inspection, { viewColumn: ViewColumn.Active }), inspection);
  }

  /** Fills a tab that VS Code opened: a custom editor of a tensor file or an image. What goes wrong is said in it. */
  async fill(panel: WebviewPanel, uri: Uri, kind: 'files' | 'image'): Promise<void> {
    const address = uri.toString();
    const inspection = this.make(
      kind === 'image' ? await imageRequest(address) : { kind: 'files', uris: [address] },
    );
    this.attach(panel, inspection);
    // The page is told of the outcome, good or bad.
    inspection.ready().catch(() => undefined);
  }

  /** Fills a tab that was open when the window was reloaded. What its page left tells which one it is. */
  deserializeWebviewPanel(panel: WebviewPanel, state: unknown): Promise<void> {
    const tab = { title: panel.title, state };
    const earlier = findRemembered(this.inspections.before, tab, this.restored);
    if (earlier === undefined) {
      panel.dispose();
      return Promise.resolve();
    }
    this.restored.add(earlier.id);
    const inspection = this.make(earlier.request, earlier);
    this.attach(panel, inspection);
    inspection.ready().catch(() => undefined);
    return Promise.resolve();
  }

  /** Has another model read what a panel shows; where that fails, what is shown stays. */
  private async again(panel: InspectionPanel, reader: string): Promise<void> {
    const { request } = panel.inspection;
    const model = await this.context.models.readerOf(request, reader);
    if (model === undefined || (request.kind !== 'text' && request.kind !== 'image')) return;
    const { mechanism: _, ...same } = { mechanism: undefined, ...request };
    const inspection = this.make({ ...same, model }, { position: placeOf(panel) });
    try {
      await this.run(inspection);
    } catch (error) {
      if (!isCancelled(error)) void window.showErrorMessage(messageOf(error));
      return;
    }
    this.replace(panel, inspection);
  }

  override dispose(): void {
    for (const panel of this.panels) panel.dispose();
    super.dispose();
  }

  private make(request: InspectionRequest, earlier: Partial<Earlier> = {}): Session {
    const answered = new Set<string>();
    const inspection = createSession(this.engine, request, {
      ...earlier,
      seeks: true,
      parameters: { ...this.readings.recall(request), ...earlier.parameters },
      ask: async (question, signal) => {
        const { settings = [] } = question;
        const before = this.readings.answers(request, settings);
        const open = settings.filter(({ parameter }) => before[parameter] === undefined);
        const answer =
          settings.length > 0 && open.length === 0
            ? { roles: question.known, parameters: {} }
            : await askRoles({ ...question, settings: open }, signal);
        const parameters = { ...before, ...answer.parameters };
        for (const name of Object.keys(parameters)) answered.add(name);
        return { ...answer, parameters };
      },
    });
    inspection.onDidChangeState(({ kind }) => {
      if (kind === 'inspection') this.readings.keep(inspection.remembered, answered);
    });
    return inspection;
  }

  /** The first run, with progress where it takes long. What fails or is cancelled leaves nothing behind. */
  private async run(inspection: Session): Promise<void> {
    try {
      await withProgress(l10n.t('Inspecting “{0}”', inspection.label), (signal, report) => {
        inspection.onDidProgress(report);
        return inspection.ready(signal);
      });
    } catch (error) {
      inspection.dispose();
      throw error;
    }
  }

  /** Where a text's panel opens: with the panels that are open, else beside the text; never in a third column for its own sake. */
  private columnFor({ document }: Origin): ViewColumn {
    const column = [...this.panels]
      .filter(({ panel }) => panel.viewType === panelType)
      .map(({ panel }) => panel.viewColumn)
      .findLast((each) => each !== undefined);
    const text = window.visibleTextEditors.find(
      (each) => each.document.uri.toString() === document,
    )?.viewColumn;
    if (column !== undefined && column !== text) return column;
    const { all, activeTabGroup } = window.tabGroups;
    // Beside means beside the group that has the focus, which need not be the text's.
    if (text === undefined || text === activeTabGroup.viewColumn) return ViewColumn.Beside;
    return all.find(({ viewColumn }) => viewColumn > text)?.viewColumn ?? ViewColumn.Beside;
  }

  private newPanel(
    { label }: Session,
    place: { readonly viewColumn: ViewColumn; readonly preserveFocus?: boolean },
  ): WebviewPanel {
    const panel = window.createWebviewPanel(panelType, label, place, { enableFindWidget: false });
    panel.iconPath = Uri.joinPath(this.context.extension, 'media', 'panel.svg');
    return panel;
  }

  private attach(webviewPanel: WebviewPanel, inspection: Session): void {
    const panel = new InspectionPanel(webviewPanel, inspection, {
      ...this.context,
      again: (shown, reader) => this.again(shown, reader),
    });
    this.panels.add(panel);
    panel.onDidActivate(() => {
      this.inspections.activate(panel.inspection);
    });
    webviewPanel.onDidDispose(() => {
      this.panels.delete(panel);
    });
    this.register(inspection);
  }

  /** Shows another inspection in a panel, in the place of the one there. */
  private replace(panel: InspectionPanel, inspection: Session): void {
    panel.show(inspection);
    this.register(inspection);
  }

  private register(inspection: Session): void {
    this.context.painter.follow(inspection);
    this.inspections.add(inspection);
    this.inspections.activate(inspection);
  }
}
