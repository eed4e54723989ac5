import { FileType, l10n, Uri, window, workspace } from 'vscode';
import type { QuickPickItem } from 'vscode';
import { posixPaths } from '../../platform/paths.js';
import { setOf } from './file-sets.js';

/**
 * A file by itself, or, where others of its set lie beside it, what the user picks: K.npy and V.npy with Q.npy.
 * @returns undefined where the user picks nothing
 */
export async function pickSet(file: Uri): Promise<readonly Uri[] | undefined> {
  const folder = Uri.joinPath(file, '..');
  // A folder that cannot be listed has no set to offer.
  const listed = await workspace.fs.readDirectory(folder).then(undefined, () => []);
  const names = listed.flatMap(([name, type]) => ((type & FileType.File) === 0 ? [] : [name]));
  const name = posixPaths.basename(file.path);
  const set = setOf(name, names);
  if (set === undefined) return [file];
  const items: (QuickPickItem & { readonly files: readonly Uri[] })[] = [
    {
      label: set.join(', '),
      description: l10n.t('together'),
      files: set.map((each) => Uri.joinPath(folder, each)),
    },
    { label: name, description: l10n.t('by itself'), files: [file] },
  ];
  const chosen = await window.showQuickPick(items, {
    title: l10n.t('Inspect {0}', name),
    placeHolder: l10n.t('Files beside it hold the other tensors of one attention'),
  });
  return chosen?.files;
}
