import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { interpolateCividis } from 'd3-scale-chromatic';
import type { Page } from 'playwright-core';
import { launchBrowser } from '../host/browser.mjs';
import { Attention } from '../support/page/attention.js';
import { faults } from '../support/page/checks.js';
import { painted, Stage, story } from '../support/page/open.js';
import { difference, parseColor } from '../support/page/pixels.js';

const folder = join(process.cwd(), 'out', 'screenshots', 'pictures');

describe('a page that needs nothing but itself', function () {
  this.timeout(60_000);
  let stage: Stage;
  let offline: Awaited<ReturnType<typeof launchBrowser>>;

  before(async () => {
    stage = await Stage.start();
    offline = await launchBrowser();
  });
  after(async () => {
    await offline.close();
    await stage.stop();
  });

  /** Has the panel write one, of what is said of its size beforehand. */
  async function written(
    name: string,
    subject = story,
  ): Promise<{ path: string; text: string; said: number; scope: string }> {
    const page = await stage.open({ subject });
    await painted(page);
    const { text, html } = await page.evaluate(async () => ({
      text: new TextDecoder().decode(await window.fakeHost.panel.request('html', null)),
      html: (await window.fakeHost.panel.request('pictures', null)).html,
    }));
    await page.context().close();
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${name}.html`);
    writeFileSync(path, text);
    assert.ok(html !== null);
    return { path, text, said: html.bytes, scope: html.scope };
  }

  /** Opens it in another browser, without a network; notes everything that is refused or asked for. */
  async function opened(path: string): Promise<{ page: Page; problems: string[] }> {
    const context = await offline.newContext({ offline: true, viewport: { width: 1240, height: 900 } });
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('console', (message) => problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('request', (request) => {
      if (request.url() !== pathToFileURL(path).href) problems.push(`asked for ${request.url()}`);
    });
    page.on('dialog', (dialog) => {
      problems.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(pathToFileURL(path).href);
    return { page, problems };
  }

  it('opens offline under its own policy, with every head and every number', async () => {
    const { path, text, said, scope } = await written('story');
    assert.equal(scope, 'all');
    assert.ok(text.length < said * 1.2 && said < text.length * 2, `${text.length} bytes, said ${said}`);
    assert.match(text, /default-src &#39;none&#39;; script-src &#39;sha256-\S+; style-src &#39;sha256-/);
    const { page, problems } = await opened(path);
    assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), 'all-MiniLM-L6-v2');
    assert.equal(await page.locator('.heads button').count(), 72);
    const attention = new Attention(story);
    const cell = async (row: number, column: number): Promise<string> => {
      const box = await page.locator('#stage').boundingBox();
      assert.ok(box !== null);
      await page.mouse.move(
        box.x + ((column + 0.5) / 15) * box.width,
        box.y + ((row + 0.5) / 15) * box.height,
      );
      return page.locator('#readout').innerText();
    };
    for (const [layer, head] of [
      [3, 7],
      [5, 0],
    ] as const) {
      await page.getByRole('button', { name: `Layer ${layer}, head ${head}`, exact: true }).click();
      assert.equal(await page.locator('#place').innerText(), `Weights · Layer ${layer}, head ${head}`);
      for (const [row, column] of [
        [11, 2],
        [0, 14],
      ] as const) {
        const readout = await cell(row, column);
        const value = Number(/: ([^:]+)$/.exec(readout)?.[1]);
        const expected = attention.row('weights', layer, head, row)[column] ?? NaN;
        assert.ok(
          Math.abs(value - expected) <= 1e-5 * Math.abs(expected),
          `${readout} should be ${expected}`,
        );
      }
    }
    const picture = await page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('#matrix');
      return [...(canvas?.getContext('2d')?.getImageData(0, 0, 15, 15).data ?? [])];
    });
    const row = Array.from({ length: 15 }, (_, at) => [...attention.row('weights', 5, 0, at)]).flat();
    const strongest = row.indexOf(Math.max(...row)) * 4;
    const seen = [
      picture[strongest] ?? -1,
      picture[strongest + 1] ?? -1,
      picture[strongest + 2] ?? -1,
    ] as const;
    assert.ok(difference(seen, parseColor(interpolateCividis(0))) <= 3, seen.join());
    await page.screenshot({ path: join(folder, 'story-html.png'), fullPage: true });
    assert.deepEqual(problems, []);
    await page.context().close();
  });

  it('is used with the keyboard, shows the other steps, and has no faults for those who do not see it', async () => {
    const { path } = await written('story');
    const { page, problems } = await opened(path);
    await page.locator('#stage').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    assert.match(await page.locator('#readout').innerText(), /^query \[CLS\] \(0\) → key the \(1\): /);
    await page.getByRole('combobox').selectOption('scores');
    await page.locator('#stage').focus();
    await page.keyboard.press('ArrowRight');
    const value = Number(/: ([^:]+)$/.exec(await page.locator('#readout').innerText())?.[1]);
    const expected = new Attention(story).row('scores', 3, 7, 0)[0] ?? NaN;
    assert.ok(Math.abs(value - expected) <= 1e-5 * Math.abs(expected), `${value} should be ${expected}`);
    assert.ok((await page.locator('.steps math').count()) >= 4, 'formulas are typeset');
    assert.deepEqual(problems, []);
    await page.context().close();
    // The checker of accessibility brings a script of its own, which the page's policy refuses.
    const context = await offline.newContext({ bypassCSP: true });
    const bare = await context.newPage();
    await bare.goto(pathToFileURL(path).href);
    assert.deepEqual(await faults(bare), []);
    await context.close();
  });

  it('runs nothing that a text brings along', async () => {
    const hostile = [
      '</script><script>alert(1)</script>',
      '<img src=x onerror=alert(2)>',
      '"><svg onload=alert(3)>',
      '\u2028',
      '${alert(4)}',
      '<!--<script>',
    ];
    const words = story.words?.map((word, at) => hostile[at] ?? word) ?? [];
    const { path } = await written('hostile', {
      ...story,
      words,
      title: '</title><script>alert(5)</script>',
    });
    const { page, problems } = await opened(path);
    assert.equal(
      await page.getByRole('heading', { level: 1 }).innerText(),
      '</title><script>alert(5)</script>',
    );
    const rows = await page.locator('#rows span').allInnerTexts();
    assert.equal(rows[0], '</script><script>alert(1)</script>');
    assert.equal(await page.locator('img, svg').count(), 0);
    assert.deepEqual(problems, []);
    await page.context().close();
  });

  it('holds fewer heads where all would be too large, and says so beforehand', async () => {
    const { text, said, scope, path } = await written('large', {
      ...story,
      queries: 200,
      keys: 200,
      words: null,
      layers: 8,
    });
    assert.equal(scope, 'layer');
    assert.ok(text.length < said * 1.2, `${text.length} bytes, said ${said}`);
    const { page, problems } = await opened(path);
    assert.equal(await page.locator('.heads button').count(), 12);
    assert.deepEqual(problems, []);
    await page.context().close();
  });
});
