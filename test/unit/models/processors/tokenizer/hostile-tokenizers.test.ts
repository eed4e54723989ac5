import assert from 'node:assert/strict';
import type { Json } from '../../../../../src/formats/json-text.js';
import { createTokenizer } from '../../../../../src/models/processors/tokenizer/tokenizer.js';

type Parts = { readonly [name: string]: Json };

const pieces: Parts = { type: 'WordPiece', unk_token: '[UNK]', vocab: { '[UNK]': 0, a: 1, '##a': 2, b: 3 } };
const replacing = (content: string): Json => ({ type: 'Replace', pattern: { String: 'a' }, content });
const tokenizer = (parts: Parts): Parts => ({ model: pieces, ...parts });

/** What is asked of each, and the sentence that it is refused with, when it is opened or when it cuts. */
const refused: Readonly<Record<string, readonly [parts: Parts, text: string, message: RegExp]>> = {
  'a text that doubles forty times': [
    tokenizer({ normalizer: { type: 'Sequence', normalizers: Array<Json>(40).fill(replacing('aa')) } }),
    'a',
    /^T writes 1 characters as \d+, more than 32 for each: it is not followed\.$/,
  ],
  'a text that grows a thousandfold': [
    tokenizer({ normalizer: replacing('a'.repeat(2000)) }),
    'a'.repeat(10_000),
    /^T has an expression that cannot be followed here: 20000000 characters would stand in the place of 10000 parts/,
  ],
  'a long prefix': [
    tokenizer({ normalizer: { type: 'Prepend', prepend: 'a'.repeat(20_000_000) } }),
    'a',
    /^T puts 20000000 characters into every text, more than the 2048 that are put there\.$/,
  ],
  'a long added token': [
    tokenizer({ added_tokens: [{ id: 9, content: 'x'.repeat(20_000_000) }] }),
    'a',
    /^T has the token "x{80}…" of 20000000 characters, more than the 2048 that are looked for\.$/,
  ],
  'a long token': [
    tokenizer({ model: { ...pieces, vocab: { '[UNK]': 0, ['a'.repeat(5000)]: 1 } } }),
    'a',
    /^T has the token "a{80}…" of 5000 characters/,
  ],
  'words without a limit': [
    tokenizer({ model: { ...pieces, max_input_chars_per_word: 1e308 } }),
    'a'.repeat(900_000),
    /^T has "max_input_chars_per_word" 1e\+308, and the text a word of \d+ characters or more/,
  ],
  'many normalizers': [
    tokenizer({ normalizer: { type: 'Sequence', normalizers: Array<Json>(100_000).fill(replacing('b')) } }),
    'a',
    /^T has more than 256 normalizers, one behind the other\.$/,
  ],
};

describe('A tokenizer.json that would take all time or memory', () => {
  for (const [name, [parts, text, message]] of Object.entries(refused)) {
    it(`is refused in a sentence: ${name}`, () => {
      assert.throws(() => createTokenizer(parts, 'T').encode(text, 512), { name: 'ModelError', message });
    });
  }

  it('finds one of a hundred thousand added tokens without trying each at every place', () => {
    const added = Array.from({ length: 100_000 }, (_, at) => ({
      id: at + 10,
      content: `<<<<${at}>`,
      special: true,
    }));
    const begun = process.cpuUsage();
    const { ids } = createTokenizer(tokenizer({ added_tokens: added }), 'T').encode(
      `${'<'.repeat(10_000)}77>`,
      512,
    );
    assert.equal(ids.at(-1), 77 + 10);
    assert.ok(process.cpuUsage(begun).user / 1000 < 5000);
  });

  it('cuts words with tokens that are long as with those that are short', () => {
    const long = 'a'.repeat(100);
    const vocab = { '[UNK]': 0, a: 1, '##a': 2, [long]: 3, [`##${long}`]: 4 };
    const limits = { max_input_chars_per_word: 10_000 };
    const { ids, ranges } = createTokenizer(
      tokenizer({ model: { ...pieces, ...limits, vocab } }),
      'T',
    ).encode('a'.repeat(302), 512);
    assert.deepEqual(ids, [3, 4, 4, 2, 2]);
    assert.deepEqual(
      ranges.map((range) => range?.end),
      [100, 200, 300, 301, 302],
    );
    // All of a word is unknown, or none.
    const unknown = createTokenizer(tokenizer({ model: { ...pieces, ...limits, vocab } }), 'T');
    assert.deepEqual(unknown.encode('aab', 512).ids, [0]);
  });
});
