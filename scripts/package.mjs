// Makes the VSIX for this platform, and checks what is in it.
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { unzipSync } from 'fflate';
import { build } from './build.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { node, root, script } from './lib/run.mjs';

const target = `${process.platform}-${process.arch}`;

/** ONNX Runtime's native files, by platform and architecture, in its package. */
const natives = `bin/napi-v6/${process.platform}/${process.arch}`;

/**
 * Puts what the engine process loads at run time beside it: ONNX Runtime's own code, its native files for this platform
 * and nothing else. (vsce can only package whole dependencies, with the binaries of all platforms.)
 */
function copyRuntime() {
  const modules = join(root, 'node_modules');
  const place = join(root, 'dist', 'node_modules');
  rmSync(place, { recursive: true, force: true });
  for (const path of [
    'onnxruntime-node/package.json',
    'onnxruntime-node/dist',
    `onnxruntime-node/${natives}`,
    'onnxruntime-common/package.json',
    'onnxruntime-common/dist/cjs',
  ]) {
    mkdirSync(join(place, path, '..'), { recursive: true });
    cpSync(join(modules, path), join(place, path), {
      recursive: true,
      filter: (source) => !/\.(map|d\.ts)$/.test(source),
    });
  }
}

/** What a package may hold, besides its two descriptions of itself. */
const allowed = [
  /^package(\.nls(\.[a-z-]+)?)?\.json$/,
  /^(readme|changelog|third_party)\.md$/i,
  /^license(\.txt|\.md)?$/i,
  /^l10n\/[^/]+\.json$/,
  /^media\/.+$/,
  /^dist\/(extension|worker|inspection)\.js$/,
  /^dist\/webview\/[a-z]+\.(js|css)$/,
  /^dist\/webview\/fonts\/[^/]+\.woff2$/,
  /^dist\/node_modules\/onnxruntime-(node|common)\/(package\.json|dist\/.+\.js|dist\/cjs\/package\.json)$/,
];

/** What it may not hold, wherever it is. */
const forbidden = [
  /\.tsx?$/,
  /\.map$/,
  /\.py$/,
  /\.(node|so|dylib|dll|exe)(\.|$)/,
  /(^|\/)(src|test|tests|out)\//,
];

const required = [
  'package.json',
  'dist/extension.js',
  'dist/worker.js',
  'dist/webview/panel.js',
  'dist/webview/panel.css',
  `dist/node_modules/onnxruntime-node/${natives}/onnxruntime_binding.node`,
  'media/models/all-MiniLM-L6-v2/model.safetensors',
];

/**
 * @param {readonly string[]} names the paths in a package
 * @throws naming every file that does not belong there, or is missing
 */
export function checkContents(names) {
  const files = names
    .filter((name) => name.startsWith('extension/'))
    .map((name) => name.slice('extension/'.length));
  const ours = `dist/node_modules/onnxruntime-node/${natives}/`;
  const strange = files.filter(
    (file) =>
      !file.startsWith(ours) &&
      (!allowed.some((pattern) => pattern.test(file)) || forbidden.some((pattern) => pattern.test(file))),
  );
  const missing = required.filter((file) => !files.includes(file));
  if (strange.length > 0) throw new Error(`the package holds what it should not: ${strange.join(', ')}`);
  if (missing.length > 0) throw new Error(`the package lacks ${missing.join(', ')}`);
}

/**
 * Builds for production and packages the result.
 * @returns {Promise<string>} the absolute path of the VSIX
 * @throws when the package holds something it should not, or lacks something
 */
export async function pack() {
  /** @type {unknown} */
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const { name, version } = /** @type {{ name: string, version: string }} */ (manifest);
  await build({ production: true });
  copyRuntime();
  const path = join(root, `${name}-${target}-${version}.vsix`);
  await node([
    join('node_modules', '@vscode', 'vsce', 'vsce'),
    ...['package', '--no-dependencies', '--target', target, '--out', path],
    ...['--allow-missing-repository', '--no-rewrite-relative-links'],
  ]);
  /** @type {string[]} */
  const names = [];
  unzipSync(readFileSync(path), {
    filter: ({ name: entry }) => {
      names.push(entry);
      return false;
    },
  });
  checkContents(names);
  console.log(`${path}: ${names.length} files`);
  return path;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  script(async () => {
    await ensureInstalled();
    await pack();
  });
}
