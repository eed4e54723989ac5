import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { cividis } from '../../src/drawing/colors/colormap.js';
import type { Subject } from '../support/page/answers.js';
import { Attention } from '../support/page/attention.js';
import { cutOff, faults } from '../support/page/checks.js';
import type { PatchedImage } from '../support/page/image.js';
import { openDisplay, tokensOf } from '../support/page/image.js';
import { eventually, keep, painted, resting, Stage, story } from '../support/page/open.js';
import type { Opening } from '../support/page/open.js';
import type { Color, Point } from '../support/page/pixels.js';
import { colorsAt, difference } from '../support/page/pixels.js';

const image: PatchedImage = { width: 448, height: 320, rows: 10, columns: 14, registers: 2 };
const first = 3;

function subjectOf(of: PatchedImage, more: Partial<Subject> = {}): Subject {
  const keys = tokensOf(of);
  const queries = of.written?.length ?? keys;
  return { ...story, title: 'vit-tiny', layers: 2, heads: 4, queries, keys, words: null, image: of, ...more };
}

const subject = subjectOf(image);
const position = { layer: 1, head: 2, step: 'weights' };
const attention = new Attention(subject);
const row = (query: number, head = 2): Float32Array => attention.row('weights', 1, head, query);

/** The colour of the page's image at a place of it, with cividis over it as opaque as the page draws at first. */
function over(of: PatchedImage, x: number, y: number, share: number | null): Color {
  const ground = [(255 * x) / of.width, (255 * y) / of.height, 96];
  const index = Math.floor((share ?? 0) * 255 + 0.5) * 4;
  const opacity = share === null ? 0 : 0.65;
  const [red = 0, green = 0, blue = 0] = ground.map(
    (under, channel) => under + ((cividis[index + channel] ?? 0) - under) * opacity,
  );
  return [red, green, blue];
}

