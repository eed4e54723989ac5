// Bundles the extension into dist/, and with --tests the tests into out/test/.
//   --production     minified, without source maps
//   --watch          rebuild on every change
//   --tests          the tests too
//   --allow-missing  leave out entries whose source does not exist yet
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import * as esbuild from 'esbuild';
import { testSources } from './lib/suites.mjs';
import { root, script } from './lib/run.mjs';

/**
 * @typedef {{ production?: boolean, tests?: boolean, allowMissing?: boolean }} BuildOptions
 */

/**
 * KaTeX names each font in three formats; every browser we run in reads the first, so only that one is shipped.
 * @type {esbuild.Plugin}
 */
const woff2Only = {
  name: 'woff2-only',
  setup(build) {
    build.onLoad({ filter: /katex[\\/]dist[\\/]katex(\.min)?\.css$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(/,\s*url\([^)]*\.(woff|ttf)\)\s*format\([^)]*\)/g, ''),
      loader: 'css',
    }));
  },
};

/** What stands for packages that are only half wanted. */
const standIns = { '@eshaz/web-worker': './scripts/lib/no-worker.mjs' };

/** @type {esbuild.BuildOptions} */
const nodeTarget = { platform: 'node', format: 'cjs', target: 'node20' };

/** @type {esbuild.BuildOptions} */
const browserTarget = {
  platform: 'browser',
  format: 'iife',
  target: 'chrome120',
  loader: { '.woff2': 'file', '.svg': 'text' },
  assetNames: 'webview/fonts/[name]',
  plugins: [woff2Only],
};

/**
 * The engine for a worker of a browser, where packages that have a form of their own for browsers are taken in it.
 * @type {esbuild.BuildOptions}
 */
const webEngineTarget = {
  platform: 'browser',
  format: 'esm',
  target: 'chrome120',
  alias: {
    ...standIns,
    'onnxruntime-web': 'onnxruntime-web/wasm',
    // There is one build for browsers, whatever it is asked for as.
    'onnxruntime-node': 'onnxruntime-web/wasm',
  },
};

/** What ONNX Runtime's script looks for beside itself. */
const webAssembly = 'ort-wasm-simd-threaded.wasm';

/**
 * What goes into dist/: name → source, in groups that share their settings.
 * @type {readonly { entries: Record<string, string>, options: esbuild.BuildOptions }[]}
 */
const products = [
  { entries: { extension: 'src/extension.ts' }, options: { ...nodeTarget, external: ['vscode'] } },
  {
    entries: { worker: 'src/worker.ts', inspection: 'src/inspection/index.ts' },
    options: { ...nodeTarget, external: ['onnxruntime-node', 'onnxruntime-web'] },
  },
  { entries: { 'web/engine': 'src/web-worker.ts' }, options: webEngineTarget },
  {
    entries: {
      'webview/panel': 'webview/main.ts',
      'webview/explore': 'webview/explore.ts',
      'webview/model': 'webview/model.ts',
    },
    options: browserTarget,
  },
];

const testExternals = [
  'vscode',
  'onnxruntime-node',
  'onnxruntime-web',
  'mocha',
  'playwright-core',
  'axe-core',
  'esbuild',
];

/**
 * esbuild's settings for everything that is asked for.
 * @param {BuildOptions} options
 * @returns {esbuild.BuildOptions[]}
 */
function plan({ production = false, tests = false, allowMissing = false }) {
  /** @type {esbuild.BuildOptions} */
  const common = {
    absWorkingDir: root,
    bundle: true,
    logLevel: 'warning',
    minify: production,
    sourcemap: production ? false : 'linked',
    legalComments: 'eof',
    alias: standIns,
    // Decoders of images are WebAssembly; inside the bundle they need neither a file nor a network.
    loader: { '.wasm': 'binary' },
    // They ask for the place of their own script only where nobody hands their binary in.
    logOverride: { 'empty-import-meta': 'silent' },
  };
  const builds = products.flatMap(({ entries, options }) => {
    const present = Object.entries(entries).filter(([, source]) => existsSync(join(root, source)));
    for (const [name, source] of Object.entries(entries)) {
      if (existsSync(join(root, source))) continue;
      if (!allowMissing) throw new Error(`cannot build dist/${name}.js: ${source} does not exist`);
      console.log(`left out dist/${name}.js: ${source} does not exist yet`);
    }
    if (present.length === 0) return [];
    return [{ ...common, ...options, entryPoints: Object.fromEntries(present), outdir: 'dist' }];
  });
  if (!tests) return builds;
  const sources = testSources();
  if (sources.length === 0) return builds;
  const entryPoints = Object.fromEntries(
    sources.map((path) => [relative('test', path).split(sep).join('/').replace(/\.ts$/, ''), path]),
  );
  /** @type {esbuild.BuildOptions} */
  const testBuild = {
    ...common,
    ...nodeTarget,
    minify: false,
    sourcemap: 'linked',
    entryPoints,
    outdir: 'out/test',
    external: testExternals,
    loader: { ...common.loader, ...browserTarget.loader },
  };
  return [...builds, testBuild];
}

/**
 * Builds once. Earlier output is removed first, so nothing stale is ever packaged or tested.
 * @param {BuildOptions} options
 */
export async function build(options = {}) {
  const builds = plan(options);
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  if (options.tests === true) rmSync(join(root, 'out', 'test'), { recursive: true, force: true });
  await Promise.all(builds.map((one) => esbuild.build(one)));
  copyWebAssembly();
}

/** Puts ONNX Runtime's WebAssembly beside the engine for browsers. */
function copyWebAssembly() {
  copyFileSync(
    join(root, 'node_modules', 'onnxruntime-web', 'dist', webAssembly),
    join(root, 'dist', 'web', webAssembly),
  );
}

/** @param {BuildOptions} options */
async function watch(options) {
  const contexts = await Promise.all(
    plan(options).map((one) => esbuild.context({ ...one, logLevel: 'info' })),
  );
  await Promise.all(contexts.map((context) => context.watch()));
  console.log('watching');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  script(async () => {
    const { values } = parseArgs({
      options: {
        production: { type: 'boolean', default: false },
        watch: { type: 'boolean', default: false },
        tests: { type: 'boolean', default: false },
        'allow-missing': { type: 'boolean', default: false },
      },
    });
    const options = {
      production: values.production,
      tests: values.tests,
      allowMissing: values['allow-missing'],
    };
    await (values.watch ? watch(options) : build(options));
  });
}
