import { l10n, TabInputCustom, TabInputText, Uri, ViewColumn, window, workspace } from 'vscode';
import type { NotebookCell, QuickPickItem, TextEditor } from 'vscode';
import { imageEndings } from '../../file-types.js';
import { shortened, unescaped } from '../../common/strings.js';
import { isRecord } from '../../common/values.js';
import type { Dropped, ModelDescription } from '../../protocol.js';
import { selectedText } from '../editor/selection.js';
import type { SelectedText } from '../editor/selection.js';
import type { ImageReader, Opener } from '../session/opener.js';
import { imagesOf } from './cell-outputs.js';
import { imageLinks, isImagePath } from './image-links.js';
import type { KeptImages } from './kept-images.js';

type DroppedBytes = Extract<Dropped, { kind: 'bytes' }>;

/** *Attention: Inspect Image*, wherever it is called from. */
export class InspectImage {
  constructor(
    private readonly opener: Opener,
    private readonly kept: KeptImages,
    /** The model that reads images. */
    private readonly model: () => Promise<ModelDescription | undefined>,
  ) {}

  /**
   * From the explorer, a tab or a link: that image. From the palette: what is looked at, the image that the text at the cursor
   * names, or a dialog.
   */
  async run(clicked: unknown): Promise<void> {
    if (clicked instanceof Uri && isImagePath(clicked.path)) return this.open(clicked);
    if (isDropped(clicked)) return this.openDropped(clicked);
    const looked = imageInTab();
    if (looked !== undefined) return this.open(looked, ViewColumn.Beside);
    const editor = window.activeTextEditor;
    const target = editor === undefined ? undefined : linkAtCursor(editor);
    if (editor !== undefined && target !== undefined) return this.openLink(target, editor.document.uri);
    const [chosen] =
      (await window.showOpenDialog({
        openLabel: l10n.t('Inspect'),
        title: l10n.t('Select an image'),
        filters: { [l10n.t('Images')]: imageEndings.map((ending) => ending.slice(1)) },
      })) ?? [];
    if (chosen !== undefined) await this.open(chosen);
  }

  /** The image that the text at the cursor, or in the selection, names. */
  async runAtCursor(): Promise<void> {
    const editor = window.activeTextEditor;
    const target = editor === undefined ? undefined : linkAtCursor(editor);
    if (editor === undefined || target === undefined) {
      throw new Error(
        l10n.t('No image is named at the cursor: put it into a link such as ![a scene](scene.png).'),
      );
    }
    await this.openLink(target, editor.document.uri);
  }

  /** An image that a text names. @param document where the link stands: what it is relative to */
  async openLink(target: string, document: Uri): Promise<void> {
    await this.open(await this.resolve(target, document), ViewColumn.Beside);
  }

  /** The image in a cell's output; which, where there are several. */
  async openCell(cell: NotebookCell): Promise<void> {
    const images = imagesOf(cell);
    const items = images.map((image, at): QuickPickItem & { readonly image: typeof image } => ({
      label: l10n.t('Image {0}', at + 1),
      description: l10n.t('{0}, {1} kB', image.mime, Math.ceil(image.data.length / 1024)),
      image,
    }));
    const [only] = items;
    const chosen =
      items.length > 1 ? await window.showQuickPick(items, { title: l10n.t('Which image?') }) : only;
    if (chosen === undefined) {
      if (items.length === 0) throw new Error(l10n.t('This cell’s output holds no image that is read.'));
      return;
    }
    await this.open(await this.kept.keep(chosen.image.mime, chosen.image.data), ViewColumn.Beside);
  }

  private async openDropped({ name, type, bytes }: DroppedBytes): Promise<void> {
    if (bytes === null) {
      throw new Error(
        l10n.t('{0} is too large to be dropped here, or cannot be read: open it from the explorer.', name),
      );
    }
    if (!type.startsWith('image/')) {
      throw new Error(l10n.t('{0} is no image: from outside VS Code only images can be dropped here.', name));
    }
    await this.open(await this.kept.keep(type, bytes));
  }

  private async open(uri: Uri, viewColumn: ViewColumn = ViewColumn.Active): Promise<void> {
    const reader = await this.reader();
    if (reader !== undefined) await this.opener.openImage(uri, reader, viewColumn);
  }

  /** Whether a model that writes writes, or reads what is selected beside it. @returns undefined where the user does not say */
  private async reader(): Promise<ImageReader | undefined> {
    const selected = selectionInSight();
    if (selected === undefined) return {};
    const model = await this.model();
    if (model?.writes !== true) return {};
    const items: readonly (QuickPickItem & { readonly reader: ImageReader })[] = [
      { label: l10n.t('{0} writes about the image', model.name), reader: {} },
      {
        label: l10n.t('{0} reads the selected text as what it wrote', model.name),
        detail: shortened(selected.texts[0], 80),
        reader: { selected },
      },
    ];
    return (await window.showQuickPick(items, { title: l10n.t('What is said of the image') }))?.reader;
  }

  private async resolve(target: string, document: Uri): Promise<Uri> {
    if (/^data:/i.test(target)) return this.kept.keepData(target);
    if (/^https?:/i.test(target)) {
      throw new Error(
        l10n.t('{0} is on the web and is not fetched: save the image first.', shortened(target, 80)),
      );
    }
    if (/^file:/i.test(target)) return Uri.parse(target, true);
    const path = unescaped(target.replace(/[?#].*$/, ''));
    if (!path.startsWith('/')) return Uri.joinPath(document, '..', path);
    // As Markdown's preview has it: from the folder of the workspace.
    const folder = workspace.getWorkspaceFolder(document)?.uri;
    return folder === undefined
      ? document.with({ path, query: '', fragment: '' })
      : Uri.joinPath(folder, path);
  }
}

function isDropped(value: unknown): value is DroppedBytes {
  return isRecord(value) && value['kind'] === 'bytes';
}

/** The image in the active tab: VS Code's preview of it, or any other editor. */
function imageInTab(): Uri | undefined {
  const input: unknown = window.tabGroups.activeTabGroup.activeTab?.input;
  if (!(input instanceof TabInputCustom || input instanceof TabInputText)) return undefined;
  return isImagePath(input.uri.path) ? input.uri : undefined;
}

/** What the link at the cursor or in the selection names. */
function linkAtCursor({ document, selection }: TextEditor): string | undefined {
  const from = document.offsetAt(document.lineAt(selection.start.line).range.start);
  const text = document.getText(
    document.lineAt(selection.start.line).range.with({ end: document.lineAt(selection.end.line).range.end }),
  );
  const [start, end] = [document.offsetAt(selection.start) - from, document.offsetAt(selection.end) - from];
  return imageLinks(text).find((link) => link.start <= end && start <= link.end)?.target;
}

/** What is selected in an editor that is seen; undefined where nothing is, or in several. */
function selectionInSight(): SelectedText | undefined {
  const filled = window.visibleTextEditors.filter(
    ({ document, selection }) => !selection.isEmpty && document.getText(selection).trim() !== '',
  );
  const [editor, another] = filled;
  if (editor === undefined || another !== undefined) return undefined;
  return selectedText(editor);
}
