import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parts, type Anatomy, type Part } from '../../../src/models/anatomy.js';
import { embeddedFolder } from '../../../src/models/catalog.js';
import { Model } from '../../../src/models/model.js';
import { fixtures, media, readJson } from './expected.js';

/** Of each part, the `numel` of PyTorch’s parameters, by make_counts.py. */
const expected = readJson<Record<string, Partial<Record<Part, number>>>>(
  readFileSync(join(fixtures, 'counts.json'), 'utf8'),
);

async function anatomyOf(path: string): Promise<Anatomy> {
  const model = await Model.open(path);
  try {
    return model.anatomy();
  } finally {
    await model.dispose();
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** In the file, but nothing that learns or is read: counted by nobody. */
const computed = /position_ids$|embed_positions\.weight$/;

describe('Anatomy', () => {
  for (const [name, counted] of Object.entries(expected)) {
    it(`counts the parameters of ${name} as PyTorch does`, async () => {
      const { counts, unused } = await anatomyOf(join(fixtures, name));
      // Heads that say nothing of the next token are in the file, but not in the graph.
      const others = unused.filter((tensor) => !computed.test(tensor.name)).map(({ count }) => count);
      const ours = { ...counts, head: counts.head + sum(others) };
      assert.deepEqual(ours, Object.fromEntries(parts.map((part) => [part, counted[part] ?? 0])));
    });
  }

  it('is compared for every checkpoint that is kept', () => {
    const kept = readdirSync(fixtures).filter((name) =>
      ['config.json', 'expected.safetensors'].every((file) => existsSync(join(fixtures, name, file))),
    );
    assert.deepEqual(Object.keys(expected).toSorted(), kept.toSorted());
  });

  it('counts every number of the files once, used or not', async () => {
    for (const path of [embeddedFolder(media), embeddedFolder(media, 'gpt'), join(fixtures, 'pegasus')]) {
      const { counts, unused, types } = await anatomyOf(path);
      const all = sum(Object.values(counts)) + sum(unused.map(({ count }) => count));
      assert.equal(all, sum(types.map(({ count }) => count)));
    }
  });

  it('names what the graph does not read', async () => {
    const { unused } = await anatomyOf(join(fixtures, 'pegasus'));
    assert.deepEqual(
      unused.map(({ name }) => name),
      ['model.decoder.embed_positions.weight', 'model.encoder.embed_positions.weight'],
    );
  });

  it('says how the numbers are stored', async () => {
    const { types } = await anatomyOf(embeddedFolder(media));
    // The file is the numbers at two bytes each, and a header.
    assert.deepEqual(
      types.map(({ type }) => type),
      ['F16'],
    );
  });

  it('tells whether words are said with the vectors that they are read with', async () => {
    assert.equal((await anatomyOf(join(fixtures, 'bert'))).tied, null);
    assert.equal((await anatomyOf(join(fixtures, 'gpt2-lm'))).tied, true);
    assert.equal((await anatomyOf(join(fixtures, 'llama'))).tied, false);
    assert.equal((await anatomyOf(join(fixtures, 't5'))).tied, true);
  });
});
