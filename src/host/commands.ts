import { commands, l10n, ThemeIcon, Uri, window, workspace } from 'vscode';
import type { LogOutputChannel, NotebookCell, QuickPickItem } from 'vscode';
import { gatherText } from '../text-change.js';
import type { CodeLanguage, FoundModel, ModelDescription } from '../protocol.js';
import type { Examples } from './examples/index.js';
import type { AddModel } from './models/add-model.js';
import { modelPath, sameModel } from './models/model-path.js';
import { Disposable } from './base/disposable.js';
import { pickSet } from './base/pick-set.js';
import { separator } from './base/separator.js';
import { fileEndings } from '../file-types.js';
import { Session } from './session/session.js';
import type { Sessions } from './session/sessions.js';
import type { ModelPages } from './models/model-pages.js';
import { addedByHand, outline, placeOf } from './models/models.js';
import type { KnownHeadTypes } from './models/head-types.js';
import type { Models } from './models/models.js';
import type { Opener } from './session/opener.js';
import { copyCode } from './panels/panel.js';
import { exportInspection } from './exports/export-command.js';
import type { SavingContext } from './saved/save-inspection.js';
import { withProgress } from './base/progress.js';
import type { ReaderPicker } from './editor/reader-picker.js';
import { modelOf, readModel } from './session/request.js';
import { selectedText, selectedTexts } from './editor/selection.js';
import { allReads, chosenModel, isActive } from './base/settings.js';
import { onlyImageLink } from './media/image-links.js';
import type { InspectAudio } from './media/inspect-audio.js';
import type { InspectImage } from './media/inspect-image.js';
import { isCancelled, messageOf } from './base/messages.js';

export interface CommandContext {
  readonly opener: Opener;
  readonly inspections: Sessions;
  readonly models: Models;
  readonly headTypes: KnownHeadTypes;
  readonly readerPicker: ReaderPicker;
  readonly adding: AddModel;
  readonly examples: Examples;
  readonly images: InspectImage;
  readonly recordings: InspectAudio;
  readonly pages: ModelPages;
  readonly saving: SavingContext;
  readonly log: LogOutputChannel;
}

interface ModelItem extends QuickPickItem {
  /** None for a separator, and for what adds one. */
  readonly model?: ModelDescription;
}

/** How many tokens a continuation has at most; what the panel's controls begin with, too. */
const continued = 32;

/** Every command of the manifest. What goes wrong in one is one sentence to the user, and more in the log. */
export class Commands extends Disposable {
  constructor(private readonly context: CommandContext) {
    super();
    const { opener, inspections, models, adding, examples, log } = context;
    this.add('inspectSelection', () => this.inspectSelection());
    this.add('inspectSelectionWith', (given) => this.inspectWith(given));
    this.add('openExample', (id) => examples.run(id));
    this.add('continueSelection', () => this.continueSelection());
    this.add('inspectFile', (clicked, all) => this.inspectFile(clicked, all));
    this.add('inspectImage', (clicked) => this.context.images.run(clicked));
    this.add('inspectAudio', (clicked) => this.context.recordings.run(clicked));
    this.add('inspectLinkedImage', () => this.context.images.runAtCursor());
    this.add('inspectCellImage', (cell) => this.context.images.openCell(cellOf(cell)));
    this.add('explainMismatch', (clicked, all) => this.explainMismatch(clicked, all));
    this.add('openInspection', (id) => (typeof id === 'string' ? opener.openAgain(id) : undefined));
    this.add('closeInspection', (entry) => {
      (entry instanceof Session ? entry : inspections.active)?.dispose();
    });
    this.add('forgetInspections', () => {
      inspections.forget();
    });
    this.add('copyNumPy', () => this.copy('numpy'));
    this.add('copyPyTorch', () => this.copy('pytorch'));
    this.add('copyLaTeX', () => this.copy('latex'));
    this.add('export', (given) => {
      const { active } = inspections;
      const panel = active === undefined ? undefined : opener.panelOf(active);
      return exportInspection(active, given, { panel, saving: this.context.saving });
    });
    this.add('saveInspection', () =>
      exportInspection(inspections.active, { exporter: 'inspection' }, { saving: this.context.saving }),
    );
    this.add('nextHead', () => {
      this.step(1);
    });
    this.add('previousHead', () => {
      this.step(-1);
    });
    this.add('useModel', (entry) => this.useModel(entry));
    this.add('showModel', (entry) => this.showModel(entry));
    this.add('showInspectedModel', () => this.showInspectedModel());
    this.add('addModel', (given) => adding.run(given));
    this.add('setToken', () => adding.setToken());
    this.add('removeModel', (entry) => this.removeModel(entry));
    this.add('refreshModels', () => {
      models.refresh();
    });
    this.add('classifyHeads', (given) => this.classifyHeads(given));
    this.add('focus', () => commands.executeCommand('attention-inspector.explore.focus'));
    this.add('showLog', () => {
      log.show();
    });
  }

