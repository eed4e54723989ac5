import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { cividis } from '../../src/drawing/colors/colormap.js';
import type { Subject } from '../support/page/answers.js';
import { Attention } from '../support/page/attention.js';
import { cutOff, faults } from '../support/page/checks.js';
import type { PatchedImage } from '../support/page/image.js';
import { openDisplay, tokensOf } from '../support/page/image.js';
import { dress, eventually, keep, painted, resting, Stage, story } from '../support/page/open.js';
import type { Opening } from '../support/page/open.js';
import type { Color } from '../support/page/pixels.js';
import { colorsAt, difference } from '../support/page/pixels.js';
import { themes } from '../support/page/themes.js';

const written = 'a red apple left of two cats'.split(' ');
/** The middle of a wide image: a crop that the model saw. */
const image: PatchedImage = {
  ...{ width: 480, height: 320, rows: 8, columns: 8, registers: 0, written },
  seen: { x: 80, y: 0, width: 320, height: 320 },
};
const first = 1;

function subjectOf(of: PatchedImage): Subject {
  const keys = tokensOf(of);
  const queries = of.written?.length ?? keys;
  return { ...story, title: 'captioner', layers: 2, heads: 4, queries, keys, words: null, image: of };
}

const subject = subjectOf(image);
const position = { layer: 1, head: 2, step: 'weights' };
const attention = new Attention(subject);
const rows = (query: number): Float32Array[] =>
  Array.from({ length: 4 }, (_, head) => attention.row('weights', 1, head, query));

