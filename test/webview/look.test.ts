import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { cutOff, faults } from '../support/page/checks.js';
import { dress, keep, painted, resting, Stage, story } from '../support/page/open.js';
import { themes } from '../support/page/themes.js';
import type { ThemeName } from '../support/page/themes.js';

const names: readonly ThemeName[] = ['dark', 'light', 'high-contrast'];
const picked = { layer: 3, head: 7, step: 'weights', cell: { row: 10, column: 7 } };

describe('look', function () {
  this.timeout(90_000);
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage.stop());

  async function ready(page: Page): Promise<void> {
    await painted(page);
    await page.locator('.arithmetic-tex .katex').first().waitFor({ state: 'attached' });
    await resting(page);
  }

  for (const theme of names) {
    it(`has no accessibility faults in the ${theme} theme, and keeps to the strict policy`, async () => {
      const page = await stage.open({ theme, position: picked });
      await ready(page);
      await keep(page, `panel-${theme}`);
      assert.deepEqual(await faults(page), []);
      await page
        .getByRole('button', { name: /Show 32 terms/ })
        .first()
        .click();
      await page.getByRole('button', { name: 'Copy as' }).click();
      assert.deepEqual(await faults(page), []);
      await page.keyboard.press('Escape');
      await page.getByRole('tab', { name: 'Table' }).click();
      await page.waitForFunction(
        () => !/…/.test(document.querySelector('.numbers-table tbody')?.textContent ?? '…'),
      );
      await resting(page);
      await keep(page, `table-${theme}`);
      assert.deepEqual(await faults(page), []);
      assert.deepEqual(await page.evaluate(() => window.fakeHost.violations), []);
    });
  }

  for (const [width, height] of [
    [1440, 900],
    [1100, 700],
    [700, 800],
    [380, 760],
    [720, 450],
    [300, 500],
  ] as const) {
    it(`cuts nothing off at ${width} × ${height}`, async () => {
      const page = await stage.open({ width, height, position: picked });
      await painted(page);
      await resting(page);
      await keep(page, `width-${width}`);
      assert.deepEqual(await cutOff(page), []);
      for (const tab of ['Steps', 'Heads', 'Details'] as const) {
        const button = page.getByRole('tab', { name: tab, exact: true });
        if (!(await button.isVisible())) continue;
        await button.click();
        await resting(page);
        await keep(page, `width-${width}-${tab.toLowerCase()}`);
        assert.deepEqual(await cutOff(page), [], tab);
        if (tab === 'Steps') assert.ok((await page.locator('.arithmetic-tex .katex').count()) > 2);
      }
      assert.deepEqual(await faults(page), []);
    });
  }

  it('is sharp and whole at twice the pixels', async () => {
    const page = await stage.open({ ratio: 2, position: picked });
    await ready(page);
    const [canvas, css] = await page
      .locator('canvas.cells')
      .evaluate((cells: HTMLCanvasElement) => [cells.width, cells.clientWidth]);
    assert.equal(canvas, 2 * (css ?? 0));
    await keep(page, 'ratio-2');
  });

  it('shows many layers and heads, long titles and notices', async () => {
    const page = await stage.open({
      subject: {
        ...story,
        title:
          'a-folder-with-a-very-long-name/and-a-model-of-many-layers-whose-name-goes-on-and-on-and-on.safetensors',
        layers: 24,
        heads: 32,
        model: 8,
        feature: 4,
        notices: ['Truncated to the model’s limit: 512 of 830 tokens.'],
      },
    });
    await painted(page);
    await resting(page);
    await keep(page, 'many-heads');
    assert.deepEqual(await cutOff(page), []);
  });

  it('puts on another theme at once', async () => {
    const page = await stage.open({ position: picked });
    await ready(page);
    await page.evaluate(dress, themes.light);
    await resting(page);
    await keep(page, 'dark-to-light');
    const background = await page
      .locator('.step-canvas')
      .first()
      .evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(background, 'rgb(255, 255, 255)');
  });

  it('does not move for those who asked for that', async () => {
    const page = await stage.open({ reducedMotion: true, first: { kind: 'busy', title: 'Running' } });
    await page.locator('.status').waitFor({ state: 'visible' });
    await keep(page, 'busy');
    const moving = await page.evaluate(() => document.getAnimations().length);
    assert.equal(moving, 0);
  });
});
