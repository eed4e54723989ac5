import assert from 'node:assert/strict';
import { until } from '../../support/until.js';
import { openWorkbench } from '../../support/vscode/harness.js';
import type { Workbench } from '../../support/vscode/harness.js';
import { assertSealed, panel, patience, selectLine } from '../../support/vscode/panel.js';

describe('head types', () => {
  let workbench: Workbench;

  before(async () => {
    workbench = await openWorkbench();
    await workbench.openFile('story.md');
  });
  after(() => workbench.close());

  it('are found when they are asked for, label the heads, and are still there after a reload', async () => {
    await selectLine(workbench, 'too tired');
    await workbench.command('Attention: Inspect Selection');
    const frame = await panel(workbench);
    await workbench.command('Attention: Classify Heads');
    await until(
      'labelled heads',
      async () => (await frame.locator('.heads-cell[class*="head-type-"]').count()) === 72,
    );
    // A head that is of no type has no label.
    const labelled = await frame.locator('.heads-cell[data-head-type]').count();
    assert.ok(labelled > 0 && labelled < 72, `${labelled} labels`);
    // The panel is narrow here: the heads are behind their tab.
    await frame.getByRole('tab', { name: 'Heads', exact: true }).click();
    assert.equal(await frame.getByRole('checkbox', { name: 'Head types' }).isChecked(), true);
    await workbench.screenshot('vscode/head-types');
    await workbench.written(/too tired/);
    await workbench.reload();
    // The panel may come back to its heads, with the heatmap behind its tab.
    const again = await workbench.webview('.heads-cell[data-head-type]', patience);
    await until(
      'all labelled heads after a reload',
      async () => (await again.locator('.heads-cell[data-head-type]').count()) === labelled,
    );
    assertSealed(workbench);
  });
});
