import assert from 'node:assert/strict';
import { interpolateCividis, interpolateViridis } from 'd3-scale-chromatic';
import type { Page } from 'playwright-core';
import { Attention } from '../support/page/attention.js';
import { faults } from '../support/page/checks.js';
import { keep, painted, resting, Stage, story } from '../support/page/open.js';
import { colorsAt, difference, matrixBox, middle, parseColor } from '../support/page/pixels.js';
import type { Color } from '../support/page/pixels.js';
import type { ThemeName } from '../support/page/themes.js';

/** A table of 256 colours is off the continuous map by no more than this, a channel. */
const tableError = 3;
/** A causal head that looks at the first token. */
const sink = { ...story, causal: true, sink: 6 };

describe('colour scale in the panel', function () {
  this.timeout(60_000);
  let stage: Stage;
  let reader: Page;

  before(async () => {
    stage = await Stage.start();
    reader = await stage.blank();
  });
  after(() => stage.stop());

  function weightsOf(subject: typeof story): number[][] {
    const attention = new Attention(subject);
    return Array.from({ length: 15 }, (_, row) => [...attention.row('weights', 3, 7, row)]);
  }

  async function colors(page: Page): Promise<Color[][]> {
    const box = await matrixBox(page);
    const points = Array.from({ length: 225 }, (_, at) => middle(box, 15, 15, Math.floor(at / 15), at % 15));
    const seen = await colorsAt(page, reader, points);
    return Array.from({ length: 15 }, (_, row) => seen.slice(row * 15, (row + 1) * 15));
  }

  /** Opens the legend, chooses, and closes it again, so that nothing covers the matrix. */
  async function choose(page: Page, ...names: string[]): Promise<void> {
    await page.locator('.scale-button').click();
    const dialog = page.getByRole('dialog', { name: 'Colour scale' });
    for (const name of names) await dialog.getByRole('radio', { name, exact: true }).check({ force: true });
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await resting(page);
  }

  async function legend(page: Page): Promise<string> {
    return (await page.locator('.heatmap .legend').innerText()).replaceAll(/\s+/g, ' ');
  }

  function check(seen: Color[][], wanted: (row: number, column: number) => Color | null): void {
    for (const [row, line] of seen.entries()) {
      for (const [column, color] of line.entries()) {
        const expected = wanted(row, column);
        if (expected === null) continue;
        const off = difference(color, expected);
        assert.ok(
          off <= tableError,
          `cell ${row}, ${column} should be ${expected.join()}, is ${color.join()}`,
        );
      }
    }
  }

  for (const webgl of [true, false]) {
    const by = webgl ? 'WebGL' : 'a canvas';

    it(`draws each kind of scale with ${by} as its formula says`, async () => {
      const weights = weightsOf(story);
      const most = Math.max(...weights.flat());
      const page = await stage.open({ webgl });
      await painted(page);
      const kinds: Readonly<Record<string, (weight: number, row: number) => number>> = {
        Power: (weight) => Math.sqrt(weight / most),
        Log: (weight) => Math.max(0, 1 + Math.log10(weight / most) / 4),
        'Per row': (weight, row) => weight / Math.max(...(weights[row] ?? [])),
        Linear: (weight) => weight / most,
      };
      for (const [name, share] of Object.entries(kinds)) {
        await choose(page, name);
        check(await colors(page), (row, column) =>
          parseColor(interpolateCividis(share(weights[row]?.[column] ?? NaN, row))),
        );
      }
      await choose(page, 'Power', 'Viridis');
      check(await colors(page), (row, column) =>
        parseColor(interpolateViridis(Math.sqrt((weights[row]?.[column] ?? NaN) / most))),
      );
    });

    it(`leaves the first token out with ${by}: the others of each row sum to 1`, async () => {
      const weights = weightsOf(sink);
      const page = await stage.open({ webgl, subject: sink });
      await painted(page);
      await choose(page, 'First token', 'Per row');
      const seen = await colors(page);
      check(seen, (row, column) => {
        if (column === 0 || column > row) return null;
        const rest = (weights[row] ?? []).slice(1, row + 1);
        return parseColor(interpolateCividis((weights[row]?.[column] ?? NaN) / Math.max(...rest)));
      });
      assert.match(await legend(page), /Without first token: the other keys of each row sum to 1/);
      const table = Array.from({ length: 256 }, (_, at) => parseColor(interpolateCividis(at / 255)));
      for (const line of seen) {
        const first = line[0] ?? [0, 0, 0];
        assert.ok(Math.min(...table.map((color) => difference(color, first))) > 6, first.join());
      }
      if (webgl) await keep(page, 'scale-left-out');
    });
  }

  it('draws leaving out the same with WebGL as with a canvas where the matrix is pooled', async () => {
    const subject = {
      ...sink,
      ...{ layers: 1, heads: 1, queries: 1300, keys: 1300, model: 4, feature: 4, words: null },
    };
    const shots: Color[][] = [];
    for (const webgl of [true, false]) {
      const page = await stage.open({ subject, webgl, position: { layer: 0, head: 0, step: 'weights' } });
      await painted(page);
      await choose(page, 'First token', 'Log');
      const box = await matrixBox(page);
      const points = Array.from({ length: 3000 }, (_, at) => ({
        x: box.x + ((at * 37) % Math.floor(box.width)),
        y: box.y + ((at * 53) % Math.floor(box.height)),
      }));
      shots.push(await colorsAt(page, reader, points));
    }
    const [gl = [], canvas = []] = shots;
    assert.ok(new Set(gl.map(String)).size > 30, 'the picture is not of one colour');
    // A number on the border between two of the 256 colours may fall to either.
    assert.deepEqual(
      gl.filter((color, at) => difference(color, canvas[at] ?? [0, 0, 0]) > tableError),
      [],
    );
  });

  it('offers to leave out special tokens where there are some, not what the model wrote', async () => {
    const subject = { ...story, written: 3 };
    const weights = weightsOf(story);
    const page = await stage.open({ subject });
    await painted(page);
    await choose(page, 'Special tokens', 'Linear');
    const seen = await colors(page);
    // [CLS] is special; the last three were written, [SEP] among them.
    const rest = weights.map((line) => line.map((weight) => weight / (1 - (line[0] ?? 0))));
    const most = Math.max(...rest.flatMap((line) => line.slice(1)));
    check(seen, (row, column) =>
      column === 0 ? null : parseColor(interpolateCividis((rest[row]?.[column] ?? NaN) / most)),
    );
    assert.match(await legend(page), /Without special tokens/);
  });

  it('opens a head with a sink so that the rest is seen, and says what it did', async () => {
    const page = await stage.open({ subject: sink });
    await painted(page);
    const seen = await colors(page);
    const inside = seen.flatMap((line, row) => line.slice(1, row + 1));
    assert.ok(new Set(inside.map(String)).size > 40, `${new Set(inside.map(String)).size} colours`);
    assert.match(await legend(page), /≥ 0\.\d+ .*Scale ends below “\[CLS\]” \(0\)/);
    await keep(page, 'scale-sink');
  });

  it('ends at the maximum that is set, and shows larger ones as beyond', async () => {
    const weights = weightsOf(story);
    const page = await stage.open();
    await painted(page);
    await page.locator('.scale-button').click();
    const field = page.getByRole('spinbutton', { name: 'Largest number on the scale' });
    await field.fill('0.05');
    await field.press('Enter');
    await page.keyboard.press('Escape');
    await resting(page);
    assert.match(await legend(page), /≥ 0\.05/);
    check(await colors(page), (row, column) =>
      parseColor(interpolateCividis(Math.min(1, (weights[row]?.[column] ?? NaN) / 0.05))),
    );
  });

  it('is reached and changed by keyboard alone, and gives the focus back', async () => {
    const page = await stage.open();
    await painted(page);
    await page.locator('.scale-button').focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Colour scale' });
    await dialog.waitFor();
    const checked = (): Promise<string> =>
      page.evaluate(() => document.activeElement?.closest('label')?.textContent ?? '');
    assert.equal(await checked(), 'Linear');
    await page.keyboard.press('ArrowRight');
    assert.equal(await checked(), 'Per row');
    assert.match(await legend(page), /largest of its row/);
    assert.deepEqual(await faults(page), []);
    await page.keyboard.press('Escape');
    assert.equal(await dialog.isVisible(), false);
    assert.equal(await page.locator('.scale-button').evaluate((it) => it === document.activeElement), true);
  });

  it('is kept with the page, and another inspection begins with the usual one', async () => {
    const page = await stage.open();
    await painted(page);
    await choose(page, 'Power', 'Greys');
    await page.waitForFunction(() => JSON.stringify(window.fakeHost.state ?? {}).includes('"power"'));
    const persisted: unknown = await page.evaluate(() => window.fakeHost.state);
    const again = await stage.open({ persisted, id: 'two' });
    await painted(again);
    await again.locator('.scale-button').click();
    for (const name of ['Power', 'Greys'])
      assert.equal(await again.getByRole('radio', { name, exact: true }).isChecked(), true, name);
    const other = await stage.open({ persisted, subject: { ...story, title: 'another' } });
    await painted(other);
    await other.locator('.scale-button').click();
    assert.equal(await other.getByRole('radio', { name: 'Linear', exact: true }).isChecked(), true);
  });

  it('colours all heads’ pictures by one scale, or each by its own, as the switch says', async () => {
    const page = await stage.open();
    await painted(page);
    await resting(page);
    const attention = new Attention(story);
    const largest = (layer: number, head: number): number =>
      Math.max(
        ...Array.from({ length: 15 }, (_, row) => [...attention.row('weights', layer, head, row)]).flat(),
      );
    const brightest = (): Promise<number[]> =>
      page.locator('.heads-canvas').evaluate((canvas: HTMLCanvasElement) => {
        const context = canvas.getContext('2d');
        if (context === null) throw new Error('no canvas');
        return Array.from({ length: 72 }, (_, at) => {
          const [width, height] = [canvas.width / 12, canvas.height / 6];
          const x = Math.round((at % 12) * width);
          const y = Math.round(Math.floor(at / 12) * height);
          const { data } = context.getImageData(x, y, Math.floor(width) - 2, Math.floor(height) - 2);
          return Math.max(...data.filter((_value, channel) => channel % 4 === 1));
        });
      });
    const own = await brightest();
    await page.getByRole('checkbox', { name: 'One scale for all' }).check();
    await resting(page);
    const one = await brightest();
    const all = Array.from({ length: 72 }, (_, at) => largest(Math.floor(at / 12), at % 12));
    const strong = all.indexOf(Math.max(...all));
    const weak = all.indexOf(Math.min(...all));
    assert.ok((own[weak] ?? 0) > 180, `${own[weak]}`);
    assert.ok((one[weak] ?? 255) < (own[weak] ?? 0) - 40, `${one[weak]} beside ${own[weak]}`);
    assert.ok((one[strong] ?? 0) > 180, `${one[strong]}`);
    await page.waitForFunction(() => JSON.stringify(window.fakeHost.state).includes('"oneScale":true'));
  });

  it('begins with the colours and the counting that the settings have', async () => {
    const page = await stage.open({
      settings: { 'color-map': 'greys', 'color-scale': 'power', 'count-from': '1' },
    });
    await painted(page);
    assert.equal(
      await page.locator('.heads-cell[aria-selected=true]').getAttribute('aria-label'),
      'Layer 4, head 8',
    );
    assert.deepEqual((await page.locator('.heads-number').allInnerTexts()).slice(1, 3), ['1', '2']);
    await page.locator('.scale-button').click();
    for (const name of ['Power', 'Greys'])
      assert.equal(await page.getByRole('radio', { name, exact: true }).isChecked(), true, name);
  });

  for (const theme of ['dark', 'light', 'high-contrast'] as const satisfies readonly ThemeName[]) {
    it(`its list stands over the page in the ${theme} theme, within the window`, async () => {
      const page = await stage.open({ theme, width: 1280, height: 800 });
      await painted(page);
      await page.locator('.scale-button').click();
      const box = await page.locator('.popup:not([hidden])').boundingBox();
      assert.ok(box !== null && box.x >= 0 && box.y >= 0 && box.x + box.width <= 1280, JSON.stringify(box));
      await keep(page, `scale-${theme}`);
    });
  }
});
