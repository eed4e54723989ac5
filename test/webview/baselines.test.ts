import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pixelmatch from 'pixelmatch';
import type { Page } from 'playwright-core';
import { PNG } from 'pngjs';
import { Engine } from '../../src/inspection/core/engine.js';
import { platform } from '../support/platform.js';
import { drawingOf, stillPicture, type Drawing } from '../support/pictures.js';
import { compare, picked, several } from '../support/page/compare.js';
import type { ModelAnswers } from '../support/page/fake-host.js';
import { answersOf } from '../support/page/model-answers.js';
import { painted, Stage, type Opening } from '../support/page/open.js';

/** How many of a picture’s pixels may differ from the kept one’s, and from what share of the way from black to white on. */
const share = 0.0001;
const threshold = 0.1;

const kept = join(process.cwd(), 'test', 'baselines');
const drawn = join(process.cwd(), 'out', 'screenshots', 'baselines');
const renewing = process.env['ATTENTION_INSPECTOR_BASELINES'] === 'renew';
const versions = join(kept, 'versions.json');

describe('the main screens, beside the kept pictures', function () {
  this.timeout(90_000);
  let stage: Stage;
  let engine: Engine;
  let model: ModelAnswers;
  let drawing: Drawing;

  before(async () => {
    stage = await Stage.start();
    engine = new Engine(platform, join(process.cwd(), 'media'));
    model = await answersOf(engine, { kind: 'embedded' });
    const panel = await stage.open({ position: picked });
    await panel.locator('.arithmetic-tex .katex').first().waitFor({ state: 'attached' });
    drawing = await drawingOf(panel, await stage.blank());
    await panel.context().close();
    mkdirSync(drawn, { recursive: true });
    if (renewing) writeFileSync(versions, `${JSON.stringify(drawing, undefined, 2)}\n`);
  });
  after(async () => {
    await stage.stop();
    await engine.dispose();
  });

  const wide = { width: 1280, height: 800, position: picked };
  async function typeset(page: Page): Promise<Page> {
    await page.locator('.arithmetic-tex .katex').first().waitFor({ state: 'attached' });
    return page;
  }
  async function panel(opening: Opening): Promise<Page> {
    const page = await stage.open(opening);
    await painted(page);
    return page;
  }

  const screens: Readonly<Record<string, () => Promise<Page>>> = {
    'panel-dark': async () => typeset(await panel(wide)),
    'panel-light': async () => typeset(await panel({ ...wide, theme: 'light' })),
    'panel-high-contrast': async () => typeset(await panel({ ...wide, theme: 'high-contrast' })),
    narrow: () => panel({ width: 420, height: 760, position: picked }),
    steps: async () => {
      const page = await panel({ width: 760, height: 760, position: picked });
      await page.getByRole('tab', { name: 'Steps', exact: true }).click();
      return typeset(page);
    },
    compare: () => compare(stage, { subject: several, width: 1280, height: 800 }),
    explore: async () => {
      const page = await stage.open({ page: 'explore', width: 300, height: 700 });
      await page.locator('.parameter').first().waitFor();
      return page;
    },
    model: async () => {
      const page = await stage.open({ page: 'model', model, width: 900, height: 760 });
      await page.locator('.layer-box').first().waitFor();
      return page;
    },
  };

  for (const [name, open] of Object.entries(screens)) {
    it(`${name}: looks as it is kept`, async function () {
      const page = await open();
      // What a picture took is another number each time.
      for (const foot of await page.locator('.foot .number').all())
        await foot.evaluate((element: HTMLElement) => (element.style.visibility = 'hidden'));
      const picture = await stillPicture(page);
      await page.context().close();
      writeFileSync(join(drawn, `${name}.png`), picture);
      const path = join(kept, `${name}.png`);
      if (renewing) {
        writeFileSync(path, picture);
        return;
      }
      assert.ok(existsSync(path), `test/baselines/${name}.png is missing: npm run baselines makes it`);
      const then: unknown = JSON.parse(readFileSync(versions, 'utf8'));
      try {
        assert.deepEqual(drawing, then);
      } catch {
        console.log(
          `      not compared: the kept picture was drawn by ${JSON.stringify(then)}, this one by ${JSON.stringify(drawing)}`,
        );
        this.skip();
      }
      const [now, before] = [PNG.sync.read(picture), PNG.sync.read(readFileSync(path))];
      const { width, height } = before;
      assert.deepEqual([now.width, now.height], [width, height]);
      const difference = new PNG({ width, height });
      const different = pixelmatch(before.data, now.data, difference.data, width, height, { threshold });
      const allowed = Math.floor(share * width * height);
      if (different <= allowed) return;
      writeFileSync(join(drawn, `${name}-difference.png`), PNG.sync.write(difference));
      assert.fail(
        `${different} pixels differ, and ${allowed} may: see out/screenshots/baselines/${name}.png and ${name}-difference.png. ` +
          'Where the new look is meant, npm run baselines renews the kept pictures.',
      );
    });
  }
});
