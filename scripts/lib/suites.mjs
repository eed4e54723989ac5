// The test suites and their files, found by looking, never listed by hand.
import { existsSync, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { root } from './run.mjs';

/**
 * Every file below a folder of the project that satisfies a test.
 * @param {string} folder relative to the project
 * @param {(path: string) => boolean} wanted
 * @returns {string[]} paths relative to the project, sorted
 */
export function filesBelow(folder, wanted) {
  const start = join(root, folder);
  if (!existsSync(start)) return [];
  return readdirSync(start, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((path) => wanted(path))
    .sort();
}

/** @param {string} path */
const isTest = (path) => path.endsWith('.test.ts');

/**
 * The test files of one suite's folder.
 * @param {string} folder such as `test/unit`
 */
export const testFiles = (folder) => filesBelow(folder, isTest);

/** Programs of their own. */
const programs = [join('test', 'vscode', 'run.ts'), join('test', 'pictures', 'pictures.ts')];

/** Everything that is bundled into out/test/: the tests, the entry for the extension host, the benchmarks, the pictures. */
export function testSources() {
  return filesBelow('test', (path) => isTest(path) || path.endsWith('.bench.ts') || programs.includes(path));
}

/**
 * Where a test file's bundle is.
 * @param {string} source such as `test/unit/engine/tensor.test.ts`
 */
export const bundleOf = (source) => join('out', source).split(sep).join('/').replace(/\.ts$/, '.js');
