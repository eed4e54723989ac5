import { commands, Uri, workspace } from 'vscode';
import type { Memento } from 'vscode';
import { pronoun } from './pronoun.js';
import type { Examples } from './index.js';

/** A file that tells the sample's workspace from any other; `npm start` writes it. */
const marker = '.attention-inspector-sample';
const key = 'sampleOpened';

/** The sample's workspace opens with something to look at, once: its README, and beside it a sentence with its panel. */
export async function openSampleWorkspace(examples: Examples, state: Memento): Promise<void> {
  const folder = workspace.workspaceFolders?.[0]?.uri;
  if (folder === undefined || state.get(key) === true) return;
  const isSample = await workspace.fs.stat(Uri.joinPath(folder, marker)).then(
    () => true,
    () => false,
  );
  if (!isSample) return;
  await state.update(key, true);
  // Locked: it stays the README's when another text is looked at.
  const readme = Uri.joinPath(folder, 'README.md');
  await commands.executeCommand('markdown.showPreview', readme, undefined, { locked: true });
  await examples.openIn(pronoun, folder);
}
