// Brings node_modules in line with package-lock.json. Imports only node: builtins.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { npm, root } from './run.mjs';

/**
 * @typedef {{ version?: string, optional?: boolean, link?: boolean }} LockEntry
 * @param {string} path
 * @returns {Record<string, LockEntry> | undefined} the packages a lock file names, undefined where there is no such file
 */
function readLock(path) {
  try {
    const lock = /** @type {{ packages: Record<string, LockEntry> }} */ (
      JSON.parse(readFileSync(path, 'utf8'))
    );
    return lock.packages;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new Error(`${path} is not a readable lock file: ${String(error)}`, { cause: error });
  }
}

/**
 * Whether every package that the lock file asks for is there in that version. Packages for other platforms may be missing.
 * npm keeps its own record of what it put into node_modules, so nothing has to be remembered beside it.
 */
function installed() {
  const wanted = readLock(join(root, 'package-lock.json'));
  if (wanted === undefined) throw new Error('package-lock.json is missing');
  const present = readLock(join(root, 'node_modules', '.package-lock.json'));
  if (present === undefined) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    const found = present[path];
    return (
      path === '' || found?.version === entry.version || (found === undefined && entry.optional === true)
    );
  });
}

/** Runs `npm ci` if node_modules is missing or differs from the lock file; otherwise does nothing. */
export async function ensureInstalled() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Error(`Node 20.19 or newer is needed; this is Node ${process.versions.node}`);
  }
  if (installed()) return;
  console.log('Installing the packages named in package-lock.json …');
  await npm(['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}
