import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/until.js';
import { openWorkbench } from '../../support/vscode/harness.js';
import type { Workbench } from '../../support/vscode/harness.js';
import {
  assertSealed,
  cellColors,
  chooseFrom,
  closeAllEditors,
  notification,
  panel,
  picks,
  tabs,
} from '../../support/vscode/panel.js';

const inspectFile = 'Attention: Inspect File';

describe('matrix files', () => {
  let workbench: Workbench;

  before(async () => {
    workbench = await openWorkbench();
    await workbench.explorerRow('qkv.npz').waitFor();
  });

  afterEach(async () => {
    await workbench.page.keyboard.press('Escape');
    await closeAllEditors(workbench);
  });

  after(async () => {
    await workbench.close();
  });

  async function inspect(...names: readonly string[]): Promise<void> {
    if (names.length > 1) {
      for (const [at, name] of names.entries()) {
        await workbench.explorerRow(name).click(at === 0 ? {} : { modifiers: ['ControlOrMeta'] });
      }
    }
    await chooseFrom(workbench, workbench.explorerRow(names.at(-1) ?? ''), inspectFile);
  }

  async function openWithInspector(name: string): Promise<void> {
    await chooseFrom(workbench, workbench.explorerRow(name), 'Open With...');
    await picks(workbench).filter({ hasText: 'Attention Inspector' }).click();
  }

  it('open from the explorer’s context menu', async () => {
    await inspect('qkv.npz');
    const frame = await panel(workbench);
    const text = await frame.locator('body').innerText();
    assert.match(text, /qkv\.npz/);
    assert.match(text, /11 queries × 11 keys/);
    const colors = await cellColors(workbench, frame, 11, 11);
    assert.ok(new Set(colors.flat().map(String)).size > 15, 'the heatmap is of one colour');
    assertSealed(workbench);
  });

  it('make one inspection when several are selected', async () => {
    await inspect('K.npy', 'Q.npy', 'V.npy');
    const frame = await panel(workbench);
    assert.match(await frame.locator('body').innerText(), /Scaled dot-product attention/);
    assert.ok((await tabs(workbench)).some((title) => /npy.*npy.*npy/.test(title)));
  });

  for (const [name, what] of [
    ['projections.safetensors', /Multi-head attention/],
    ['weights.csv', /weights\.csv/],
    ['qkv.json', /11 queries × 11 keys/],
  ] as const) {
    it(`of the kind of ${name} open too`, async () => {
      await inspect(name);
      const frame = await panel(workbench);
      assert.match(await frame.locator('body').innerText(), what);
    });
  }

  it('open in the custom editor', async () => {
    await openWithInspector('qkv.npz');
    const frame = await panel(workbench);
    assert.match(await frame.locator('body').innerText(), /11 queries × 11 keys/);
    assert.deepEqual(await tabs(workbench), ['qkv.npz']);
    assertSealed(workbench);
  });

  it('that cannot be told apart are asked about in one quick pick', async () => {
    await inspect('mystery.npy');
    const rows = picks(workbench);
    await rows.first().waitFor();
    const widget = workbench.page.locator('.quick-input-widget');
    assert.match(await widget.innerText(), /mystery/);
    assert.match(
      (await widget.locator('input.input').getAttribute('placeholder')) ?? '',
      /mystery \(11, 11\)/,
    );
    await workbench.screenshot('vscode/quick-pick');
    await workbench.page.keyboard.press('Escape');
    await rows.first().waitFor({ state: 'hidden' });

    // What the extension did about the first question, it did before it asks again.
    await inspect('mystery.npy');
    await rows.first().waitFor();
    assert.deepEqual(await tabs(workbench), [], 'a cancelled question opened a panel');
    await rows.filter({ hasText: /^scores/ }).click();
    const frame = await panel(workbench);
    assert.match(await frame.locator('body').innerText(), /11 queries × 11 keys/);
  });

  it('that are damaged are refused with a sentence, and no panel opens', async () => {
    writeFileSync(join(workbench.folder, 'damaged.npy'), 'This is no array.');
    await workbench.explorerRow('damaged.npy').waitFor();
    await inspect('damaged.npy');
    const sentence = await notification(workbench, /damaged\.npy/);
    assert.match(sentence, /\.$/);
    assert.equal(workbench.frames().length, 0, 'there is a panel');
  });

  it('that are damaged say so in the custom editor, which offers to try again', async () => {
    writeFileSync(join(workbench.folder, 'broken.npz'), 'This is no archive.');
    await workbench.explorerRow('broken.npz').waitFor();
    await openWithInspector('broken.npz');
    const frame = await workbench.webview('body');
    await until('the sentence', async () => (await frame.locator('body').innerText()).includes('broken.npz'));
    await workbench.screenshot('vscode/damaged');
  });

  it('are copied as NumPy from the palette', async () => {
    await inspect('qkv.npz');
    await panel(workbench);
    await workbench.command('Attention: Copy as NumPy');
    await until('the code on the clipboard', async () =>
      (await workbench.page.evaluate(() => navigator.clipboard.readText())).includes('import numpy as np'),
    );
  });
});
