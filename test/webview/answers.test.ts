import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import type { Answer } from '../../src/protocol.js';
import { cutOff, faults } from '../support/page/checks.js';
import { eventually, keep, painted, Stage, story } from '../support/page/open.js';
import type { Opening } from '../support/page/open.js';

const words = '[CLS] who was tired ? [SEP] the animal did not cross , it slept [SEP]'.split(' ');

function answer(first: number, last: number, start: number, end: number): Answer {
  return { first, last, text: words.slice(first, last + 1).join(' '), start, end, probability: start * end };
}

const subject = {
  ...story,
  title: '“who was tired ?” → “the animal”',
  words,
  answers: {
    question: 'who was tired ?',
    spans: [answer(6, 7, 0.7, 0.8), answer(6, 13, 0.7, 0.1), answer(12, 12, 0.05, 0.07)],
    none: 0.004,
  },
};

describe('answers to a question', function () {
  this.timeout(60_000);
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage.stop());

  async function open(opening: Opening = {}): Promise<Page> {
    const page = await stage.open({ subject, ...opening });
    await painted(page);
    return page;
  }
  const told = (page: Page, report: string): Promise<unknown> =>
    page.evaluate((name) => window.fakeHost.reports.findLast((each) => each.name === name)?.body, report);

  it('are listed with their probabilities, and not at all where nothing was asked', async () => {
    const page = await open();
    const rows = page.locator('.answers-list li');
    assert.deepEqual(
      (await rows.allInnerTexts()).map((text) => text.split(/\s*\n\s*/)),
      [
        ['1.', 'the animal', '56.0 %'],
        ['2.', 'the animal did not cross , it slept', '7.00 %'],
        ['3.', 'it', '0.35 %'],
        ['no answer in it', '0.40 %'],
      ],
    );
    assert.equal(
      await rows.first().getByRole('button').getAttribute('title'),
      '“the animal”: starts at token 6 with 70.0 %, ends at token 7 with 80.0 %; 70.0 % × 80.0 % = 56.0 %',
    );
    assert.equal(await page.locator('.answers-question').innerText(), 'who was tired ?');
    const none = await stage.open();
    await painted(none);
    assert.equal(await none.locator('.answers').isVisible(), false);
  });

  it('pick their tokens when they are pressed, also from the keyboard', async () => {
    const page = await open({ position: { layer: 2, head: 5, step: 'Q' } });
    await page.getByRole('button', { name: 'the animal 56.0 %' }).click();
    const picked = (row: number, column: number): unknown => ({
      layer: 2,
      head: 5,
      step: 'weights',
      cell: { row, column },
    });
    await eventually(() => told(page, 'position'), picked(6, 7));
    await eventually(() => told(page, 'answer'), { first: 6, last: 7, reveal: true });
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await eventually(() => told(page, 'position'), picked(12, 12));
    assert.deepEqual(
      await page
        .locator('button.answer')
        .evaluateAll((buttons) => buttons.map((each) => each.getAttribute('aria-pressed'))),
      ['false', 'false', 'true'],
    );
  });

  it('are marked in the source text: the likeliest, the one that is pointed at, the one that is picked', async () => {
    const page = await open();
    await eventually(() => told(page, 'answer'), { first: 6, last: 7, reveal: false });
    await page.locator('button.answer').nth(1).hover();
    await eventually(() => told(page, 'answer'), { first: 6, last: 13, reveal: false });
    await page.locator('.answers-question').hover();
    await eventually(() => told(page, 'answer'), { first: 6, last: 7, reveal: false });
    await page.locator('button.answer').nth(2).click();
    await page.locator('.answers-question').hover();
    await eventually(() => told(page, 'answer'), { first: 12, last: 12, reveal: false });
  });

  it('may be none', async () => {
    const page = await open({
      subject: { ...subject, answers: { question: 'who ?', spans: [], none: 1 } },
    });
    assert.deepEqual(await page.locator('.answers-list li').count(), 1);
    await eventually(() => told(page, 'answer'), null);
  });

  it('may be as long as they like', async () => {
    const long = 'How long may a question be? '.repeat(12);
    const spans = [{ ...answer(6, 13, 0.5, 0.5), text: 'supercalifragilisticexpialidocious'.repeat(6) }];
    const page = await open({ subject: { ...subject, answers: { question: long, spans, none: 0 } } });
    assert.deepEqual(await cutOff(page), []);
  });

  for (const theme of ['dark', 'light', 'high-contrast'] as const) {
    it(`have nothing cut off and no fault of accessibility: ${theme}`, async () => {
      const page = await open({ theme });
      await page.locator('button.answer').first().click();
      assert.deepEqual(await cutOff(page), []);
      assert.deepEqual(await faults(page), []);
      await keep(page, `answers-${theme}`);
    });
  }
});
