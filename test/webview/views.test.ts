import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { cutOff, faults } from '../support/page/checks.js';
import { dress, keep, resting, Stage, story } from '../support/page/open.js';
import type { Opening } from '../support/page/open.js';
import { themes } from '../support/page/themes.js';

/** The panel's page as it is built, but for one more view in each place of its list. */
describe('a view that is added to the list', function () {
  this.timeout(60_000);
  let stage: Stage;

  before(async () => {
    stage = await Stage.start('test/support/page/extra-views.ts');
  });
  after(() => stage.stop());

  async function open(opening: Opening = {}): Promise<Page> {
    const page = await stage.open(opening);
    await page.locator('.body').waitFor();
    await resting(page);
    return page;
  }
  const seen = async (page: Page): Promise<string[]> => page.locator('.extra:visible').allInnerTexts();
  const noted = (page: Page): Promise<string[]> => page.evaluate(() => window.extras);
  const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name }).click();
  const tab = (page: Page, name: string): Promise<void> =>
    page.getByRole('tab', { name, exact: true }).click();

  it('stands in its column of a wide group, with a tab or a button where there is one for its place', async () => {
    const page = await open();
    assert.deepEqual(await seen(page), ['left 0', 'right 0']);
    assert.equal(await page.locator('.pane-left > :last-child').innerText(), 'left 0');
    assert.equal(await page.locator('.pane-right > :last-child').innerText(), 'right 0');
    assert.deepEqual(await page.locator('[role="tab"]:visible').allInnerTexts(), [
      'Heatmap',
      'Table',
      'Extra centre',
    ]);
    await tab(page, 'Extra centre');
    assert.deepEqual(await seen(page), ['left 0', 'centre 0', 'right 0']);
    assert.equal(await page.locator('.heatmap').isVisible(), false);
    await press(page, 'Extra whole');
    assert.deepEqual(await seen(page), ['left 0', 'whole 0']);
    await keep(page, 'extra-wide');
    assert.deepEqual(await cutOff(page), []);
    await page.keyboard.press('Escape');
    assert.deepEqual(await seen(page), ['left 0', 'centre 0', 'right 0']);
    await tab(page, 'Heatmap');
    assert.equal(await page.locator('.heatmap').isVisible(), true);
    assert.deepEqual(await faults(page), []);
  });

  it('stands beside the matrix of a medium group, or over it', async () => {
    const page = await open({ width: 900 });
    assert.deepEqual(await seen(page), ['right 0']);
    await page.locator('.pane-tabs').getByRole('tab', { name: 'Details' }).click();
    assert.deepEqual(await seen(page), ['left 0']);
    await tab(page, 'Extra centre');
    assert.deepEqual(await seen(page), ['centre 0', 'right 0']);
    await press(page, 'Extra whole');
    assert.deepEqual(await seen(page), ['whole 0']);
    await keep(page, 'extra-medium');
    assert.deepEqual(await cutOff(page), []);
  });

  it('stands in the tabs of a narrow group', async () => {
    const page = await open({ width: 420 });
    assert.deepEqual(await seen(page), []);
    assert.deepEqual(await page.locator('[role="tab"]:visible').allInnerTexts(), [
      'Heatmap',
      'Table',
      'Extra centre',
      'Steps',
      'Heads',
    ]);
    for (const [name, expected] of [
      ['Extra centre', 'centre 0'],
      ['Steps', 'right 0'],
      ['Heads', 'left 0'],
    ] as const) {
      await tab(page, name);
      assert.deepEqual(await seen(page), [expected]);
    }
    await press(page, 'Extra whole');
    assert.deepEqual(await seen(page), ['whole 0']);
    await keep(page, 'extra-narrow');
    assert.deepEqual(await cutOff(page), []);
  });

  it('is reached with the keyboard: by its tab, its letter, and in the tab order of its place', async () => {
    const page = await open();
    await page.getByRole('tab', { name: 'Heatmap' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Extra centre');
    assert.equal((await seen(page)).includes('centre 0'), true);
    const reached: string[] = [];
    for (let stop = 0; stop < 60; stop += 1) {
      await page.keyboard.press('Tab');
      const at = await page.evaluate(() =>
        document.activeElement === document.body ? null : (document.activeElement?.textContent ?? ''),
      );
      if (at === null) break;
      reached.push(at);
    }
    const places = ['Extra whole', 'left 0', 'centre 0', 'right 0'].map((name) => reached.indexOf(name));
    assert.equal(places.includes(-1), false, `reached: ${reached.join(', ')}`);
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
    );
    await page.locator('.heads-cell[tabindex="0"]').focus();
    await page.keyboard.press('x');
    assert.deepEqual(await seen(page), ['left 0', 'whole 0']);
    await page.keyboard.press('x');
    assert.equal((await seen(page)).includes('whole 0'), false);
  });

  it('is there again where it was left, with what it remembers', async () => {
    const page = await open();
    await tab(page, 'Extra centre');
    await press(page, 'left 0');
    await press(page, 'left 1');
    await press(page, 'right 0');
    await press(page, 'centre 0');
    await press(page, 'Extra whole');
    await press(page, 'whole 0');
    await resting(page);
    const persisted = await page.evaluate(() => window.fakeHost.state);
    const again = await open({ persisted, id: 'another' });
    assert.deepEqual(await seen(again), ['left 2', 'whole 1']);
    await again.keyboard.press('Escape');
    assert.deepEqual(await seen(again), ['left 2', 'centre 1', 'right 1']);
    // What others wrote there is not believed.
    const views = { 'extra-left': { count: 'many' }, 'extra-right': 7, 'extra-centre': null };
    const other = await open({ persisted: { ...(persisted as object), views } });
    await other.keyboard.press('Escape');
    assert.deepEqual(await seen(other), ['left 0', 'centre 0', 'right 0']);
  });

  it('remembers through being left and opened again', async () => {
    const page = await open();
    await press(page, 'Extra whole');
    await press(page, 'whole 0');
    await page.keyboard.press('x');
    await page.keyboard.press('x');
    assert.deepEqual(await seen(page), ['left 0', 'whole 1']);
  });

  it('puts on another theme, and is disposed of when it is left or no longer offered', async () => {
    const page = await open();
    // What is in the centre is opened when it is first looked at; what covers the matrix, each time.
    assert.deepEqual((await noted(page)).toSorted(), ['left opened', 'right opened']);
    await tab(page, 'Extra centre');
    await tab(page, 'Heatmap');
    await press(page, 'Extra whole');
    await page.evaluate(dress, themes.light);
    await resting(page);
    assert.deepEqual((await noted(page)).slice(2), [
      'centre opened',
      'whole opened',
      ...['left light', 'right light', 'centre light', 'whole light'],
    ]);
    await page.keyboard.press('Escape');
    assert.deepEqual((await noted(page)).slice(8), ['whole disposed']);
    await press(page, 'Extra whole');
    await page.evaluate(
      (subject) => {
        window.fakeHost.open(subject, 'two');
      },
      { ...story, title: 'Without extras' },
    );
    await resting(page);
    assert.deepEqual((await noted(page)).slice(9).toSorted(), [
      ...['centre disposed', 'left disposed', 'right disposed', 'whole disposed', 'whole opened'],
    ]);
    assert.equal(await page.locator('.extra').count(), 0);
    assert.equal(await page.getByRole('tab', { name: 'Extra centre' }).isVisible(), false);
    assert.equal(await page.getByRole('button', { name: 'Extra whole' }).isVisible(), false);
    assert.equal(await page.locator('.heatmap').isVisible(), true);
    assert.equal(
      await page.evaluate(() => window.fakeHost.reports.filter(({ name }) => name === 'error').length),
      0,
    );
  });
});
