// Small things every script needs. Imports only node: builtins, for it runs before anything is installed.
import { spawn } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/**
 * Runs a program to its end with this process's own standard output and error.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, shell?: boolean }} [options]
 * @returns {Promise<number>} its exit code; a program that ended by a signal counts as 1
 * @throws when it cannot be started
 */
export function run(command, args, options = {}) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: options.env ?? process.env,
      shell: options.shell ?? false,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.once('error', (error) => fail(new Error(`cannot start ${command}: ${error.message}`)));
    child.once('close', (code) => done(code ?? 1));
  });
}

/**
 * Like run, but anything other than exit code 0 is an error.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export async function must(command, args, options) {
  const code = await run(command, args, options);
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')} ended with exit code ${code}`);
}

/**
 * Runs a program in Node's own binary.
 * @param {readonly string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export const node = (args, options) => must(process.execPath, args, options);

/**
 * Runs npm: the one that runs this script where there is one, else the one on the PATH.
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 */
export function npm(args, options) {
  const cli = process.env['npm_execpath'];
  if (cli !== undefined && /npm-cli\.c?js$/.test(cli)) return node([cli, ...args], options);
  // npm is a .cmd file on Windows, which only a shell starts.
  return must('npm', args, { ...options, shell: process.platform === 'win32' });
}

/**
 * Ends a script with one sentence and exit code 1 when its main function fails.
 * @param {() => Promise<void>} main
 */
export function script(main) {
  process.chdir(root);
  main().catch((/** @type {unknown} */ error) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  });
}
