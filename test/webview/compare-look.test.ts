import assert from 'node:assert/strict';
import { interpolateBlues, interpolateCividis, interpolateOranges } from 'd3-scale-chromatic';
import type { Page } from 'playwright-core';
import { Attention } from '../support/page/attention.js';
import { cutOff, faults } from '../support/page/checks.js';
import {
  box,
  cells,
  colors,
  column,
  compare,
  picked,
  settled,
  several,
  weights,
} from '../support/page/compare.js';
import { keep, resting, Stage, story } from '../support/page/open.js';
import { difference, middle, parseColor } from '../support/page/pixels.js';

/** A table of 256 colours is off the continuous map by no more than this, a channel. */
const tableError = 4;
const scaled = new Attention(story);
const unscaled = new Attention({ ...story, scaling: 'none' });

describe('side by side, as it is seen', function () {
  this.timeout(90_000);
  let stage: Stage;
  let reader: Page;

  before(async () => {
    stage = await Stage.start();
    reader = await stage.blank();
  });
  after(() => stage.stop());

  it('colours all columns by one scale, from 0 to the largest weight of any', async () => {
    const page = await compare(stage);
    const [first, second] = [weights(scaled), weights(unscaled)];
    const most = Math.max(...first.flat(), ...second.flat());
    for (const [index, expected] of [first, second].entries()) {
      const seen = await colors(page, reader, cells(page, index, 'weights'));
      for (const [place, weight] of expected.flat().entries()) {
        const wanted = parseColor(interpolateCividis(weight / most));
        const color = seen[place] ?? [-1, -1, -1];
        assert.ok(
          difference(color, wanted) <= tableError,
          `column ${index}, cell ${place}: ${weight} should be ${wanted.join()}, is ${color.join()}`,
        );
      }
    }
    const legends = await page.locator('.row-weights .legend').allInnerTexts();
    assert.equal(new Set(legends).size, 1, legends.join(' | '));
  });

  it('draws the difference to the first column around 0', async () => {
    const page = await compare(stage, { theme: 'light' });
    const [first, second] = [weights(scaled).flat(), weights(unscaled).flat()];
    const differences = second.map((weight, index) => weight - (first[index] ?? NaN));
    const reach = Math.max(...differences.map(Math.abs));
    const seen = await colors(page, reader, cells(page, 1, 'difference'));
    for (const [place, value] of differences.entries()) {
      const share = value / reach;
      const wanted = parseColor(share < 0 ? interpolateBlues(-share) : interpolateOranges(share));
      const color = seen[place] ?? [-1, -1, -1];
      assert.ok(
        difference(color, wanted) <= tableError,
        `cell ${place}: ${value} should be ${wanted.join()}, is ${color.join()}`,
      );
    }
    assert.equal(await cells(page, 0, 'difference').count(), 0);
    await keep(page, 'compare-difference');
  });

  it('takes what is masked for a weight of 0', async () => {
    const page = await compare(stage);
    await page.evaluate(() => {
      window.fakeHost.subject().change({ mask: 'causal' });
      window.fakeHost.show();
    });
    await settled(page);
    // The second column is causal like the first, and not scaled.
    const masked = cells(page, 1, 'difference');
    await masked.scrollIntoViewIfNeeded();
    await keep(page, 'compare-causal');
    const menu = column(page, 1).getByRole('button', { name: 'Change…' });
    await menu.click();
    await column(page, 1).getByRole('menuitem', { name: 'Mask' }).click();
    await column(page, 1).getByRole('combobox', { name: 'Mask' }).click();
    await page.getByRole('option', { name: 'None' }).click();
    await settled(page);
    const { x, y } = middle(await box(cells(page, 1, 'weights')), 15, 15, 2, 9);
    await page.mouse.move(x, y);
    const weight = unscaled.row('weights', 3, 7, 2)[9] ?? NaN;
    const readouts = page.locator('.compare-readout');
    await page.waitForFunction(() => document.querySelector('.compare-readout b.number') !== null);
    assert.match(await readouts.nth(0).innerText(), /masked$/);
    const said = (await readouts.nth(1).innerText()).replaceAll(/\s+/g, ' ');
    assert.match(said, / \+/);
    assert.ok(weight > 0);
  });

  it('starts the same phase, and the same matrix, at the same height in all columns', async () => {
    const page = await compare(stage, { subject: several, position: picked });
    await page.getByRole('button', { name: 'Add column' }).click();
    await settled(page);
    const rows = await page.locator('.compare-column').evaluateAll((columns) =>
      columns.map((one) =>
        [
          ...one.querySelectorAll(
            '.compare-title, .compare-phase-title, .row-weights canvas.cells, .compare-readout, .row-arithmetic, .compare-metrics-table tr',
          ),
        ].map((part) => {
          const { top, height } = part.getBoundingClientRect();
          return part.matches('canvas')
            ? `${Math.round(top)} ${Math.round(height)}`
            : String(Math.round(top));
        }),
      ),
    );
    assert.equal(rows.length, 3);
    assert.ok((rows[0]?.length ?? 0) > 12);
    assert.deepEqual(rows[1], rows[0]);
    assert.deepEqual(rows[2], rows[0]);
    const frames = await Promise.all([0, 1, 2].map((index) => box(cells(page, index, 'weights'))));
    assert.equal(new Set(frames.map(({ width, height }) => `${width} ${height}`)).size, 1);
  });

  it('stands four columns beside each other and no more; each but the first can go', async () => {
    const page = await compare(stage, { subject: several });
    const add = page.getByRole('button', { name: 'Add column' });
    await add.click();
    await add.click();
    await settled(page);
    assert.equal(await page.locator('.compare-column').count(), 4);
    assert.notEqual(await add.getAttribute('disabled'), null);
    const titles = await page
      .locator('.compare-column')
      .evaluateAll((all) => all.map(({ ariaLabel }) => ariaLabel));
    assert.equal(new Set(titles).size, 4, 'no two columns are the same');
    await keep(page, 'compare-four');
    assert.deepEqual(await cutOff(page), []);
    await column(page, 1)
      .getByRole('button', { name: /^Remove/ })
      .click();
    await settled(page);
    assert.deepEqual(
      await page.locator('.compare-column').evaluateAll((all) => all.map(({ ariaLabel }) => ariaLabel)),
      [titles[0], titles[2], titles[3]],
    );
    assert.equal(await add.getAttribute('disabled'), null);
  });

  it('draws the same without WebGL', async () => {
    const page = await compare(stage, { webgl: false });
    const most = Math.max(...weights(scaled).flat(), ...weights(unscaled).flat());
    const seen = await colors(page, reader, cells(page, 1, 'weights'));
    const weight = weights(unscaled)[5]?.[3] ?? NaN;
    assert.ok(
      difference(seen[78] ?? [-1, -1, -1], parseColor(interpolateCividis(weight / most))) <= tableError,
    );
  });

  it('pools large matrices, and reads their cells exactly', async () => {
    const large = { ...story, layers: 1, heads: 1, queries: 1500, keys: 1500, words: null };
    const page = await compare(stage, {
      subject: large,
      position: { layer: 0, head: 0, step: 'weights' },
    });
    const slices = await page.evaluate(() =>
      window.fakeHost.requests.flatMap(({ name, body }) => (name === 'slice' ? [body] : [])),
    );
    const whole = slices.filter((body) => !JSON.stringify(body).includes('"rows":{'));
    assert.ok(whole.every((body) => JSON.stringify(body).includes('"pool"')));
    const frame = await box(cells(page, 1, 'weights'));
    await page.mouse.move(frame.x + frame.width / 2, frame.y + frame.height / 2);
    await page.waitForFunction(
      () => !/^…?$/.test(document.querySelector('.compare-readout b.number')?.textContent ?? ''),
    );
    const [, row = '', key = ''] =
      /(\d+) → (\d+)/.exec(await page.locator('.compare-readout').first().innerText()) ?? [];
    const exact = new Attention(large).row('weights', 0, 0, Number(row))[Number(key)] ?? NaN;
    const shown = await page.locator('.compare-readout').first().locator('b.number').innerText();
    const [mantissa = '', exponent = '0'] = exact.toExponential(2).split('e');
    assert.ok(
      shown === exact.toFixed(3) ||
        shown.startsWith(`${mantissa}×10⁻${'⁰¹²³⁴⁵⁶⁷⁸⁹'[-Number(exponent)] ?? ''}`),
      `${shown} for ${exact}`,
    );
    assert.match(
      await column(page, 1).locator('.compare-remark').innerText(),
      /largest weight in each block/,
    );
  });

  for (const theme of ['dark', 'light', 'high-contrast'] as const) {
    it(`has no accessibility faults in the ${theme} theme, and keeps to the strict policy`, async () => {
      const page = await compare(stage, { theme, subject: several, position: picked });
      await page.waitForFunction(
        () => document.querySelectorAll('.row-arithmetic .arithmetic-tex .katex').length === 2,
      );
      await keep(page, `compare-${theme}`);
      assert.deepEqual(await faults(page), []);
      await column(page, 1).getByRole('button', { name: 'Change…' }).click();
      assert.deepEqual(await faults(page), []);
      await page.keyboard.press('Escape');
      assert.equal(await page.locator('.compare-column').count(), 2, 'Escape closed the menu alone');
      await page.locator('.compare-scroller').evaluate((scroller) => {
        scroller.scrollTop = scroller.scrollHeight;
      });
      await resting(page);
      await keep(page, `compare-${theme}-below`);
      assert.deepEqual(await cutOff(page), []);
      assert.deepEqual(await page.evaluate(() => window.fakeHost.violations), []);
    });
  }

  for (const width of [1100, 700, 380]) {
    it(`scrolls its columns sideways where ${width} px are too few, and cuts nothing off`, async () => {
      const page = await compare(stage, { width, height: 760, subject: several });
      await page.getByRole('button', { name: 'Add column' }).click();
      await settled(page);
      await keep(page, `compare-width-${width}`);
      assert.deepEqual(await cutOff(page), []);
      const scroller = page.locator('.compare-scroller');
      await scroller.evaluate((one) => {
        one.scrollLeft = one.scrollWidth;
      });
      const last = await box(column(page, 2));
      assert.ok(last.x + last.width <= width + 1, `the last column ends at ${last.x + last.width}`);
      assert.deepEqual(await faults(page), []);
    });
  }
});
