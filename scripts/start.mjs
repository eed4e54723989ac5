// Opens VS Code with the extension and the sample workspace, after doing all that is needed for that. Only node: builtins
// are imported before the packages are installed.
//   --no-open    do not open a browser
//   --port N     the port of the VS Code in the browser
//   --browser    the VS Code in the browser, even where there is a desktop one
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureInstalled } from './lib/install.mjs';
import { root, run, script } from './lib/run.mjs';

/** @param {string} name */
const onPath = (name) =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .some((folder) => folder !== '' && existsSync(join(folder, name)));

/** Whether windows can be shown here. */
const headless =
  process.env['CI'] !== undefined ||
  process.env['SSH_CONNECTION'] !== undefined ||
  (process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY']);

/** The desktop VS Code's command. In VS Code's own remote terminals `code` is another program, which opens no such window. */
function desktopCommand() {
  if (headless || process.env['VSCODE_IPC_HOOK_CLI'] !== undefined) return undefined;
  const name = process.platform === 'win32' ? 'code.cmd' : 'code';
  return onPath(name) ? name : undefined;
}

/** @param {string} address */
function openBrowser(address) {
  const openers = /** @type {Partial<Record<NodeJS.Platform, readonly string[]>>} */ ({
    darwin: ['open', address],
    win32: ['rundll32', 'url.dll,FileProtocolHandler', address],
    linux: ['xdg-open', address],
  });
  const [command, ...args] = openers[process.platform] ?? [];
  if (command === undefined || headless || (process.platform === 'linux' && !onPath(command))) return;
  // Whether that worked does not matter: the address is printed too.
  spawn(command, args, { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref();
}

/** The sample workspace, writable. What was changed there in an earlier run stays. */
function workspace() {
  const folder = join(root, '.cache', 'sample');
  mkdirSync(folder, { recursive: true });
  cpSync(join(root, 'media', 'sample'), folder, { recursive: true, force: false });
  // By it the extension knows the workspace, and shows where to begin.
  writeFileSync(join(folder, '.attention-inspector-sample'), '');
  return folder;
}

/** @param {string} text */
function portOf(text) {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`--port ${text} is not a port`);
  return port;
}

script(async () => {
  const { values } = parseArgs({
    options: {
      'no-open': { type: 'boolean', default: false },
      browser: { type: 'boolean', default: false },
      port: { type: 'string' },
    },
  });
  const port = values.port === undefined ? undefined : portOf(values.port);
  await ensureInstalled();
  const { build } = await import('./build.mjs');
  await build();
  const folder = workspace();

  const code = values.browser ? undefined : desktopCommand();
  if (code !== undefined) {
    console.log('Opening VS Code; it closes this command when its window is closed.');
    const args = ['--new-window', '--wait', `--extensionDevelopmentPath=${root}`, folder];
    process.exitCode = await run(code, args, { shell: process.platform === 'win32' });
    return;
  }

  const { startServer } = await import('../test/host/server.mjs');
  const { extensionFolder } = await import('../test/host/extension.mjs');
  const server = await startServer({
    root,
    dataDir: join(root, '.cache', 'start'),
    ...(port === undefined ? {} : { port }),
  });
  const address = server.address({ folder, extension: extensionFolder(root) });
  console.log(`\nVS Code with Attention Inspector is at\n\n  ${address}\n`);
  console.log(
    'Select some text in story.md and press Ctrl+Alt+A, or right-click Q.npy. Ctrl+C here ends it.',
  );
  if (!values['no-open']) openBrowser(address);
  // The server's own process keeps this one alive; a signal ends both.
  await server.ended;
  throw new Error(`VS Code's server has ended:\n${server.log().slice(-2000)}`);
});
