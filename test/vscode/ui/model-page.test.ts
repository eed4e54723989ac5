import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import { until } from '../../support/until.js';
import { openWorkbench } from '../../support/vscode/harness.js';
import type { Workbench } from '../../support/vscode/harness.js';
import { assertSealed, notification, panel, picks, selectLine } from '../../support/vscode/panel.js';

describe('the page of a model in VS Code', () => {
  let workbench: Workbench;

  before(async () => {
    workbench = await openWorkbench();
    await workbench.openFile('story.md');
    await workbench.command('Attention: Focus Side Panel');
    await until('the models', async () => (await row('gpt-packages').count()) === 1);
  });
  after(() => workbench.close());

  const row = (name: string): Locator =>
    workbench.page
      .locator('.pane')
      .filter({ has: workbench.page.locator('.pane-header[aria-label^="Models"]') })
      .locator('.monaco-list-row')
      .filter({ hasText: name });
  const tab = (name: string): Locator => workbench.page.locator('.tab').filter({ hasText: name });

  it('opens from the list of models, once', async () => {
    for (let turn = 0; turn < 2; turn++) {
      await row('gpt-packages').hover();
      await row('gpt-packages').locator('.action-label[aria-label^="Show Model"]').click();
      await until('the page', () => tab('gpt-packages').first().isVisible());
    }
    const frame = await workbench.webview('.model-head');
    assert.equal(await frame.locator('.model-title').innerText(), 'gpt-packages');
    assert.match(await frame.locator('.model-parts').innerText(), /5,063,424/);
    await frame.getByRole('button', { name: 'Masked (8, n, n)' }).click();
    await frame.getByText('never ahead').waitFor();
    await workbench.screenshot('vscode/model-page');
    assert.equal(await tab('gpt-packages').count(), 1);
    assertSealed(workbench);
  });

  it('lets its model be used, and hears of another', async () => {
    const frame = await workbench.webview('.model-head');
    await frame.getByRole('button', { name: 'Use for Selections' }).click();
    await frame.getByText('Selected text is read by it.').waitFor();
    await until('its use', async () => /in use/.test(await row('gpt-packages').innerText()));
    await workbench.command('Attention: Use Model');
    await picks(workbench).filter({ hasText: 'all-MiniLM-L6-v2' }).first().click();
    await frame.getByRole('button', { name: 'Use for Selections' }).waitFor();
  });

  it('opens from an inspection, for the model that ran there', async () => {
    await workbench.command('View: Close All Editors');
    await workbench.openFile('story.md');
    await selectLine(workbench, 'too tired');
    await workbench.command('Attention: Inspect Selection');
    await panel(workbench);
    await workbench.command('Attention: Show the Model of This Inspection');
    const frame = await workbench.webview('.model-head');
    await frame.getByRole('heading', { name: 'all-MiniLM-L6-v2' }).waitFor();
  });

  it('says why a date model has none', async () => {
    await workbench.command('Attention: Show Model…');
    await picks(workbench).filter({ hasText: 'dates-luong' }).first().click();
    await notification(workbench, /A date model has no page/);
  });
});
