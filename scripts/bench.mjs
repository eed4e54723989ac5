// Runs the benchmarks, each a program of its own that prints its rows. Asserts nothing.
//   NAME …   only those whose file name contains one of the names
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureInstalled } from './lib/install.mjs';
import { root, run, script } from './lib/run.mjs';
import { bundleOf, filesBelow } from './lib/suites.mjs';

script(async () => {
  const names = process.argv.slice(2);
  await ensureInstalled();
  const { build } = await import('./build.mjs');
  await build({ production: true, tests: true });
  mkdirSync(join(root, 'out', 'screenshots'), { recursive: true });
  const files = filesBelow('test/bench', (path) => path.endsWith('.bench.ts'));
  const chosen = files.filter((path) => names.length === 0 || names.some((name) => path.includes(name)));
  if (chosen.length === 0) throw new Error(`no benchmark is called ${names.join(' or ')}`);
  for (const file of chosen) {
    const code = await run(process.execPath, ['--expose-gc', '--enable-source-maps', bundleOf(file)]);
    if (code !== 0) process.exitCode = 1;
  }
});
