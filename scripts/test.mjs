// Runs the tests. All of them by default, after installing what is missing and checking types, lint and format; or only
// what is named: check, unit, contract, checkpoints, webview, vscode (api and ui), package; or quick: the first three.
//   --grep TEXT      only tests whose full title contains it
//   --allow-missing  build although some entries of the extension do not exist yet
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureInstalled } from './lib/install.mjs';
import { root, run, script } from './lib/run.mjs';
import { bundleOf, testFiles } from './lib/suites.mjs';

/** The one test file that is also run against the packaged extension. */
const packageTest = join('test', 'vscode', 'ui', 'selection.test.ts');

/**
 * @typedef {{ passes: number, failures: number, pending: number }} Results
 * @typedef {{ grep: string | undefined, env: NodeJS.ProcessEnv }} Context
 * @typedef {{ name: string, group: string, files: () => string[], run: (files: string[], context: Context) => Promise<number>, unavailable?: () => Promise<string | undefined> }} Suite
 *   `unavailable` says why a suite cannot be run here, where nothing is wrong with what it tests
 */

/** How many processes share the files of a suite. */
const jobs = Math.min(2, availableParallelism());

/**
 * Runs bundled test files in a mocha of their own, side by side.
 * @param {number} timeout of one test, in milliseconds
 * @returns {Suite['run']}
 */
const mocha =
  (timeout) =>
  (files, { grep, env }) =>
    run(
      process.execPath,
      [
        ...['--enable-source-maps', join('node_modules', 'mocha', 'bin', 'mocha.js')],
        ...['--reporter', 'test/host/reporter.cjs', '--timeout', String(timeout), '--exit'],
        ...(jobs > 1 && files.length > 1 ? ['--parallel', '--jobs', String(jobs)] : []),
        ...(grep === undefined ? [] : ['--fgrep', grep]),
        ...files.map(bundleOf),
      ],
      { env },
    );

/** What is run again and again while something is written. */
const quick = ['check', 'unit', 'contract'];

/** @type {readonly Suite[]} */
const suites = [
  { name: 'unit', group: 'unit', files: () => testFiles('test/unit'), run: mocha(30_000) },
  // In a process of its own: it puts a page's window where Node has none.
  { name: 'contract', group: 'contract', files: () => testFiles('test/contract'), run: mocha(30_000) },
  {
    name: 'checkpoints',
    group: 'checkpoints',
    files: () => testFiles('test/checkpoints'),
    run: mocha(60_000),
    async unavailable() {
      const { fetchCheckpoints } = await import('./checkpoints.mjs');
      const missing = await fetchCheckpoints();
      return missing === undefined ? undefined : `the checkpoints cannot be fetched: ${missing}`;
    },
  },
  { name: 'webview', group: 'webview', files: () => testFiles('test/webview'), run: mocha(60_000) },
  { name: 'vscode api', group: 'vscode', files: () => testFiles('test/vscode/api'), run: inVSCode },
  { name: 'vscode ui', group: 'vscode', files: () => testFiles('test/vscode/ui'), run: mocha(120_000) },
  {
    name: 'package',
    group: 'package',
    files: () => [
      ...testFiles('test/package'),
      ...testFiles('test/vscode/ui').filter((path) => path === packageTest),
    ],
    async run(files, context) {
      const { pack } = await import('./package.mjs');
      // One for a platform that has no native ONNX Runtime, and last the one for this platform, whose files then lie in dist/.
      const portable = await pack('alpine-x64');
      const vsix = await pack(undefined, { built: true });
      return mocha(120_000)(files, {
        ...context,
        env: {
          ...context.env,
          ATTENTION_INSPECTOR_VSIX: vsix,
          ATTENTION_INSPECTOR_PORTABLE_VSIX: portable,
        },
      });
    },
  },
];

/**
 * Runs the tests that call VS Code's API inside an extension host: the desktop's with VSCODE_DESKTOP=1, else that of
 * the VS Code from npm. Both see a copy of the sample workspace.
 * @type {Suite['run']}
 */
