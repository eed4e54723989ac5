import assert from 'node:assert/strict';
import { Model } from '../../src/models/model.js';
import { Runtime } from '../../src/runtime/session.js';
import {
  assertForward,
  checkpoint,
  described,
  referencesOf,
  type Text,
} from '../support/checkpoints/references.js';
import { platform } from '../support/platform.js';

const name = 'all-MiniLM-L6-v2';
const { texts } = described<{ readonly texts: readonly Text[] }>(name);

describe('all-MiniLM-L6-v2, float32', () => {
  const runtime = new Runtime(platform);
  let model: Model;
  before(async () => {
    model = await Model.open(platform, checkpoint(name));
  });
  after(async () => {
    await runtime.dispose();
    await model.dispose();
  });

  it('is a BERT of 6 layers of 12 heads, as it was published', () => {
    const { family, layers, heads, width, limit, size } = model;
    assert.deepEqual(
      { family, layers, heads, width, limit, size },
      { family: 'BERT', layers: 6, heads: 12, width: 384, limit: 512, size: 90_868_376 },
    );
  });

  texts.forEach((each, index) => {
    it(`hidden states and attention weights of ${JSON.stringify(each.text)} are those of transformers`, async () => {
      const { ids, tokens, ranges } = await model.encode(each.text);
      assert.deepEqual(ids, each.ids);
      // An unknown token is labelled by the text that it stands for.
      const labels = each.tokens.map((token, at) => {
        const { start, end } = (token === '[UNK]' ? ranges[at] : undefined) ?? { start: 0, end: 0 };
        return end > start ? each.text.slice(start, end) : token;
      });
      assert.deepEqual(tokens, labels);
      await assertForward({ model, runtime }, each, (await referencesOf(name))(index));
    });
  });

  it('is not cut or filled up to 128 tokens, as its tokenizer does for sentence vectors', async () => {
    assert.equal((await model.encode('one')).ids.length, 3);
    assert.equal((await model.encode('one '.repeat(200))).ids.length, 202);
  });
});
