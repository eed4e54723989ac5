import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Json } from '../../../../../src/formats/json-text.js';
import { isRecord } from '../../../../../src/common/values.js';
import { ModelError } from '../../../../../src/models/error.js';
import {
  createTokenizer,
  joinRanges,
  type Encoding,
} from '../../../../../src/models/processors/tokenizer/tokenizer.js';
import { readJson } from '../../../../support/models/expected.js';

/** What the `tokenizers` library says: ids; places, each from the end of the one before it, and its length; which are special. */
type Expected = readonly [ids: number[], places: number[], special: number[]];

interface Fixture {
  /** SentencePiece's table of characters, which several of the tokenizers have. */
  readonly table: string;
  readonly tokenizers: Readonly<Record<string, Json>>;
  readonly texts: readonly string[];
  readonly expected: Readonly<Record<string, readonly Expected[]>>;
}

/** See make_tokenizers.py, which makes the file. */
const fixture = readJson<Fixture>(
  gunzipSync(readFileSync(join(process.cwd(), 'test/fixtures/models/tokenizers.json.gz'))).toString('utf8'),
);

const tokenizerNamed = (name: string) => createTokenizer(withTable(fixture.tokenizers[name] ?? null), name);

function withTable(description: Json): Json {
  if (Array.isArray(description)) return (description as readonly Json[]).map(withTable);
  if (!isRecord(description)) return description;
  return Object.fromEntries(
    Object.entries(description).map(([name, value]) => [
      name,
      name === 'precompiled_charsmap' && value === 'table'
        ? fixture.table
        : name === 'vocab'
          ? value
          : withTable(value),
    ]),
  );
}

/** An encoding in the form of the fixture. */
function written({ ids, ranges }: Encoding): Expected {
  let last = 0;
  const places = ranges.flatMap((range) => {
    if (range === null) return [];
    const place = [range.start - last, range.end - range.start];
    last = range.end;
    return place;
  });
  return [[...ids], places, ranges.flatMap((range, at) => (range === null ? [at] : []))];
}

/** Each token with the part of the text that it stands for. */
function parts(name: string, text: string): [string, string | null][] {
  const { tokens, ranges } = tokenizerNamed(name).encode(text, Infinity);
  return tokens.map((token, at) => {
    const range = ranges[at] ?? null;
    return [token, range && text.slice(range.start, range.end)];
  });
}

describe('Tokenizers of every kind', function () {
  this.timeout(60_000);

  for (const [name, expected] of Object.entries(fixture.expected)) {
    describe(name, () => {
      it(`agrees with the tokenizers library on ids and places of ${expected.length} texts`, () => {
        assert.ok(expected.length >= 2000);
        const tokenizer = tokenizerNamed(name);
        expected.forEach((each, at) => {
          const text = fixture.texts[at] ?? '';
          assert.deepEqual(written(tokenizer.encode(text, Infinity)), each, JSON.stringify(text));
        });
      });

      it('keeps places in order, inside the text, and joined ones apart', () => {
        const tokenizer = tokenizerNamed(name);
        for (const text of fixture.texts) {
          const { ranges } = tokenizer.encode(text, Infinity);
          let before = { start: 0, end: 0 };
          for (const range of ranges) {
            if (range === null || range.start === range.end) continue;
            const where = JSON.stringify({ text, range, before });
            assert.ok(range.start >= before.start && range.end >= before.end, where);
            assert.ok(range.start < range.end && range.end <= text.length, where);
            before = range;
          }
          let end = 0;
          for (const range of joinRanges(ranges)) {
            assert.ok(range.start >= end && range.end > range.start && range.end <= text.length, text);
            end = range.end;
          }
        }
      });
    });
  }

  it('tells of a token what stands in the text, with the space before it', () => {
    for (const name of ['GPT-2', 'Llama 3', 'Llama 2', 'Mistral', 'Gemma']) {
      const tokenizer = tokenizerNamed(name);
      const unknown = new Set(['<unk>', '<s>', '<bos>']);
      let told = 0;
      for (const [at, text] of fixture.texts.entries()) {
        // The library's own places say what a token stands for.
        const places = (fixture.expected[name]?.[at] ?? [[], [], []])[1];
        const { tokens, ranges } = tokenizer.encode(text, Infinity);
        let [last, place] = [0, 0];
        for (const [index, token] of tokens.entries()) {
          if (ranges[index] === null) continue;
          const start = last + (places[place++] ?? 0);
          last = start + (places[place++] ?? 0);
          const legible = tokenizer.legible(token);
          // A space by itself may have the place of what it was put before.
          if (/<0x[0-9A-F]{2}>/.test(legible) || unknown.has(token) || legible.trim() === '') continue;
          const stands = text.slice(start, last);
          assert.equal(legible.trim(), stands.trim(), `${name}: ${JSON.stringify([text, token])}`);
          told++;
        }
      }
      assert.ok(told > 3000, `${name}: ${told}`);
    }
    const tokenizer = tokenizerNamed('GPT-2');
    assert.deepEqual(
      ['Ġthe', 'the', 'Ċ', 'Ã©', 'ĠðŁ', '<|endoftext|>'].map((token) => tokenizer.legible(token)),
      [' the', 'the', '\n', 'é', ' <0xF0><0x9F>', '<|endoftext|>'],
    );
    assert.equal(tokenizerNamed('T5').legible('▁the'), ' the');
  });

  it('gives every byte’s token the whole character for its place', () => {
    assert.deepEqual(parts('Mistral', '🦜'), [
      ['<s>', null],
      ['▁', '🦜'],
      ['<0xF0>', '🦜'],
      ['<0x9F>', '🦜'],
      ['<0xA6>', '🦜'],
      ['<0x9C>', '🦜'],
    ]);
  });

  it('gives a ligature’s letters the ligature for their place, and a line end its two characters', () => {
    const letters = parts('T5', 'ﬁ\r\nx').filter(([token]) => token !== '▁' && token !== '</s>');
    assert.equal(letters.map(([token]) => token.replaceAll('▁', '')).join(''), 'fix');
    assert.ok(
      letters.slice(0, -1).every(([, part]) => part === 'ﬁ'),
      JSON.stringify(letters),
    );
    assert.match(letters.at(-1)?.[1] ?? '', /x$/);
  });

  it('finds an added token that someone typed', () => {
    const typed = parts('GPT-2', 'the<|endoftext|>the').filter(([token]) => token === '<|endoftext|>');
    assert.deepEqual(typed, [['<|endoftext|>', '<|endoftext|>']]);
  });

  it('keeps places where the text begins with characters that the table removes', () => {
    assert.deepEqual(
      parts('T5', '\u0001\u001f🚀 the').map(([, part]) => part),
      parts('T5', '🚀 the').map(([, part]) => part),
    );
  });
});