async function inVSCode(_files, { grep, env }) {
  const { copyWorkspace } = await import('../test/host/workspace.mjs');
  const { folder, remove } = copyWorkspace(join(root, 'media', 'sample'));
  const tests = join(root, 'out', 'test', 'vscode', 'run.js');
  const variables = { ...env, ...(grep === undefined ? {} : { MOCHA_GREP: grep }) };
  try {
    if (process.env['VSCODE_DESKTOP'] === '1') {
      const { runTests } = await import('@vscode/test-electron');
      const launchArgs = [folder, '--disable-workspace-trust', '--disable-extensions'];
      const options = {
        extensionDevelopmentPath: root,
        extensionTestsPath: tests,
        extensionTestsEnv: variables,
      };
      return await runTests({ ...options, launchArgs });
    }
    const { runInExtensionHost } = await import('../test/host/extension-host.mjs');
    return await runInExtensionHost({ root, folder, tests, env: variables, timeout: 600_000 });
  } finally {
    remove();
  }
}

/**
 * Runs one suite and reads its results.
 * @param {Suite} suite
 * @param {string} scratch a folder for the results
 * @param {string | undefined} grep
 * @returns {Promise<Results & { problem?: string, skipped?: string }>} with a problem where something beside a test went wrong
 */
async function runSuite(suite, scratch, grep) {
  const files = suite.files();
  const nothing = { passes: 0, failures: 0, pending: 0 };
  if (files.length === 0) return { ...nothing, problem: 'has no test files' };
  const resultsFile = join(scratch, `${suite.name}.json`);
  let code;
  try {
    const skipped = await suite.unavailable?.();
    if (skipped !== undefined) {
      console.log(`skipped: ${skipped}`);
      return { ...nothing, pending: 1, skipped };
    }
    code = await suite.run(files, { grep, env: { ...process.env, MOCHA_RESULTS: resultsFile } });
  } catch (error) {
    return { ...nothing, problem: error instanceof Error ? error.message : String(error) };
  }
  /** @type {Results} */
  let results;
  try {
    results = /** @type {Results} */ (JSON.parse(readFileSync(resultsFile, 'utf8')));
  } catch {
    return { ...nothing, problem: `ended without results (exit code ${code})` };
  }
  if (results.passes + results.failures === 0 && grep === undefined)
    return { ...results, problem: 'ran no test' };
  if (code !== 0 && results.failures === 0) return { ...results, problem: `ended with exit code ${code}` };
  return results;
}

script(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { grep: { type: 'string' }, 'allow-missing': { type: 'boolean', default: false } },
  });
  const known = ['check', ...new Set(suites.map(({ group }) => group)), 'quick'];
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new Error(`there is no suite ${unknown}; the suites are ${known.join(', ')}`);
  const chosen = positionals.flatMap((name) => (name === 'quick' ? quick : [name]));
  const all = positionals.length === 0;

  await ensureInstalled();
  const unchecked = !all && !chosen.includes('check');
  const checked = unchecked || (await run(process.execPath, ['scripts/check.mjs'])) === 0;
  const { build } = await import('./build.mjs');
  await build({ tests: true, allowMissing: values['allow-missing'] });

  const scratch = mkdtempSync(join(tmpdir(), 'attention-tests-'));
  mkdirSync(join(root, 'out', 'screenshots'), { recursive: true });
  const total = { passes: 0, failures: 0, pending: 0 };
  /** @type {string[]} */
  const lines = [];
  if (!checked) {
    total.failures++;
    lines.push(`${'check'.padEnd(13)}failed`);
  }
  try {
    for (const suite of suites.filter(({ group }) => all || chosen.includes(group))) {
      console.log(`\n── ${suite.name} ──`);
      const results = await runSuite(suite, scratch, values.grep);
      // What went wrong beside the tests counts as a failure of its own.
      const failures = results.failures + (results.problem === undefined ? 0 : 1);
      total.passes += results.passes;
      total.failures += failures;
      total.pending += results.pending;
      const note = results.problem === undefined ? '' : `: ${results.problem}`;
      const counts = `${results.passes} passed, ${failures} failed${note}`;
      const said = results.skipped === undefined ? counts : `skipped: ${results.skipped}`;
      lines.push(`${suite.name.padEnd(13)}${said}`);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const skipped = total.pending === 0 ? '' : `, ${total.pending} skipped`;
  console.log(`\n${lines.join('\n')}\n\n${total.passes} passed, ${total.failures} failed${skipped}`);
  if (total.failures > 0) process.exitCode = 1;
});
