import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { readJson } from '../support/models/expected.js';

describe('THIRD_PARTY.md', () => {
  const notice = readFileSync(join(process.cwd(), 'THIRD_PARTY.md'), 'utf8');

  it('names every package that the sources import for more than its types', () => {
    const imported = new Set<string>();
    for (const folder of ['src', 'webview']) {
      for (const path of readdirSync(join(process.cwd(), folder), { recursive: true, encoding: 'utf8' })) {
        if (!path.endsWith('.ts')) continue;
        const text = readFileSync(join(process.cwd(), folder, path), 'utf8');
        for (const [, from = ''] of text.matchAll(/^import (?!type )(?:[^'";]* from )?'([^'.][^']*)'/gm)) {
          const [name = ''] = /^(?:@[^/]+\/)?[^/]+/.exec(from) ?? [];
          if (!isBuiltin(from) && name !== 'vscode') imported.add(name);
        }
      }
    }
    assert.ok(imported.has('katex') && imported.has('@huggingface/tokenizers'));
    for (const name of imported) assert.ok(notice.includes(`| \`${name}\` |`), `${name} is not named`);
  });

  it('names what is shipped as it is', () => {
    const { dependencies } = readJson<{ dependencies: Record<string, string> }>(
      readFileSync(join(process.cwd(), 'package.json'), 'utf8'),
    );
    for (const [name, version] of Object.entries(dependencies)) {
      assert.ok(notice.includes(`| \`${name}\` | ${version} |`), `${name} ${version} is not named`);
    }
  });
});
