// Lists in THIRD_PARTY.md every npm package that is shipped, with its licence: those that end up in the bundles, and
// package.json's own dependencies, which are shipped as they are.
//   node tools/third_party.mjs
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const modules = join(root, 'node_modules');
const begin = '<!-- packages: begin -->';
const end = '<!-- packages: end -->';

/**
 * @typedef {{
 *   version: string, license: string, dependencies?: Record<string, string>,
 *   author?: string | { name: string }, repository?: string | { url: string },
 * }} Manifest
 */

/**
 * The package.json of a folder.
 * @param {string} folder
 * @returns {Manifest}
 */
function manifestOf(folder) {
  /** @type {unknown} */
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- npm has checked it
  return /** @type {Manifest} */ (manifest);
}

/** Packages of which at least one byte is in a bundle. */
async function bundled() {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [
      'src/extension.ts',
      'src/worker.ts',
      'src/web-worker.ts',
      'src/inspection/index.ts',
      'webview/main.ts',
      'webview/explore.ts',
      'webview/model.ts',
    ],
    bundle: true,
    write: false,
    metafile: true,
    outdir: 'dist',
    platform: 'node',
    // Browser bundles take a package's browser form; it is the same package.
    external: ['vscode', 'onnxruntime-node', 'onnxruntime-web'],
    alias: { '@eshaz/web-worker': './scripts/lib/no-worker.mjs' },
    loader: { '.woff2': 'file', '.woff': 'file', '.ttf': 'file', '.svg': 'text' },
    logLevel: 'error',
  });
  return Object.values(metafile.outputs)
    .flatMap(({ inputs }) => Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0))
    .flatMap(([path]) => {
      const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? [];
      return name === undefined ? [] : [name];
    });
}

/** What is shipped as it is, with what it needs in turn to run. */
function shipped() {
  const names = Object.keys(manifestOf(root).dependencies ?? {});
  // Its other dependencies are only for its install script, which is not run.
  return names.flatMap((name) => (name === 'onnxruntime-node' ? [name, 'onnxruntime-common'] : [name]));
}

/**
 * A package that has no licence file of its own still names its licence and its author.
 * @param {string} license @param {string} holder
 */
function standardText(license, holder) {
  if (license === 'Apache-2.0') return 'Apache License 2.0: see the end of this file.';
  if (license !== 'MIT') throw new Error(`no text is known for the licence ${license}`);
  const project = readFileSync(join(root, 'LICENSE'), 'utf8');
  return `MIT License\n\nCopyright (c) ${holder}\n\n${project.slice(project.indexOf('Permission is hereby granted')).trim()}`;
}

/** @param {string} name */
function notice(name) {
  const folder = join(modules, name);
  const { version, license, author, repository } = manifestOf(folder);
  const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt'].find((each) => existsSync(join(folder, each)));
  const holder = typeof author === 'string' ? author : (author?.name ?? 'the authors');
  const url = typeof repository === 'string' ? repository : (repository?.url ?? '');
  const text =
    file === undefined || license === 'Apache-2.0'
      ? standardText(license, holder)
      : readFileSync(join(folder, file), 'utf8').trim();
  return { name, version, license, url: url.replace(/^git\+|\.git$/g, ''), text };
}

const notices = [...new Set([...(await bundled()), ...shipped()])].toSorted().map(notice);
/** The same text stands once, with the names of all that it is for. */
/** @type {Map<string, { text: string, names: string[] }>} */
const texts = new Map();
for (const { name, text } of notices) {
  const key = text.replaceAll(/\s+/g, ' ');
  texts.set(key, { text, names: [...(texts.get(key)?.names ?? []), name] });
}
const section = [
  begin,
  '',
  '| package | version | licence | from |',
  '|---|---|---|---|',
  ...notices.map(({ name, version, license, url }) => `| \`${name}\` | ${version} | ${license} | ${url} |`),
  '',
  ...[...texts.values()].flatMap(({ text, names }) => [
    `### ${names.join(', ')}`,
    '',
    '```text',
    text.replaceAll('\r\n', '\n'),
    '```',
    '',
  ]),
  end,
].join('\n');

const path = join(root, 'THIRD_PARTY.md');
const before = readFileSync(path, 'utf8');
const [from, to] = [before.indexOf(begin), before.indexOf(end)];
if (from < 0 || to < from) throw new Error(`THIRD_PARTY.md lacks the marks ${begin} and ${end}`);
writeFileSync(path, before.slice(0, from) + section + before.slice(to + end.length));
console.log(notices.map(({ name, license }) => `${name}: ${license}`).join('\n'));
