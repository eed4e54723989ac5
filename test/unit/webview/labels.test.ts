import assert from 'node:assert/strict';
import { visibleWord } from '../../../src/drawing/labels.js';

describe('words with no ink', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['the', 'the'],
    [' the', '␣the'],
    ['  ', '␣␣'],
    ['New York', 'New York'],
    ['\n', '↵'],
    ['\r\n', '↵'],
    ['\t\tx', '⇥⇥x'],
    ['', '∅'],
    ['\u00a0', '␣'],
    ['a\u202eb', 'a⟨202E⟩b'],
    ['\u0000', '⟨0000⟩'],
    ['\u200b', '⟨200B⟩'],
    ['日本語', '日本語'],
    ['<b>', '<b>'],
  ];
  for (const [word, shown] of cases) {
    it(`shows ${JSON.stringify(word)} as ${shown}`, () => {
      assert.equal(visibleWord(word), shown);
    });
  }
});