describe('A tokenizer.json that is wrong', () => {
  const pair: Json = { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b'] };
  const single: Json = {
    type: 'Unigram',
    vocab: [
      ['<unk>', 0],
      ['a', -1],
    ],
    unk_id: 0,
  };
  const refused = (description: Json, message: RegExp): void => {
    assert.throws(
      () => createTokenizer(description, 'tokenizer.json'),
      (error) => {
        assert.ok(error instanceof ModelError);
        assert.match(error.message, message);
        assert.match(error.message, /^tokenizer\.json .*[^.]\.$/);
        return true;
      },
    );
  };

  it('may leave out what it does not need', () => {
    const { ids, ranges } = createTokenizer({ model: pair }, 'tokenizer.json').encode('aab', Infinity);
    assert.deepEqual(ids, [0, 2]);
    assert.deepEqual(ranges, [
      { start: 0, end: 1 },
      { start: 1, end: 3 },
    ]);
  });

  const cases: readonly [what: string, description: Json, message: RegExp][] = [
    ['is a list', [], /is not a JSON object/],
    ['has no model', {}, /has no "model"/],
    [
      'has a model of an unknown type',
      { model: { ...pair, type: 'Magic' } },
      /the type "Magic"; known are WordPiece, WordLevel, BPE and Unigram/,
    ],
    ['has no vocabulary', { model: { type: 'WordPiece' } }, /has no "vocab"/],
    ['has a list where numbers belong', { model: { ...pair, vocab: ['a'] } }, /has no "vocab"/],
    [
      'has a number that is none',
      { model: { ...pair, vocab: { a: 1.5 } } },
      /the token "a" the number "1\.5"/,
    ],
    [
      'has an absurd number',
      { model: { ...pair, vocab: { a: 1e300 } } },
      /the token "a" the number "1e\+300"/,
    ],
    ['has no merges', { model: { ...pair, merges: null } }, /has no "merges"/],
    [
      'has a merge of three',
      { model: { ...pair, merges: ['a b', ['a', 'b', 'c']] } },
      /the 2\., that is not of two/,
    ],
    ['has an empty scored vocabulary', { model: { ...single, vocab: [] } }, /gives each token its score/],
    ['has a token without score', { model: { ...single, vocab: [['a', 0], ['b']] } }, /score at place 1/],
    [
      'has its unknown token out of range',
      { model: { ...single, unk_id: 9 } },
      /at place "9" of a vocabulary of 2/,
    ],
    [
      'has an added token without number',
      { model: pair, added_tokens: [{ content: 'x' }] },
      /an added token, the 1\./,
    ],
    [
      'has added tokens that are no list',
      { model: pair, added_tokens: 'x' },
      /"added_tokens" that are not a list/,
    ],
    [
      'has an unknown normaliser',
      { model: pair, normalizer: { type: 'Magic' } },
      /a normalizer of the type "Magic", which is not known/,
    ],
    [
      'has a table of characters that is cut off',
      { model: pair, normalizer: { type: 'Precompiled', precompiled_charsmap: 'AAQAAAAA' } },
      /its table of characters has 6 bytes, which do not hold the 1024 bytes of trie/,
    ],
    [
      'has an expression that cannot be read',
      {
        model: pair,
        pre_tokenizer: { type: 'Split', pattern: { Regex: '(' }, behavior: 'Isolated', invert: false },
      },
      /describes no tokenizer that can be read/,
    ],
  ];
  for (const [what, description, message] of cases) {
    it(`is refused with a sentence where it ${what}`, () => {
      refused(description, message);
    });
  }

  it('is not followed out of a table whose trie points outside itself', () => {
    const bytes = Buffer.alloc(4 + 8 + 2);
    bytes.writeUInt32LE(8, 0);
    bytes.writeUInt32LE(0xfffffc00, 4);
    const { ids } = createTokenizer(
      { model: pair, normalizer: { type: 'Precompiled', precompiled_charsmap: bytes.toString('base64') } },
      'tokenizer.json',
    ).encode('ab', Infinity);
    assert.deepEqual(ids, [2]);
  });
});
