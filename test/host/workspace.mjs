// Copies of a workspace, so that nothing that is done in them changes the project.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/**
 * @param {string} source a folder
 * @returns {{ folder: string, remove: () => void }} a writable copy of the same name, and what removes it again
 */
export function copyWorkspace(source) {
  const parent = mkdtempSync(join(tmpdir(), 'attention-workspace-'));
  const folder = join(parent, basename(source));
  cpSync(source, folder, { recursive: true });
  return { folder, remove: () => rmSync(parent, { recursive: true, force: true }) };
}
