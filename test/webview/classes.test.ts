import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import type { PatchedImage } from '../support/page/image.js';
import { tokensOf } from '../support/page/image.js';
import { painted, resting, Stage, story } from '../support/page/open.js';
import type { Opening } from '../support/page/open.js';

const classes = ['tabby, tabby cat', 'tiger cat', 'Egyptian cat', 'lynx', 'remote control', 'sock', 'mitten'];
const more = ['a', 'b', 'c'];
const image: PatchedImage = { width: 64, height: 64, rows: 4, columns: 4, classes: [...classes, ...more] };
const subject = { ...story, queries: tokensOf(image), keys: tokensOf(image), words: null, image };

describe('classes', function () {
  this.timeout(60_000);
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage.stop());

  async function open(opening: Opening = {}): Promise<Page> {
    const page = await stage.open({ subject, position: { layer: 0, head: 0, step: 'weights' }, ...opening });
    await painted(page);
    await resting(page);
    return page;
  }

  it('lists the likeliest with bars as long as their probabilities, of how many', async () => {
    const page = await open();
    const items = page.locator('.classes .ranked-item');
    assert.equal(await items.count(), 8);
    const first = (await items.first().innerText()).replaceAll(/\s+/g, ' ');
    // Logits fall by one from class to class.
    const share =
      1 / Array.from({ length: 10 }, (_, at) => Math.exp(-at)).reduce((sum, each) => sum + each, 0);
    assert.equal(first, `1. tabby, tabby cat ${(100 * share).toFixed(1)} %`);
    assert.equal(await items.nth(1).getAttribute('title'), 'class 1: tiger cat, logit −1.000');
    const bar = items.first().locator('.bar');
    const [whole, fill] = await Promise.all([bar.boundingBox(), bar.locator('.bar-fill').boundingBox()]);
    assert.ok(Math.abs((fill?.width ?? 0) / (whole?.width ?? 1) - share) < 0.01);
    assert.equal(await page.locator('.classes-note').innerText(), 'Softmax over all 10 classes.');
  });

  it('is not there where a model sorts nothing, and says what went wrong', async () => {
    const none = await open({ subject: story });
    assert.equal(await none.locator('.classes').count(), 0);
    const page = await open({ failing: { classes: 'The head of this model cannot be read.' } });
    await page.locator('.classes .problem', { hasText: 'The head of this model cannot be read.' }).waitFor();
  });

  it('is asked for anew when the model has run again', async () => {
    const page = await open();
    const asked = (): Promise<number> =>
      page.evaluate(() => window.fakeHost.requests.filter(({ name }) => name === 'classes').length);
    assert.equal(await asked(), 1);
    await page.evaluate(() => {
      window.fakeHost.subject().change({ temperature: 2 });
      window.fakeHost.show();
    });
    await resting(page);
    assert.equal(await asked(), 2);
  });
});
