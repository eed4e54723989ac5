import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { eventually, painted, Stage, story } from '../support/page/open.js';

const position = (page: Page): Promise<unknown> =>
  page.evaluate(() => window.fakeHost.reports.findLast(({ name }) => name === 'position')?.body);
const place = async (page: Page): Promise<string> =>
  (await page.locator('.readout').innerText()).replaceAll(/\s+/g, ' ').replace(/ weight.*/, '');

describe('keyboard', function () {
  this.timeout(60_000);
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage.stop());

  it('moves through the matrix as through a spreadsheet, picks and clears', async () => {
    const page = await stage.open();
    await painted(page);
    await page.locator('.stage').focus();
    const steps: readonly (readonly [string, string])[] = [
      ['ArrowRight', 'query [CLS] (0) → key [CLS] (0)'],
      ['ArrowRight', 'query [CLS] (0) → key the (1)'],
      ['ArrowDown', 'query the (1) → key the (1)'],
      ['End', 'query the (1) → key [SEP] (14)'],
      ['ArrowRight', 'query the (1) → key [SEP] (14)'],
      ['Home', 'query the (1) → key [CLS] (0)'],
      ['PageDown', 'query [SEP] (14) → key [CLS] (0)'],
      ['PageUp', 'query [CLS] (0) → key [CLS] (0)'],
      ['Control+End', 'query [SEP] (14) → key [SEP] (14)'],
      ['Control+Home', 'query [CLS] (0) → key [CLS] (0)'],
    ];
    for (const [key, expected] of steps) {
      await page.keyboard.press(key);
      assert.equal(await place(page), expected, key);
    }
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await eventually(() => position(page), {
      layer: 3,
      head: 7,
      step: 'weights',
      cell: { row: 1, column: 0 },
    });
    await page.keyboard.press('Escape');
    await eventually(() => position(page), { layer: 3, head: 7, step: 'weights' });
  });

  it('says the cell aloud, with its numbers', async () => {
    const page = await stage.open();
    await painted(page);
    await page.locator('.stage').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowDown');
    await page.waitForFunction(() =>
      /^query the \(1\) → key \[CLS\] \(0\) weight 0\.\d{3} .*rank \d+ of 15$/.test(
        document.querySelector('[role=status]')?.textContent ?? '',
      ),
    );
  });

  it('zooms, pans and fits, and keeps the cell in sight', async () => {
    const page = await stage.open({
      subject: { ...story, layers: 1, heads: 1, queries: 200, keys: 200, words: null },
      position: { layer: 0, head: 0, step: 'weights' },
    });
    await painted(page);
    const level = (): Promise<string> => page.locator('.toolbar-level').innerText();
    await page.locator('.stage').focus();
    assert.equal(await level(), '1.0×');
    for (let press = 0; press < 5; press += 1) await page.keyboard.press('+');
    const zoomed = parseFloat(await level());
    assert.ok(zoomed > 4, String(zoomed));
    await page.keyboard.press('Control+End');
    const seen = await page.evaluate(() => document.querySelector('.readout')?.textContent);
    assert.match(seen ?? '', /query 199 → key 199/);
    await page.keyboard.press('Shift+ArrowLeft');
    await page.keyboard.press('-');
    assert.ok(parseFloat(await level()) < zoomed);
    await page.keyboard.press('0');
    assert.equal(await level(), '1.0×');
  });

  it('goes through the heads with one tab stop', async () => {
    const page = await stage.open();
    await painted(page);
    assert.equal(await page.locator('.heads-cell[tabindex="0"]').count(), 1);
    await page.locator('.heads-cell[tabindex="0"]').focus();
    for (const key of ['ArrowUp', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
    await page.keyboard.press('Enter');
    await eventually(() => position(page), { layer: 2, head: 9, step: 'weights' });
    await page.keyboard.press('Control+Home');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press(' ');
    await eventually(() => position(page), { layer: 0, head: 0, step: 'weights' });
  });

  it('reaches every control, in an order that makes sense, with a ring to see it by', async () => {
    const page = await stage.open();
    await painted(page);
    const reached: string[] = [];
    for (let press = 0; press < 40; press += 1) {
      await page.keyboard.press('Tab');
      const found = await page.evaluate(() => {
        const at = document.activeElement;
        if (at === null || at === document.body) return null;
        const inner = at.shadowRoot?.activeElement ?? at;
        const style = [getComputedStyle(inner), getComputedStyle(at)];
        const ring = style.some(
          ({ outlineStyle, borderColor, boxShadow }) =>
            outlineStyle !== 'none' || boxShadow !== 'none' || borderColor !== '',
        );
        return { name: at.className || at.tagName.toLowerCase(), ring };
      });
      if (found === null) break;
      assert.ok(found.ring, `${found.name} has no ring`);
      reached.push(found.name);
    }
    const order = [
      'tab',
      'menu-button',
      'heads-cell',
      'slider',
      'divider divider-left',
      'stage',
      'divider divider-right',
      'step-toggle',
      'step-picture',
    ];
    const places = order.map((name) =>
      reached.findIndex((one) => one === name || one.startsWith(`${name} `)),
    );
    assert.ok(
      !places.includes(-1),
      `${order[places.indexOf(-1)] ?? ''} was not reached: ${reached.join(', ')}`,
    );
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
    );
  });

  it('opens a menu, goes through it and closes it', async () => {
    const page = await stage.open();
    await painted(page);
    await page.getByRole('button', { name: 'Copy as' }).focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'NumPy');
    await page.keyboard.press('End');
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'PyTorch');
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('.menu-list:visible').count(), 0);
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Copy as');
  });

  it('opens and closes a step, and opens its matrix', async () => {
    const page = await stage.open();
    await painted(page);
    const toggle = page.locator('.step-toggle', { hasText: 'Queries' });
    await toggle.focus();
    await page.keyboard.press('Enter');
    assert.equal(await toggle.getAttribute('aria-expanded'), 'true');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement?.className), 'step-picture');
    await page.keyboard.press('Enter');
    await eventually(() => position(page), { layer: 3, head: 7, step: 'Q' });
    await page.waitForFunction(() =>
      document
        .querySelector('.stage')
        ?.getAttribute('aria-label')
        ?.startsWith('Queries, layer 3, head 7: query by feature (15, 32)'),
    );
  });

  it('changes the width of a column', async () => {
    const page = await stage.open();
    await painted(page);
    const width = (): Promise<number> => page.locator('.pane-left').evaluate((pane) => pane.clientWidth);
    const before = await width();
    await page.locator('.divider-left').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    assert.equal(await width(), before + 32);
  });
});
