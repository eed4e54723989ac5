// Runs VS Code's server on a free port of 127.0.0.1, and takes it down again, whatever happens.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureServer } from './install.mjs';

/**
 * @typedef {object} ServerOptions
 * @property {string} [root] the project's folder; the working directory if left out
 * @property {number} [port] a free one if left out
 * @property {string} [dataDir] where the server keeps settings, extensions and logs; a temporary folder if left out
 * @property {Record<string, unknown>} [settings] user settings, on top of the quiet ones below
 * @property {NodeJS.ProcessEnv} [env] variables for the server and its extension hosts, on top of this process's
 * @property {string} [vsix] a packaged extension to install first
 * @property {boolean} [workspaceTrust] ask whether the workspace is trusted, as VS Code does by default
 */

/**
 * @typedef {object} PageOptions
 * @property {string} folder the absolute path of the workspace
 * @property {string} [extension] the absolute path of the extension to load from source
 * @property {string} [tests] the absolute path of a module whose run() is called in the extension host
 */

/**
 * @typedef {object} Server
 * @property {number} port
 * @property {number} pid
 * @property {string} dataDir
 * @property {(options: PageOptions) => string} address the page that opens a workspace
 * @property {() => string} log what the server has printed
 * @property {Promise<void>} ended settles when the server has ended
 * @property {() => Promise<void>} stop ends the server and every process it started
 */

/** No welcome pages, no updates, no assistants: only what is under test. */
const quietSettings = {
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'git.openRepositoryInParentFolders': 'never',
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'window.autoDetectColorScheme': false,
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
};

const startTimeout = 60_000;

/** The servers that are running, so that none outlives this process. @type {Set<number>} */
const running = new Set();
let guarded = false;

/** @param {number} pid */
function killTree(pid) {
  running.delete(pid);
  try {
    // The server leads a process group of its own, in which its extension hosts and their children are.
    if (process.platform === 'win32')
      spawn('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore' });
    else process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Kills what is running when this process exits or is told to. */
function guard() {
  if (guarded) return;
  guarded = true;
  process.once('exit', () => {
    for (const pid of running) killTree(pid);
  });
  for (const [signal, code] of /** @type {const} */ ([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ])) {
    process.once(signal, () => process.exit(code));
  }
}

/**
 * @param {string} node
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
function launch(node, args, env) {
  const child = spawn(node, args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  });
  let output = '';
  const keep = (/** @type {Buffer} */ chunk) => {
    output += chunk.toString();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return { child, output: () => output };
}

/**
 * Puts a packaged extension into the server's data folder.
 * @param {import('./install.mjs').VSCodeServer} server
 * @param {string} dataDir
 * @param {string} vsix
 */
async function installExtension(server, dataDir, vsix) {
  const { child, output } = launch(
    server.node,
    [
      server.main,
      '--accept-server-license-terms',
      '--server-data-dir',
      dataDir,
      '--install-extension',
      vsix,
      '--force',
    ],
    process.env,
  );
  /** @type {number | null} */
  const code = await new Promise((done) => child.once('close', done));
  if (code !== 0 || !/was successfully installed/.test(output())) {
    throw new Error(`${vsix} was not installed (exit code ${code}):\n${output()}`);
  }
}

/**
 * Starts the server and waits until it listens. Installs it first where that has not been done.
 * @param {ServerOptions} [options]
 * @returns {Promise<Server>}
 * @throws when it ends or stays silent instead of listening
 */
export async function startServer(options = {}) {
  const server = await ensureServer(options.root ?? process.cwd());
  const temporary = options.dataDir === undefined;
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'vscode-server-'));
  const userDir = join(dataDir, 'data', 'User');
  const settingsFile = join(userDir, 'settings.json');
  if (!existsSync(settingsFile)) {
    // A data folder that is used again keeps what its user has set.
    mkdirSync(userDir, { recursive: true });
    writeFileSync(settingsFile, JSON.stringify({ ...quietSettings, ...options.settings }, undefined, 2));
  }
  if (options.vsix !== undefined) await installExtension(server, dataDir, options.vsix);

  guard();
  const { child, output } = launch(
    server.node,
    [
      server.main,
      ...['--host', '127.0.0.1', '--port', String(options.port ?? 0)],
      ...['--without-connection-token', '--accept-server-license-terms'],
      ...['--server-data-dir', dataDir, '--telemetry-level', 'off'],
      ...(options.workspaceTrust === true ? [] : ['--disable-workspace-trust']),
      '--enable-smoke-test-driver',
    ],
    { ...process.env, ...options.env },
  );
  const pid = child.pid;
  if (pid === undefined) throw new Error(`cannot start ${server.node}`);
  running.add(pid);
  /** @type {Promise<void>} */
  const ended = new Promise((done) => child.once('close', () => done()));

  /** @type {number} */
  const port = await new Promise((done, fail) => {
    const give = (/** @type {string} */ why) => {
      clearTimeout(timer);
      killTree(pid);
      fail(new Error(`VS Code's server ${why}:\n${output()}`));
    };
    const timer = setTimeout(() => give(`did not listen within ${startTimeout / 1000} s`), startTimeout);
    child.once('close', (code) => give(`ended at once with exit code ${code}`));
    child.stdout.on('data', () => {
      const found = /agent listening on (\d+)/.exec(output())?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      done(Number(found));
    });
  });

  return {
    port,
    pid,
    dataDir,
    address({ folder, extension, tests }) {
      const remote = (/** @type {string} */ path) =>
        `vscode-remote://127.0.0.1:${port}${path.startsWith('/') ? '' : '/'}${path.replaceAll('\\', '/')}`;
      const payload = [
        ...(extension === undefined ? [] : [['extensionDevelopmentPath', remote(extension)]]),
        ...(tests === undefined ? [] : [['extensionTestsPath', remote(tests)]]),
        ['skipWelcome', 'true'],
      ];
      const query = new URLSearchParams({ folder, payload: JSON.stringify(payload) });
      return `http://127.0.0.1:${port}/?${query.toString()}`;
    },
    log: output,
    ended,
    async stop() {
      killTree(pid);
      await ended;
      if (temporary) rmSync(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}
