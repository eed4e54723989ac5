import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Engine } from '../../../src/inspection/engine.js';

const root = process.cwd();

describe('A model’s anatomy', () => {
  let engine: Engine;
  before(() => {
    engine = new Engine(join(root, 'media'));
  });
  after(() => engine.dispose());

  it('is told of the embedded models and of GGUF files', async () => {
    const bert = await engine.anatomy({ kind: 'embedded' });
    // Six layers of 384 × 384 and a bias.
    assert.equal(bert.counts.queries, 6 * (384 * 384 + 384));
    // The vocabulary, 512 positions, two segments.
    assert.equal(bert.counts.embeddings, (30522 + 512 + 2) * 384);
    assert.equal((await engine.anatomy({ kind: 'gpt' })).tied, true);
    const path = join(root, 'test/fixtures/models/gguf/gpt2.gguf');
    const { counts } = await engine.anatomy({ kind: 'file', path });
    // GPT-2 keeps the three side by side in one tensor.
    assert.ok(counts.queries > 0);
    assert.equal(counts.keys, counts.queries);
    assert.equal(counts.values, counts.queries);
  });

  it('says of what it is not told', async () => {
    await assert.rejects(
      engine.anatomy({ kind: 'dates', score: 'luong' }),
      /^Error: dates-luong is no checkpoint of a known family/,
    );
  });
});
