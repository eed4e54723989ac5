// Copies of a workspace, so that nothing that is done in them changes the project.
import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * @param {string} source a folder
 * @returns {string} a writable copy of it in a temporary folder, which is the caller's to remove
 */
export function copyWorkspace(source) {
  const parent = mkdtempSync(join(tmpdir(), 'attention-workspace-'));
  cpSync(source, parent, { recursive: true });
  return parent;
}
