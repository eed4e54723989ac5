import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import { Attention } from '../support/page/attention.js';
import {
  asked,
  at,
  box,
  cells,
  column,
  compare,
  picked,
  settled,
  several,
  weights,
  written,
} from '../support/page/compare.js';
import { eventually, keep, painted, resting, Stage, story } from '../support/page/open.js';
import { middle } from '../support/page/pixels.js';

const scaled = new Attention(story);
const unscaled = new Attention({ ...story, scaling: 'none' });

describe('side by side', function () {
  this.timeout(90_000);
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage.stop());

  it('begins with the next mechanism, or with unscaled scores where there is only one', async () => {
    const page = await compare(stage, { subject: several });
    assert.deepEqual(await asked(page), [{ inspection: 'one', variants: [{ mechanism: 'additive' }] }]);
    assert.deepEqual(await page.locator('.compare-title').allInnerTexts(), [
      'Multi-head attention',
      '≠\nDiffers from the baseline\nAdditive attention',
    ]);
    const single = await compare(stage);
    assert.deepEqual(await asked(single), [{ inspection: 'one', variants: [{ scaling: 'none' }] }]);
    assert.equal(
      await column(single, 1).locator('.compare-changes').innerText(),
      'Scaling: None instead of 1 / √d_k',
    );
  });

  it('marks the formulas that the first column does not have, with a sign and in words', async () => {
    const page = await compare(stage);
    const line = (index: number, title: string): Locator =>
      column(page, index).locator('.compare-line', { hasText: title });
    assert.equal(await column(page, 0).locator('.differs').count(), 0);
    assert.match(await line(1, 'Masked scores').innerText(), /^≠\s*Differs from the baseline/);
    assert.match(await line(1, 'without scaled scores').innerText(), /^≠/);
    assert.equal(await line(1, 'Weights').evaluate((one) => one.classList.contains('differs')), false);
    assert.equal((await column(page, 1).locator('.compare-formula .katex').count()) > 2, true);
    assert.equal(await page.locator('.compare .tex-failed').count(), 0);
    // Inputs are one line until they are opened, in all columns at once.
    await column(page, 0).getByRole('button', { name: 'Inputs' }).click();
    assert.equal(await column(page, 1).locator('.row-input .compare-line').count(), 4);
    assert.equal(
      await column(page, 0).getByRole('button', { name: 'Inputs' }).getAttribute('aria-expanded'),
      'true',
    );
  });

  it('reads the pointed cell in all columns, with its difference to the first', async () => {
    const page = await compare(stage);
    const { x, y } = middle(await box(cells(page, 1, 'weights')), 15, 15, 10, 2);
    await page.mouse.move(x, y);
    const [first, second] = [weights(scaled)[10]?.[2] ?? NaN, weights(unscaled)[10]?.[2] ?? NaN];
    const more = (second - first).toFixed(3).replace('-', '−');
    await page.waitForFunction(() => document.querySelector('.compare-readout b.number') !== null);
    const said = await page.locator('.compare-readout').allInnerTexts();
    assert.equal(said[0]?.replaceAll(/\s+/g, ' '), `it → animal ${written(first)}`);
    const sign = second > first ? '\\+' : '';
    assert.match(
      said[1]?.replaceAll(/\s+/g, ' ') ?? '',
      new RegExp(`^it → animal \\S+ ${sign}${more.replace('.', '\\.')}$`),
    );
    await eventually(
      () => page.evaluate(() => window.fakeHost.reports.findLast(({ name }) => name === 'hover')?.body),
      { axis: 'query', index: 10, layer: 3, head: 7 },
    );
  });

  it("shows the picked cell's arithmetic in each column", async () => {
    const page = await compare(stage);
    const { x, y } = middle(await box(cells(page, 0, 'weights')), 15, 15, 10, 7);
    await page.mouse.click(x, y);
    await eventually(
      () => page.evaluate(() => window.fakeHost.reports.findLast(({ name }) => name === 'position')?.body),
      picked,
    );
    await page.waitForFunction(
      () => document.querySelectorAll('.row-arithmetic .arithmetic-tex .katex').length === 2,
    );
    for (const [index, attention] of [scaled, unscaled].entries()) {
      const tex = await column(page, index).locator('.arithmetic-tex annotation').textContent();
      const weight = attention.row('weights', 3, 7, 10)[7] ?? NaN;
      assert.ok(tex?.endsWith(`= ${weight.toFixed(3)}`), tex ?? '');
    }
    await keep(page, 'compare-picked');
  });

  it('sets the metrics beside each other, with their differences', async () => {
    const page = await compare(stage);
    const entropy = (attention: Attention): number =>
      weights(attention)
        .flat()
        .reduce((sum, weight) => sum - (weight > 0 ? weight * Math.log(weight) : 0), 0) / 15;
    const rows = await page
      .locator('.compare-metrics-table')
      .evaluateAll((tables) =>
        tables.map((table) =>
          [...(table.querySelector('tbody tr')?.children ?? [])].map(({ textContent }) => textContent),
        ),
      );
    const [first, second] = [entropy(scaled), entropy(unscaled)];
    assert.deepEqual(rows, [
      ['Entropy', `${first.toFixed(2)} nats`],
      ['Entropy', `${second.toFixed(2)} nats`, (second - first).toFixed(2).replace('-', '−')],
    ]);
  });

  it('is moved through, picked in and left with the keyboard', async () => {
    const page = await stage.open({ position: { ...at, step: 'weights' } });
    await painted(page);
    await page.keyboard.press('c');
    await settled(page);
    assert.equal(await page.getByRole('button', { name: 'Compare' }).getAttribute('aria-pressed'), 'true');
    await column(page, 0).locator('.row-weights .stage').focus();
    for (const key of ['ArrowRight', 'ArrowDown', 'End']) await page.keyboard.press(key);
    const spoken = page.locator('.compare-body [aria-live]');
    await page.waitForFunction(() =>
      document.querySelector('.compare-body [aria-live]')?.textContent?.includes('[SEP] (14)'),
    );
    const value = weights(scaled)[1]?.[14] ?? NaN;
    assert.match(
      (await spoken.textContent()) ?? '',
      /^query the \(1\), key \[SEP\] \(14\)\. Multi-head attention: .*; Multi-head attention, Scaling: None instead of 1 \/ √d_k: \S+ \([+−]/,
    );
    assert.ok(value > 0);
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('.row-arithmetic .katex') !== null);
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.querySelector('.row-arithmetic .katex') === null);
    assert.equal(await page.locator('.compare-column').count(), 2, 'the first Escape clears the cell');
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('.compare-column').count(), 0);
    assert.equal(await page.locator('.pane-centre').isVisible(), true);
    // A letter typed into a field is a letter.
    await page.getByLabel('Temperature, exactly').focus();
    await page.keyboard.press('c');
    assert.equal(await page.locator('.compare-column').count(), 0);
  });

  it('zooms all columns together', async () => {
    const page = await compare(stage);
    await column(page, 0).locator('.row-weights .stage').focus();
    await page.keyboard.press('Control+End');
    for (let press = 0; press < 4; press += 1) await page.keyboard.press('+');
    await resting(page);
    const frame = await box(cells(page, 1, 'weights'));
    await page.mouse.move(frame.x + frame.width - 2, frame.y + frame.height - 2);
    assert.match(await page.locator('.compare-readout').nth(1).innerText(), /^\[SEP\] → \[SEP\]/);
    await page.mouse.move(frame.x + 2, frame.y + 2);
    assert.doesNotMatch(await page.locator('.compare-readout').nth(1).innerText(), /^\[CLS\]/);
  });
});
