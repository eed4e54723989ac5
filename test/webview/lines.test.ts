import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import type { LinesRequest } from '../../src/protocol.js';
import { Attention } from '../support/page/attention.js';
import { cutOff, faults } from '../support/page/checks.js';
import { eventually, dress, keep, painted, resting, Stage, story } from '../support/page/open.js';
import type { Opening } from '../support/page/open.js';
import { themes } from '../support/page/themes.js';

const attention = new Attention(story);
const row = (query: number, layer = 3, head = 7): number[] => [
  ...attention.row('weights', layer, head, query),
];
const rows = story.words?.map((_, query) => row(query)) ?? [];
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`;
const pitch = 20;

describe('lines', function () {
  this.timeout(60_000);
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage.stop());

  async function open(opening: Opening = {}): Promise<Page> {
    const page = await stage.open(opening);
    await painted(page);
    await page.getByRole('tab', { name: 'Lines' }).click();
    await page.locator('.lines-token').first().waitFor();
    await resting(page);
    return page;
  }
  const asked = (page: Page): Promise<readonly LinesRequest[]> =>
    page.evaluate(() =>
      window.fakeHost.requests.flatMap(({ name, body }) => (name === 'lines' ? [body as LinesRequest] : [])),
    );
  const drawn = async (page: Page): Promise<number> =>
    Number(await page.locator('.lines-canvas').getAttribute('data-lines'));
  const token = (page: Page, side: 'Queries' | 'Keys', index: number): Locator =>
    page.getByRole('listbox', { name: side }).locator(`[data-index="${index}"]`);
  const readout = (page: Page): Promise<string> => page.locator('.lines-readout').innerText();
  const choose = async (page: Page, list: string, title: string): Promise<void> => {
    await page.locator('.lines').getByRole('combobox', { name: list }).click();
    await page.locator('.lines').getByRole('option', { name: title, exact: true }).click();
    await resting(page);
  };
  /** How many pixels of a part of the canvas are painted. */
  const inked = (
    page: Page,
    part: { x: number; y: number; width: number; height: number },
  ): Promise<number> =>
    page.evaluate(({ x, y, width, height }) => {
      const canvas = document.querySelector<HTMLCanvasElement>('.lines-canvas');
      const data = canvas?.getContext('2d')?.getImageData(x, y, width, height).data ?? [];
      let count = 0;
      for (let at = 3; at < data.length; at += 4) if ((data[at] ?? 0) > 0) count += 1;
      return count;
    }, part);

  it('are as many as weights reach the threshold, and say which share they leave out', async () => {
    const page = await open();
    const strong = rows.flat().filter((weight) => weight >= 0.05);
    assert.equal(await drawn(page), strong.length);
    assert.deepEqual(await asked(page), [
      {
        ...{ inspection: 'one', heads: [{ layer: 3, head: 7 }], fuse: 'apart' },
        ...{ queries: { start: 0, end: 15 }, threshold: 0.05, most: 4000 },
      },
    ]);
    const share = percent(1 - sum(strong) / 15);
    assert.match(
      await page.locator('.lines-legend').innerText(),
      new RegExp(`Layer 3, head 7\\s+${share} not drawn`),
    );
    const slider = page.locator('.lines').getByRole('slider', { name: 'At least' });
    await slider.press('Home');
    await resting(page);
    assert.equal(await drawn(page), 225);
    assert.match(await page.locator('.lines-legend').innerText(), /0\.00 % not drawn/);
  });

  it('are those of the token alone that is pointed at, query or key, and the editor is told', async () => {
    const page = await open();
    await token(page, 'Queries', 11).hover();
    await resting(page);
    const own = row(11);
    const strong = own.filter((weight) => weight >= 0.05);
    assert.equal(await drawn(page), strong.length);
    const best = own.indexOf(Math.max(...own));
    assert.ok(
      (await readout(page)).startsWith(
        `query was (11): ${story.words?.[best]} (${best}) ${Math.max(...own).toFixed(3)}`,
      ),
      await readout(page),
    );
    assert.match(await page.locator('.lines-legend').innerText(), new RegExp(percent(1 - sum(strong))));
    assert.deepEqual(
      await page.evaluate(() => window.fakeHost.reports.findLast(({ name }) => name === 'hover')?.body),
      { axis: 'query', index: 11, layer: 3, head: 7 },
    );
    await token(page, 'Keys', 2).hover();
    await resting(page);
    const column = rows.map((weights) => weights[2] ?? 0);
    const given = column.filter((weight) => weight >= 0.05);
    assert.equal(await drawn(page), given.length);
    assert.match(
      await page.locator('.lines-legend').innerText(),
      new RegExp(percent(1 - sum(given) / sum(column))),
    );
    await page.mouse.move(2, 2);
    await resting(page);
    assert.match(await readout(page), /^Point at a token/);
  });

  it('leave from the query’s height and arrive at the key’s', async () => {
    const page = await open();
    const own = row(3);
    const best = own.indexOf(Math.max(...own));
    const slider = page.locator('.lines').getByRole('slider', { name: 'At least' });
    // Of this row the strongest alone is drawn.
    const second = own.toSorted((a, b) => b - a)[1] ?? 0;
    for (let at = 0; at < 36; at += 1) {
      if (Number(await slider.getAttribute('aria-valuetext')) > second) break;
      await slider.press('ArrowRight');
    }
    await token(page, 'Queries', 3).click();
    await page.mouse.move(2, 2);
    await resting(page);
    assert.equal(await drawn(page), 1);
    const edges = await page.evaluate(() => {
      const box = document.querySelector('.lines-canvas')?.getBoundingClientRect();
      const of = (name: string): DOMRect | undefined => document.querySelector(name)?.getBoundingClientRect();
      return {
        left: (of('.lines-query')?.right ?? 0) - (box?.left ?? 0),
        right: (of('.lines-key')?.left ?? 0) - (box?.left ?? 0),
      };
    });
    const strip = async (x: number): Promise<number[]> => {
      const counts = [];
      for (let at = 0; at < 15; at += 1) {
        counts.push(await inked(page, { x: Math.round(x), y: at * pitch + 5, width: 2, height: 10 }));
      }
      return counts.flatMap((count, at) => (count > 0 ? [at] : []));
    };
    assert.deepEqual(await strip(edges.left + 3), [3]);
    assert.deepEqual(await strip(edges.right - 5), [best]);
    // The key's ground has the line's colour.
    assert.deepEqual(await strip(edges.right + 12), [best]);
  });

  it('stay with a locked token; a token of the other side then picks their cell', async () => {
    const page = await open();
    await token(page, 'Queries', 11).click();
    await token(page, 'Keys', 4).hover();
    await resting(page);
    assert.match(await readout(page), /^query was \(11\)/);
    await token(page, 'Keys', 2).click();
    const place = { layer: 3, head: 7, step: 'weights', cell: { row: 11, column: 2 } };
    await eventually<unknown>(() => page.evaluate(() => window.fakeHost.place), place);
    await token(page, 'Queries', 11).click();
    await page.mouse.move(2, 2);
    await resting(page);
    assert.match(await readout(page), /^Point at a token/);
  });

  it('have a colour for each of several heads, which are added and taken out', async () => {
    const page = await open();
    await choose(page, 'Heads', 'Several heads');
    await page.evaluate(() => {
      window.fakeHost.move({ layer: 1, head: 2, step: 'weights' });
    });
    await page.getByRole('button', { name: '+ Layer 1, head 2' }).click();
    await resting(page);
    const count = (layer: number, head: number): number =>
      story.words?.flatMap((_, query) => row(query, layer, head).filter((weight) => weight >= 0.05)).length ??
      0;
    assert.equal(await drawn(page), count(3, 7) + count(1, 2));
    const colors = await page
      .locator('.lines-swatch')
      .evaluateAll((all) => all.map((each) => getComputedStyle(each).backgroundColor));
    assert.equal(new Set(colors).size, 2);
    // One that is pointed at stands alone.
    await page.locator('.lines-set').nth(1).hover();
    await resting(page);
    assert.equal(await drawn(page), count(1, 2));
    const persisted = await page.evaluate(() => window.fakeHost.state);
    await page.getByRole('button', { name: 'Take Layer 3, head 7 out' }).click();
    await page.mouse.move(2, 2);
    await resting(page);
    assert.equal(await drawn(page), count(1, 2));
    const again = await stage.open({ persisted });
    await again.locator('.lines-set').nth(1).waitFor();
    assert.equal(await again.locator('.lines-set').count(), 2);
  });

  it('are of the mean and the maximum of heads', async () => {
    const page = await open();
    const heads = Array.from({ length: 12 }, (_, head) => row(11, 3, head));
    for (const [title, fuse] of [
      ['Mean of the layer’s heads', (of: readonly number[]) => sum(of) / 12],
      ['Maximum of the layer’s heads', (of: readonly number[]) => Math.max(...of)],
    ] as const) {
      await choose(page, 'Heads', title);
      await token(page, 'Queries', 11).hover();
      await resting(page);
      const fused = row(11).map((_, key) => fuse(heads.map((weights) => weights[key] ?? 0)));
      assert.equal(await drawn(page), fused.filter((weight) => weight >= 0.05).length, title);
      const best = Math.max(...fused);
      assert.match(await readout(page), new RegExp(`\\(${fused.indexOf(best)}\\) ${best.toFixed(3)}`));
      await page.mouse.move(2, 2);
    }
    await choose(page, 'Heads', 'Mean of all heads');
    assert.equal((await asked(page)).at(-1)?.heads.length, 72);
  });

  it('are arcs beside a text that stands once, on the right to earlier keys, on the left to later ones', async () => {
    const page = await open();
    await choose(page, 'Arrangement', 'Text once, with arcs');
    assert.equal(await page.locator('.lines').getByRole('listbox').count(), 1);
    await page.locator('.lines-query [data-index="7"]').hover();
    await resting(page);
    const strong = row(7).map((weight) => weight >= 0.05);
    const box = await page.locator('.lines-query').boundingBox();
    const canvas = await page.locator('.lines-canvas').boundingBox();
    assert.ok(box && canvas);
    const left = Math.round(box.x - canvas.x);
    const side = (x: number): Promise<number> => inked(page, { x, y: 0, width: 3, height: 300 });
    assert.equal((await side(left - 9)) > 0, strong.slice(8).includes(true));
    assert.equal((await side(Math.round(left + box.width + 6))) > 0, strong.slice(0, 7).includes(true));
    await keep(page, 'lines-arcs');
  });

  it('are gone through with the keyboard', async () => {
    const page = await open();
    await page.getByRole('listbox', { name: 'Queries' }).focus();
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowUp');
    await resting(page);
    assert.match(await readout(page), /^query tired \(13\)/);
    const active = await page.getByRole('listbox', { name: 'Queries' }).getAttribute('aria-activedescendant');
    assert.equal(await page.locator(`[id="${active}"]`).innerText(), 'tired');
    await page.keyboard.press('Enter');
    await resting(page);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await eventually<unknown>(() => page.evaluate(() => window.fakeHost.place), {
      ...{ layer: 3, head: 7, step: 'weights' },
      cell: { row: 13, column: 1 },
    });
    await page.keyboard.press('Escape');
    await eventually(() => page.locator('.lines-token[aria-selected="true"]').count(), 0);
  });

  it('of 4096 tokens are asked for as far as they are in view, and scroll with few tokens in the page', async () => {
    const many = {
      ...story,
      queries: 4096,
      keys: 4096,
      words: null,
      layers: 1,
      heads: 2,
      feature: 4,
      model: 4,
    };
    const page = await stage.open({
      ...{ subject: many, position: { layer: 0, head: 1, step: 'weights' } },
      held: ['thumbnails', 'metrics', 'slice'],
      persisted: {
        location: null,
        centre: 'lines',
        widths: null,
        views: { lines: { threshold: 0.01 } },
      },
    });
    await page.locator('.lines-token').first().waitFor();
    await page.locator('.lines-canvas[data-lines]').waitFor();
    await resting(page);
    assert.deepEqual(
      (await asked(page)).map(({ queries }) => queries),
      [{ start: 0, end: 64 }],
    );
    const frames = await page.evaluate(async () => {
      const scroller = document.querySelector('.lines-scroller');
      const times: number[] = [];
      for (let at = 0; at < 30; at += 1) {
        const start = performance.now();
        scroller?.scrollBy(0, 37);
        await new Promise(requestAnimationFrame);
        times.push(performance.now() - start);
      }
      return times.toSorted((a, b) => a - b);
    });
    assert.ok((await page.locator('.lines-token').count()) < 140);
    // A page on a busy machine: most frames are shorter by far.
    assert.ok((frames[15] ?? Infinity) < 50, `frames take ${frames.map(Math.round).join(' ')} ms`);
    await page.evaluate(() => document.querySelector('.lines-scroller')?.scrollTo(0, 3000 * 20));
    await resting(page);
    const last = (await asked(page)).at(-1)?.queries;
    assert.ok(last && last.start <= 3000 && last.end > 3000 && last.end - last.start <= 128);
    assert.ok(await page.locator('.lines-query [data-index="3000"]').isVisible());
  });

  it('are drawn anew where the theme changes', async () => {
    const picture = (page: Page): Promise<string | undefined> =>
      page.evaluate(() => document.querySelector<HTMLCanvasElement>('.lines-canvas')?.toDataURL());
    const fresh = await picture(await open({ theme: 'light' }));
    const page = await open({ theme: 'dark' });
    assert.notEqual(await picture(page), fresh);
    await page.evaluate(dress, themes.light);
    await resting(page);
    assert.equal(await picture(page), fresh);
  });

  it('go from one sentence to the other where two were read together', async () => {
    const medium = (at: number): 'first' | 'second' | null =>
      at === 0 || at === 7 || at === 14 ? null : at < 7 ? 'first' : 'second';
    const page = await stage.open();
    await painted(page);
    await page.evaluate(
      (media) => {
        const { summary, ...rest } = window.fakeHost.inspectionState();
        const marks = media.map((each, at) =>
          each === null ? null : { medium: each, kind: 'span' as const, start: at, end: at + 1 },
        );
        const labels = { ...summary.queries, marks };
        window.fakeHost.show({
          ...rest,
          summary: {
            ...summary,
            media: [
              { id: 'first', kind: 'text', index: 0 },
              { id: 'second', kind: 'text', index: 1 },
            ],
            queries: labels,
            keys: labels,
          },
        });
      },
      rows.map((_, at) => medium(at)),
    );
    await page.getByRole('tab', { name: 'Lines' }).click();
    await resting(page);
    await choose(page, 'Sentences', 'A → B');
    const last = (await asked(page)).at(-1);
    assert.deepEqual(
      [last?.queries, last?.keys],
      [
        { start: 1, end: 7 },
        { start: 8, end: 14 },
      ],
    );
    const between = rows
      .slice(1, 7)
      .flatMap((weights) => weights.slice(8, 14).filter((weight) => weight >= 0.05));
    assert.equal(await drawn(page), between.length);
    // What goes to the tokens of the first sentence is not drawn either.
    assert.match(await page.locator('.lines-legend').innerText(), new RegExp(percent(1 - sum(between) / 6)));
  });

  it('go from the queries of one text to the keys of another, in two columns', async () => {
    const cross = { ...story, queries: 6, words: story.words };
    const page = await open({ subject: cross });
    const own = new Attention(cross);
    const weights = Array.from({ length: 6 }, (_, query) => [...own.row('weights', 3, 7, query)]).flat();
    assert.equal(weights.length, 90);
    assert.equal(await drawn(page), weights.filter((weight) => weight >= 0.05).length);
    const counts = await Promise.all(
      ['Queries', 'Keys'].map((name) => page.getByRole('listbox', { name }).getByRole('option').count()),
    );
    assert.deepEqual(counts, [6, 15]);
    assert.equal(
      await page.locator('.lines').getByRole('combobox', { name: 'Arrangement' }).isVisible(),
      false,
    );
    await page.getByRole('listbox', { name: 'Keys' }).focus();
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowLeft');
    await resting(page);
    assert.match(await readout(page), /^query t \(5\)/);
  });

  it('fit a narrow group', async () => {
    const page = await open({ width: 420 });
    await token(page, 'Queries', 11).click();
    await resting(page);
    assert.deepEqual(await cutOff(page), []);
    await keep(page, 'lines-narrow');
  });

  it('say what went wrong', async () => {
    const page = await open({ failing: { lines: 'The file was changed.' } });
    await page.locator('.lines .problem', { hasText: 'The file was changed.' }).waitFor();
  });

  for (const theme of ['dark', 'light', 'high-contrast', 'high-contrast-light'] as const) {
    it(`have nothing cut off and no fault of accessibility: ${theme}`, async () => {
      const page = await open({ theme });
      await choose(page, 'Heads', 'Several heads');
      await page.evaluate(() => {
        window.fakeHost.move({ layer: 1, head: 2, step: 'weights' });
      });
      await page.getByRole('button', { name: '+ Layer 1, head 2' }).click();
      await resting(page);
      await keep(page, `lines-${theme}`);
      await token(page, 'Queries', 11).click();
      await resting(page);
      assert.deepEqual(await cutOff(page), []);
      assert.deepEqual(await faults(page), []);
      await keep(page, `lines-locked-${theme}`);
    });
  }
});