describe('attention of words over an image', function () {
  this.timeout(60_000);
  let stage: Stage;
  let reader: Page;

  before(async () => {
    stage = await Stage.start();
    reader = await stage.blank();
  });
  after(() => stage.stop());

  async function open(opening: Opening = {}): Promise<Page> {
    const page = await stage.open({ subject, position, ...opening });
    await painted(page);
    await resting(page);
    return page;
  }
  const place = (page: Page): Promise<unknown> =>
    page.evaluate(() => window.fakeHost.reports.findLast(({ name }) => name === 'position')?.body);
  async function colorAt(page: Page, x: number, y: number): Promise<Color> {
    const box = await page.locator('.image-picture').boundingBox();
    assert.ok(box !== null);
    const point = { x: box.x + (x * box.width) / 480, y: box.y + (y * box.height) / 320 };
    return (await colorsAt(page, reader, [point]))[0] ?? [-1, -1, -1];
  }
  /** Where the patch with the largest of some weights lies, and in which colour it is drawn at first. */
  function brightest(weights: Float32Array): { x: number; y: number; color: Color } {
    const patches = weights.subarray(first);
    const index = patches.indexOf(Math.max(...patches));
    const [x, y] = [80 + ((index % 8) + 0.5) * 40, (Math.floor(index / 8) + 0.5) * 40];
    const ground = [(255 * x) / 480, (255 * y) / 320, 96];
    const [red = 0, green = 0, blue = 0] = ground.map(
      (under, channel) => under + ((cividis[255 * 4 + channel] ?? 0) - under) * 0.65,
    );
    return { x, y, color: [red, green, blue] };
  }

  it('is gone through with the arrow keys, the slider, or a press', async () => {
    const page = await open();
    const words = page.locator('.image-word');
    assert.deepEqual(await words.allInnerTexts(), written);
    await words.first().focus();
    for (const word of [1, 2]) {
      await page.keyboard.press('ArrowRight');
      await eventually(() => place(page), { ...position, cell: { row: word, column: 0 } });
    }
    await resting(page);
    const { x, y, color } = brightest(rows(2)[2] ?? new Float32Array());
    assert.ok(difference(await colorAt(page, x, y), color) <= 3);
    await page.getByRole('slider', { name: 'Word' }).fill('6');
    await eventually(() => place(page), { ...position, cell: { row: 6, column: 0 } });
    await words.nth(4).click();
    await eventually(() => place(page), { ...position, cell: { row: 4, column: 0 } });
    await resting(page);
    assert.equal(await words.nth(4).getAttribute('aria-pressed'), 'true');
    assert.equal(await page.getByRole('slider', { name: 'Word' }).inputValue(), '4');
    await keep(page, 'image-words');
  });

  it('is the mean or the largest of all heads, which the readout and the small pictures say too', async () => {
    const page = await open();
    const mean = rows(0)[0]?.map((_, key) => rows(0).reduce((sum, row) => sum + (row[key] ?? 0), 0) / 4);
    const most = rows(0)[0]?.map((_, key) => Math.max(...rows(0).map((row) => row[key] ?? 0)));
    for (const [name, weights, called] of [
      ['Mean over heads', mean, 'mean weight'],
      ['Maximum over heads', most, 'largest weight'],
    ] as const) {
      await page.getByRole('button', { name, exact: true }).click();
      await resting(page);
      const { x, y, color } = brightest(weights ?? new Float32Array());
      assert.ok(difference(await colorAt(page, x, y), color) <= 3, name);
      const box = await page.locator('.image-picture').boundingBox();
      await page.mouse.move(
        (box?.x ?? 0) + (x * (box?.width ?? 0)) / 480,
        (box?.y ?? 0) + (y * (box?.height ?? 0)) / 320,
      );
      await resting(page);
      const largest = Math.max(...(weights ?? []).slice(first)).toFixed(3);
      const said = (await page.locator('.image .readout').innerText()).replaceAll(/\s+/g, ' ');
      assert.match(said, new RegExp(`^query a \\(0\\) → key \\d, \\d \\(\\d+\\) ${called} ${largest} rank`));
    }
    await page.getByRole('button', { name: 'Head 1', exact: true }).click();
    await eventually(() => place(page), { ...position, head: 1 });
    await resting(page);
    assert.deepEqual(await page.locator('.image-head-tile[aria-pressed="true"]').allInnerTexts(), ['1']);
    const { x, y, color } = brightest(rows(0)[1] ?? new Float32Array());
    assert.ok(difference(await colorAt(page, x, y), color) <= 3);
  });

  it('dims what the model did not see, and says so', async () => {
    const page = await open();
    const ground = [31, 31, 31];
    const [x, y] = [40, 160];
    const under = [(255 * x) / 480, (255 * y) / 320, 96];
    const [red = 0, green = 0, blue = 0] = under.map(
      (shown, at) => shown + ((ground[at] ?? 0) - shown) * 0.62,
    );
    assert.ok(difference(await colorAt(page, x, y), [red, green, blue]) <= 3);
    assert.match(
      await page.locator('.image-said').innerText(),
      /The model saw the part inside the dashed line\./,
    );
    const padded: PatchedImage = { ...image, seen: { x: 0, y: -80, width: 480, height: 480 } };
    const other = await open({ subject: subjectOf(padded) });
    const box = await other.locator('.image-picture').boundingBox();
    assert.ok(Math.abs((box?.width ?? 0) - (box?.height ?? 1)) <= 1);
    assert.match(await other.locator('.image-said').innerText(), /It was padded beyond the image\./);
  });

  it('picks the patch that is clicked as the key of the word', async () => {
    const page = await open();
    const box = await page.locator('.image-picture').boundingBox();
    await page.mouse.click((box?.x ?? 0) + (100 * (box?.width ?? 0)) / 480, (box?.y ?? 0) + 4);
    await eventually(() => place(page), { ...position, cell: { row: 0, column: 1 } });
  });

  it('lists the patches with the largest values, each of which can be picked', async () => {
    const page = await open();
    await openDisplay(page);
    await page.getByText('Table', { exact: true }).last().click();
    const weights = (rows(0)[2] ?? new Float32Array()).subarray(first);
    const order = [...weights.keys()].sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0));
    const lines = await page.locator('.image-table tbody tr').allInnerTexts();
    assert.equal(lines.length, 50);
    for (const [at, line] of lines.entries()) {
      const index = order[at] ?? 0;
      const [down, across] = [Math.floor(index / 8), index % 8];
      const value = weights[index] ?? 0;
      const cells = line.split(/\t|\n/).filter((text) => text.trim() !== '');
      assert.deepEqual(cells.slice(0, 3), [`${down}, ${across}`, String(down), String(across)]);
      if (value >= 0.001) assert.equal(cells[3], value.toFixed(3));
    }
    await page.locator('.image-table-patch').nth(1).click();
    await eventually(() => place(page), { ...position, cell: { row: 0, column: first + (order[1] ?? 0) } });
  });

  it('remembers its settings of each inspection, and starts others with the last', async () => {
    const page = await open();
    await openDisplay(page);
    await page.getByRole('slider', { name: 'Opacity' }).fill('40');
    await page.getByRole('combobox', { name: 'Drawing' }).click();
    await page.getByRole('option', { name: 'Smooth' }).click();
    await resting(page);
    await page.evaluate(([given]) => window.fakeHost.open(given, 'two'), [
      { ...subject, title: 'another' },
    ] as const);
    await resting(page);
    const opacity = (of: Page): Promise<string> =>
      of.getByRole('slider', { name: 'Opacity', includeHidden: true }).inputValue();
    assert.equal(await opacity(page), '40');
    await openDisplay(page);
    await page.getByRole('slider', { name: 'Opacity' }).fill('90');
    await page.evaluate((given) => window.fakeHost.open(given, 'one'), subject);
    await resting(page);
    assert.equal(await opacity(page), '40');
    const persisted = await page.evaluate(() => window.fakeHost.state);
    const again = await open({ persisted, id: 'a new id' });
    assert.equal(await opacity(again), '40');
    const fresh = await open({ persisted, subject: { ...subject, title: 'third' }, id: 'three' });
    assert.equal(await opacity(fresh), '90');
    // What others wrote there is not believed.
    const views = { image: { defaults: { opacity: 7, drawing: 'oil' }, own: 'all' } };
    const odd = await open({ persisted: { ...(persisted as object), views }, id: 'four' });
    assert.equal(await opacity(odd), '65');
  });

  it('says what went wrong with the image', async () => {
    const page = await stage.open({
      subject,
      position,
      failing: { preview: 'scene.png is no longer there.' },
    });
    await page.locator('.image .problem', { hasText: 'scene.png is no longer there.' }).waitFor();
  });

  for (const theme of ['dark', 'light', 'high-contrast'] as const) {
    it(`has nothing cut off and no fault of accessibility: ${theme}`, async () => {
      const self: PatchedImage = {
        width: 300,
        height: 400,
        rows: 16,
        columns: 12,
        registers: 4,
        classes: ['cat', 'dog'],
      };
      for (const [name, given, width] of [
        ['words', image, 1440],
        ['self', self, 1440],
        ['medium', self, 900],
        ['narrow', self, 420],
      ] as const) {
        const page = await open({
          theme,
          width,
          subject: subjectOf(given),
          position: { ...position, cell: { row: 5, column: 9 } },
        });
        await openDisplay(page);
        await page.getByText('Contours', { exact: true }).click();
        if (name !== 'words') {
          await page.getByRole('combobox', { name: 'Drawing' }).click();
          await page.getByRole('option', { name: 'Smooth' }).click();
        }
        await resting(page);
        assert.deepEqual(await cutOff(page), [], name);
        assert.deepEqual(await faults(page), [], name);
        await keep(page, `image-${name}-${theme}`);
      }
    });
  }

  it('is drawn anew in another theme', async () => {
    const drawn = (page: Page): Promise<string[]> =>
      page.evaluate(() =>
        [...document.querySelectorAll<HTMLCanvasElement>('.image canvas')].map((canvas) =>
          canvas.toDataURL(),
        ),
      );
    const [page, fresh] = [await open({ theme: 'dark' }), await open({ theme: 'light' })];
    await page.evaluate(dress, themes.light);
    await resting(page);
    const expected = await drawn(fresh);
    const found = await drawn(page);
    assert.equal(found.length, expected.length);
    assert.deepEqual(
      found.flatMap((picture, index) => (picture === expected[index] ? [] : [index])),
      [],
    );
  });
});