  private add(name: string, run: (...args: readonly unknown[]) => unknown): void {
    this.own(
      commands.registerCommand(`attention-inspector.${name}`, async (...args: readonly unknown[]) => {
        try {
          await run(...args);
        } catch (error) {
          this.report(error);
        }
      }),
    );
  }

  private report(error: unknown): void {
    if (isCancelled(error)) return;
    const { log } = this.context;
    log.error(error instanceof Error ? error : String(error));
    const showLog = l10n.t('Show Log');
    void window.showErrorMessage(messageOf(error), showLog).then((chosen) => {
      if (chosen === showLog) log.show();
    });
  }

  /** The active model reads the selection; of two selections one that answers questions takes both. */
  private async inspectSelection(): Promise<void> {
    const { examples, opener } = this.context;
    if (window.visibleTextEditors.length === 0) {
      await examples.run(undefined, l10n.t('No text is open to inspect: begin with an example'));
      return;
    }
    const [one, all] = [selectedText(), selectedTexts()];
    const link = all.texts.length === 1 ? onlyImageLink(one.texts[0]) : undefined;
    if (link !== undefined) {
      await this.context.images.openLink(link.target, Uri.parse(one.origin.document));
      return;
    }
    const active = all.texts.length === 1 ? undefined : await this.context.models.inUse();
    if (active?.answers === true) await opener.openText(all, { model: active.reference });
    else await opener.openText(one);
  }

  /** A model or a mechanism is picked, or given, and reads the selection; what was picked last comes first. */
  private async inspectWith(given: unknown): Promise<void> {
    // The selection is taken before a quick pick takes the focus.
    const selected = selectedTexts();
    const { opener, readerPicker } = this.context;
    const reader = isReader(given)
      ? { mechanism: given.mechanism }
      : await readerPicker.pick(selected.texts.length > 1);
    if (reader !== undefined) await opener.openText(selected, reader);
  }

  /**
   * The active model goes on with the selection, or the embedded GPT where that only reads; cancelling keeps the tokens that came. What it says is in the panel, never
   * in the user's text.
   */
  private async continueSelection(): Promise<void> {
    const { opener } = this.context;
    const selected = selectedText();
    const active = await this.context.models.inUse();
    const inspection = await opener.openText(
      selected,
      active?.writes === false ? { model: { kind: 'gpt' } } : {},
    );
    if (inspection.summary?.continues !== true) {
      throw new Error(
        l10n.t(
          '{0} says nothing of what comes next: choose a causal model, such as a GPT, with “Attention: Use Model”.',
          inspection.summary?.title ?? inspection.label,
        ),
      );
    }
    await withProgress(l10n.t('Continuing “{0}”', inspection.label), async (signal, report) => {
      signal.addEventListener('abort', () => void inspection.halt().catch(() => undefined));
      const onProgress = gatherText((message) => {
        report({ message, fraction: null });
      });
      await inspection.continue({ tokens: continued }, { onProgress });
    });
  }

  private async inspectFile(clicked: unknown, all: unknown): Promise<void> {
    const files = await this.filesOf(clicked, all, {
      openLabel: l10n.t('Inspect'),
      title: l10n.t('Select tensor files'),
    });
    if (files.length === 0) return;
    const [only] = files;
    const wanted = only !== undefined && files.length === 1 ? await pickSet(only) : files;
    if (wanted !== undefined) await this.context.opener.openFiles(wanted);
  }

  /** Files that hold the results of an implementation beside its inputs: how they differ from the formula, and why. */
  private async explainMismatch(clicked: unknown, all: unknown): Promise<void> {
    const files = await this.filesOf(clicked, all, {
      openLabel: l10n.t('Explain'),
      title: l10n.t('Select files with Q, K, V and the scores, weights or output of an implementation'),
    });
    if (files.length > 0) await this.context.opener.openFiles(files, { explain: 'yes' });
  }

  /** From the explorer: the clicked file and all that are selected; from a tab: its file; from the palette: a dialog. */
  private async filesOf(
    clicked: unknown,
    all: unknown,
    dialog: { readonly openLabel: string; readonly title: string },
  ): Promise<readonly Uri[]> {
    const several = Array.isArray(all) ? all.filter((entry) => entry instanceof Uri) : [];
    if (several.length > 0) return several;
    if (clicked instanceof Uri) return [clicked];
    const chosen = await window.showOpenDialog({
      canSelectMany: true,
      ...dialog,
      filters: { [l10n.t('Tensors')]: fileEndings.map((ending) => ending.slice(1)) },
    });
    return chosen ?? [];
  }

  private async copy(language: CodeLanguage): Promise<void> {
    const { active } = this.context.inspections;
    if (active === undefined)
      throw new Error(l10n.t('Nothing is open: inspect a selection or a file first.'));
    await copyCode(active, { language, scope: { layer: active.position.layer, head: 'all' } });
  }

