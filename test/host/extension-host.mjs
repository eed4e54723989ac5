// Runs a test entry inside the extension host of the VS Code from npm.
import { launchBrowser } from './browser.mjs';
import { extensionFolder } from './extension.mjs';
import { startServer } from './server.mjs';

/**
 * Opens a workspace with the extension loaded from source, calls run() of a module in its extension host and prints what
 * that host prints.
 * @param {object} options
 * @param {string} options.root the project's folder, which is the extension's
 * @param {string} options.folder the workspace
 * @param {string} options.tests the module
 * @param {NodeJS.ProcessEnv} options.env
 * @param {number} options.timeout in milliseconds
 * @returns {Promise<number>} 0 when run() resolved, else another number
 * @throws when it has not settled in time
 */
export async function runInExtensionHost({ root, folder, tests, env, timeout }) {
  const server = await startServer({ root, env });
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    /** @type {Promise<number>} */
    const settled = new Promise((done, fail) => {
      timer = setTimeout(
        () => fail(new Error(`the tests in the extension host did not end within ${timeout / 1000} s`)),
        timeout,
      );
      page.once('crash', () => fail(new Error('the page of the workbench crashed')));
      void page.exposeFunction('codeAutomationExit', (/** @type {number} */ code) => done(code));
    });
    await page.exposeFunction(
      'codeAutomationLog',
      (/** @type {string} */ type, /** @type {readonly unknown[]} */ args) => {
        const line = logLine(args);
        if (line !== undefined) (type === 'error' ? process.stderr : process.stdout).write(`${line}\n`);
      },
    );
    await page.goto(server.address({ folder, extension: extensionFolder(root), tests }));
    try {
      return await settled;
    } finally {
      clearTimeout(timer);
    }
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** What the workbench and the server have to say about themselves: connections, natives not built, hosts not reached. */
const noise =
  /bindings file|native-watchdog|build\/Release\/watchdog|punycode|connection token|Creating a socket|grace time|AccountPolicyGate|AgentHost|Service Worker|open-vsx|authentication provider|builtin extensions cache/;

/**
 * One console call as a line: `%s` and its kin filled in, the workbench's colours dropped.
 * @param {readonly unknown[]} args
 * @returns {string | undefined} undefined for noise
 */
function logLine(args) {
  const [first, ...rest] = args;
  const values = [...rest];
  const text =
    typeof first === 'string'
      ? first.replace(/%([%csdifoO])/g, (_, kind) => {
          if (kind === '%') return '%';
          const value = values.shift();
          return kind === 'c' ? '' : String(value);
        })
      : String(first);
  const line = [
    text,
    ...values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))),
  ].join(' ');
  return noise.test(line) ? undefined : line;
}
