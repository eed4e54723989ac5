import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { compare, picked } from '../support/page/compare.js';
import { dress, keep, painted, resting, Stage } from '../support/page/open.js';
import { themes } from '../support/page/themes.js';
import type { ThemeName } from '../support/page/themes.js';

/** What every canvas of the page has drawn, and where it belongs. */
const drawn = (page: Page): Promise<{ name: string; picture: string }[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll('canvas')].map((canvas) => ({
      name: `${canvas.parentElement?.className} ${canvas.className}`,
      picture: canvas.toDataURL(),
    })),
  );

/** The canvases of a page that are not as those of another. */
async function unlike(page: Page, other: Page): Promise<string[]> {
  const [found, expected] = [await drawn(page), await drawn(other)];
  assert.ok(expected.length > 5);
  assert.deepEqual(
    found.map(({ name }) => name),
    expected.map(({ name }) => name),
  );
  return found.flatMap(({ name, picture }, at) => (picture === expected[at]?.picture ? [] : [name]));
}

const changes: readonly (readonly [ThemeName, ThemeName])[] = [
  ['high-contrast', 'high-contrast-light'],
  ['high-contrast-light', 'high-contrast'],
  ['dark', 'light'],
  ['light', 'high-contrast'],
];

describe('theme', function () {
  this.timeout(60_000);
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage.stop());

  async function heatmap(theme: ThemeName): Promise<Page> {
    const page = await stage.open({ theme, webgl: false, position: picked });
    await painted(page);
    await page.locator('.operand-canvas').first().waitFor({ state: 'attached' });
    await resting(page);
    return page;
  }

  /** As VS Code does it: the body's class and the variables on the root, at once. */
  async function change(page: Page, to: ThemeName): Promise<void> {
    await page.evaluate(dress, themes[to]);
    await resting(page);
  }

  for (const [from, to] of changes) {
    it(`draws everything anew from ${from} to ${to}`, async () => {
      const fresh = await heatmap(to);
      const page = await heatmap(from);
      await change(page, to);
      await keep(page, `${from}-to-${to}`);
      assert.deepEqual(await unlike(page, fresh), []);
    });
  }

  it('draws everything anew where the variables come a frame after the class', async () => {
    const fresh = await heatmap('high-contrast-light');
    const page = await heatmap('high-contrast');
    await page.evaluate(async ({ bodyClass }) => {
      document.body.className = bodyClass;
      await window.activity.rest();
    }, themes['high-contrast-light']);
    await change(page, 'high-contrast-light');
    assert.deepEqual(await unlike(page, fresh), []);
  });

  it('draws what stands side by side anew', async () => {
    const opening = { webgl: false, position: picked };
    const fresh = await compare(stage, { ...opening, theme: 'high-contrast-light' });
    const page = await compare(stage, { ...opening, theme: 'high-contrast' });
    await change(page, 'high-contrast-light');
    await keep(page, 'compare-high-contrast-to-high-contrast-light');
    assert.deepEqual(await unlike(page, fresh), []);
  });
});