describe('attention over an image', function () {
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
  /** A point of the image on the page. */
  async function at(page: Page, x: number, y: number, of = image): Promise<Point> {
    const box = await page.locator('.image-picture').boundingBox();
    assert.ok(box !== null);
    return { x: box.x + (x * box.width) / of.width, y: box.y + (y * box.height) / of.height };
  }
  const patch = (page: Page, down: number, across: number): Promise<Point> =>
    at(page, (across + 0.5) * 32, (down + 0.5) * 32);
  const selected = (page: Page): Promise<string> =>
    page.locator('.topbar [role="tab"][aria-selected="true"]').innerText();
  const place = (page: Page): Promise<unknown> =>
    page.evaluate(() => window.fakeHost.reports.findLast(({ name }) => name === 'position')?.body);
  const said = async (page: Page): Promise<string> =>
    (await page.locator('.image .readout').innerText()).replaceAll(/\s+/g, ' ');
  const asked = (page: Page, method: string): Promise<unknown[]> =>
    page.evaluate(
      (wanted) => window.fakeHost.requests.flatMap(({ name, body }) => (name === wanted ? [body] : [])),
      method,
    );

  it('stands first where an image is inspected, until the user chooses otherwise', async () => {
    const page = await open();
    assert.equal(await selected(page), 'Image');
    assert.equal((await asked(page, 'preview')).length, 1);
    const show = async (what: Subject, id: string): Promise<void> => {
      await page.evaluate(([given, name]) => window.fakeHost.open(given, name), [what, id] as const);
      await resting(page);
    };
    await page.getByRole('tab', { name: 'Heatmap' }).click();
    await show({ ...subject, title: 'another' }, 'two');
    assert.equal(await selected(page), 'Heatmap');
    const persisted = await page.evaluate(() => window.fakeHost.state);
    await show(story, 'three');
    assert.equal(await selected(page), 'Heatmap');
    assert.equal(await page.getByRole('tab', { name: 'Image' }).isVisible(), false);
    await show(subject, 'four');
    assert.equal(await selected(page), 'Image');
    const again = await open({ subject: { ...subject, title: 'another' }, persisted, id: 'five' });
    assert.equal(await selected(again), 'Heatmap');
    const text = await open({ subject: story, position: { layer: 3, head: 7, step: 'weights' } });
    assert.equal(await selected(text), 'Heatmap');
  });

  it('draws each patch in the colour of its weight, over the image', async () => {
    const page = await open();
    const weights = row(0).subarray(first);
    const largest = Math.max(...weights);
    const cells = Array.from({ length: 140 }, (_, index) => [Math.floor(index / 14), index % 14] as const);
    const points = await Promise.all(cells.map(([down, across]) => patch(page, down, across)));
    const colors = await colorsAt(page, reader, points);
    for (const [index, [down, across]] of cells.entries()) {
      const expected = over(image, (across + 0.5) * 32, (down + 0.5) * 32, (weights[index] ?? 0) / largest);
      const found = colors[index] ?? [0, 0, 0];
      assert.ok(
        difference(found, expected) <= 3,
        `${down}, ${across}: ${found.join()} not ${expected.join()}`,
      );
    }
  });

  it('asks for single rows and columns alone, also of very many patches', async () => {
    const many: PatchedImage = { width: 1024, height: 1024, rows: 128, columns: 128 };
    const held = ['thumbnails', 'metrics', 'findings', 'headTypes'];
    // In a group of one column nothing else asks for matrices.
    const page = await open({ subject: subjectOf(many, { layers: 1, heads: 2 }), held, width: 640 });
    const { x, y } = await at(page, 500, 500, many);
    for (let step = 0; step < 40; step += 1) await page.mouse.move(x + 3 * step, y + 2 * step);
    await page.mouse.click(x, y);
    await resting(page);
    const slices = (await asked(page, 'slice')) as { step: string; rows?: { start: number; end: number } }[];
    const large = slices.filter(
      ({ step, rows }) => step === 'weights' && rows?.end !== (rows?.start ?? 0) + 1,
    );
    assert.deepEqual(large, []);
    assert.deepEqual(await place(page), {
      ...{ layer: 0, head: 1, step: 'weights' },
      cell: { row: 1 + 62 * 128 + 62, column: 0 },
    });
  });

  it('reads what is pointed at, picks what is clicked, and follows the heatmap', async () => {
    const page = await open();
    const { x, y } = await patch(page, 4, 7);
    await page.mouse.move(x, y);
    const key = first + 4 * 14 + 7;
    await resting(page);
    const weight = row(0)[key] ?? NaN;
    const rank = 1 + row(0).filter((other) => other > weight).length;
    assert.match(
      await said(page),
      new RegExp(
        `^query \\[CLS\\] \\(0\\) → key 4, 7 \\(${key}\\) weight ${weight.toFixed(3)} score .* rank ${rank} of 143$`,
      ),
    );
    await page.mouse.click(x, y);
    await eventually(() => place(page), { ...position, cell: { row: key, column: 0 } });
    const other = await patch(page, 2, 3);
    await page.keyboard.down('Shift');
    await page.mouse.click(other.x, other.y);
    await page.keyboard.up('Shift');
    const cell = { row: key, column: first + 2 * 14 + 3 };
    await eventually(() => place(page), { ...position, cell });
    await resting(page);
    assert.match(
      (await page.locator('.image-stage').getAttribute('aria-label')) ?? '',
      /of query 4, 7 \(66\) over scene\.png/,
    );
    await page.evaluate((moved) => window.fakeHost.move(moved), {
      ...position,
      cell: { row: first, column: 5 },
    });
    await resting(page);
    await page.mouse.move(1, 1);
    await page.mouse.move(x, y);
    await resting(page);
    assert.match(await said(page), /^query 0, 0 \(3\) → key 4, 7/);
    await page.getByRole('tab', { name: 'Heatmap' }).click();
    await resting(page);
    assert.match(await page.locator('.heatmap:not(.image) .readout').innerText(), /query 0, 0 \(3\)/);
  });

  it('is walked and picked with the keyboard, which says each patch aloud', async () => {
    const page = await open();
    await page.locator('.image-stage').focus();
    for (const [key, expected] of [
      ['ArrowRight', '0, 0'],
      ['ArrowRight', '0, 1'],
      ['ArrowDown', '1, 1'],
      ['End', '1, 13'],
      ['ArrowRight', '1, 13'],
      ['Home', '1, 0'],
      ['Control+End', '9, 13'],
      ['PageUp', '0, 13'],
      ['PageDown', '9, 13'],
      ['Control+Home', '0, 0'],
      ['ArrowDown', '1, 0'],
    ] as const) {
      await page.keyboard.press(key);
      assert.ok((await said(page)).includes(`→ key ${expected} (`), `${key}: ${await said(page)}`);
    }
    await page.waitForFunction(() =>
      /^query \[CLS\] \(0\) → key 1, 0 \(17\) weight .* rank \d+ of 143$/.test(
        document.querySelector('.image [role=status]')?.textContent ?? '',
      ),
    );
    await page.keyboard.press('Enter');
    await eventually(() => place(page), { ...position, cell: { row: 17, column: 0 } });
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+Enter');
    await eventually(() => place(page), { ...position, cell: { row: 17, column: 18 } });
    await page.keyboard.press('+');
    await page.keyboard.press('+');
    assert.equal(await page.locator('.toolbar-level').innerText(), '2.0×');
    await page.keyboard.press('0');
    assert.equal(await page.locator('.toolbar-level').innerText(), '1.0×');
    await page.keyboard.press('Escape');
    await eventually(() => place(page), position);
  });

  it('zooms about the pointer and pans, in whole pixels of the image', async () => {
    const page = await open();
    const { x, y } = await at(page, 112, 80);
    await page.mouse.move(x, y);
    for (let turn = 0; turn < 12; turn += 1) await page.mouse.wheel(0, -300);
    await resting(page);
    const [before = [0, 0, 0] as const] = await colorsAt(page, reader, [{ x, y }]);
    const share = (row(0)[first + 2 * 14 + 3] ?? 0) / Math.max(...row(0).subarray(first));
    assert.ok(difference(before, over(image, 112, 80, share)) <= 3, before.join());
    // One pixel of the image is one colour, 40 to a side by now.
    const near = [-12, -6, 0, 6, 12].map((by) => ({ x: x + by, y }));
    const colors = await colorsAt(page, reader, near);
    assert.ok(new Set(colors.map((color) => color.join())).size <= 2);
    await page.mouse.down();
    await page.mouse.move(x + 200, y, { steps: 4 });
    await page.mouse.up();
    await resting(page);
    assert.equal(await place(page), undefined);
    await page.getByRole('button', { name: 'Fit the whole image (0)' }).click();
    await resting(page);
    const [after = [0, 0, 0] as const] = await colorsAt(page, reader, [{ x, y }]);
    assert.ok(difference(after, before) <= 3);
  });

  it('keeps the fewest patches that hold a share, and says what is left out', async () => {
    const page = await open();
    await openDisplay(page);
    const slider = page.getByRole('slider', { name: 'Keep' });
    await slider.fill('60');
    await slider.press('Escape');
    await resting(page);
    const weights = row(0).subarray(first);
    const order = [...weights.keys()].sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    let [held, count] = [0, 0];
    while (held < 0.6 * sum) held += weights[order[count++] ?? 0] ?? 0;
    const text = await page.locator('.image-said').innerText();
    assert.ok(
      text.includes(`${count} of 140 patches drawn: they hold ${((100 * held) / sum).toFixed(1)} %`),
      text,
    );
    const points = await Promise.all(order.map((at) => patch(page, Math.floor(at / 14), at % 14)));
    const colors = await colorsAt(page, reader, points);
    for (const [rank, index] of order.entries()) {
      const [x, y] = [((index % 14) + 0.5) * 32, (Math.floor(index / 14) + 0.5) * 32];
      const share = rank < count ? (weights[index] ?? 0) / (weights[order[0] ?? 0] ?? 1) : null;
      assert.ok(difference(colors[rank] ?? [0, 0, 0], over(image, x, y, share)) <= 3, `rank ${rank}`);
    }
    await openDisplay(page);
    await page.getByText('Contours', { exact: true }).click();
    await keep(page, 'image-kept');
  });

  it('leaves out special tokens on request, for heatmap and image alike, and says so', async () => {
    const page = await open();
    assert.deepEqual(
      await page.locator('.image-chip').allInnerTexts(),
      ['[CLS]', '[REG 0]', '[REG 1]'].map((name, at) => {
        const share = 100 * (row(0)[at] ?? 0);
        return `${name} ${share.toFixed(share < 10 ? 2 : 1)} %`;
      }),
    );
    await openDisplay(page);
    await page.getByText('Leave out special tokens').click();
    await resting(page);
    const left = 100 * ((row(0)[0] ?? 0) + (row(0)[1] ?? 0) + (row(0)[2] ?? 0));
    const text = await page.locator('.image-said').innerText();
    assert.match(
      text,
      new RegExp(`^Renormalised without special tokens, which held ${left.toFixed(2)} % of this row`),
    );
    const largest = Math.max(...row(0).subarray(first)) / (1 - left / 100);
    assert.equal(await page.locator('.image .legend-row > .number').last().innerText(), largest.toFixed(2));
    assert.equal(await page.getByRole('checkbox', { name: 'Leave out special tokens' }).isChecked(), true);
    const { x, y } = await patch(page, 4, 7);
    await page.mouse.move(x, y);
    await resting(page);
    const weight = (row(0)[first + 63] ?? 0) / (1 - left / 100);
    assert.ok((await said(page)).includes(` of the rest ${weight.toFixed(3)} `), await said(page));
    await page.getByRole('tab', { name: 'Heatmap' }).click();
    await resting(page);
    assert.match(
      await page.locator('.heatmap:not(.image) .legend-note').innerText(),
      /^Without special tokens: the other keys of each row sum to 1/,
    );
  });

  it('shows the attention of a register whose chip is pressed', async () => {
    const page = await open();
    await page.locator('.image-chip', { hasText: '[REG 1]' }).click();
    await eventually(() => place(page), { ...position, cell: { row: 2, column: 0 } });
    await resting(page);
    assert.equal(
      await page.locator('.image-chip', { hasText: '[REG 1]' }).getAttribute('aria-pressed'),
      'true',
    );
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    await eventually(() => place(page), { ...position, cell: { row: 1, column: 0 } });
  });

  it('shows what attends to a patch, where its column is asked for', async () => {
    const page = await open({ position: { ...position, cell: { row: 0, column: 40 } } });
    await page.getByRole('combobox', { name: 'Direction' }).click();
    await page.getByRole('option', { name: 'Column: what attends to it' }).click();
    await resting(page);
    const column = Array.from({ length: 143 }, (_, query) => row(query)[40] ?? 0).slice(first);
    const largest = Math.max(...column);
    const index = column.indexOf(largest);
    const [down, across] = [Math.floor(index / 14), index % 14];
    const [found = [0, 0, 0] as const] = await colorsAt(page, reader, [await patch(page, down, across)]);
    assert.ok(difference(found, over(image, (across + 0.5) * 32, (down + 0.5) * 32, 1)) <= 3);
    const { x, y } = await patch(page, down, across);
    await page.mouse.move(x, y);
    await resting(page);
    assert.match(
      await said(page),
      new RegExp(`^query ${down}, ${across} \\(\\d+\\) → key 2, 9 \\(40\\) weight ${largest.toFixed(3)}`),
    );
    await page.mouse.click(x, y);
    await eventually(() => place(page), { ...position, cell: { row: 0, column: first + index } });
  });

  it('multiplies layers where a rollout is asked for, from any of them, with any share of the residual', async () => {
    const page = await open();
    await page.getByRole('combobox', { name: 'Heads', exact: true }).click();
    await page.getByRole('option', { name: 'Rollout' }).click();
    await resting(page);
    const whole = { inspection: 'one', to: 1, side: 'row', index: 0, heads: 'mean' };
    assert.deepEqual((await asked(page, 'rollout')).at(-1), { ...whole, from: 0, residual: 0.5 });
    assert.match(
      await page.locator('.image-said').innerText(),
      /^Rollout: attention of layers 0 to 1 multiplied\. It was made for encoders\./,
    );
    await keep(page, 'image-rollout');
    await page.getByRole('slider', { name: 'Residual' }).fill('20');
    await page.getByRole('slider', { name: 'From layer' }).fill('1');
    await resting(page);
    assert.deepEqual((await asked(page, 'rollout')).at(-1), { ...whole, from: 1, residual: 0.2 });
    // Of one layer alone: the mean of its heads, less what the residual keeps.
    const mean = row(0).map(
      (_, key) => [0, 1, 2, 3].reduce((sum, head) => sum + (row(0, head)[key] ?? 0), 0) / 4,
    );
    const rolled = mean.map((weight, key) => 0.8 * weight + (key === 0 ? 0.2 : 0)).subarray(first);
    const index = rolled.indexOf(Math.max(...rolled));
    const [down, across] = [Math.floor(index / 14), index % 14];
    const { x, y } = await patch(page, down, across);
    const [found = [0, 0, 0] as const] = await colorsAt(page, reader, [{ x, y }]);
    assert.ok(difference(found, over(image, (across + 0.5) * 32, (down + 0.5) * 32, 1)) <= 3, found.join());
    await page.mouse.move(x, y);
    await resting(page);
    assert.ok(
      (await said(page)).includes(` rollout ${Math.max(...rolled).toFixed(3)} rank`),
      await said(page),
    );
    assert.deepEqual(await cutOff(page), []);
    assert.deepEqual(await faults(page), []);
    const cross = await open({ subject: subjectOf({ ...image, written: ['a', 'cat'] }) });
    await cross.getByRole('combobox', { name: 'Heads', exact: true }).click();
    assert.equal(await cross.getByRole('option', { name: 'Rollout' }).isVisible(), false);
  });
});
