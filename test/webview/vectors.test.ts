import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import { Attention } from '../support/page/attention.js';
import { cutOff, faults } from '../support/page/checks.js';
import { eventually, keep, painted, resting, Stage, story } from '../support/page/open.js';
import type { Opening } from '../support/page/open.js';

const attention = new Attention(story);
const q = attention.row('Q', 3, 7, 11);
const k = attention.row('K', 3, 7, 2);
const products = Array.from(q, (value, at) => value * (k[at] ?? 0));
const score = attention.row('scores', 3, 7, 11)[2] ?? NaN;

describe('vectors', function () {
  this.timeout(60_000);
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage.stop());

  async function open(opening: Opening = {}): Promise<Page> {
    const page = await stage.open({
      position: { layer: 3, head: 7, step: 'weights', cell: { row: 11, column: 2 } },
      ...opening,
    });
    await painted(page);
    await page.getByRole('tab', { name: 'Vectors' }).click();
    await page.locator('.vectors-body').waitFor();
    await resting(page);
    return page;
  }
  const drawing = (page: Page): Locator => page.locator('.vectors-drawing');
  const said = (page: Page): Promise<string> => page.locator('.vectors-said').innerText();

  it('of the picked pair sum to its score, and lead to its weight', async () => {
    const page = await open();
    const sum = Number(await drawing(page).getAttribute('data-sum'));
    assert.ok(Math.abs(sum - score) < 1e-5, `${sum}, not ${score}`);
    const note = await page.locator('.vectors-body > p').first().innerText();
    const minus = (number: number): string => number.toFixed(3).replace('-', '−');
    assert.equal(note, `The 32 products sum to ${minus(score)}; the score is ${minus(score)}.`);
    const chain = await page.locator('.vectors-chain b').allInnerTexts();
    const cell = (name: 'scores' | 'scaled' | 'masked' | 'weights'): number =>
      attention.row(name, 3, 7, 11)[2] ?? NaN;
    assert.deepEqual(
      chain,
      (['scores', 'scaled', 'masked', 'weights'] as const).map((name) => minus(cell(name))),
    );
  });

  it('are read dimension by dimension, with the pointer and with the keyboard', async () => {
    const page = await open();
    await drawing(page).focus();
    for (let at = 0; at < 3; at += 1) await page.keyboard.press('ArrowRight');
    const text = (at: number, so: number): RegExp => {
      const number = (value: number): string => value.toFixed(3).replace('-', '−');
      return new RegExp(
        `feature ${at}: ${number(q[at] ?? 0)} · ${number(k[at] ?? 0)} = ${number(products[at] ?? 0)}; sum so far ${number(so)}`,
      );
    };
    const upTo = (at: number): number => products.slice(0, at + 1).reduce((sum, each) => sum + each, 0);
    assert.match(await said(page), text(2, upTo(2)));
    assert.match((await drawing(page).getAttribute('aria-valuetext')) ?? '', text(2, upTo(2)));
    const box = await drawing(page).boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + (box.width * 20.5) / 32, box.y + 20);
    assert.match(await said(page), text(20, upTo(20)));
    await page.keyboard.press('End');
    assert.match(await said(page), text(31, upTo(31)));
  });

  it('add up with the largest products first, which is remembered', async () => {
    const page = await open();
    await page.locator('.vectors').getByRole('combobox', { name: 'Order' }).click();
    await page.locator('.vectors').getByRole('option', { name: 'Largest products first' }).click();
    await drawing(page).focus();
    await page.keyboard.press('Home');
    const largest = products.reduce(
      (best, value, at) => (Math.abs(value) > Math.abs(products[best] ?? 0) ? at : best),
      0,
    );
    assert.match(await said(page), new RegExp(`^feature ${largest}:`));
    const sum = Number(await drawing(page).getAttribute('data-sum'));
    assert.ok(Math.abs(sum - score) < 1e-5);
    await resting(page);
    const persisted = await page.evaluate(() => window.fakeHost.state);
    const again = await stage.open({ persisted });
    await again.locator('.vectors-body').waitFor();
    await resting(again);
    await drawing(again).focus();
    await again.keyboard.press('Home');
    assert.match(await said(again), new RegExp(`^feature ${largest}:`));
  });

  it('are of another pair where one is stepped to, and where a key of the strip is clicked', async () => {
    const page = await open();
    await page.locator('.vectors').getByRole('button', { name: 'Next key' }).click();
    await resting(page);
    const next = attention.row('scores', 3, 7, 11)[3] ?? NaN;
    assert.ok(Math.abs(Number(await drawing(page).getAttribute('data-sum')) - next) < 1e-5);
    const frame = page.locator('.vectors-strip-frame');
    const box = await frame.boundingBox();
    assert.ok(box);
    await frame.click({ position: { x: (box.width * 7.5) / 15, y: 20 } });
    await resting(page);
    const other = attention.row('scores', 3, 7, 11)[7] ?? NaN;
    assert.ok(Math.abs(Number(await drawing(page).getAttribute('data-sum')) - other) < 1e-5);
    await eventually<unknown>(() => page.evaluate(() => window.fakeHost.place), {
      ...{ layer: 3, head: 7, step: 'weights' },
      cell: { row: 11, column: 7 },
    });
  });

  it('have a strip of all keys in the colours of numbers around zero', async () => {
    const page = await open();
    const colors = await page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('.vectors-strip');
      const data = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      return { width: canvas?.width, height: canvas?.height, data: [...data] };
    });
    assert.deepEqual([colors.width, colors.height], [15, 32]);
    let compared = 0;
    for (let dimension = 0; dimension < 32; dimension += 1) {
      for (let key = 0; key < 15; key += 1) {
        const product = (q[dimension] ?? 0) * (attention.row('K', 3, 7, key)[dimension] ?? 0);
        if (Math.abs(product) < 1) continue;
        const at = (dimension * 15 + key) * 4;
        const [red = 0, , blue = 0] = colors.data.slice(at, at + 3);
        assert.equal(red > blue, product > 0, `${dimension}, ${key}: ${product}`);
        compared += 1;
      }
    }
    assert.ok(compared > 10);
  });

  it('are the units of additive attention, without a strip', async () => {
    const additive = { ...story, mechanism: 'additive' as const };
    const page = await open({ subject: additive });
    const own = new Attention(additive);
    const expected = own.row('scores', 3, 7, 11)[2] ?? NaN;
    assert.ok(Math.abs(Number(await drawing(page).getAttribute('data-sum')) - expected) < 1e-5);
    assert.equal(await page.locator('.vectors-keys').isVisible(), false);
  });

  it('fit a narrow group', async () => {
    const page = await open({ width: 420 });
    assert.deepEqual(await cutOff(page), []);
    await keep(page, 'vectors-narrow');
  });

  it('say what went wrong', async () => {
    const page = await stage.open({ failing: { arithmetic: 'The file was changed.' } });
    await painted(page);
    await page.getByRole('tab', { name: 'Vectors' }).click();
    await page.locator('.vectors .problem', { hasText: 'The file was changed.' }).waitFor();
  });

  for (const theme of ['dark', 'light', 'high-contrast', 'high-contrast-light'] as const) {
    it(`have nothing cut off and no fault of accessibility: ${theme}`, async () => {
      const page = await open({ theme });
      await drawing(page).hover({ position: { x: 120, y: 20 } });
      assert.deepEqual(await cutOff(page), []);
      assert.deepEqual(await faults(page), []);
      await keep(page, `vectors-${theme}`);
    });
  }
});
