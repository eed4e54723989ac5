import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { fixtures, media, readJson } from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

/** Of each part, the `numel` of PyTorch’s parameters, by make_counts.py. */
const expected = readJson<Record<string, Record<string, number>>>(
  readFileSync(join(fixtures, 'counts.json'), 'utf8'),
);

/** What the script calls a part, beside what a page does. */
const names: Readonly<Record<string, string>> = {
  feedForward: 'feed-forward',
  normalisation: 'norms',
  outputs: 'output',
};

describe('The parts of a model', () => {
  const engine = new Engine(platform, media);
  after(() => engine.dispose());

  for (const [name, { head = 0, ...counted }] of Object.entries(expected)) {
    it(`of ${name} have the parameters that PyTorch’s modules have`, async () => {
      const page = await engine.modelPage({ kind: 'folder', path: join(fixtures, name) });
      const parts = new Map<string, number>(page.parts.map((part) => [part.name, part.count]));
      const ours = Object.keys(counted).map((part) => [part, parts.get(names[part] ?? part)]);
      assert.deepEqual(Object.fromEntries(ours), counted);
      // A head that says nothing of the next token is in the file, but not in the graph; nor are sinusoids and positions’ numbers.
      const all = page.parts.reduce((sum, { count }) => sum + count, 0);
      assert.equal(all + page.unused.count, page.total);
      assert.ok((parts.get('head') ?? 0) <= head && head <= (parts.get('head') ?? 0) + page.unused.count);
    });
  }

  it('are compared for every checkpoint that is kept', () => {
    const kept = readdirSync(fixtures).filter((name) =>
      ['config.json', 'expected.safetensors'].every((file) => existsSync(join(fixtures, name, file))),
    );
    assert.deepEqual(Object.keys(expected).toSorted(), kept.toSorted());
  });
});
