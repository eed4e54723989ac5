import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../../../../../src/formats/json-text.js';
import { beginningOf, type Cut } from '../../../../../src/models/processors/tokenizer/beginning.js';
import { marianTokenizer } from '../../../../../src/models/processors/tokenizer/marian.js';
import {
  createTokenizer,
  type TextTokenizer,
} from '../../../../../src/models/processors/tokenizer/tokenizer.js';
import { fixtures, readJson } from '../../../../support/models/expected.js';
import { descriptionOf, fixture } from '../../../../support/models/tokens.js';

const marian = (name: string): TextTokenizer => {
  const folder = join(fixtures, name);
  const vocabulary = readJson<Json>(readFileSync(join(folder, 'vocab.json'), 'utf8'));
  return marianTokenizer(readFileSync(join(folder, 'source.spm')), vocabulary, name);
};

const all: readonly (readonly [name: string, open: () => TextTokenizer])[] = [
  ...Object.keys(fixture.expected).map(
    (name) => [name, () => createTokenizer(descriptionOf(name), name)] as const,
  ),
  ...['marian-text', 'marian-bpe'].map((name) => [name, () => marian(name)] as const),
];

/** Prose, numbers, signs and scripts, some 45,000 characters; and one word as long. */
const texts = {
  'many texts': fixture.texts.join(' ').slice(0, 45_000),
  'one word': 'attentionisallyouneed'.repeat(2200),
};

/** A word for each stretch that is no blank, a token for each four of its characters, and how many characters were cut. */
function counting(): { readonly cut: (text: string) => Cut; readonly units: () => number } {
  let units = 0;
  const cut = (text: string): Cut => {
    units += text.length;
    const pieces: { id: number; token: string; range: { start: number; end: number } }[] = [];
    let settled = 0;
    for (const word of text.matchAll(/\S+/gu)) {
      settled = pieces.length;
      for (let at = 0; at < word[0].length; at += 4) {
        const range = { start: word.index + at, end: word.index + Math.min(word[0].length, at + 4) };
        pieces.push({ id: at, token: '', range });
      }
    }
    return { pieces, settled };
  };
  return { cut, units: () => units };
}

describe('The beginning of a long text', function () {
  this.timeout(60_000);

  for (const [name, open] of all) {
    for (const [kind, text] of Object.entries(texts)) {
      it(`becomes the tokens that it is in the whole: ${name}, ${kind}`, () => {
        const tokenizer = open();
        // Nothing of it is left out where there is room for all.
        const whole = tokenizer.encode(text, Infinity);
        assert.equal(whole.more, undefined);
        for (const limit of [64, 512]) {
          const { ids, ranges, more, total } = tokenizer.encode(text, limit);
          assert.equal(ids.length, Math.min(limit, whole.ids.length));
          if (whole.ids.length <= limit) continue;
          const first = ids.length - 2;
          assert.deepEqual(ids.slice(0, first), whole.ids.slice(0, first));
          assert.deepEqual(ranges.slice(0, first), whole.ranges.slice(0, first));
          if (more === true) assert.ok(total <= whole.total && total >= limit, `${total}`);
          else assert.equal(total, whole.total);
        }
      });
    }
  }

  it('is all that is cut of ten megabytes of words', () => {
    const { cut, units } = counting();
    const text = 'words and more words. '.repeat(500_000);
    const { pieces, more } = beginningOf(text, 510, cut);
    assert.ok(more && pieces.length >= 510);
    assert.ok(units() <= 20_000, `${units()} characters were cut`);
  });

  it('grows in proportion where few tokens come out of it', () => {
    const { cut, units } = counting();
    const text = `${' '.repeat(300_000)}${'words '.repeat(1_000_000)}`;
    const { pieces, more } = beginningOf(text, 510, cut);
    assert.ok(more && pieces.length >= 510);
    assert.ok(units() <= 1_100_000, `${units()} characters were cut`);
  });

  it('is not looked for without end, and says so', () => {
    const { cut, units } = counting();
    assert.throws(() => beginningOf(`a ${' '.repeat(10_000_000)}`, 510, cut), {
      name: 'ModelError',
      message: /^The text has 10000002 characters, and the first 1048576 of them make 1 of the 510 tokens/,
    });
    assert.ok(units() <= 2 ** 21, `${units()} characters were cut`);
  });

  it('is taken for settled within one endless word only where twice of it begins the same', () => {
    let calls = 0;
    // What a word becomes changes with its length until it has 100,000 characters.
    const cut = (text: string): Cut => {
      calls++;
      const id = Math.min(text.length, 100_000);
      const pieces = Array.from({ length: 600 }, (_, at) => ({
        id,
        token: '',
        range: { start: at, end: at + 1 },
      }));
      return { pieces, settled: 0 };
    };
    const { pieces } = beginningOf('x'.repeat(2_000_000), 510, cut);
    assert.equal(pieces[0]?.id, 100_000);
    assert.equal(calls, 5);
  });
});
