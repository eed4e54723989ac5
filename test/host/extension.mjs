// The extension as it is loaded from source.
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A folder with the manifest and links to what it names. VS Code takes every colour theme below the folder of an extension
 * under development for that extension's own and switches to it; the project's folder has VS Code's themes in .cache.
 * @param {string} root the project's folder
 * @returns {string}
 */
export function extensionFolder(root) {
  const folder = join(root, '.cache', 'extension');
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(root).filter((each) => /^package(\.nls.*)?\.json$/.test(each))) {
    copyFileSync(join(root, name), join(folder, name));
  }
  for (const name of ['dist', 'media', 'l10n'].filter((each) => existsSync(join(root, each)))) {
    const link = join(folder, name);
    rmSync(link, { recursive: true, force: true });
    symlinkSync(join(root, name), link, 'junction');
  }
  return folder;
}
