import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { openGguf } from '../../../../src/formats/gguf.js';
import { openFile } from '../../../../src/formats/source.js';
import type { MetadataValue } from '../../../../src/formats/gguf-header.js';
import { Metadata } from '../../../../src/models/gguf/metadata.js';
import { describeTokenizer } from '../../../../src/models/gguf/tokenizer.js';
import {
  createTokenizer,
  type TextTokenizer,
} from '../../../../src/models/processors/tokenizer/tokenizer.js';
import { fixtures, readJson } from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

/** Made by make_gguf_tokenizers.py. */
const folder = join(fixtures, 'gguf-tokenizers');

function unzipped<Shape>(path: string): Shape {
  return readJson<Shape>(gunzipSync(readFileSync(path)).toString('utf8'));
}

const expected = unzipped<{
  every: number;
  ids: Record<string, number[][]>;
  chats: string[];
  chatIds: Record<string, number[][]>;
}>(join(folder, 'expected.json.gz'));
const { texts: all } = unzipped<{ texts: string[] }>(join(fixtures, 'tokenizers.json.gz'));
const texts = all.filter((_, at) => at % expected.every === 0);

async function tokenizerOf(name: string): Promise<TextTokenizer> {
  const source = await openFile(platform, join(folder, `${name}.gguf`));
  const { metadata } = await openGguf(source);
  await source.close();
  const description = describeTokenizer(new Metadata(source.name, metadata, new Map()));
  return createTokenizer(description ?? assert.fail('no tokenizer'), source.name);
}

describe('Tokenizers in GGUF', function () {
  this.timeout(60_000);

  for (const [name, ids] of Object.entries(expected.ids)) {
    it(`${name}: the ids of ${ids.length} texts are those of the tokenizers library, each in its place`, async () => {
      assert.ok(ids.length > 200 && ids.length === texts.length);
      const tokenizer = await tokenizerOf(name);
      for (const [at, text] of texts.entries()) {
        const encoding = tokenizer.encode(text, Infinity);
        assert.deepEqual(encoding.ids, ids[at], JSON.stringify(text));
        for (const range of encoding.ranges) {
          assert.ok(range === null || (range.start <= range.end && range.end <= text.length));
        }
      }
    });
  }

  it('let Phi-3’s special tokens take the blanks behind them, as the model’s own tokenizer does', async () => {
    const tokenizer = await tokenizerOf('phi-3');
    for (const [at, text] of expected.chats.entries()) {
      assert.deepEqual(tokenizer.encode(text, Infinity).ids, expected.chatIds['phi-3']?.[at], text);
    }
  });

  it('have a fixture for each file', () => {
    const files = readdirSync(folder).filter((file) => file.endsWith('.gguf'));
    assert.deepEqual(
      files.sort(),
      Object.keys(expected.ids)
        .map((name) => `${name}.gguf`)
        .sort(),
    );
  });

  it('give a text back', async () => {
    for (const name of ['gpt-2', 'llama-2', 'qwen-2', 'smollm']) {
      const tokenizer = await tokenizerOf(name);
      const { ids } = tokenizer.encode('Attention maps 12 queries to keys.', Infinity);
      assert.equal(tokenizer.decode(ids), 'Attention maps 12 queries to keys.', name);
    }
  });

  it('are refused in a sentence where they make no sense', () => {
    const tokens = ['a', 'b'];
    const cases: [Record<string, MetadataValue>, RegExp][] = [
      [
        { model: 'rwkv', tokens },
        /^a\.gguf has a tokenizer of the kind "rwkv"; only "gpt2", "llama" and "bert"/,
      ],
      [{ model: 'gpt2' }, /^a\.gguf has a tokenizer without a list of tokens/],
      [{ model: 'gpt2', tokens: [1, 2] }, /^a\.gguf has a tokenizer without a list of tokens/],
      [
        { model: 'gpt2', tokens, token_type: [1] },
        /^a\.gguf has 2 tokens, but says of 1 what kind they are\.$/,
      ],
      [
        { model: 'gpt2', tokens, pre: 'strange' },
        /^a\.gguf cuts text into words in the way "strange"; only "default"/,
      ],
      [{ model: 'gpt2', tokens, pre: 'gpt-2' }, /^a\.gguf has a tokenizer without merges\.$/],
    ];
    for (const [values, message] of cases) {
      const metadata = new Map(
        Object.entries(values).map(([key, value]) => [`tokenizer.ggml.${key}`, value]),
      );
      assert.throws(() => describeTokenizer(new Metadata('a.gguf', metadata, new Map())), {
        name: 'ModelError',
        message,
      });
    }
    assert.equal(describeTokenizer(new Metadata('a.gguf', new Map(), new Map())), undefined);
  });
});
