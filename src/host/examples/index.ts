import { FileSystemError, l10n, ThemeIcon, Uri, ViewColumn, window, workspace } from 'vscode';
import type { QuickPickItem } from 'vscode';
import { embeddedModel } from '../base/settings.js';
import type { Opener } from '../session/opener.js';
import { additive } from './additive.js';
import { date } from './date.js';
import { image } from './image.js';
import type { Example, ExampleStage } from './example.js';
import { nextToken } from './next-token.js';
import { sound } from './sound.js';
import { pronoun } from './pronoun.js';
import { tensors } from './tensors.js';

/** In the order in which they are offered. */
export const examples: readonly Example[] = [pronoun, date, nextToken, image, sound, tensors, additive];

interface Item extends QuickPickItem {
  readonly example: Example;
}

/** *Attention: Open Example*, with files of the sample that are copied to where the user may change them. */
export class Examples {
  constructor(
    private readonly opener: Opener,
    /** The sample, as it comes with the extension. */
    private readonly sample: Uri,
    /** Where its files are copied to. */
    private readonly storage: Uri,
  ) {}

  /** Opens the example that is named, or one that is picked. @param why said above the list */
  async run(id: unknown, why = l10n.t('Open an example')): Promise<void> {
    const named = examples.find((each) => each.id === id);
    const example = named ?? (await pick(why));
    await example?.open(this.stage());
  }

  /** Opens an example with the files of a folder in place of copies. */
  async openIn(example: Example, folder: Uri): Promise<void> {
    await example.open({ ...this.stage(), file: (name) => Promise.resolve(Uri.joinPath(folder, name)) });
  }

  private stage(): ExampleStage {
    return {
      file: (name) => this.file(name),
      openText: (selected, reader) => this.opener.openText(selected, reader),
      openFiles: (uris) => this.opener.openFiles(uris),
      openMedium: (kind, uri) =>
        this.opener.openMedium(kind, uri, { model: embeddedModel(kind) }, ViewColumn.Active),
    };
  }

  /** The copy of a file: made once, so that what the user wrote into it stays; with the labels that lie beside it. */
  private async file(name: string): Promise<Uri> {
    const labels = name.replace(/\.[^.]+$/, '.tokens.json');
    await Promise.all([name, labels].map((each) => this.copy(each, each !== name)));
    return Uri.joinPath(this.storage, name);
  }

  private async copy(name: string, mayBeMissing: boolean): Promise<void> {
    try {
      await workspace.fs.copy(Uri.joinPath(this.sample, name), Uri.joinPath(this.storage, name), {
        overwrite: false,
      });
    } catch (error) {
      const code = error instanceof FileSystemError ? error.code : undefined;
      const isThere = code === 'FileExists';
      if (!isThere && !(mayBeMissing && code === 'FileNotFound')) throw error;
    }
  }
}

async function pick(title: string): Promise<Example | undefined> {
  const items = examples.map((example): Item => ({
    label: example.title,
    detail: example.detail,
    iconPath: new ThemeIcon(example.icon),
    example,
  }));
  return (await window.showQuickPick(items, { title, matchOnDetail: true }))?.example;
}
