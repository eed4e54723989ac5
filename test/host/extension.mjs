// The extension as it is loaded from source.
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A folder with the manifest and what it names. VS Code takes every colour theme below the folder of an extension
 * under development for that extension's own and switches to it; the project's folder has VS Code's themes in .cache.
 * @param {string} root the project's folder
 * @returns {string}
 */
export function extensionFolder(root) {
  // Each of the processes that share the files of a suite has its own: nobody's pages are taken away while they are read.
  const folder = join(root, '.cache', 'extensions', process.env['MOCHA_WORKER_ID'] ?? 'main');
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(root).filter((each) => /^package(\.nls.*)?\.json$/.test(each))) {
    copyFileSync(join(root, name), join(folder, name));
  }
  // The code is copied: behind a link VS Code could not tell which extension asks for its API, and would give it that of an
  // unknown, very old one, to whose pages typed arrays travel as plain objects.
  rmSync(join(folder, 'dist'), { recursive: true, force: true });
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  for (const name of ['media', 'l10n'].filter((each) => existsSync(join(root, each)))) {
    const link = join(folder, name);
    rmSync(link, { recursive: true, force: true });
    symlinkSync(join(root, name), link, 'junction');
  }
  return folder;
}
