// Makes the pictures of the walkthrough anew, in a real VS Code.
import { join } from 'node:path';
import { ensureInstalled } from './lib/install.mjs';
import { node, script } from './lib/run.mjs';
import { bundleOf } from './lib/suites.mjs';

script(async () => {
  await ensureInstalled();
  const { build } = await import('./build.mjs');
  await build({ tests: true });
  await node([bundleOf(join('test', 'pictures', 'pictures.ts'))]);
});
