import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { cutOff, faults } from '../support/page/checks.js';
import { dress, keep, resting, Stage } from '../support/page/open.js';
import { matrixOf, openSound, padded, recording, soundSubject } from '../support/page/recording.js';
import { themes } from '../support/page/themes.js';
import type { ThemeName } from '../support/page/themes.js';

const names: readonly ThemeName[] = ['dark', 'light', 'high-contrast', 'high-contrast-light'];
const picked = { layer: 1, head: 2, step: 'weights', cell: { row: 6, column: 88 } };

describe('the look of a recording', function () {
  this.timeout(120_000);
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage.stop());

  async function toEnd(page: Page): Promise<void> {
    await page.locator('.sound-body').evaluate((body) => {
      body.scrollTo(0, body.scrollHeight);
    });
    await resting(page);
  }

  for (const theme of names) {
    it(`has no accessibility faults in the ${theme} theme, and keeps to the strict policy`, async () => {
      const page = await openSound(stage, { theme, position: picked, subject: soundSubject(padded) });
      await keep(page, `sound-${theme}`);
      assert.deepEqual(await faults(page), []);
      await toEnd(page);
      await keep(page, `sound-${theme}-end`);
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
    [320, 500],
  ] as const) {
    it(`cuts nothing off at ${width} × ${height}`, async () => {
      const page = await openSound(stage, { width, height, position: picked, subject: soundSubject(padded) });
      await keep(page, `sound-width-${width}`);
      assert.deepEqual(await cutOff(page), []);
      assert.deepEqual(await faults(page), []);
      await toEnd(page);
      await keep(page, `sound-width-${width}-end`);
      assert.deepEqual(await cutOff(page), []);
    });
  }

  it('is sharp at twice the pixels', async () => {
    const page = await openSound(stage, { ratio: 2, width: 720, height: 450 });
    const sizes = await page.evaluate(() =>
      ['.sound-base', '.sound-cells', '.sound-marks'].map((name) => {
        const canvas = document.querySelector<HTMLCanvasElement>(name);
        return canvas === null ? 0 : canvas.width / canvas.getBoundingClientRect().width;
      }),
    );
    for (const size of sizes) assert.ok(Math.abs(size - 2) < 0.02, sizes.join());
    await keep(page, 'sound-twice');
  });

  it('is drawn anew where another theme is put on', async () => {
    const page = await openSound(stage, { position: picked, subject: soundSubject(recording) });
    const ink = (): Promise<number[]> =>
      page.evaluate(() => {
        const canvas = document.querySelector<HTMLCanvasElement>('.sound-base');
        const context = canvas?.getContext('2d') ?? null;
        if (context === null) return [];
        // The waveform where the third word is loudest.
        const [left, width] = [104, (canvas?.width ?? 0) - 118];
        return [...context.getImageData(Math.round(left + (1.57 / 3.6) * width), 26, 1, 1).data];
      });
    const [dark = 0] = await ink();
    await page.evaluate(dress, themes.light);
    await resting(page);
    const [light = 255] = await ink();
    assert.ok(dark > 150 && light < 100, `${dark}, then ${light}`);
    assert.ok((await matrixOf(page)).width > 0);
  });
});
