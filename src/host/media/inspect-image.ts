import { l10n, Uri, ViewColumn, window, workspace } from 'vscode';
import type { NotebookCell, QuickPickItem, TextEditor } from 'vscode';
import { imageEndings } from '../../file-types.js';
import { shortened, unescaped } from '../../common/strings.js';
import { imagesOf } from './cell-outputs.js';
import { imageLinks } from './image-links.js';
import { InspectMedium } from './inspect-medium.js';

/** *Attention: Inspect Image*, wherever it is called from. */
export class InspectImage extends InspectMedium {
  protected readonly kind = 'image';
  protected readonly endings = imageEndings;
  protected readonly strings = {
    saidOfIt: l10n.t('What is said of the image'),
    writes: (model: string) => l10n.t('{0} writes about the image', model),
    reads: (model: string) => l10n.t('{0} reads a text as what it wrote', model),
    notThis: (name: string) =>
      l10n.t('{0} is no image or recording: from outside VS Code only those can be dropped here.', name),
    dialog: { title: l10n.t('Select an image'), kind: l10n.t('Images') },
  };

  /** What an image is about stands in no file beside it. */
  protected textNamedLike(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  protected override async openNamed(): Promise<boolean> {
    const editor = window.activeTextEditor;
    const target = editor === undefined ? undefined : linkAtCursor(editor);
    if (editor === undefined || target === undefined) return false;
    await this.openLink(target, editor.document.uri);
    return true;
  }

  /** The image that the text at the cursor, or in the selection, names. */
  async runAtCursor(): Promise<void> {
    if (await this.openNamed()) return;
    throw new Error(
      l10n.t('No image is named at the cursor: put it into a link such as ![a scene](scene.png).'),
    );
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

/** What the link at the cursor or in the selection names. */
function linkAtCursor({ document, selection }: TextEditor): string | undefined {
  const from = document.offsetAt(document.lineAt(selection.start.line).range.start);
  const text = document.getText(
    document.lineAt(selection.start.line).range.with({ end: document.lineAt(selection.end.line).range.end }),
  );
  const [start, end] = [document.offsetAt(selection.start) - from, document.offsetAt(selection.end) - from];
  return imageLinks(text).find((link) => link.start <= end && start <= link.end)?.target;
}
