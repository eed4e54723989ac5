// Makes the VSIX for a platform, and checks what is in it.
//   --target NAME   another platform than this one, as VS Code names them: darwin-x64, alpine-arm64, …
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { unzipSync } from 'fflate';
import { build } from './build.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { node, root, script } from './lib/run.mjs';

/** The platforms that VS Code knows and the engine runs on. */
const targets = ['linux', 'win32', 'darwin', 'alpine'].flatMap((platform) =>
  ['x64', 'arm64'].map((architecture) => `${platform}-${architecture}`),
);

const modules = join(root, 'node_modules');

/**
 * @typedef {object} Runtime
 * @property {readonly string[]} files what the engine process loads at run time, as folders and files in node_modules
 * @property {string} required without it nothing runs
 * @property {(path: string) => boolean} holds whether a file in node_modules belongs to it
 */

/**
 * ONNX Runtime for a platform: its native files where it has some, else its WebAssembly.
 * @param {string} target
 * @returns {Runtime}
 */
function runtimeFor(target) {
  const natives = `onnxruntime-node/bin/napi-v6/${target.replace('-', '/')}`;
  if (existsSync(join(modules, natives))) {
    return {
      files: [
        'onnxruntime-node/package.json',
        'onnxruntime-node/dist',
        natives,
        'onnxruntime-common/package.json',
        'onnxruntime-common/dist/cjs',
      ],
      required: `${natives}/onnxruntime_binding.node`,
      holds: (path) =>
        path.startsWith(`${natives}/`) ||
        /^onnxruntime-(node|common)\/(package\.json|dist\/.+\.js|dist\/cjs\/package\.json)$/.test(path),
    };
  }
  const files = [
    'onnxruntime-web/package.json',
    'onnxruntime-web/dist/ort.node.min.mjs',
    'onnxruntime-web/dist/ort-wasm-simd-threaded.mjs',
    'onnxruntime-web/dist/ort-wasm-simd-threaded.wasm',
    'onnxruntime-common/package.json',
    'onnxruntime-common/dist/esm',
  ];
  if (!existsSync(join(modules, 'onnxruntime-web'))) {
    throw new Error(`${target} needs onnxruntime-web, an optional dependency that is not installed`);
  }
  return {
    files,
    required: 'onnxruntime-web/dist/ort-wasm-simd-threaded.wasm',
    holds: (path) =>
      files.includes(path) || /^onnxruntime-common\/dist\/esm\/([^/]+\.js|package\.json)$/.test(path),
  };
}

/**
 * Puts what the engine process loads at run time beside it, for one platform and nothing else. (vsce can only package
 * whole dependencies, with the binaries of all platforms.)
 * @param {Runtime} runtime
 */
function copyRuntime({ files }) {
  const place = join(root, 'dist', 'node_modules');
  rmSync(place, { recursive: true, force: true });
  for (const path of files) {
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
  'media/models/all-MiniLM-L6-v2/model.safetensors',
  'media/models/gpt-packages/model.safetensors',
  'media/models/gpt-packages/tokenizer.json',
  'media/models/emoji-scenes/model.safetensors',
  'media/models/emoji-scenes/tokenizer.json',
  'media/models/emoji-scenes/preprocessor_config.json',
  'media/models/numbers-speech/model.safetensors',
  'media/models/numbers-speech/tokenizer.json',
  'media/models/numbers-speech/preprocessor_config.json',
  'media/models/dates/bahdanau.safetensors',
  'media/models/dates/luong.safetensors',
  'media/models/dates/transformer.safetensors',
  'media/models/dates/vocabulary.json',
];

/**
 * @param {readonly string[]} names the paths in a package
 * @param {Runtime} runtime
 * @throws naming every file that does not belong there, or is missing
 */
function checkContents(names, runtime) {
  const files = names
    .filter((name) => name.startsWith('extension/'))
    .map((name) => name.slice('extension/'.length));
  const place = 'dist/node_modules/';
  const strange = files.filter((file) =>
    file.startsWith(place)
      ? !runtime.holds(file.slice(place.length))
      : !allowed.some((pattern) => pattern.test(file)) || forbidden.some((pattern) => pattern.test(file)),
  );
  const missing = [...required, place + runtime.required].filter((file) => !files.includes(file));
  if (strange.length > 0) throw new Error(`the package holds what it should not: ${strange.join(', ')}`);
  if (missing.length > 0) throw new Error(`the package lacks ${missing.join(', ')}`);
}

/**
 * Builds for production and packages the result.
 * @param {string} [target] the platform it is for; this one if left out
 * @param {{ built?: boolean }} [options] `built`: dist/ holds a build for production already
 * @returns {Promise<string>} the absolute path of the VSIX
 * @throws when the package holds something it should not, or lacks something
 */
export async function pack(target = `${process.platform}-${process.arch}`, { built = false } = {}) {
  if (!targets.includes(target))
    throw new Error(`there is no target ${target}; the targets are ${targets.join(', ')}`);
  const runtime = runtimeFor(target);
  /** @type {unknown} */
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const { name, version } = /** @type {{ name: string, version: string }} */ (manifest);
  if (!built) await build({ production: true });
  copyRuntime(runtime);
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
  checkContents(names, runtime);
  const size = statSync(path).size / 2 ** 20;
  console.log(`${path}: ${names.length} files, ${size.toFixed(1)} MiB`);
  return path;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  script(async () => {
    const { values } = parseArgs({ options: { target: { type: 'string' } } });
    await ensureInstalled();
    await pack(values.target);
  });
}
