import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import type { Subject } from '../support/page/answers.js';
import { Attention } from '../support/page/attention.js';
import { cutOff, faults } from '../support/page/checks.js';
import { tokensOf, type PatchedImage } from '../support/page/image.js';
import { eventually, keep, painted, resting, Stage, story } from '../support/page/open.js';
import type { Opening } from '../support/page/open.js';
import { colorsAt, difference, type Color } from '../support/page/pixels.js';
import { cividis } from '../../webview/draw/colormap.js';

const image: PatchedImage = { width: 448, height: 320, rows: 10, columns: 14, registers: 2 };

function subjectOf(of: PatchedImage, more: Partial<Subject> = {}): Subject {
  const keys = tokensOf(of);
  return {
    ...story,
    title: 'vit-tiny',
    layers: 2,
    heads: 4,
    queries: of.written?.length ?? keys,
    keys,
    words: null,
    image: of,
    ...more,
  };
}

const subject = subjectOf(image);
const position = { layer: 1, head: 2, step: 'weights' };

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

  it('stands first where an image is inspected', async () => {
    const page = await open();
    assert.equal(await page.getByRole('tab', { name: 'Image' }).getAttribute('aria-selected'), 'true');
    assert.deepEqual(await cutOff(page), []);
    assert.deepEqual(await faults(page), []);
    await keep(page, 'image-first');
  });
});
