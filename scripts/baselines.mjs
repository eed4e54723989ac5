// Renews the kept pictures of the main screens in test/baselines/, and what they were drawn by.
import { join } from 'node:path';
import { ensureInstalled } from './lib/install.mjs';
import { node, script } from './lib/run.mjs';
import { bundleOf } from './lib/suites.mjs';

script(async () => {
  await ensureInstalled();
  const { build } = await import('./build.mjs');
  await build({ tests: true });
  await node(
    [
      join('node_modules', 'mocha', 'bin', 'mocha.js'),
      ...['--reporter', 'test/host/reporter.cjs', '--exit'],
      bundleOf('test/webview/baselines.test.ts'),
    ],
    { env: { ...process.env, ATTENTION_INSPECTOR_BASELINES: 'renew' } },
  );
});
