import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Engine } from '../../src/inspection/core/engine.js';
import { cutOff, faults } from '../support/page/checks.js';
import type { ModelAnswers } from '../support/page/fake-host.js';
import { answersOf } from '../support/page/model-answers.js';
import { eventually, keep, resting, Stage } from '../support/page/open.js';
import type { ThemeName } from '../support/page/themes.js';
import { platform } from '../support/platform.js';

const fixtures = join(process.cwd(), 'test', 'fixtures', 'models');

describe('the page of a model', function () {
  this.timeout(60_000);
  let stage: Stage;
  let engine: Engine;
  let bert: ModelAnswers;
  let t5: ModelAnswers;

  before(async () => {
    stage = await Stage.start();
    engine = new Engine(platform, join(process.cwd(), 'media'));
    bert = await answersOf(engine, { kind: 'embedded' });
    t5 = await answersOf(engine, { kind: 'folder', path: join(fixtures, 't5') });
  });
  after(async () => {
    await stage.stop();
    await engine.dispose();
  });

  it('tells what a model is, and what its parameters are for', async () => {
    const page = await stage.open({ page: 'model', model: bert, width: 1100 });
    await page.getByRole('heading', { name: 'all-MiniLM-L6-v2' }).waitFor();
    const facts = page.locator('.model-facts').first();
    assert.match(await facts.innerText(), /Hidden size \(d_model\)\s+384/);
    const rows = await page.locator('.model-parts tbody tr').allInnerTexts();
    assert.deepEqual(rows.at(0)?.split(/\s+/), ['Embeddings', '11,917,824', '52.8', '%']);
    assert.deepEqual(rows.at(-1)?.split(/\s+/), ['All', 'tensors', '22,565,376', '100.0', '%']);
    assert.deepEqual(await cutOff(page), []);
  });

  it('says why a model cannot be shown, and asks again', async () => {
    const sentence = 'tiny-bert lacks the tensor "encoder.layer.2.attention.self.query.weight".';
    const page = await stage.open({
      page: 'model',
      model: bert,
      width: 420,
      failing: { describe: sentence },
    });
    await page.getByRole('alert').filter({ hasText: sentence }).waitFor();
    const box = await page.getByRole('alert').boundingBox();
    assert.ok(box !== null && box.x >= 16, 'the sentence stands at the edge');
    assert.deepEqual(await cutOff(page), []);
    await keep(page, 'model-problem');
    await page.evaluate(() => {
      window.fakeHost.failing = {};
    });
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.getByRole('heading', { name: 'all-MiniLM-L6-v2' }).waitFor();
    assert.equal(await page.getByRole('alert').isVisible(), false);
  });

  it('draws a layer, and says of a box that is picked what it computes', async () => {
    const page = await stage.open({ page: 'model', model: bert, width: 1100, height: 1700 });
    const boxes = page.locator('.layer-box');
    await boxes.first().waitFor();
    assert.equal(await boxes.count(), bert.layers[0]?.[0]?.boxes.length);
    const rectangles = await boxes.evaluateAll((all) =>
      all.map((each) => {
        const { left, top, right, bottom } = each.getBoundingClientRect();
        return { left, top, right, bottom };
      }),
    );
    rectangles.forEach((a, at) => {
      for (const b of rectangles.slice(at + 1)) {
        const apart = a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
        assert.ok(apart, 'two boxes lie on each other');
      }
    });
    await page.getByRole('button', { name: 'Weights (12, n, n)' }).click();
    const side = page.locator('.layer-side');
    await side.locator('.katex').first().waitFor();
    const note = side.locator('p').filter({ hasText: 'projects each token to what it looks for' });
    await page.getByRole('button', { name: 'Queries (12, n, 32)' }).click();
    // The symbol stands in the sentence as it stands in the formula.
    assert.equal(await note.locator('.katex msup').textContent(), 'WQ');
    await page.getByRole('button', { name: 'Weights (12, n, n)' }).click();
    assert.match(await side.innerText(), /Softmax turns each row into shares/);
    await page.getByRole('button', { name: 'Linear (n, 1536)' }).press('Enter');
    assert.match(await side.innerText(), /A weight matrix \(384, 1536\), and a bias \(1536\)/);
    await page.getByRole('button', { name: 'Layer after' }).click();
    await eventually(
      () => page.evaluate(() => window.fakeHost.requests.findLast(({ name }) => name === 'layer')?.body),
      { stack: 0, layer: 1 },
    );
  });

  it('draws a layer as narrow as the page is, and keeps the box that was picked', async () => {
    const page = await stage.open({ page: 'model', model: bert, width: 1100, height: 1700 });
    const [frame, scroller] = [page.locator('.layer-frame'), page.locator('.layer-scroller')];
    const picked = page.getByRole('button', { name: 'Weights (12, n, n)' });
    await picked.click();
    const wide = (await frame.boundingBox())?.width ?? 0;
    await page.setViewportSize({ width: 480, height: 1700 });
    await eventually(
      () => scroller.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth),
      true,
    );
    assert.ok(((await frame.boundingBox())?.width ?? wide) < wide);
    assert.equal(await picked.getAttribute('aria-pressed'), 'true');
    assert.deepEqual(await cutOff(page), []);
    await keep(page, 'model-480');
  });

  it('shows the encoder and the decoder of a model that has both', async () => {
    const page = await stage.open({ page: 'model', model: t5, width: 1100, height: 2300 });
    await page.getByRole('combobox', { name: 'Stack' }).click();
    await page.getByRole('option', { name: 'Decoder' }).click();
    await page.getByRole('button', { name: 'Encoder output (m, 12)' }).waitFor();
    await keep(page, 'model-decoder');
    assert.match(await page.locator('.layer-legend').innerText(), /Attention to the source/);
  });

  it('shows what its heads do, or offers to find out', async () => {
    const found = await engine.headTypes({ model: { kind: 'gpt' } });
    const gpt = await answersOf(engine, { kind: 'gpt' });
    const page = await stage.open({
      page: 'model',
      model: gpt,
      headTypes: { kind: 'unknown' },
      width: 1000,
      height: 1100,
    });
    await page.getByRole('button', { name: 'Classify Heads' }).click();
    await page.waitForFunction(() => window.fakeHost.requests.some(({ name }) => name === 'classifyHeads'));
    await page.evaluate((types) => {
      window.fakeHost.panel.notify('headTypes', { kind: 'known', types });
    }, found);
    const table = page.getByRole('table', { name: 'Head types: Heads' });
    await table.waitFor();
    // The README’s table has these two scores of the same heads, on other texts.
    const cell = (layer: number, head: number): Promise<string> =>
      table
        .locator('tr')
        .nth(layer)
        .locator('td')
        .nth(head - 1)
        .innerText();
    assert.match(await cell(2, 7), /Previous token, 0\.\d\d/);
    assert.match(await cell(4, 3), /Induction, 0\.\d\d/);
    await keep(page, 'model-head-types');
    assert.deepEqual(await faults(page), []);
    const failing = { classifyHeads: 'The model is gone.' };
    const other = await stage.open({ page: 'model', model: gpt, headTypes: { kind: 'unknown' }, failing });
    await other.getByRole('button', { name: 'Classify Heads' }).click();
    await other.getByText('The model is gone.').waitFor();
    await other.getByRole('button', { name: 'Classify Heads' }).waitFor();
  });

  it('lets the model be used, and says when it is', async () => {
    const page = await stage.open({ page: 'model', model: bert });
    await page.getByRole('button', { name: 'Use for Selections' }).click();
    await page.getByText('Selected text is read by it.').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Use for Selections' }).isVisible(), false);
  });

  it('says in a sentence why a model or a layer cannot be shown', async () => {
    const failing = { describe: 'bert lacks the tensor "x".' };
    const page = await stage.open({ page: 'model', model: bert, failing });
    await page.getByRole('alert').getByText('bert lacks the tensor "x".').waitFor();
    const other = await stage.open({ page: 'model', model: bert, failing: { layer: 'No such layer.' } });
    await other.getByText('No such layer.').waitFor();
  });

  for (const theme of ['dark', 'light', 'high-contrast'] satisfies ThemeName[]) {
    for (const width of [380, 1000]) {
      it(`has no accessibility faults in the ${theme} theme at ${width} px, and keeps to the strict policy`, async () => {
        const page = await stage.open({
          page: 'model',
          model: bert,
          theme,
          width,
          height: width === 380 ? 2400 : 1700,
        });
        await page.locator('.layer-side .katex').first().waitFor();
        await resting(page);
        await keep(page, `model-${theme}-${width}`);
        assert.deepEqual(await faults(page), []);
        assert.deepEqual(await page.evaluate(() => window.fakeHost.violations), []);
        const [scroll, client] = await page.evaluate(() => [
          document.documentElement.scrollWidth,
          document.documentElement.clientWidth,
        ]);
        assert.equal(scroll, client);
      });
    }
  }
});
