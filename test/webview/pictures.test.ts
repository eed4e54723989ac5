import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { interpolateCividis } from 'd3-scale-chromatic';
import type { Page } from 'playwright-core';
import { PNG } from 'pngjs';
import type { PageMethods } from '../../src/protocol.js';
import { Attention } from '../support/page/attention.js';
import { eventually, keep, painted, resting, Stage, story } from '../support/page/open.js';
import { difference, parseColor } from '../support/page/pixels.js';
import type { Color } from '../support/page/pixels.js';

type Asked = PageMethods['picture']['params'];

const svgOf = { view: 'heatmap', format: 'svg', theme: 'print', scale: 1 } as const;

describe('pictures that are taken away', function () {
  this.timeout(60_000);
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage.stop());

  async function picture(page: Page, request: Asked): Promise<Buffer> {
    const bytes = await page.evaluate(
      async (asked) => [...(await window.fakeHost.panel.request('picture', asked))],
      request,
    );
    const file = Buffer.from(bytes);
    const folder = join('out', 'screenshots', 'pictures');
    mkdirSync(folder, { recursive: true });
    const { view, theme, format, scale } = request;
    writeFileSync(join(folder, `page-${view}-${theme}-${scale}.${format}`), file);
    return file;
  }

  /** What another program reads from an SVG file: the browser's own reader of XML. */
  async function read(
    svg: string,
  ): Promise<{ fault: string | null; texts: string[]; values: string[]; fills: string[] }> {
    const reader = await stage.blank();
    try {
      return await reader.evaluate((file) => {
        const document = new DOMParser().parseFromString(file, 'image/svg+xml');
        const cells = [...document.querySelectorAll('[data-value]')];
        return {
          fault: document.querySelector('parsererror')?.textContent ?? null,
          texts: [...document.querySelectorAll('text')].map(({ textContent }) => textContent),
          values: cells.map((cell) => cell.getAttribute('data-value') ?? ''),
          fills: cells.map((cell) => cell.getAttribute('fill') ?? ''),
        };
      }, svg);
    } finally {
      await reader.context().close();
    }
  }

  function weights(subject: typeof story): number[] {
    const attention = new Attention(subject);
    return Array.from({ length: subject.queries }, (_, row) => [
      ...attention.row('weights', 3, 7, row),
    ]).flat();
  }

  it('draws the heatmap as SVG, with the engine’s numbers, on white and as on the screen', async () => {
    const page = await stage.open({ theme: 'dark' });
    await painted(page);
    const expected = weights(story);
    const most = Math.max(...expected);
    for (const theme of ['print', 'screen'] as const) {
      const { fault, texts, values, fills } = await read(
        (await picture(page, { ...svgOf, theme })).toString('utf8'),
      );
      assert.equal(fault, null);
      assert.deepEqual(
        values.map((value) => Math.fround(Number(value))),
        expected.map((value) => Math.fround(value)),
      );
      for (const word of story.words ?? []) assert.ok(texts.includes(word), word);
      assert.ok(
        texts.some((text) => text.endsWith('Layer 3, head 7')),
        texts.join('|'),
      );
      const strongest = expected.indexOf(most);
      const wanted = parseColor(interpolateCividis(theme === 'print' ? 0 : 1));
      assert.ok(difference(hex(fills[strongest]), wanted) <= 1, `${theme}: ${String(fills[strongest])}`);
    }
  });

  it('draws a PNG of the same, so many times as large', async () => {
    const page = await stage.open({ theme: 'dark' });
    await painted(page);
    const one = PNG.sync.read(await picture(page, { ...svgOf, format: 'png', scale: 1 }));
    const three = PNG.sync.read(await picture(page, { ...svgOf, format: 'png', scale: 3 }));
    assert.deepEqual([three.width, three.height], [one.width * 3, one.height * 3]);
    const svg = (await picture(page, svgOf)).toString('utf8');
    assert.ok(svg.includes(`width="${one.width}" height="${one.height}"`));
    assert.deepEqual(pixel(one, 2, 2), [255, 255, 255], 'print is on white, also from a dark theme');
    // The middle of every cell has the colour that its shape says.
    const [, left = 0, top = 0] = nested(svg);
    const cells = [
      ...svg.matchAll(
        /<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" fill="(#\w+)" data-value/g,
      ),
    ];
    assert.equal(cells.length, 225);
    for (const [, x, y, width, height, fill] of cells) {
      const at = (start: number, from: string | undefined, size: string | undefined): number =>
        Math.floor(3 * (start + Number(from) + Number(size) / 2));
      const seen = pixel(three, at(left, x, width), at(top, y, height));
      assert.ok(
        difference(seen, hex(fill)) <= 1,
        `${String(x)}, ${String(y)}: ${seen.join()} is not ${String(fill)}`,
      );
    }
  });

  it('draws the part that is in sight', async () => {
    const page = await stage.open();
    await painted(page);
    for (let press = 0; press < 8; press += 1)
      await page.getByRole('button', { name: 'Zoom in (+)' }).click();
    await resting(page);
    const { values, texts } = await read((await picture(page, svgOf)).toString('utf8'));
    assert.ok(values.length < 225, `${values.length} cells`);
    assert.ok(texts.some((text) => text.startsWith('Part of the matrix: ')));
  });

  it('keeps the colours that were chosen', async () => {
    const page = await stage.open();
    await painted(page);
    await page.locator('.scale-button').click();
    const dialog = page.getByRole('dialog', { name: 'Colour scale' });
    await dialog.getByRole('radio', { name: 'Greys' }).check({ force: true });
    await dialog.getByRole('radio', { name: 'First token' }).check({ force: true });
    await page.keyboard.press('Escape');
    await resting(page);
    const { fills, texts } = await read((await picture(page, svgOf)).toString('utf8'));
    assert.ok(
      fills.filter((_, at) => at % 15 === 0).every((fill) => fill === 'url(#masked)'),
      'the first key is left out',
    );
    for (const fill of fills.filter((each) => each.startsWith('#'))) {
      const [red, green, blue] = hex(fill);
      assert.ok(Math.max(red, green, blue) - Math.min(red, green, blue) <= 1, `${fill} is a grey`);
    }
    assert.ok(texts.join(' ').includes('Without first token'));
  });

  it('is well-formed whatever the labels are', async () => {
    const hostile = [
      '<script>alert(1)</script>',
      '"\'&amp;',
      ']]>',
      '\u0000\u0007',
      '\ud800',
      '\uffff',
      '<!--',
      'שלום',
      '東京都',
      '  a  ',
    ];
    const words = story.words?.map((word, at) => hostile[at] ?? word) ?? [];
    const subject = { ...story, words, title: '</title><script>&' };
    const page = await stage.open({ subject });
    await painted(page);
    for (const view of ['heatmap', 'heads']) {
      const { fault, texts } = await read((await picture(page, { ...svgOf, view })).toString('utf8'));
      assert.equal(fault, null);
      if (view === 'heatmap') {
        for (const word of [
          '<script>alert(1)</script>',
          '"\'&amp;',
          ']]>',
          '⟨0000⟩⟨0007⟩',
          '\ufffd',
          'שלום',
          '東京都',
        ])
          assert.ok(texts.includes(word), word);
      }
      assert.ok(texts.join(' ').includes('</title><script>&'));
    }
    assert.equal((await picture(page, { ...svgOf, format: 'png' })).subarray(1, 4).toString(), 'PNG');
  });

  it('draws all heads, each where it belongs', async () => {
    const page = await stage.open();
    await painted(page);
    await resting(page);
    const svg = (await picture(page, { ...svgOf, view: 'heads' })).toString('utf8');
    await picture(page, { ...svgOf, view: 'heads', theme: 'screen', format: 'png', scale: 2 });
    const pictures = [
      ...svg.matchAll(
        /data-layer="(\d+)" data-head="(\d+)"><title>([^<]+)<\/title><image [^>]*base64,([^"]+)"/g,
      ),
    ];
    assert.equal(pictures.length, 72);
    const [, layer, head, title, data = ''] = pictures[3 * 12 + 7] ?? [];
    assert.deepEqual([layer, head, title], ['3', '7', 'Layer 3, head 7']);
    const decoded = PNG.sync.read(Buffer.from(data, 'base64'));
    assert.deepEqual([decoded.width, decoded.height], [15, 15]);
    // On white the strongest is the darkest.
    const darkness = Array.from(
      { length: 225 },
      (_, at) => -decoded.data.subarray(at * 4, at * 4 + 3).reduce((a, b) => a + b),
    );
    const expected = weights(story);
    assert.equal(darkness.indexOf(Math.max(...darkness)), expected.indexOf(Math.max(...expected)));
  });

  it('draws the table that is in sight, with its numbers', async () => {
    const page = await stage.open();
    await painted(page);
    await page.getByRole('tab', { name: 'Table' }).click();
    await resting(page);
    const { values, texts } = await read((await picture(page, { ...svgOf, view: 'table' })).toString('utf8'));
    const attention = new Attention(story);
    assert.equal(values.length % 15, 0, 'whole columns of 15 rows');
    const first = attention.row('weights', 3, 7, 0)[0] ?? NaN;
    assert.equal(Math.fround(Number(values[0])), Math.fround(first));
    assert.ok(texts.includes(first.toFixed(3)), `${first.toFixed(3)} in ${texts.join('|')}`);
    await picture(page, { ...svgOf, view: 'table', format: 'png' });
  });

  it('draws an image with what lies over it, in the colours of print', async () => {
    const image = { width: 448, height: 320, rows: 10, columns: 14 };
    const tokens = 141;
    const subject = {
      ...story,
      title: 'vit-tiny',
      layers: 2,
      heads: 4,
      queries: tokens,
      keys: tokens,
      words: null,
      image,
    };
    const page = await stage.open({ subject, position: { layer: 1, head: 2, step: 'weights' } });
    await painted(page);
    await resting(page);
    const svg = (await picture(page, { ...svgOf, view: 'image' })).toString('utf8');
    const { fault, values, texts } = await read(svg);
    assert.equal(fault, null);
    const expected = new Attention(subject).row('weights', 1, 2, 0);
    assert.deepEqual(
      values.map((value) => Math.fround(Number(value))),
      [...expected.subarray(1)].map((value) => Math.fround(value)),
    );
    assert.ok(
      texts.includes('Weights · Layer 1, head 2') || texts.some((each) => each.endsWith('Layer 1, head 2')),
    );
    const [, data = ''] = /<image [^>]*base64,([^"]+)"/.exec(svg) ?? [];
    const inside = PNG.sync.read(Buffer.from(data, 'base64'));
    assert.deepEqual([inside.width, inside.height], [1120, 800]);
    // The strongest patch is the darkest cividis over the page's own image, at the opacity that the page draws with.
    const strongest = expected.subarray(1).indexOf(Math.max(...expected.subarray(1)));
    const [x, y] = [((strongest % 14) + 0.5) * 80, (Math.floor(strongest / 14) + 0.5) * 80];
    const dark = parseColor(interpolateCividis(0));
    const under = [(255 * x) / 1120, (255 * y) / 800, 96];
    const wanted = under.map((ground, channel) => ground + ((dark[channel] ?? 0) - ground) * 0.65);
    const seen = pixel(inside, Math.floor(x), Math.floor(y));
    assert.ok(
      wanted.every((channel, at) => Math.abs(channel - (seen[at] ?? 0)) <= 4),
      `${seen.join()} should be ${wanted.join()}`,
    );
    await picture(page, { ...svgOf, view: 'image', theme: 'screen', format: 'png', scale: 2 });
  });

  it('copies what is shown to the clipboard, from the menu, and tells the host', async () => {
    const page = await stage.open();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await painted(page);
    await page.getByRole('button', { name: 'Export…' }).click();
    await page.getByRole('menuitem', { name: 'Copy heatmap as picture' }).click();
    await eventually(
      () =>
        page.evaluate(() => window.fakeHost.reports.findLast(({ name }) => name === 'copiedPicture')?.body),
      { view: 'heatmap', title: 'Heatmap', problem: null },
    );
    const bytes = await page.evaluate(async () => {
      const [item] = await navigator.clipboard.read();
      const blob = await item?.getType('image/png');
      return [...new Uint8Array((await blob?.arrayBuffer()) ?? new ArrayBuffer())];
    });
    const copied = PNG.sync.read(Buffer.from(bytes));
    const drawn = PNG.sync.read(await picture(page, { ...svgOf, format: 'png', scale: 2 }));
    assert.deepEqual([copied.width, copied.height], [drawn.width, drawn.height]);
    assert.ok(copied.data.equals(drawn.data), 'the clipboard has the picture');
  });

  it('asks the host for the rest, by the menu', async () => {
    const page = await stage.open();
    await painted(page);
    const asked: (readonly [item: string, body: unknown])[] = [
      ['Save heatmap as picture…', { picture: 'heatmap' }],
      ['Save heads as picture…', { picture: 'heads' }],
      ['Numbers, code and more…', null],
    ];
    for (const [item, body] of asked) {
      await page.getByRole('button', { name: 'Export…' }).click();
      await keep(page, 'export-menu');
      await page.getByRole('menuitem', { name: item }).click();
      await eventually(
        () => page.evaluate(() => window.fakeHost.requests.findLast(({ name }) => name === 'export')?.body),
        body,
      );
    }
  });

  it('says in a sentence what cannot be drawn', async () => {
    const page = await stage.open();
    await painted(page);
    await assert.rejects(
      picture(page, { ...svgOf, view: 'plots' }),
      /“plots” cannot be drawn here now; what can is: Heatmap, Heads/,
    );
  });
});

function hex(color: string | undefined): Color {
  const [, red = '', green = '', blue = ''] = /^#(..)(..)(..)$/.exec(color ?? '') ?? [];
  return [Number.parseInt(red, 16), Number.parseInt(green, 16), Number.parseInt(blue, 16)];
}

function pixel({ data, width }: PNG, x: number, y: number): Color {
  const at = (y * width + x) * 4;
  return [data[at] ?? -1, data[at + 1] ?? -1, data[at + 2] ?? -1];
}

/** Where the matrix lies: the two groups around it, each moved. */
function nested(svg: string): readonly number[] {
  const moves = [...svg.matchAll(/translate\(([\d.]+) ([\d.]+)\)/g)].slice(0, 2);
  return [0, ...[1, 2].map((at) => moves.reduce((sum, move) => sum + Number(move[at]), 0))];
}
