import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SavedKinds } from '../../../../src/host/models/saved-head-types.js';
import type { HeadKinds } from '../../../../src/protocol.js';

const kinds: HeadKinds = {
  identity: 'a model\nof 12 bytes',
  described: [{ name: 'sink', title: 'Sink', label: 'F', note: 'The first.', threshold: 0.5 }],
  stacks: [
    { stack: 'self', layers: 1, heads: 2, looked: ['sink'], kinds: [{ name: 'sink', score: 0.7 }, null] },
  ],
};

describe('saved head kinds', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kinds-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('are read as they were written, in a folder that was not there', async () => {
    const saved = new SavedKinds(join(folder, 'new'));
    assert.equal(await saved.read(kinds.identity), undefined);
    await saved.write(kinds);
    assert.deepEqual(await new SavedKinds(join(folder, 'new')).read(kinds.identity), kinds);
  });

  it('of a model whose files changed are not those of before', async () => {
    const saved = new SavedKinds(folder);
    await saved.write(kinds);
    assert.equal(await saved.read('a model\nof 13 bytes'), undefined);
  });

  it('that are damaged are as if there were none', async () => {
    const saved = new SavedKinds(folder);
    await saved.write(kinds);
    const [file = ''] = await readdir(folder);
    const [stack] = kinds.stacks;
    for (const text of [
      '',
      '{"identity"',
      'null',
      JSON.stringify({ ...kinds, identity: 'another' }),
      JSON.stringify({ ...kinds, stacks: [{ ...stack, kinds: [null] }] }),
      JSON.stringify({ ...kinds, stacks: [{ ...stack, kinds: [null, { name: 'unknown', score: 1 }] }] }),
    ]) {
      await writeFile(join(folder, file), text);
      assert.equal(await saved.read(kinds.identity), undefined, text);
    }
  });
});
