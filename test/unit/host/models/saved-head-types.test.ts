import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SavedHeadTypes } from '../../../../src/host/models/saved-head-types.js';
import type { HeadTypes } from '../../../../src/protocol.js';

const types: HeadTypes = {
  identity: 'a model\nof 12 bytes',
  described: [{ name: 'sink', title: 'Sink', label: 'F', note: 'The first.', threshold: 0.5 }],
  stacks: [
    { stack: 'self', layers: 1, heads: 2, looked: ['sink'], types: [{ name: 'sink', score: 0.7 }, null] },
  ],
};

describe('saved head types', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'head-types-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('are read as they were written, in a folder that was not there', async () => {
    const saved = new SavedHeadTypes(join(folder, 'new'));
    assert.equal(await saved.read(types.identity), undefined);
    await saved.write(types);
    assert.deepEqual(await new SavedHeadTypes(join(folder, 'new')).read(types.identity), types);
  });

  it('of a model whose files changed are not those of before', async () => {
    const saved = new SavedHeadTypes(folder);
    await saved.write(types);
    assert.equal(await saved.read('a model\nof 13 bytes'), undefined);
  });

  it('are read as earlier versions wrote them, which said “kinds”', async () => {
    const saved = new SavedHeadTypes(folder);
    await saved.write(types);
    const [file = ''] = await readdir(folder);
    const stacks = types.stacks.map(({ types: kinds, ...stack }) => ({ ...stack, kinds }));
    await writeFile(join(folder, file), JSON.stringify({ ...types, stacks }));
    assert.deepEqual(await saved.read(types.identity), types);
  });

  it('that are damaged are as if there were none', async () => {
    const saved = new SavedHeadTypes(folder);
    await saved.write(types);
    const [file = ''] = await readdir(folder);
    const [stack] = types.stacks;
    for (const text of [
      '',
      '{"identity"',
      'null',
      JSON.stringify({ ...types, identity: 'another' }),
      JSON.stringify({ ...types, stacks: [{ ...stack, types: [null] }] }),
      JSON.stringify({ ...types, stacks: [{ ...stack, types: [null, { name: 'unknown', score: 1 }] }] }),
    ]) {
      await writeFile(join(folder, file), text);
      assert.equal(await saved.read(types.identity), undefined, text);
    }
  });
});
