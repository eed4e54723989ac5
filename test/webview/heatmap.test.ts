import assert from 'node:assert/strict';
import { interpolateCividis } from 'd3-scale-chromatic';
import type { Page } from 'playwright-core';
import { Attention } from '../support/page/attention.js';
import type { StepName } from '../support/page/attention.js';
import { keep, painted, resting, Stage, story } from '../support/page/open.js';
import { colorsAt, difference, matrixBox, middle, parseColor } from '../support/page/pixels.js';
import type { Color } from '../support/page/pixels.js';

/** A table of 256 colours is off the continuous map by no more than this, a channel. */
const tableError = 3;
const small = { layer: 3, head: 7, step: 'weights' };

describe('heatmap', function () {
  this.timeout(60_000);
  let stage: Stage;
  let reader: Page;

  before(async () => {
    stage = await Stage.start();
    reader = await stage.blank();
  });
  after(() => stage.stop());

  function expected(size: typeof story, step: StepName): number[][] {
    const attention = new Attention(size);
    return Array.from({ length: attention.rows(step) }, (_, row) => [...attention.row(step, 3, 7, row)]);
  }

  async function cellColors(page: Page, rows: number, columns: number): Promise<Color[][]> {
    const box = await matrixBox(page);
    const points = Array.from({ length: rows * columns }, (_, at) =>
      middle(box, rows, columns, Math.floor(at / columns), at % columns),
    );
    const colors = await colorsAt(page, reader, points);
    return Array.from({ length: rows }, (_, row) => colors.slice(row * columns, (row + 1) * columns));
  }

  for (const webgl of [true, false]) {
    it(`colours each weight by cividis, from 0 to the largest, with ${webgl ? 'WebGL' : 'a canvas'}`, async () => {
      const page = await stage.open({ webgl });
      await painted(page);
      const weights = expected(story, 'weights');
      const most = Math.max(...weights.flat());
      const colors = await cellColors(page, 15, 15);
      for (const [row, line] of weights.entries()) {
        for (const [column, weight] of line.entries()) {
          const wanted = parseColor(interpolateCividis(weight / most));
          const seen = colors[row]?.[column] ?? [-1, -1, -1];
          assert.ok(
            difference(seen, wanted) <= tableError,
            `cell ${row}, ${column}: ${weight} should be ${wanted.join()}, is ${seen.join()}`,
          );
        }
      }
      assert.equal(new Set(colors.flat().map(String)).size > 40, true, 'the picture is not of one colour');
    });
  }

  it('draws the same with WebGL as with a canvas, masked cells and all, pixel for pixel', async () => {
    const causal = { ...story, causal: true, emptyQueries: [5] };
    const shots: Color[][] = [];
    for (const webgl of [true, false]) {
      const page = await stage.open({ subject: causal, webgl });
      await painted(page);
      const box = await matrixBox(page);
      const points = Array.from({ length: 4000 }, (_, at) => ({
        x: box.x + ((at * 37) % Math.floor(box.width)),
        y: box.y + ((at * 53) % Math.floor(box.height)),
      }));
      shots.push(await colorsAt(page, reader, points));
      if (webgl) await keep(page, 'causal');
    }
    const [gl = [], canvas = []] = shots;
    const off = gl.filter((color, at) => difference(color, canvas[at] ?? [0, 0, 0]) > 1);
    assert.deepEqual(off, []);
  });

  it('draws the same with both where it was zoomed and dragged, with its detail over the whole', async () => {
    const subject = {
      ...story,
      ...{ layers: 1, heads: 1, queries: 1200, keys: 1200, model: 4, feature: 4, words: null, causal: true },
    };
    const shots: Color[][] = [];
    for (const webgl of [true, false]) {
      const page = await stage.open({ subject, webgl, position: { layer: 0, head: 0, step: 'masked' } });
      await painted(page);
      const box = await matrixBox(page);
      await page.mouse.move(box.x + 300, box.y + 300);
      await page.mouse.wheel(0, -1500);
      await page.waitForFunction(() =>
        window.fakeHost.requests.some(({ body }) => JSON.stringify(body).includes('"columns":{')),
      );
      await resting(page);
      await page.mouse.down();
      await page.mouse.move(box.x + 263, box.y + 341, { steps: 7 });
      await page.mouse.up();
      await page.mouse.move(2, 890);
      await resting(page);
      const points = Array.from({ length: 4000 }, (_, at) => ({
        x: box.x + ((at * 37) % Math.floor(box.width)),
        y: box.y + ((at * 53) % Math.floor(box.height)),
      }));
      shots.push(await colorsAt(page, reader, points));
      if (!webgl) await keep(page, 'dragged');
    }
    const [gl = [], canvas = []] = shots;
    assert.ok(new Set(gl.map(String)).size > 40, 'the picture is not of one colour');
    const off = gl.filter((color, at) => difference(color, canvas[at] ?? [0, 0, 0]) > 1);
    assert.deepEqual(off, []);
  });

  it('leaves the picture to the processor where that would have to play the graphics card as well', async () => {
    const page = await stage.open({ webgl: 'fast' });
    await painted(page);
    const { renderer, onCanvas } = await page.evaluate(() => {
      const gl = document.createElement('canvas').getContext('webgl2');
      const names = gl?.getExtension('WEBGL_debug_renderer_info');
      return {
        renderer: gl == null || names == null ? '' : String(gl.getParameter(names.UNMASKED_RENDERER_WEBGL)),
        onCanvas: document.querySelector<HTMLCanvasElement>('canvas.cells')?.getContext('2d') !== null,
      };
    });
    assert.equal(onCanvas, renderer === '' || /SwiftShader|llvmpipe/.test(renderer), renderer);
  });

  it('gives masked cells a look that no weight has', async () => {
    const causal = { ...story, causal: true };
    const page = await stage.open({ subject: causal });
    await painted(page);
    const colors = await cellColors(page, 15, 15);
    const table = Array.from({ length: 256 }, (_, at) => parseColor(interpolateCividis(at / 255)));
    for (let query = 0; query < 15; query += 1) {
      for (let key = query + 1; key < 15; key += 1) {
        const seen = colors[query]?.[key] ?? [0, 32, 77];
        const nearest = Math.min(...table.map((color) => difference(color, seen)));
        assert.ok(nearest > 6, `masked ${query}, ${key} is ${seen.join()}, as a weight might be`);
      }
    }
    assert.match(await page.locator('.legend').innerText(), /masked/);
  });

  it('draws scores around 0: blue below, orange above, in every theme', async () => {
    for (const theme of ['dark', 'light'] as const) {
      const page = await stage.open({ theme, position: { ...small, step: 'scaled' } });
      await painted(page);
      const scores = expected(story, 'scaled');
      const reach = Math.max(...scores.flat().map(Math.abs));
      const colors = await cellColors(page, 15, 15);
      for (const [row, line] of scores.entries()) {
        for (const [column, score] of line.entries()) {
          if (Math.abs(score) < reach * 0.15) continue;
          const [red, , blue] = colors[row]?.[column] ?? [0, 0, 0];
          assert.equal(red > blue, score > 0, `${theme}: score ${score} at ${row}, ${column}`);
        }
      }
      await keep(page, `scores-${theme}`);
    }
  });

  it('says a cell in full when the mouse is over it: words, places, weight, score, rank', async () => {
    const page = await stage.open();
    await painted(page);
    const { x, y } = middle(await matrixBox(page), 15, 15, 10, 2);
    await page.mouse.move(x, y);
    const weights = expected(story, 'weights')[10] ?? [];
    const scores = expected(story, 'masked')[10] ?? [];
    const weight = weights[2] ?? NaN;
    const rank = 1 + weights.filter((other) => other > weight).length;
    const score = (scores[2] ?? NaN).toFixed(3).replace('-', '−');
    await page.waitForFunction(() => document.querySelector('.readout')?.textContent?.includes('rank'));
    assert.equal(
      (await page.locator('.readout').innerText()).replaceAll(/\s+/g, ' '),
      `query it (10) → key animal (2) weight ${weight.toFixed(3)} score ${score} rank ${rank} of 15`,
    );
    await page.mouse.move(2, 890);
    await page.waitForFunction(() => window.fakeHost.reports.at(-1)?.body === null);
    const hovers = await page.evaluate(() => window.fakeHost.reports.filter(({ name }) => name === 'hover'));
    assert.deepEqual(hovers[0]?.body, { axis: 'query', index: 10, layer: 3, head: 7 });
  });

  it('comes back after the graphics context was lost', async () => {
    const page = await stage.open();
    await painted(page);
    const before = await cellColors(page, 15, 15);
    await page.evaluate(async () => {
      const canvas = document.querySelector<HTMLCanvasElement>('canvas.cells');
      const lose = canvas?.getContext('webgl2')?.getExtension('WEBGL_lose_context');
      if (canvas === null || lose == null) throw new Error('The heatmap is not drawn with WebGL.');
      const event = (name: string): Promise<unknown> =>
        new Promise((resolve) => canvas.addEventListener(name, resolve, { once: true }));
      const lost = event('webglcontextlost');
      lose.loseContext();
      await lost;
      await window.activity.rest();
      const restored = event('webglcontextrestored');
      lose.restoreContext();
      await restored;
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    });
    assert.deepEqual(await cellColors(page, 15, 15), before);
  });

  it('says of a row with nothing to attend to that it has nothing', async () => {
    const page = await stage.open({
      subject: { ...story, emptyQueries: [4] },
      position: { ...small, cell: { row: 4, column: 3 } },
    });
    await painted(page);
    await page.waitForFunction(() =>
      document.querySelector('.readout')?.textContent?.includes('nothing to attend to'),
    );
    await keep(page, 'nothing-to-attend-to');
  });

  for (const [queries, keys] of [
    [1, 1],
    [3, 700],
    [300, 2],
  ] as const) {
    it(`shows ${queries} × ${keys} without words, exactly`, async () => {
      const page = await stage.open({
        subject: { ...story, queries, keys, words: null, layers: 1, heads: 1 },
        position: { layer: 0, head: 0, step: 'weights' },
      });
      await painted(page);
      const box = await matrixBox(page);
      const attention = new Attention({ ...story, queries, keys });
      const row = queries - 1;
      const { x, y } = middle(box, queries, keys, row, keys - 1);
      await page.mouse.move(x, y);
      await page.waitForFunction(() => document.querySelector('.readout')?.textContent?.includes('rank'));
      const weight = attention.row('weights', 0, 0, row)[keys - 1] ?? NaN;
      const shown = await page.locator('.readout').innerText();
      assert.ok(weight < 0.001 || shown.includes(weight.toFixed(3)), `${shown} should have ${weight}`);
      assert.match(shown, new RegExp(`query ${row} . key ${keys - 1}`));
      await keep(page, `shape-${queries}x${keys}`);
    });
  }

  describe('at 4096 × 4096', () => {
    const large = {
      ...story,
      layers: 1,
      heads: 1,
      queries: 4096,
      keys: 4096,
      model: 4,
      feature: 4,
      words: null,
    };
    let page: Page;
    let attention: Attention;

    before(async () => {
      attention = new Attention(large);
      page = await stage.open({
        subject: large,
        position: { layer: 0, head: 0, step: 'weights' },
        // The steps' small pictures would keep the fake host busy with 16 million numbers each.
        persisted: {
          views: {
            steps: {
              opened: { scores: false, scaled: false, masked: false, weights: false, output: false },
            },
          },
        },
      });
      await painted(page);
    });

    it('asks for no more than the screen can show', async () => {
      await keep(page, 'large');
      const asked = await page.evaluate(() =>
        window.fakeHost.requests.filter(({ name }) => name === 'slice').map(({ body }) => body),
      );
      assert.ok(asked.length > 0);
      for (const body of asked) {
        const { pool, rows } = body as {
          pool?: { rows: number; columns: number };
          rows?: { start: number; end: number };
        };
        assert.ok(
          pool !== undefined || (rows !== undefined && rows.end - rows.start <= 1),
          JSON.stringify(body),
        );
        if (pool !== undefined) assert.ok(pool.rows <= 1024 && pool.columns <= 1024, JSON.stringify(pool));
      }
    });

    it('zooms to single cells, whose colours are their own, and asks only for those in sight', async () => {
      await page.evaluate(() => void (window.fakeHost.requests.length = 0));
      await page.locator('.stage').focus();
      // Home, then zoom about the cell (0, 0).
      await page.keyboard.press('ArrowRight');
      for (let press = 0; press < 20; press += 1) await page.keyboard.press('+');
      await page.waitForFunction(() => {
        const last = window.fakeHost.requests.findLast(({ name }) => name === 'slice')?.body;
        return JSON.stringify(last).includes('"columns"') && !JSON.stringify(last).includes('"pool"');
      });
      await resting(page);
      const asked = await page.evaluate(
        () =>
          window.fakeHost.requests.findLast(({ body }) => JSON.stringify(body).includes('"columns"'))?.body,
      );
      const { rows, columns } = asked as { rows: { end: number }; columns: { end: number } };
      // A quick hand gets there at once; a slow one is content with what an earlier rest brought.
      assert.ok(rows.end <= 1024 && columns.end <= 1024, `asked for up to ${rows.end} × ${columns.end}`);
      const box = await matrixBox(page);
      const pitch = 72;
      const places = [0, 1, 2, 3, 4].flatMap((row) => [0, 1, 2, 3, 4].map((column) => ({ row, column })));
      const seen = await colorsAt(
        page,
        reader,
        places.map(({ row, column }) => ({
          x: box.x + (column + 0.5) * pitch,
          // Above the number that stands in the middle.
          y: box.y + (row + 0.2) * pitch,
        })),
      );
      let most = 0;
      for (let row = 0; row < 4096; row += 1)
        for (const weight of attention.row('weights', 0, 0, row)) most = Math.max(most, weight);
      for (const [at, { row, column }] of places.entries()) {
        const weight = attention.row('weights', 0, 0, row)[column] ?? NaN;
        const wanted = parseColor(interpolateCividis(weight / most));
        assert.ok(difference(seen[at] ?? [0, 0, 0], wanted) <= tableError, `cell ${row}, ${column}`);
      }
      await keep(page, 'large-zoomed');
    });

    it('reads any cell exactly, though the picture is pooled', async () => {
      await page.keyboard.press('0');
      await page.keyboard.press('Control+End');
      await page.keyboard.press('ArrowUp');
      await page.waitForFunction(() => document.querySelector('.readout')?.textContent?.includes('rank'));
      const weights = attention.row('weights', 0, 0, 4094);
      const weight = weights[4095] ?? NaN;
      const rank = 1 + weights.filter((other) => other > weight).length;
      const shown = await page.locator('.readout').innerText();
      assert.match(shown, /query 4094 → key 4095/);
      assert.match(shown, new RegExp(`rank ${rank} of 4096`));
    });

    it('cancels a detail that is no longer looked at', async () => {
      const details = (): Promise<number> =>
        page.evaluate(
          () =>
            window.fakeHost.requests.filter(
              ({ name, body }) => name === 'slice' && JSON.stringify(body).includes('"columns":{'),
            ).length,
        );
      await page.keyboard.press('0');
      await page.evaluate(() => {
        window.fakeHost.delay = 20_000;
        window.fakeHost.cancelled.length = 0;
      });
      const before = await details();
      for (let press = 0; press < 6; press += 1) await page.keyboard.press('+');
      await page.waitForFunction(
        (count) =>
          window.fakeHost.requests.filter(
            ({ name, body }) => name === 'slice' && JSON.stringify(body).includes('"columns":{'),
          ).length > count,
        before,
      );
      for (let press = 0; press < 4; press += 1) await page.keyboard.press('+');
      await page.waitForFunction(() => window.fakeHost.cancelled.includes('slice'));
    });
  });
});