  /** Through all heads of all layers, round and round. */
  private step(by: 1 | -1): void {
    const { active } = this.context.inspections;
    if (active?.summary === undefined) return;
    const { layers, heads } = active.summary;
    const { position } = active;
    const count = layers * heads;
    const next = (position.layer * heads + position.head + by + count) % count;
    active.move({ ...position, layer: Math.floor(next / heads), head: next % heads });
  }

  private async useModel(entry: unknown): Promise<void> {
    const { models } = this.context;
    const model = isFound(entry) && entry.kind === 'model' ? entry.model : await this.pickModel();
    if (model !== undefined) await models.use(model);
  }

  private async showModel(entry: unknown): Promise<void> {
    const chosen =
      isFound(entry) && entry.kind === 'model'
        ? entry.model
        : await this.pickModel(l10n.t('The model to look into'));
    if (chosen === undefined) return;
    if (chosen.reference.kind === 'dates') {
      throw new Error(l10n.t('A date model has no page: inspect a date to see all that it computes.'));
    }
    this.context.pages.show(chosen);
  }

  /** The page of the model that ran in the inspection that is looked at. */
  private async showInspectedModel(): Promise<void> {
    const request = this.context.inspections.active?.request;
    const used = request === undefined ? undefined : modelOf(request);
    const usable = used === undefined ? [] : await this.context.models.usable();
    const model = usable.find(({ reference }) => used !== undefined && sameModel(reference, used));
    if (model === undefined)
      throw new Error(l10n.t('No model has run here: only tensors and their mechanism.'));
    await this.showModel({ kind: 'model', model });
  }

  private async pickModel(title = l10n.t('Select a model')): Promise<ModelDescription | undefined> {
    const add = l10n.t('Add Model…');
    const usable = await this.context.models.usable();
    const items = usable.map((model): ModelItem => {
      const { name, reference } = model;
      return {
        label: name,
        description: outline(model),
        detail: placeOf(reference),
        iconPath: new ThemeIcon(isActive(model) ? 'pass-filled' : 'circle-large-outline'),
        model,
      };
    });
    const titles = { text: l10n.t('for text'), image: l10n.t('for images'), audio: l10n.t('for sound') };
    const listed: readonly ModelItem[] = [
      ...allReads.flatMap((reads) => {
        const those = items.filter(({ model }) => (model?.reads ?? 'text') === reads);
        return those.length === 0 ? [] : [separator(titles[reads]), ...those];
      }),
      separator(''),
    ];
    const chosen = await window.showQuickPick([...listed, { label: add, iconPath: new ThemeIcon('add') }], {
      title,
      matchOnDescription: true,
      matchOnDetail: true,
    });
    if (chosen?.label === add && chosen.model === undefined) await this.context.adding.run(undefined);
    return chosen?.model;
  }

  /** Probes the model that is given, or looked at, or in use. */
  private async classifyHeads(given: unknown): Promise<void> {
    const { headTypes, inspections } = this.context;
    const request = inspections.active?.request;
    const looked = request === undefined ? undefined : modelOf(request);
    const listed = isFound(given) && given.kind === 'model' ? given.model.reference : undefined;
    const model = listed ?? readModel(given) ?? looked ?? (await chosenModel());
    await withProgress(l10n.t('Classifying heads'), (signal, onProgress) =>
      headTypes.find(model, { signal, onProgress }),
    );
  }

  private async removeModel(entry: unknown): Promise<void> {
    const { models } = this.context;
    const path = isFound(entry) ? pathOf(entry) : await this.pickAdded();
    if (path !== undefined) await models.remove(path);
  }

  private async pickAdded(): Promise<string | undefined> {
    const all = await this.context.models.all();
    const added = all.flatMap((found) => pathOf(found) ?? []).filter(addedByHand);
    if (added.length === 0)
      throw new Error(l10n.t('No model has been added by hand, so there is none to remove.'));
    return window.showQuickPick(added, { title: l10n.t('Take a model off the list; its files stay') });
  }
}

function pathOf(found: FoundModel): string | undefined {
  if (found.kind === 'unusable') return found.path;
  return modelPath(found.model.reference);
}

/** What a notebook's item passes. @throws Error where there is none */
function cellOf(value: unknown): NotebookCell {
  const cell = workspace.notebookDocuments.flatMap((each) => each.getCells()).find((each) => each === value);
  if (cell !== undefined) return cell;
  const editor = window.activeNotebookEditor;
  const selected = editor?.selection.start;
  if (editor === undefined || selected === undefined) {
    throw new Error(l10n.t('No notebook is active: open one and select a cell with an image.'));
  }
  return editor.notebook.cellAt(selected);
}

/** What a keybinding may pass: {"mechanism": "bahdanau"}. */
function isReader(value: unknown): value is { readonly mechanism: string } {
  return (
    typeof value === 'object' && value !== null && 'mechanism' in value && typeof value.mechanism === 'string'
  );
}

/** What the tree of models passes to a command. */
function isFound(value: unknown): value is FoundModel {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    (value.kind === 'model' || value.kind === 'unusable')
  );
}
