import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { until } from '../../support/until.js';
import { openWorkbench } from '../../support/vscode/harness.js';
import type { Workbench } from '../../support/vscode/harness.js';
import { assertSealed, notification, panel, picks, selectLine } from '../../support/vscode/panel.js';

/** Tiny checkpoints with random weights, made by the transformers library. */
const fixtures = join(process.cwd(), 'test', 'fixtures', 'models');

describe('the list of models', () => {
  let workbench: Workbench;
  let elsewhere: string;

  before(async () => {
    elsewhere = mkdtempSync(join(tmpdir(), 'attention-models-'));
    cpSync(join(fixtures, 'distilbert'), join(elsewhere, 'tiny-distilbert'), { recursive: true });
    // A list draws only the rows that are on screen.
    workbench = await openWorkbench({ size: { width: 1440, height: 1300 } });
    cpSync(join(fixtures, 'bert'), join(workbench.folder, 'tiny-bert'), { recursive: true });
    await workbench.openFile('story.md');
    await workbench.command('Attention: Focus Side Panel');
    await until('the embedded model', async () => (await row('all-MiniLM-L6-v2').count()) === 1);
  });

  after(async () => {
    await workbench.close();
    rmSync(elsewhere, { recursive: true });
  });

  const view = (): Locator =>
    workbench.page
      .locator('.pane')
      .filter({ has: workbench.page.locator('.pane-header[aria-label^="Models"]') });
  const row = (name: string): Locator => view().locator('.monaco-list-row').filter({ hasText: name });
  const isInUse = (name: string) => async (): Promise<boolean> => /in use/.test(await row(name).innerText());

  /** A button that a row shows while the mouse is over it. */
  async function press(name: string, label: string): Promise<void> {
    await row(name).hover();
    await row(name).locator(`.action-label[aria-label^="${label}"]`).click();
  }

  /** Inspects a sentence, and waits until the panel shows what this model makes of it. */
  async function isReadBy(name: string): Promise<void> {
    await selectLine(workbench, 'too tired');
    await workbench.command('Attention: Inspect Selection');
    const frame = await panel(workbench);
    await until(`the reading by ${name}`, async () =>
      (await frame.locator('body').innerText()).includes(name),
    );
  }

  it('finds a checkpoint of the workspace when it is asked to look again', async () => {
    await view().locator('.pane-header').hover();
    await view().locator('.pane-header .action-label[aria-label^="Refresh Models"]').click();
    await until('the checkpoint', async () => (await row('tiny-bert').count()) === 1);
    assert.match(await row('tiny-bert').innerText(), /BERT · \d+ layers × \d+ heads/);
  });

  it('lets another model be used, also while the list is made anew, which the next selection is read by', async () => {
    await row('tiny-bert').hover();
    await view().locator('.pane-header .action-label[aria-label^="Refresh Models"]').click();
    await press('tiny-bert', 'Use Model');
    await until('its use', isInUse('tiny-bert'));
    assert.equal(await isInUse('all-MiniLM-L6-v2')(), false);
    await isReadBy('tiny-bert');
    await workbench.screenshot('vscode/models-use');
    assertSealed(workbench);
  });

  it('says of an encoder–decoder model what both halves have', async () => {
    cpSync(join(fixtures, 'bart'), join(workbench.folder, 'tiny-bart'), { recursive: true });
    await view().locator('.pane-header').hover();
    await view().locator('.pane-header .action-label[aria-label^="Refresh Models"]').click();
    await until('the checkpoint', async () => (await row('tiny-bart').count()) === 1);
    assert.match(await row('tiny-bart').innerText(), /BART · 2 \+ 3 layers × 3 \+ 2 heads/);
  });

  it('takes a folder from anywhere, and offers to use it', async () => {
    await view().locator('.pane-header').hover();
    await view().locator('.pane-header .action-label[aria-label^="Add Model"]').click();
    await picks(workbench).filter({ hasText: 'Folder…' }).first().click();
    const path = workbench.page.locator('.quick-input-widget input.input');
    await path.waitFor();
    // The dialog writes into its field, and heeds no key, while it reads a folder.
    await until('the choice', async () => {
      if (await path.isHidden()) return true;
      const folder = join(elsewhere, 'tiny-distilbert');
      await path.fill(folder);
      await picks(workbench).filter({ hasText: 'tiny-distilbert' }).waitFor({ timeout: 5000 });
      if ((await path.inputValue()) !== folder) return false;
      await path.press('Enter');
      await path.waitFor({ state: 'hidden', timeout: 5000 });
      return true;
    });
    await until('the model that was added', async () => (await row('tiny-distilbert').count()) === 1);
    await workbench.screenshot('vscode/models-add');
    assert.match(
      await notification(workbench, /tiny-distilbert was added/),
      /DistilBERT · \d+ layers × \d+ heads/,
    );
  });

  it('takes a model that was added off the list again; one in use gives way to the embedded one', async () => {
    await press('tiny-distilbert', 'Use Model');
    await until('its use', isInUse('tiny-distilbert'));
    await press('tiny-distilbert', 'Remove Model');
    await until('its end', async () => (await row('tiny-distilbert').count()) === 0);
    await until('the embedded one', isInUse('all-MiniLM-L6-v2'));
    await isReadBy('all-MiniLM-L6-v2');
  });

  it('can be picked from by the palette', async () => {
    await workbench.command('Attention: Use Model');
    await picks(workbench).filter({ hasText: 'tiny-bert' }).first().click();
    await until('its use', isInUse('tiny-bert'));
  });

  it('finds an ONNX export with a tokenizer beside it, and inspects text by it', async () => {
    cpSync(join(fixtures, 'onnx', 'llama'), join(workbench.folder, 'tiny-llama'), { recursive: true });
    await view().locator('.pane-header').hover();
    await view().locator('.pane-header .action-label[aria-label^="Refresh Models"]').click();
    await until('the export', async () => (await row('onnx/dynamo-sdpa-23.onnx').count()) === 1);
    assert.match(await row('onnx/dynamo-sdpa-23.onnx').innerText(), /Llama \(ONNX\) · 2 layers × 4 heads/);
    await workbench.command('Attention: Use Model');
    await picks(workbench).filter({ hasText: 'onnx/dynamo-sdpa-23.onnx' }).first().click();
    await until('its use', isInUse('onnx/dynamo-sdpa-23.onnx'));
    await isReadBy('onnx/dynamo-sdpa-23.onnx');
    const frame = await panel(workbench);
    await frame.getByText('Attention was found in 2 places of the graph (Attention)').first().waitFor();
    await workbench.screenshot('vscode/models-onnx');
    assertSealed(workbench);
  });
});
