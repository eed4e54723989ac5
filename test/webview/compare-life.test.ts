import assert from 'node:assert/strict';
import { Attention } from '../support/page/attention.js';
import { faults } from '../support/page/checks.js';
import {
  asked,
  at,
  box,
  cells,
  column,
  compare,
  settled,
  several,
  weights,
  written,
} from '../support/page/compare.js';
import { eventually, keep, painted, resting, Stage, story } from '../support/page/open.js';
import { middle } from '../support/page/pixels.js';

const scaled = new Attention(story);
const unscaled = new Attention({ ...story, scaling: 'none' });

describe('side by side, through changes and failures', function () {
  this.timeout(90_000);
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage.stop());

  it('says in its column why a variant could not be run, and leaves the others be', async () => {
    const page = await compare(stage);
    await column(page, 1).getByRole('button', { name: 'Change…' }).click();
    await column(page, 1).getByRole('menuitem', { name: 'Mask' }).click();
    await column(page, 1).getByRole('combobox', { name: 'Mask' }).click();
    await page.getByRole('option', { name: 'Sliding window' }).click();
    const alert = column(page, 1).getByRole('alert');
    await alert.waitFor();
    assert.equal(await alert.innerText(), 'A sliding window needs at least 4 keys on either side.');
    assert.equal(await cells(page, 0, 'weights').isVisible(), true);
    assert.equal(await cells(page, 1, 'weights').isVisible(), false);
    await keep(page, 'compare-failed');
    assert.deepEqual(await faults(page), []);
    // It can be mended where it failed.
    await column(page, 1).getByRole('button', { name: 'Reset Mask' }).click();
    await settled(page);
    assert.equal(await cells(page, 1, 'weights').isVisible(), true);
    assert.deepEqual((await asked(page)).at(-1), { inspection: 'one', variants: [{ scaling: 'none' }] });
  });

  it('says of the whole comparison that it could not be had', async () => {
    const page = await stage.open({ failing: { compare: 'The engine stopped. It has been started again.' } });
    await painted(page);
    await page.keyboard.press('c');
    const alert = column(page, 1).getByRole('alert');
    await alert.waitFor();
    assert.equal(await alert.innerText(), 'The engine stopped. It has been started again.');
    assert.equal(await cells(page, 0, 'weights').isVisible(), true);
  });

  it('follows another head and another parameter of what is inspected', async () => {
    const page = await compare(stage);
    await page.locator('.heads-cell[aria-label="Layer 0, head 1"]').click();
    await settled(page);
    const [first, second] = [weights(scaled, 0, 1), weights(unscaled, 0, 1)];
    const most = Math.max(...first.flat(), ...second.flat());
    const legend = await page.locator('.row-weights .legend').first().innerText();
    assert.ok(legend.replaceAll(/\s+/g, ' ').endsWith(`0 ${most.toFixed(2)}`), legend);
    const before = (await asked(page)).length;
    const temperature = page.locator('.pane-left').getByLabel('Temperature, exactly');
    await temperature.fill('4');
    await temperature.press('Enter');
    await page.waitForFunction(
      (count) => window.fakeHost.requests.filter(({ name }) => name === 'compare').length > count,
      before,
    );
    await settled(page);
    const hot = new Attention({ ...story, temperature: 4 });
    const { x, y } = middle(await box(cells(page, 0, 'weights')), 15, 15, 3, 3);
    await page.mouse.move(x, y);
    const weight = hot.row('weights', 0, 1, 3)[3] ?? NaN;
    await eventually(
      () => page.locator('.compare-readout').first().locator('b.number').innerText(),
      written(weight),
    );
  });

  it('drops what comes back for earlier columns', async () => {
    const page = await compare(stage, { subject: several });
    await page.evaluate(() => {
      window.fakeHost.delay = 250;
    });
    const temperature = page.locator('.pane-left').getByLabel('Temperature, exactly');
    for (const value of ['2', '3']) {
      const before = (await asked(page)).length;
      await temperature.fill(value);
      await temperature.press('Enter');
      // The comparison is asked for anew, and on its way when the next change comes.
      await page.waitForFunction(
        (count) => window.fakeHost.requests.filter(({ name }) => name === 'compare').length > count,
        before,
      );
    }
    await page.locator('.heads-cell[aria-label="Layer 0, head 0"]').click();
    await resting(page);
    await settled(page);
    const additive = new Attention({ ...story, mechanism: 'additive', temperature: 3 });
    const { x, y } = middle(await box(cells(page, 1, 'weights')), 15, 15, 6, 1);
    await page.mouse.move(x, y);
    await eventually(
      () => page.locator('.compare-readout').nth(1).locator('b.number').innerText(),
      written(additive.row('weights', 0, 0, 6)[1] ?? NaN),
    );
    assert.equal(await page.locator('.problem:visible').count(), 0);
  });

  it('lets go of its textures and graphics contexts when it is left', async () => {
    const page = await compare(stage);
    const left = await page.evaluate(async () => {
      const canvases = [...document.querySelectorAll<HTMLCanvasElement>('.compare canvas.cells')];
      document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
      await window.activity.rest();
      return {
        canvases: canvases.length,
        alive: canvases.filter((canvas) => canvas.getContext('webgl2')?.isContextLost() === false).length,
        inPage: document.querySelectorAll('.compare canvas').length,
        heatmap: document
          .querySelector<HTMLCanvasElement>('.pane-centre canvas.cells')
          ?.getContext('webgl2')
          ?.isContextLost(),
      };
    });
    assert.deepEqual(left, { canvases: 3, alive: 0, inPage: 0, heatmap: false });
    await page.keyboard.press('c');
    await settled(page);
    await page.keyboard.press('c');
    assert.equal(await page.locator('.compare-column').count(), 0);
  });

  it('is there again where it was left, with its columns', async () => {
    const page = await compare(stage, { subject: several });
    await page.getByRole('button', { name: 'Add column' }).click();
    await settled(page);
    await page.waitForFunction(() => JSON.stringify(window.fakeHost.state ?? '').includes('scaling'));
    const persisted = await page.evaluate(() => window.fakeHost.state);
    assert.ok(JSON.stringify(persisted).length < 1000, 'no results are kept');
    const again = await stage.open({
      subject: several,
      position: { ...at, step: 'weights' },
      persisted,
      id: 'another',
    });
    await settled(again);
    assert.deepEqual(await asked(again), [
      { inspection: 'another', variants: [{ mechanism: 'additive' }, { scaling: 'none' }] },
    ]);
    // Something else is inspected: it is looked at alone.
    const other = await stage.open({ persisted, subject: { ...several, title: 'Another' } });
    await painted(other);
    assert.equal(await other.locator('.compare-column').count(), 0);
  });
});
