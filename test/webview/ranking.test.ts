import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import { Attention } from '../support/page/attention.js';
import { cutOff, faults } from '../support/page/checks.js';
import { keep, painted, resting, Stage, story } from '../support/page/open.js';
import type { Opening } from '../support/page/open.js';

const attention = new Attention(story);
const cell = { row: 11, column: 2 };
const heads = Array.from({ length: 72 }, (_, at) => ({ layer: Math.floor(at / 12), head: at % 12 }));
const weight = (layer: number, head: number, query: number, key: number): number =>
  attention.row('weights', layer, head, query)[key] ?? NaN;
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

describe('ranking of heads', function () {
  this.timeout(60_000);
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage.stop());

  async function open(opening: Opening = {}): Promise<Page> {
    const page = await stage.open({
      position: { layer: 3, head: 7, step: 'weights', cell },
      height: 1300,
      ...opening,
    });
    await painted(page);
    await resting(page);
    return page;
  }
  const part = (page: Page): Locator => page.locator('.ranking');
  const said = async (items: Locator): Promise<string[]> =>
    (await items.allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' ').trim());
  const items = (page: Page): Locator => part(page).getByRole('list', { name: /Heads/ }).getByRole('button');
  const ask = async (page: Page, title: string): Promise<void> => {
    await part(page).getByRole('combobox', { name: 'Rank heads by' }).click();
    await part(page).getByRole('option', { name: title }).click();
    await resting(page);
  };
  const asked = (page: Page): Promise<readonly unknown[]> =>
    page.evaluate(() =>
      window.fakeHost.requests.filter(({ name }) => name === 'headRanking').map(({ body }) => body),
    );
  const place = (page: Page): Promise<unknown> => page.evaluate(() => window.fakeHost.place);

  it('asks for a pick first, and nothing of the engine', async () => {
    const page = await open({ position: { layer: 0, head: 0, step: 'weights' } });
    await part(page).getByText('Pick a cell of the heatmap').waitFor();
    assert.deepEqual(await asked(page), []);
    assert.equal(await part(page).getByRole('grid').isVisible(), false);
  });

  it('ranks every head by the weight of the picked cell, and opens the first with one click', async () => {
    const page = await open();
    const expected = heads
      .map(({ layer, head }) => ({ layer, head, value: weight(layer, head, 11, 2) }))
      .filter(({ value }) => value >= 0.1)
      .sort((a, b) => b.value - a.value);
    assert.ok(expected.length > 3 && expected.length < 40);
    assert.deepEqual(
      await said(items(page)),
      expected
        .slice(0, 10)
        .map(({ layer, head, value }) => `Layer ${layer}, head ${head} ${value.toFixed(3)}`),
    );
    assert.match(
      await part(page).locator('.ranking-said').innerText(),
      new RegExp(`^${expected.length} of 72 heads`),
    );
    await items(page).first().click();
    const [first] = expected;
    assert.ok(first);
    assert.deepEqual(await place(page), { layer: first.layer, head: first.head, step: 'weights', cell });
    await resting(page);
    // The question is the same: nothing is asked again.
    assert.equal((await asked(page)).length, 1);
  });

  it('tints layers × heads by that weight, the strongest the most, and leaves cells below the threshold empty', async () => {
    const page = await open();
    const cells = part(page).getByRole('gridcell');
    const drawn = await cells.evaluateAll((all) =>
      all.map((each) => ({
        text: each.getAttribute('aria-label'),
        color: each.classList.contains('empty') ? null : getComputedStyle(each).backgroundColor,
        selected: each.ariaSelected,
      })),
    );
    const values = heads.map(({ layer, head }) => weight(layer, head, 11, 2));
    assert.equal(drawn.length, 72);
    const lightness = (color: string): number => sum((color.match(/\d+/g) ?? []).map(Number));
    const order = values.map((value, at) => ({ value, ...drawn[at] })).sort((a, b) => a.value - b.value);
    let before = -1;
    for (const { value, color } of order) {
      assert.equal(color === null, value < 0.1, String(value));
      if (color == null) continue;
      assert.ok(lightness(color) >= before, 'cividis grows lighter on a dark ground');
      before = lightness(color);
    }
    assert.equal(
      drawn.findIndex(({ selected }) => selected === 'true'),
      3 * 12 + 7,
    );
    assert.equal(drawn[5]?.text, `Layer 0, head 5: ${(values[5] ?? 0).toFixed(3)}`);
  });

  it('filters by the threshold, with the keyboard too, and remembers it', async () => {
    const page = await open();
    const slider = part(page).getByRole('slider', { name: 'At least' });
    await slider.press('Home');
    await part(page).getByText('72 of 72 heads reach 0.00. The first 10 are listed.').waitFor();
    await slider.press('End');
    assert.equal(await slider.getAttribute('aria-valuetext'), '1.00');
    assert.equal(await items(page).count(), 0);
    for (let at = 0; at < 16; at += 1) await slider.press('ArrowLeft');
    assert.equal(await slider.getAttribute('aria-valuetext'), '0.20');
    await resting(page);
    const persisted = await page.evaluate(() => window.fakeHost.state);
    const again = await open({ persisted });
    assert.equal(await part(again).getByRole('slider').getAttribute('aria-valuetext'), '0.20');
  });

  it('ranks by what a query attends to most, and names the key', async () => {
    const page = await open();
    await ask(page, 'What the query attends to most');
    const expected = heads
      .map(({ layer, head }) => {
        const row = [...attention.row('weights', layer, head, 11)];
        const value = Math.max(...row);
        return { layer, head, value, key: row.indexOf(value) };
      })
      .sort((a, b) => b.value - a.value);
    const [first] = expected;
    assert.ok(first);
    const word = story.words?.[first.key] ?? '';
    assert.equal(
      (await said(items(page)))[0],
      `Layer ${first.layer}, head ${first.head} → ${word} ${first.value.toFixed(3)}`,
    );
    await items(page).first().click();
    assert.deepEqual(await place(page), {
      ...{ layer: first.layer, head: first.head, step: 'weights' },
      cell: { row: 11, column: first.key },
    });
  });

  it('says what in the text attends most to a key: heads by the mean, and the strongest queries', async () => {
    const page = await open();
    await ask(page, 'What attends to the key');
    const queries = Array.from({ length: story.queries }, (_, at) => at);
    const means = heads
      .map(({ layer, head }) => sum(queries.map((query) => weight(layer, head, query, 2))) / 15)
      .sort((a, b) => b - a);
    const shown = await said(items(page));
    assert.match(shown[0] ?? '', new RegExp(` ${(means[0] ?? 0).toFixed(3)}$`));
    const strongest = heads
      .flatMap(({ layer, head }) =>
        queries.map((query) => ({ layer, head, query, value: weight(layer, head, query, 2) })),
      )
      .sort((a, b) => b.value - a.value);
    const list = part(page).getByRole('list', { name: 'Queries that attend most to it' }).getByRole('button');
    assert.deepEqual(
      await said(list),
      strongest
        .slice(0, 8)
        .map(
          ({ layer, head, query, value }) =>
            `${story.words?.[query]} Layer ${layer}, head ${head} ${value.toFixed(3)}`,
        ),
    );
    await list.first().click();
    const [first] = strongest;
    assert.deepEqual(await place(page), {
      ...{ layer: first?.layer, head: first?.head, step: 'weights' },
      cell: { row: first?.query, column: 2 },
    });
  });

  it('sums over a group of keys that were kept, and takes them out again', async () => {
    const page = await open();
    await part(page).getByRole('button', { name: 'Keep key animal (2)' }).click();
    await page.evaluate(() => {
      window.fakeHost.move({ layer: 3, head: 7, step: 'weights', cell: { row: 11, column: 7 } });
    });
    await part(page).getByText('sum of 2 keys.').waitFor();
    const values = heads
      .map(({ layer, head }) => weight(layer, head, 11, 2) + weight(layer, head, 11, 7))
      .sort((a, b) => b - a);
    assert.match((await said(items(page)))[0] ?? '', new RegExp(` ${(values[0] ?? 0).toFixed(3)}$`));
    assert.deepEqual((await asked(page)).at(-1), {
      inspection: 'one',
      queries: [{ start: 11, end: 12 }],
      keys: [
        { start: 2, end: 3 },
        { start: 7, end: 8 },
      ],
      measure: 'sum',
      strongest: 0,
    });
    await part(page).getByRole('button', { name: 'Take key animal (2) out of the group' }).click();
    await resting(page);
    const single = heads.map(({ layer, head }) => weight(layer, head, 11, 7)).sort((a, b) => b - a);
    assert.match((await said(items(page)))[0] ?? '', new RegExp(` ${(single[0] ?? 0).toFixed(3)}$`));
  });

  it('draws the first heads as lines, each in a colour of its own', async () => {
    const page = await open();
    const names = (await said(items(page))).slice(0, 4).map((text) => text.replace(/ [\d.]+$/, ''));
    await part(page).getByRole('button', { name: 'Draw as lines' }).click();
    await page.locator('.lines-set').first().waitFor();
    await resting(page);
    assert.deepEqual(
      (await page.locator('.lines-set').allInnerTexts()).map((text) =>
        text.split(/\s*\d+\.\d+ %/)[0]?.trim(),
      ),
      names,
    );
  });

  it('is gone through with the keyboard: the grid by arrows, the list by arrows', async () => {
    const page = await open();
    const grid = part(page).getByRole('grid');
    await grid.getByRole('gridcell', { selected: true }).focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    assert.deepEqual(await place(page), { layer: 4, head: 6, step: 'weights', cell });
    await items(page).first().focus();
    await page.keyboard.press('ArrowDown');
    assert.equal(
      await items(page)
        .nth(1)
        .evaluate((each) => each === document.activeElement),
      true,
    );
  });

  it('says that a cell is masked in all heads, and what went wrong', async () => {
    const causal = { ...story, causal: true };
    const masked = { layer: 3, head: 7, step: 'weights', cell: { row: 2, column: 9 } };
    const page = await open({ subject: causal, position: masked });
    await part(page).getByText('it is masked').waitFor();
    assert.equal(await items(page).count(), 0);
    const failing = await open({ failing: { headRanking: 'The file was changed.' } });
    await part(failing).locator('.problem', { hasText: 'The file was changed.' }).waitFor();
  });

  it('asks before it goes through more weights than are soon computed, then part by part, from the layer that is open on', async () => {
    const many = { ...story, queries: 400, keys: 400, words: null, layers: 32, heads: 32 };
    const page = await open({
      ...{ subject: many, position: { layer: 30, head: 1, step: 'weights', cell } },
      held: ['thumbnails', 'headRanking'],
    });
    await ask(page, 'What attends to the key');
    assert.equal((await asked(page)).length, 1);
    await part(page).getByRole('button', { name: 'Look through all heads' }).click();
    await resting(page);
    assert.deepEqual((await asked(page)).at(-1), {
      ...{ inspection: 'one', keys: [{ start: 2, end: 3 }], measure: 'sum', strongest: 8 },
      layers: { start: 26, end: 32 },
    });
  });

  it('fits a narrow group', async () => {
    const page = await open({ width: 420 });
    await page.getByRole('tab', { name: 'Heads' }).click();
    await items(page).first().waitFor();
    assert.deepEqual(await cutOff(page), []);
    await keep(page, 'ranking-narrow');
    await items(page).first().click();
    // Having chosen a head, the user wants to see it.
    await page.locator('.heatmap').waitFor();
  });

  for (const theme of ['dark', 'light', 'high-contrast', 'high-contrast-light'] as const) {
    it(`has nothing cut off and no fault of accessibility: ${theme}`, async () => {
      const page = await open({ theme });
      await ask(page, 'What attends to the key');
      await part(page).scrollIntoViewIfNeeded();
      assert.deepEqual(await cutOff(page), []);
      assert.deepEqual(await faults(page), []);
      await keep(page, `ranking-${theme}`);
    });
  }
});
