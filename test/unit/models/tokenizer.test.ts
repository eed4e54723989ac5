import assert from 'node:assert/strict';
import { createTokenizer, joinRanges, type Encoding } from '../../../src/models/tokenizer.js';
import { descriptionOf, fixture } from './tokens.js';

const tokenizerNamed = (name: string) => createTokenizer(descriptionOf(name), {}, name);

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

function splitsPair(text: string, at: number): boolean {
  return /[\ud800-\udbff]/.test(text[at - 1] ?? '') && /[\udc00-\udfff]/.test(text[at] ?? '');
}
