// Types, lint (with the import boundaries of docs and architecture), what is unused, and format. Prints nothing but what is
// wrong.
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
  [tool('knip', 'bin', 'knip.js'), '--no-progress'],
  [tool('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level', 'warn', '.'],
];

script(async () => {
  await ensureInstalled();
  // All of them run, so that one look shows everything there is to mend; two at a time.
  const waiting = [...checks];
  let failed = 0;
  const work = async () => {
    for (let args = waiting.shift(); args !== undefined; args = waiting.shift()) {
      if ((await run(process.execPath, args)) !== 0) failed++;
    }
  };
  await Promise.all([work(), work()]);
  if (failed > 0) throw new Error(`${failed} of ${checks.length} checks failed`);
});
