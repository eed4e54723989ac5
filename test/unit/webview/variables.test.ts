import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = process.cwd();
const webview = join(root, 'webview');

describe('CSS variables of the pages', () => {
  it('are none that the toolkit sets on the body: it would keep their values of the theme before', () => {
    const tokens = readFileSync(
      join(root, 'node_modules/@vscode/webview-ui-toolkit/dist/design-tokens.js'),
      'utf8',
    );
    const theirs = new Set([...tokens.matchAll(/create\('([a-z0-9-]+)'/g)].map(([, name]) => `--${name}`));
    assert.ok(theirs.has('--foreground') && theirs.size > 50, 'the toolkit’s variables were found');
    const ours = readdirSync(webview, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.css'))
      .flatMap((path) => [...readFileSync(join(webview, path), 'utf8').matchAll(/^\s+(--[a-z0-9-]+):/gm)])
      .map(([, name]) => name ?? '');
    assert.ok(ours.length > 20);
    assert.deepEqual(
      ours.filter((name) => theirs.has(name)),
      [],
    );
  });
});
