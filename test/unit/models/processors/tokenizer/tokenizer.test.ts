import assert from 'node:assert/strict';
import type { Json } from '../../../../../src/formats/json-text.js';
import { isRecord } from '../../../../../src/common/values.js';
import {
  createTokenizer,
  joinRanges,
  type Encoding,
} from '../../../../../src/models/processors/tokenizer/tokenizer.js';
import { descriptionOf, fixture } from '../../../../support/models/tokens.js';

const tokenizerNamed = (name: string) => createTokenizer(descriptionOf(name), name);

/** An encoding in the form of the fixture. */
function written({ ids, ranges }: Encoding): unknown {
  return [
    ids,
    ranges.flatMap((range) => (range === null ? [] : [range.start, range.end])),
    ranges.flatMap((range, at) => (range === null ? [at] : [])),
  ];
}

describe('Tokenizer', function () {
  this.timeout(60_000);
  for (const [name, expected] of Object.entries(fixture.expected)) {
    describe(name, () => {
      it(`agrees with the tokenizers library on ids and places of ${expected.length} texts`, () => {
        const tokenizer = tokenizerNamed(name);
        expected.forEach((each, at) => {
          const text = fixture.texts[at] ?? '';
          assert.deepEqual(written(tokenizer.encode(text, Infinity)), each, JSON.stringify(text));
        });
      });

      it('keeps places in order, inside the text, and between characters', () => {
        const tokenizer = tokenizerNamed(name);
        for (const text of fixture.texts.slice(0, 1000)) {
          const { ranges } = tokenizer.encode(text, Infinity);
          let last = { start: 0, end: 0 };
          for (const range of ranges) {
            // A space that was trimmed away leaves nothing, wherever it came from.
            if (range === null || range.start === range.end) continue;
            const where = JSON.stringify({ text, range, last });
            assert.ok(range.start >= last.start && range.end >= last.end, where);
            assert.ok(range.start <= range.end && range.end <= text.length, where);
            assert.ok(!splitsPair(text, range.start) && !splitsPair(text, range.end), where);
            last = range;
          }
        }
      });
    });
  }

  describe('with parts that are not known here', () => {
    const { tokenizer: description, texts, expected } = fixture.searched;

    it('gives the ids of the tokenizers library, and no place that is not the token’s', () => {
      const tokenizer = createTokenizer(withUnknownPart(description), 'unigram');
      texts.forEach((text, at) => {
        const { ids, tokens, ranges } = tokenizer.encode(text, Infinity);
        const [expectedIds = [], places = []] = expected[at] ?? [];
        assert.deepEqual(ids, expectedIds, text);
        ranges.slice(1, -1).forEach((range, index) => {
          if (range === null) {
            // Nothing is known of a space by itself, nor from an unknown token or half a ligature on.
            const before = tokens.slice(0, index + 2);
            assert.ok(
              before.at(-1)?.replace('▁', '').trim() === '' || before.includes('<unk>') || text.includes('ﬁ'),
              JSON.stringify({ text, before }),
            );
            return;
          }
          const [start = NaN, end = NaN] = places.slice(2 * index);
          // The library counts the space before a word to it.
          const where = JSON.stringify({ text, range, start, end });
          assert.ok(range.start >= start && range.end === end, where);
          assert.equal(text.slice(start, range.start).trim(), '', where);
        });
      });
    });
  });

  it('takes half a surrogate pair for what cannot be read', () => {
    const tokenizer = tokenizerNamed('byte-level');
    const { tokens, ranges } = tokenizer.encode('a\ud83db\ude80', Infinity);
    assert.equal(tokens.join(''), '<s>aï¿½bï¿½</s>');
    assert.deepEqual(joinRanges(ranges), [
      { start: 0, end: 1 },
      { start: 1, end: 2 },
      { start: 2, end: 3 },
      { start: 3, end: 4 },
    ]);
    assert.deepEqual(tokenizerNamed('embedded').encode('a\ud83db', Infinity).ranges, [
      null,
      { start: 0, end: 3 },
      null,
    ]);
  });

  it('leaves the end of a text out where it is too long', () => {
    const tokenizer = tokenizerNamed('embedded');
    const { tokens, ranges, total } = tokenizer.encode('one two three four', 4);
    assert.deepEqual(tokens, ['[CLS]', 'one', 'two', '[SEP]']);
    assert.deepEqual(ranges, [null, { start: 0, end: 3 }, { start: 4, end: 7 }, null]);
    assert.equal(total, 6);
  });

  it('gives joined places that neither overlap nor leave the text, and cover every token', () => {
    for (const name of ['embedded', 'byte-level']) {
      const tokenizer = tokenizerNamed(name);
      for (const text of fixture.texts) {
        const { ranges } = tokenizer.encode(text, Infinity);
        const joined = joinRanges(ranges);
        let end = 0;
        for (const range of joined) {
          assert.ok(range.start >= end && range.end > range.start && range.end <= text.length, text);
          end = range.end;
        }
        for (const range of ranges) {
          if (range === null || range.start === range.end) continue;
          assert.equal(
            joined.filter((each) => each.start <= range.start && range.end <= each.end).length,
            1,
            text,
          );
        }
      }
    }
  });
});

/** Cuts texts after so many characters that none is cut; only the library knows how. */
function withUnknownPart(description: Json): Json {
  assert.ok(isRecord(description));
  const before = { type: 'FixedLength', length: 100_000 };
  return {
    ...description,
    pre_tokenizer: { type: 'Sequence', pretokenizers: [before, description['pre_tokenizer'] ?? null] },
  };
}

function splitsPair(text: string, at: number): boolean {
  return /[\ud800-\udbff]/.test(text[at - 1] ?? '') && /[\udc00-\udfff]/.test(text[at] ?? '');
}
