import assert from 'node:assert/strict';
import { interpolateBlues, interpolateCividis, interpolateOranges } from 'd3-scale-chromatic';
import type { Locator, Page } from 'playwright-core';
import { Attention } from './page/attention.js';
import { cutOff, faults } from './page/checks.js';
import { eventually, keep, painted, Stage, story } from './page/open.js';
import type { Opening } from './page/open.js';
import type { Box } from './page/pixels.js';
import { colorsAt, difference, middle, parseColor } from './page/pixels.js';

const several = { ...story, mechanisms: true };
const at = { layer: 3, head: 7, step: 'weights' };
const picked = { ...at, cell: { row: 10, column: 7 } };
/** A table of 256 colours is off the continuous map by no more than this, a channel. */
const tableError = 4;
const scaled = new Attention(story);
const unscaled = new Attention({ ...story, scaling: 'none' });

function weights(attention: Attention, layer = 3, head = 7): number[][] {
  return Array.from({ length: 15 }, (_, query) => [...attention.row('weights', layer, head, query)]);
}

function written(value: number): string {
  return value.toFixed(3).replace('-', '−');
}

describe('side by side', function () {
  this.timeout(90_000);
  let stage: Stage;
  let reader: Page;

  before(async () => {
    stage = await Stage.start();
    reader = await stage.blank();
  });
  after(() => stage.stop());

  const column = (page: Page, index: number): Locator => page.locator('.compare-column').nth(index);
  const asked = (page: Page): Promise<unknown[]> =>
    page.evaluate(() =>
      window.fakeHost.requests.flatMap(({ name, body }) => (name === 'compare' ? [body] : [])),
    );

  /** Waits until nothing runs, and every column has its numbers or says why not. */
  async function settled(page: Page): Promise<void> {
    await page.waitForFunction(() => {
      const columns = [...document.querySelectorAll('.compare-column')];
      return (
        columns.length > 0 &&
        columns.every(
          (one) =>
            one.classList.contains('failed') ||
            (!one.classList.contains('renewing') && one.querySelector('.compare-metrics-table') !== null),
        )
      );
    });
    await page.waitForTimeout(350);
  }

  async function compare(opening: Opening = {}): Promise<Page> {
    const page = await stage.open({ position: at, ...opening });
    await painted(page);
    await page.getByRole('button', { name: 'Compare' }).click();
    await settled(page);
    return page;
  }

  async function box(where: Locator): Promise<Box> {
    const found = await where.boundingBox();
    assert.ok(found !== null, 'it is on screen');
    return found;
  }

  const cells = (page: Page, index: number, row: 'weights' | 'difference'): Locator =>
    column(page, index).locator(`.row-${row} canvas.cells`);

  /** The colours of all 15 × 15 cells of a picture. */
  async function colors(page: Page, where: Locator): ReturnType<typeof colorsAt> {
    await where.scrollIntoViewIfNeeded();
    // Away from the cross-hair, which is drawn over the cells.
    await page.mouse.move(2, 2);
    await page.waitForTimeout(80);
    const frame = await box(where);
    return colorsAt(
      page,
      reader,
      Array.from({ length: 225 }, (_, index) => middle(frame, 15, 15, Math.floor(index / 15), index % 15)),
    );
  }

  it('begins with the next mechanism, or with unscaled scores where there is only one', async () => {
    const page = await compare({ subject: several });
    assert.deepEqual(await asked(page), [{ inspection: 'one', variants: [{ mechanism: 'additive' }] }]);
    assert.deepEqual(await page.locator('.compare-title').allInnerTexts(), [
      'Multi-head attention',
      '≠\nDiffers from the first column\nAdditive attention',
    ]);
    const single = await compare();
    assert.deepEqual(await asked(single), [{ inspection: 'one', variants: [{ scaling: 'none' }] }]);
    assert.equal(
      await column(single, 1).locator('.compare-changes').innerText(),
      'Scaling: None instead of 1 / √d_k',
    );
  });

  it('colours all columns by one scale, from 0 to the largest weight of any', async () => {
    const page = await compare();
    const [first, second] = [weights(scaled), weights(unscaled)];
    const most = Math.max(...first.flat(), ...second.flat());
    for (const [index, expected] of [first, second].entries()) {
      const seen = await colors(page, cells(page, index, 'weights'));
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
    const page = await compare({ theme: 'light' });
    const [first, second] = [weights(scaled).flat(), weights(unscaled).flat()];
    const differences = second.map((weight, index) => weight - (first[index] ?? NaN));
    const reach = Math.max(...differences.map(Math.abs));
    const seen = await colors(page, cells(page, 1, 'difference'));
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
    const page = await compare();
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
    const page = await compare({ subject: several, position: picked });
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

  it('marks the formulas that the first column does not have, with a sign and in words', async () => {
    const page = await compare();
    const line = (index: number, title: string): Locator =>
      column(page, index).locator('.compare-line', { hasText: title });
    assert.equal(await column(page, 0).locator('.differs').count(), 0);
    assert.match(await line(1, 'Masked scores').innerText(), /^≠\s*Differs from the first column/);
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
    const page = await compare();
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
    const page = await compare();
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
    const page = await compare();
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
    const page = await stage.open({ position: at });
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
    assert.equal(await page.locator('.pane-matrix').isVisible(), true);
    // A letter typed into a field is a letter.
    await page.getByLabel('Temperature, exactly').focus();
    await page.keyboard.press('c');
    assert.equal(await page.locator('.compare-column').count(), 0);
  });

  it('zooms all columns together', async () => {
    const page = await compare();
    await column(page, 0).locator('.row-weights .stage').focus();
    await page.keyboard.press('Control+End');
    for (let press = 0; press < 4; press += 1) await page.keyboard.press('+');
    await page.waitForTimeout(200);
    const frame = await box(cells(page, 1, 'weights'));
    await page.mouse.move(frame.x + frame.width - 2, frame.y + frame.height - 2);
    assert.match(await page.locator('.compare-readout').nth(1).innerText(), /^\[SEP\] → \[SEP\]/);
    await page.mouse.move(frame.x + 2, frame.y + 2);
    assert.doesNotMatch(await page.locator('.compare-readout').nth(1).innerText(), /^\[CLS\]/);
  });

  it('says in its column why a variant could not be run, and leaves the others be', async () => {
    const page = await compare();
    await column(page, 1).getByRole('button', { name: 'Change…' }).click();
    await column(page, 1).getByRole('menuitem', { name: 'Mask' }).click();
    await column(page, 1).getByRole('combobox', { name: 'Mask' }).click();
    await page.getByRole('option', { name: 'Sliding window' }).click();
    const alert = column(page, 1).getByRole('alert');
    await alert.waitFor();
    assert.equal(await alert.innerText(), 'A sliding window needs at least 4 keys on either side.');
    assert.equal(await cells(page, 0, 'weights').isVisible(), true);
    assert.equal(await cells(page, 1, 'weights').isVisible(), false);
    await keep(page, 'compare-failed');
    assert.deepEqual(await faults(page), []);
    // It can be mended where it failed.
    await column(page, 1).getByRole('button', { name: 'Reset Mask' }).click();
    await settled(page);
    assert.equal(await cells(page, 1, 'weights').isVisible(), true);
    assert.deepEqual((await asked(page)).at(-1), { inspection: 'one', variants: [{ scaling: 'none' }] });
  });

  it('says of the whole comparison that it could not be had', async () => {
    const page = await stage.open({ failing: { compare: 'The engine stopped. It has been started again.' } });
    await painted(page);
    await page.keyboard.press('c');
    const alert = column(page, 1).getByRole('alert');
    await alert.waitFor();
    assert.equal(await alert.innerText(), 'The engine stopped. It has been started again.');
    assert.equal(await cells(page, 0, 'weights').isVisible(), true);
  });

  it('follows another head and another parameter of what is inspected', async () => {
    const page = await compare();
    await page.locator('.heads-cell[aria-label="Layer 1, head 2"]').click();
    await settled(page);
    const [first, second] = [weights(scaled, 0, 1), weights(unscaled, 0, 1)];
    const most = Math.max(...first.flat(), ...second.flat());
    const legend = await page.locator('.row-weights .legend').first().innerText();
    assert.ok(legend.replaceAll(/\s+/g, ' ').endsWith(`0 ${most.toFixed(2)}`), legend);
    const before = (await asked(page)).length;
    const temperature = page.locator('.pane-heads').getByLabel('Temperature, exactly');
    await temperature.fill('4');
    await temperature.press('Enter');
    while ((await asked(page)).length === before) await page.waitForTimeout(20);
    await settled(page);
    const hot = new Attention({ ...story, temperature: 4 });
    const { x, y } = middle(await box(cells(page, 0, 'weights')), 15, 15, 3, 3);
    await page.mouse.move(x, y);
    const weight = hot.row('weights', 0, 1, 3)[3] ?? NaN;
    await eventually(
      () => page.locator('.compare-readout').first().locator('b.number').innerText(),
      written(weight),
    );
  });

  it('drops what comes back for earlier columns', async () => {
    const page = await compare({ subject: several });
    await page.evaluate(() => {
      window.fakeHost.delay = 250;
    });
    const temperature = page.locator('.pane-heads').getByLabel('Temperature, exactly');
    for (const value of ['2', '3']) {
      await temperature.fill(value);
      await temperature.press('Enter');
      await page.waitForTimeout(320);
    }
    await page.locator('.heads-cell[aria-label="Layer 1, head 1"]').click();
    await page.waitForTimeout(1500);
    await settled(page);
    const additive = new Attention({ ...story, mechanism: 'additive', temperature: 3 });
    const { x, y } = middle(await box(cells(page, 1, 'weights')), 15, 15, 6, 1);
    await page.mouse.move(x, y);
    await eventually(
      () => page.locator('.compare-readout').nth(1).locator('b.number').innerText(),
      written(additive.row('weights', 0, 0, 6)[1] ?? NaN),
    );
    assert.equal(await page.locator('.problem:visible').count(), 0);
  });

  it('stands four columns beside each other and no more; each but the first can go', async () => {
    const page = await compare({ subject: several });
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

  it('lets go of its textures and graphics contexts when it is left', async () => {
    const page = await compare();
    const left = await page.evaluate(async () => {
      const canvases = [...document.querySelectorAll<HTMLCanvasElement>('.compare canvas.cells')];
      document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
      await new Promise((resolve) => setTimeout(resolve, 200));
      return {
        canvases: canvases.length,
        alive: canvases.filter((canvas) => canvas.getContext('webgl2')?.isContextLost() === false).length,
        inPage: document.querySelectorAll('.compare canvas').length,
        heatmap: document
          .querySelector<HTMLCanvasElement>('.pane-matrix canvas.cells')
          ?.getContext('webgl2')
          ?.isContextLost(),
      };
    });
    assert.deepEqual(left, { canvases: 3, alive: 0, inPage: 0, heatmap: false });
    await page.keyboard.press('c');
    await settled(page);
    await page.keyboard.press('c');
    assert.equal(await page.locator('.compare-column').count(), 0);
  });

  it('draws the same without WebGL', async () => {
    const page = await compare({ webgl: false });
    const most = Math.max(...weights(scaled).flat(), ...weights(unscaled).flat());
    const seen = await colors(page, cells(page, 1, 'weights'));
    const weight = weights(unscaled)[5]?.[3] ?? NaN;
    assert.ok(
      difference(seen[78] ?? [-1, -1, -1], parseColor(interpolateCividis(weight / most))) <= tableError,
    );
  });

  it('is there again where it was left, with its columns', async () => {
    const page = await compare({ subject: several });
    await page.getByRole('button', { name: 'Add column' }).click();
    await settled(page);
    await page.waitForFunction(() => JSON.stringify(window.fakeHost.state ?? '').includes('scaling'));
    const persisted = await page.evaluate(() => window.fakeHost.state);
    assert.ok(JSON.stringify(persisted).length < 1000, 'no results are kept');
    const again = await stage.open({ subject: several, position: at, persisted, id: 'another' });
    await settled(again);
    assert.deepEqual(await asked(again), [
      { inspection: 'another', variants: [{ mechanism: 'additive' }, { scaling: 'none' }] },
    ]);
    // Something else is inspected: it is looked at alone.
    const other = await stage.open({ persisted, subject: { ...several, title: 'Another' } });
    await painted(other);
    assert.equal(await other.locator('.compare-column').count(), 0);
  });

  it('pools large matrices, and reads their cells exactly', async () => {
    const large = { ...story, layers: 1, heads: 1, queries: 1500, keys: 1500, words: null };
    const page = await compare({
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
    await page.waitForFunction(() =>
      !/^…?$/.test(document.querySelector('.compare-readout b.number')?.textContent ?? ''),
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
      const page = await compare({ theme, subject: several, position: picked });
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
      await page.waitForTimeout(200);
      await keep(page, `compare-${theme}-below`);
      assert.deepEqual(await cutOff(page), []);
      assert.deepEqual(await page.evaluate(() => window.fakeHost.violations), []);
    });
  }

  for (const width of [1100, 700, 380]) {
    it(`scrolls its columns sideways where ${width} px are too few, and cuts nothing off`, async () => {
      const page = await compare({ width, height: 760, subject: several });
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
