import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../../../../../src/formats/json-text.js';
import { marianTokenizer } from '../../../../../src/models/processors/tokenizer/marian.js';
import type { TextTokenizer } from '../../../../../src/models/processors/tokenizer/tokenizer.js';
import { fixtures, readJson } from '../../../../support/models/expected.js';

/** Of make_sequences.py: what MarianTokenizer makes of a text, and of its tokens again. */
interface Case {
  readonly text: string;
  readonly ids: readonly number[];
  readonly decoded: string;
}

function tokenizerIn(name: string): TextTokenizer {
  const folder = join(fixtures, name);
  const vocabulary = readJson<Json>(readFileSync(join(folder, 'vocab.json'), 'utf8'));
  return marianTokenizer(readFileSync(join(folder, 'source.spm')), vocabulary, name);
}

describe('The tokenizer of Marian’s checkpoints', () => {
  for (const name of ['marian-text', 'marian-bpe']) {
    it(`gives the ids of transformers’ own, and their text again: ${name}`, () => {
      const tokenizer = tokenizerIn(name);
      const cases = readJson<readonly Case[]>(readFileSync(join(fixtures, name, 'tokens.json'), 'utf8'));
      assert.ok(cases.length > 40);
      for (const { text, ids, decoded } of cases) {
        const encoding = tokenizer.encode(text, Infinity);
        // One letter again and again can be cut in many ways of nearly the same score, of which rounding chooses.
        if (/(.)\1{50}/.test(text)) assert.equal(tokenizer.decode(encoding.ids), decoded);
        else assert.deepEqual(encoding.ids, ids, JSON.stringify(text));
        assert.equal(encoding.total, encoding.ids.length);
        assert.equal(encoding.ranges.length, encoding.ids.length);
        assert.equal(tokenizer.decode(ids), decoded, JSON.stringify(text));
      }
    });
  }

  it('knows where words stand behind the code of a language', () => {
    const text = '>>fra<< the value';
    const { tokens, ranges } = tokenizerIn('marian-text').encode(text, Infinity);
    assert.equal(tokens[0], '>>fra<<');
    const placed = ranges.flatMap((range) => (range === null ? [] : text.slice(range.start, range.end)));
    assert.equal(placed[0], '>>fra<<');
    assert.equal(placed.slice(1).join('').replaceAll(' ', ''), 'thevalue');
    assert.equal(ranges.at(-1), null);
  });

  it('keeps the end where it cuts a long text', () => {
    const { ids, tokens, total } = tokenizerIn('marian-text').encode(
      'the value of the value of the value',
      5,
    );
    assert.equal(ids.length, 5);
    assert.equal(tokens.at(-1), '</s>');
    assert.ok(total > 5);
  });

  it('refuses what is damaged, in a sentence', () => {
    const spm = readFileSync(join(fixtures, 'marian-text', 'source.spm'));
    const made = (bytes: Uint8Array, vocabulary: Json) => () => marianTokenizer(bytes, vocabulary, 'opus');
    const vocabulary = { '</s>': 0, '<unk>': 1 };
    assert.throws(made(spm.subarray(0, 1000), vocabulary), /^\w*Error: opus: source\.spm ends too early: /);
    assert.throws(made(Uint8Array.of(7), vocabulary), /opus: source\.spm is no protocol buffers message: /);
    assert.throws(
      made(Uint8Array.of(), vocabulary),
      /opus: source\.spm has no piece for what it does not know\./,
    );
    assert.throws(
      made(Uint8Array.of(0xff), vocabulary),
      /opus: source\.spm ends in the middle of a number\./,
    );
    assert.throws(
      made(spm, { '</s>': 0 }),
      /opus: vocab\.json does not number the tokens "<unk>" and "<\/s>"\./,
    );
  });
});
