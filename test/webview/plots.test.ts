import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import { cutOff, faults } from '../support/page/checks.js';
import { keep, painted, resting, Stage, story } from '../support/page/open.js';
import type { Opening } from '../support/page/open.js';
import { plots } from '../support/page/plots.js';

const subject = { ...story, plots: true };

describe('plots', function () {
  this.timeout(60_000);
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage.stop());

  async function open(name: string, opening: Opening = {}): Promise<Page> {
    const page = await stage.open({ subject, ...opening });
    await painted(page);
    await page.getByRole('button', { name: 'Plots' }).click();
    await page.getByRole('menuitem', { name }).click();
    await page.locator('.plot-chart').first().waitFor();
    await resting(page);
    return page;
  }

  /** The points of a drawn line, in pixels of its chart. */
  const points = (line: Locator): Promise<number[][]> =>
    line.evaluate((path) =>
      [...(path.getAttribute('d') ?? '').matchAll(/[ML](\S+) ([^ML]+)/g)].map(([, x, y]) => [
        Number(x),
        Number(y),
      ]),
    );
  const line = (page: Page, panel: number, series: number): Locator =>
    page.locator('.plot-chart').nth(panel).locator('.plot-line').nth(series);

  it('offers what there is to plot, and nothing where there is none', async () => {
    const page = await open('Why √d_k');
    assert.deepEqual(
      await page.evaluate(() => window.fakeHost.requests.findLast(({ name }) => name === 'plot')?.body),
      { inspection: 'one', layer: 3, head: 7, name: 'scaling' },
    );
    assert.equal(await page.locator('.plots .whole-title').innerText(), 'Why √d_k');
    const none = await stage.open();
    await painted(none);
    assert.equal(await none.getByRole('button', { name: 'Plots' }).count(), 0);
  });

  it('draws powers as straight lines where both axes are logarithmic', async () => {
    const page = await open('Why √d_k');
    const slopes = [];
    for (const series of [0, 1, 2]) {
      const drawn = await points(line(page, 0, series));
      const [first, last] = [drawn[0] ?? [], drawn.at(-1) ?? []];
      const slope = ((last[1] ?? NaN) - (first[1] ?? NaN)) / ((last[0] ?? NaN) - (first[0] ?? NaN));
      for (const [x = NaN, y = NaN] of drawn) {
        const straight = (first[1] ?? NaN) + slope * (x - (first[0] ?? NaN));
        assert.ok(Math.abs(y - straight) < 0.05, `series ${series}: ${y} at ${x}, not ${straight}`);
      }
      slopes.push(slope);
    }
    const [linear = NaN, constant = NaN, square = NaN] = slopes;
    assert.ok(Math.abs(constant) < 1e-6);
    assert.ok(linear < 0, 'what grows goes up');
    assert.ok(Math.abs(square / linear - 2) < 1e-3, 'd² rises twice as steeply as d');
  });

  it('leaves out what was not measured, and goes on over it', async () => {
    const page = await open('Why √d_k');
    const drawn = await points(line(page, 0, 2));
    // 1, 2, 8, 16 and 32 of the eleven widths.
    assert.equal(drawn.length, 5);
    const whole = await points(line(page, 0, 0));
    assert.deepEqual(
      drawn.map(([x]) => x),
      [0, 1, 3, 4, 5].map((at) => whole[at]?.[0]),
    );
  });

  it('draws what is expected dashed, and without points', async () => {
    const page = await open('Why √d_k');
    const dashes = await page
      .locator('.plot-chart')
      .first()
      .locator('.plot-line')
      .evaluateAll((lines) => lines.map((each) => getComputedStyle(each).strokeDasharray));
    assert.deepEqual(dashes.slice(0, 3), ['none', 'none', 'none']);
    assert.ok(dashes[3] !== 'none' && dashes[4] !== 'none' && dashes[3] !== dashes[4], dashes.join());
    assert.equal(
      await page.locator('.plot-chart').first().locator(':scope > .plot-point').count(),
      11 + 11 + 5,
    );
    const names = await page.locator('.plot-legend').first().locator('.plot-entry').allInnerTexts();
    assert.equal(names.length, 5);
  });

  it('shares one horizontal axis, with round numbers on all of them', async () => {
    const page = await open('Why √d_k');
    const labels = await page.locator('.plot-axis .plot-tick').allTextContents();
    assert.deepEqual(labels, ['1', '2', '5', '10', '20', '50', '100', '200', '500', '1000']);
    const vertical = await page.locator('.plot-chart').nth(1).locator('.plot-tick').allTextContents();
    assert.deepEqual(vertical, ['0', '1', '2', '3', '4']);
    const xs = await Promise.all(
      [0, 1].map(async (panel) => (await points(line(page, panel, 0))).map(([x]) => x)),
    );
    assert.deepEqual(xs[0], xs[1]);
    const other = await open('A parabola');
    assert.deepEqual(await other.locator('.plot-chart .plot-tick').allTextContents(), [
      '−400',
      '−200',
      '0',
      '200',
      '400',
    ]);
    assert.equal(await other.locator('.plots b').count(), 0, 'a title is text, never markup');
    await keep(other, 'plot-parabola');
  });

  it('reads all series where the pointer is, and with the keyboard', async () => {
    const page = await open('Why √d_k');
    const slider = page.getByRole('slider', { name: 'd_k, entries of a query' });
    await slider.focus();
    await page.keyboard.press('Home');
    for (let press = 0; press < 5; press += 1) await page.keyboard.press('ArrowRight');
    const values = (): Promise<string[]> =>
      page.locator('.plot-legend').first().locator('.plot-value').allInnerTexts();
    assert.equal(await page.locator('.plot-at').innerText(), '32');
    assert.deepEqual(await values(), ['35.20', '1.100', '2048', '32.00', '1.000']);
    assert.match(
      (await slider.getAttribute('aria-valuetext')) ?? '',
      /^32\. Variance of the scores: Normal vectors, not scaled 35\.20, .* Entropy of the weights: Normal vectors, not scaled 0\.7071/,
    );
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowRight');
    assert.equal(await page.locator('.plot-at').innerText(), '1024');
    assert.deepEqual(await values(), ['1126', '1.100', '–', '1024', '1.000']);
    const drawn = await points(line(page, 1, 0));
    const box = await page.locator('.plot-chart').nth(1).boundingBox();
    assert.ok(box !== null);
    await page.mouse.move(box.x + (drawn[3]?.[0] ?? 0) + 6, box.y + 60);
    assert.equal(await page.locator('.plot-at').innerText(), '8');
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('.plot-chart').count(), 0);
    assert.equal(await page.locator('.pane-centre').isVisible(), true);
  });

  it('has the numbers behind it, in a table', async () => {
    const page = await open('Why √d_k');
    const rows = await page
      .locator('.plot-table tbody tr')
      .evaluateAll((lines) => lines.map((each) => [...each.children].map(({ textContent }) => textContent)));
    assert.equal(rows.length, plots[0]?.x.values.length);
    assert.deepEqual(rows[2], ['4', '4.400', '1.100', '–', '4.000', '1.000', '2.000', '3.660', '3.75×10⁻³']);
    await page.getByRole('button', { name: 'Show the numbers' }).click();
    await page.getByRole('button', { name: 'Hide the numbers' }).waitFor();
    await page.locator('.plot-numbers').scrollIntoViewIfNeeded();
    await keep(page, 'plot-numbers');
    assert.deepEqual(await faults(page), []);
  });

  it('follows another head, and drops what comes for the one before', async () => {
    const page = await open('Why √d_k');
    await page.evaluate(() => {
      window.fakeHost.delay = 300;
      window.fakeHost.cancelled.length = 0;
    });
    await page.locator('.heads-cell[aria-label="Layer 0, head 0"]').click();
    await page.waitForFunction(() =>
      window.fakeHost.requests.some(
        ({ name, body }) => name === 'plot' && JSON.stringify(body).includes('"layer":0,"head":0'),
      ),
    );
    await page.locator('.heads-cell[aria-label="Layer 1, head 2"]').click();
    await page.waitForFunction(() => window.fakeHost.cancelled.includes('plot'));
    await page.waitForFunction(() => document.querySelector('.plot-waiting')?.textContent === '');
    assert.equal(await page.locator('.plots .whole-aside').innerText(), 'Layer 1, head 2');
    assert.equal(await page.locator('.plot-figure').count(), 1);
  });

  it('says why there is no plot', async () => {
    const page = await stage.open({ subject, failing: { plot: 'This head has no gradient to be plotted.' } });
    await painted(page);
    await page.getByRole('button', { name: 'Plots' }).click();
    await page.getByRole('menuitem', { name: 'Why √d_k' }).click();
    const alert = page.locator('.plots').getByRole('alert');
    await alert.waitFor();
    assert.equal(await alert.innerText(), 'This head has no gradient to be plotted.');
    await page.getByRole('button', { name: 'Close' }).click();
    assert.equal(await page.locator('.pane-centre').isVisible(), true);
  });

  for (const theme of ['dark', 'light', 'high-contrast'] as const) {
    it(`has no accessibility faults in the ${theme} theme, and keeps to the strict policy`, async () => {
      const page = await open('Why √d_k', { theme });
      await keep(page, `plot-${theme}`);
      assert.deepEqual(await faults(page), []);
      assert.deepEqual(await cutOff(page), []);
      assert.deepEqual(await page.evaluate(() => window.fakeHost.violations), []);
    });
  }

  it('is drawn in the colours that the system forces, and does not move', async () => {
    const page = await stage.open({ subject, reducedMotion: true });
    await page.emulateMedia({ forcedColors: 'active' });
    await painted(page);
    await page.getByRole('button', { name: 'Plots' }).click();
    await page.getByRole('menuitem', { name: 'Why √d_k' }).click();
    await page.locator('.plot-chart').first().waitFor();
    await keep(page, 'plot-forced-colors');
    const strokes = await page
      .locator('.plot-chart')
      .first()
      .locator('.plot-line')
      .evaluateAll((lines) => lines.map((each) => getComputedStyle(each).stroke));
    assert.equal(new Set(strokes).size, 1);
    assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
  });

  for (const width of [800, 380]) {
    it(`fits into ${width} px`, async () => {
      const page = await open('Why √d_k', { width, height: 760 });
      await keep(page, `plot-width-${width}`);
      assert.deepEqual(await cutOff(page), []);
      assert.deepEqual(await faults(page), []);
    });
  }
});
