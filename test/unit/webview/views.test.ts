import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(process.cwd(), 'webview', 'views');
const list = readFileSync(join(folder, 'index.ts'), 'utf8');
const named = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, 'view.ts')))
  .map(({ name }) => name);

describe('The list of views', () => {
  it('has every folder that describes one', () => {
    assert.ok(named.length > 9);
    for (const name of named) {
      const imported = new RegExp(`import \\{ (\\w+) \\} from '\\./${name}/view\\.js';`).exec(list);
      assert.ok(imported !== null, `${name} is not imported in webview/views/index.ts`);
      assert.match(list, new RegExp(`^ {2}${imported[1] ?? ''},$`, 'm'), `${name} has no line in the list`);
    }
  });

  it('knows each by the name of its folder, under which it is remembered', () => {
    for (const name of named) {
      const [, id] = /^ {2}id: '([^']+)',$/m.exec(readFileSync(join(folder, name, 'view.ts'), 'utf8')) ?? [];
      assert.equal(id, name);
    }
  });
});
