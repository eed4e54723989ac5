import assert from 'node:assert/strict';
import { charactersOf } from '../../../../src/models/dates/index.js';
import { dates } from '../../../support/models/dates.js';

const textOf = (text: string): string =>
  charactersOf(text)
    .map((each) => each.text)
    .join('');

/** Each character beside the part of the text that it came from. */
const places = (text: string): string[] =>
  charactersOf(text).map((each) => `${each.text}=${text.slice(each.start, each.end)}`);

describe('Characters of a date', () => {
  for (const { text, normalised } of dates) {
    it(`of “${text}” are what Python’s Unicode tables make of it`, () => {
      assert.equal(textOf(text), normalised);
    });
  }

  it('keep the place of a letter and all its marks', () => {
    assert.deepEqual(places('aou\u0302t'), ['a=a', 'o=o', 'û=u\u0302', 't=t']);
    assert.deepEqual(charactersOf('é')[0], { text: 'é', start: 0, end: 1 });
    assert.deepEqual(charactersOf('e\u0301')[0], { text: 'é', start: 0, end: 2 });
  });

  it('count places in UTF-16 units, past an emoji', () => {
    assert.deepEqual(places('📅 3'), ['📅=📅', ' = ', '3=3']);
    assert.deepEqual(charactersOf('📅 3').at(-1), { text: '3', start: 3, end: 4 });
  });

  it('are ASCII digits for digits of every script, outside the basic plane too', () => {
    assert.equal(textOf('２０２１'), '2021');
    assert.equal(textOf('٢٠٢١ ۲۰۲۱ २०२१ ২০২১ ๒๐๒๑'), '2021 2021 2021 2021 2021');
    // Adlam, Chakma and the bold digits of mathematics: all runs in a block of several begin anew at 0.
    assert.equal(textOf('𞥒𞥐𞥒𞥑'), '2021');
    assert.equal(textOf('𑄸𑄶𑄸𑄷'), '2021');
    assert.equal(textOf('𝟐𝟎𝟐𝟏 𝟚𝟘𝟚𝟙 𝟮𝟬𝟮𝟭'), '2021 2021 2021');
    assert.deepEqual(places('𞥒1'), ['2=𞥒', '1=1']);
  });

  it('share a place where one of the text becomes several', () => {
    assert.deepEqual(places('㋀1'), ['1=㋀', '月=㋀', '1=1']);
    assert.deepEqual(places('№ 7'), ['n=№', 'o=№', ' = ', '7=7']);
  });

  it('are one space for blanks of any kind, none at either end', () => {
    assert.equal(textOf('\t 3\u00a0\u202f\r\nmai \u200f1979\u3000'), '3 mai 1979');
    assert.deepEqual(charactersOf(' \n\u200e'), []);
    assert.deepEqual(charactersOf(''), []);
  });

  it('come of half a surrogate pair and of lone marks without harm', () => {
    assert.deepEqual(places('\ud83d3'), ['\ud83d=\ud83d', '3=3']);
    assert.deepEqual(charactersOf('\u0301')[0]?.end, 1);
  });
});
