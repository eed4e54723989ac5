import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { keep, painted, resting, Stage, story } from '../support/page/open.js';
import { colorsAt, difference, matrixBox } from '../support/page/pixels.js';
import type { Subject } from '../support/page/answers.js';

interface Drawn {
  readonly text: string;
  readonly size: number;
  /** Whether it stands upright, or leans. */
  readonly upright: boolean;
  readonly direction: string;
  readonly x: number;
  readonly y: number;
}

/** A matrix over these words. */
function over(words: readonly string[]): Subject {
  return {
    ...story,
    ...{ layers: 1, heads: 1, model: 4, feature: 4, queries: words.length, keys: words.length },
    words: [...words],
  };
}

describe('labels', function () {
  this.timeout(60_000);
  let stage: Stage;
  let reader: Page;

  before(async () => {
    stage = await Stage.start();
    reader = await stage.blank();
  });
  after(() => stage.stop());

  async function open(words: readonly string[]): Promise<Page> {
    const page = await stage.open({ subject: over(words), position: { layer: 0, head: 0, step: 'weights' } });
    await painted(page);
    return page;
  }

  /** Every text that the heatmap's labels and cells are drawn with, when `cause` has them drawn anew. */
  async function drawn(page: Page, cause: (page: Page) => Promise<void>): Promise<Drawn[]> {
    await page.evaluate(() => {
      const texts: Drawn[] = [];
      Object.assign(window, { drawnTexts: texts });
      const { fillText, clearRect } = CanvasRenderingContext2D.prototype;
      CanvasRenderingContext2D.prototype.clearRect = function (...given): void {
        if (this.canvas.classList.contains('overlay')) texts.length = 0;
        clearRect.apply(this, given);
      };
      CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...given): void {
        const matrix = this.getTransform();
        const at = matrix.transformPoint({ x, y });
        texts.push({
          text,
          size: Number(/([\d.]+)px/.exec(this.font)?.[1]),
          upright: Math.abs(matrix.b) < 1e-6,
          direction: this.direction,
          x: at.x,
          y: at.y,
        });
        fillText.call(this, text, x, y, ...given);
      };
    });
    await cause(page);
    await resting(page);
    return page.evaluate(() => (window as unknown as { drawnTexts: Drawn[] }).drawnTexts);
  }

  async function hover(page: Page, row: number, column: number, count: number): Promise<void> {
    const box = await matrixBox(page);
    await page.mouse.move(
      box.x + ((column + 0.5) * box.width) / count,
      box.y + ((row + 0.5) * box.height) / count,
    );
  }

  it('shrink before any is left out, alike on both sides', async () => {
    const words = Array.from({ length: 48 }, (_, at) => `word${at}`);
    const page = await open(words);
    const texts = await drawn(page, (shown) => hover(shown, 5, 7, 48));
    for (const word of words) {
      const own = texts.filter(({ text }) => text === word);
      assert.equal(own.length, 2, `${word} stands beside its row and above its column`);
      const [first, second] = own;
      if (word !== 'word5' && word !== 'word7') assert.equal(first?.size, second?.size);
      for (const { size } of own) assert.ok(size >= 9 && size < 13, `${size}`);
    }
    await keep(page, 'labels-48');
  });

  it('are positions where words would have to be left out; the hovered ones are whole', async () => {
    const long = 'Donaudampfschifffahrtsgesellschaftskapitaen';
    const words = Array.from({ length: 160 }, (_, at) => (at === 101 ? long : `word${at}`));
    const page = await open(words);
    const texts = await drawn(page, (shown) => hover(shown, 37, 101, 160));
    const said = texts.filter(({ text }) => /^[a-z]/i.test(text)).map(({ text }) => text);
    assert.deepEqual(said.filter((text) => !text.startsWith('query')).sort(), [long, 'word37']);
    assert.ok(texts.filter(({ text }) => /^\d+$/.test(text)).length > 12);
    const { x = -1 } = texts.find(({ text }) => text === long) ?? {};
    assert.ok(x >= 0, 'it begins within the picture');
    await keep(page, 'labels-160');
  });

  it('stand upright where single characters fit, and stacked in East Asian words', async () => {
    const page = await open([...'猫は魚を食べた', ...Array.from({ length: 23 }, () => '東京')]);
    const texts = await drawn(page, (shown) => hover(shown, 1, 1, 30));
    for (const character of '猫魚食東京') {
      const above = texts.filter(({ text }) => text === character);
      assert.ok(above.length > 0 && above.every(({ upright }) => upright), character);
    }
    const [east] = texts.filter(({ text }) => text === '東');
    const [capital] = texts.filter(({ text }) => text === '京');
    assert.ok(east !== undefined && capital !== undefined);
    assert.equal(east.x, capital.x);
    assert.ok(east.y < capital.y, 'read from top to bottom');
    await keep(page, 'labels-cjk');
    const letters = await open([...'attention']);
    const upright = await drawn(letters, (shown) => hover(shown, 1, 1, 9));
    assert.ok(upright.filter(({ text }) => /^[a-z]$/.test(text)).every((each) => each.upright));
  });

  it('have the direction of their script', async () => {
    const page = await open(['القط', 'جلس', 'שלום', 'cat', 'على', 'sat']);
    const texts = await drawn(page, (shown) => hover(shown, 3, 3, 6));
    const directionOf = (word: string): string[] => [
      ...new Set(texts.filter(({ text }) => text === word).map(({ direction }) => direction)),
    ];
    for (const word of ['القط', 'جلس', 'שלום']) assert.deepEqual(directionOf(word), ['rtl'], word);
    for (const word of ['cat', 'sat']) assert.deepEqual(directionOf(word), ['ltr'], word);
    await keep(page, 'labels-rtl');
  });

  it('tell what the model wrote from what it read, and say no warning of it', async () => {
    const subject = {
      ...story,
      causal: true,
      continues: true,
      written: 4,
      notices: ['Continuation: “because it”', 'Truncated to the model’s limit: 512 of 830 tokens.'],
    };
    const page = await stage.open({ subject });
    await painted(page);
    await resting(page);
    const box = await matrixBox(page);
    const pitch = box.height / 15;
    const [read = [0, 0, 0], wrote = [0, 0, 0]] = await colorsAt(page, reader, [
      { x: box.x - 4, y: box.y + 4.5 * pitch + 9 },
      { x: box.x - 4, y: box.y + 12.5 * pitch + 9 },
    ]);
    assert.ok(difference(read, wrote) > 4, `${read.join()} and ${wrote.join()}`);
    const borders = await page
      .locator('.notices li')
      .evaluateAll((items) => items.map((item) => getComputedStyle(item).borderLeftColor));
    assert.equal(new Set(borders).size, 2);
    await keep(page, 'labels-written');
  });

  it('leave large cells their numbers, none of which is a false zero', async () => {
    const page = await open(['a', 'b', 'c', 'd']);
    const texts = await drawn(page, (shown) => hover(shown, 0, 0, 4));
    const numbers = texts.filter(({ text }) => /^<?\d*\.\d+$/.test(text));
    assert.equal(numbers.length, 16);
    await keep(page, 'labels-numbers');
  });
});
