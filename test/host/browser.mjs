// Finds a Chromium, or gets one, and starts it the way the tests need it.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];

/** Where browsers live that are not on the PATH. */
const places = /** @type {Partial<Record<NodeJS.Platform, readonly string[]>>} */ ({
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  win32: [process.env['PROGRAMFILES'], process.env['PROGRAMFILES(X86)'], process.env['LOCALAPPDATA']]
    .filter((folder) => folder !== undefined)
    .flatMap((folder) => [
      join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe'),
      join(folder, 'Microsoft', 'Edge', 'Application', 'msedge.exe'),
    ]),
});

/** @param {string} path */
function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @returns {string | undefined} a browser that is already there */
function installedBrowser() {
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)));
  return [...onPath, ...(places[process.platform] ?? []), chromium.executablePath()].find(executable);
}

/** Whether Debian's own package can be installed. (Ubuntu's of that name is only a pointer to a snap.) */
function debianRoot() {
  const release = '/etc/os-release';
  return (
    process.getuid?.() === 0 && existsSync(release) && /^ID=debian$/m.test(readFileSync(release, 'utf8'))
  );
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 */
function succeeds(command, args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'], env }).status === 0;
}

/**
 * The path of a Chromium: the one named by CHROMIUM, else one on this machine, else one that is installed now (on Debian
 * as root its package, which brings the libraries it needs; elsewhere Playwright's download).
 * @returns {string}
 * @throws where there is none and none can be had
 */
export function findChromium() {
  const named = process.env['CHROMIUM'];
  if (named !== undefined && named !== '') {
    if (!executable(named)) throw new Error(`CHROMIUM names ${named}, which is not an executable file`);
    return named;
  }
  const present = installedBrowser();
  if (present !== undefined) return present;

  console.log('Installing Chromium, since no browser was found …');
  const got =
    (debianRoot() &&
      succeeds('apt-get', ['update', '-qq']) &&
      succeeds('apt-get', ['install', '-y', '-qq', 'chromium'])) ||
    succeeds(process.execPath, [join('node_modules', 'playwright-core', 'cli.js'), 'install', 'chromium']);
  const fetched = got ? installedBrowser() : undefined;
  if (fetched !== undefined) return fetched;
  throw new Error(
    'No Chromium was found and none could be installed: install Chromium or Chrome, or name one in CHROMIUM',
  );
}

/** No first-run pages, no calls home; software WebGL 2 and WebGPU where there is no graphics card. */
const browserArguments = [
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-unsafe-swiftshader',
];

/**
 * Starts Chromium without a window.
 * @param {import('playwright-core').LaunchOptions} [options]
 */
export function launchBrowser(options = {}) {
  // Chromium's sandbox refuses to run as root.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({
    executablePath: findChromium(),
    ...options,
    args: [...browserArguments, ...sandbox, ...(options.args ?? [])],
  });
}
