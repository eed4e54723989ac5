// Types, lint (with the import boundaries of docs and architecture) and format. Prints nothing but what is wrong.
import { join } from 'node:path';
import { ensureInstalled } from './lib/install.mjs';
import { run, script } from './lib/run.mjs';

/** The folders with a tsconfig.json of their own; the engine is checked without the types of Node and the browser. */
const projects = ['src/engine', 'src', 'webview', 'test', 'scripts', 'tools'];

/** @param {readonly string[]} path of a package's command below node_modules */
const tool = (...path) => join('node_modules', ...path);

/** @type {readonly (readonly string[])[]} */
const checks = [
  ...projects.map((project) => [tool('typescript', 'bin', 'tsc'), '-p', project]),
  [tool('oxlint', 'bin', 'oxlint'), '--type-aware', '--deny-warnings', '--format=unix'],
  [tool('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level', 'warn', '.'],
];

script(async () => {
  await ensureInstalled();
  // All of them run, so that one look shows everything there is to mend.
  let failed = 0;
  for (const args of checks) {
    if ((await run(process.execPath, args)) !== 0) failed++;
  }
  if (failed > 0) throw new Error(`${failed} of ${checks.length} checks failed`);
});
