import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/until.js';
import { openWorkbench } from '../../support/vscode/harness.js';
import type { Workbench } from '../../support/vscode/harness.js';
import { assertSealed, panel, pointAt, tabs } from '../../support/vscode/panel.js';

/** [CLS] the bank of the river [SEP] */
const count = 7;

describe('a selection in a notebook', () => {
  let workbench: Workbench;

  before(async () => {
    const cell = (source: string): object => ({
      cell_type: 'code',
      execution_count: null,
      metadata: {},
      outputs: [],
      source: [source],
    });
    const notebook = JSON.stringify({
      cells: [cell('print("first")'), cell('the bank of the river')],
      metadata: { language_info: { name: 'python' } },
      nbformat: 4,
      nbformat_minor: 5,
    });
    workbench = await openWorkbench({
      prepare: (folder) => {
        writeFileSync(join(folder, 'words.ipynb'), notebook);
      },
    });
    await workbench.openFile('words.ipynb');
    await workbench.page.locator('.notebook-editor .view-line').first().waitFor();
  });

  after(async () => {
    await workbench.close();
  });

  it('is inspected in a panel beside it', async () => {
    const line = workbench.page.locator('.notebook-editor .view-line').filter({ hasText: 'river' });
    await line.click({ clickCount: 3 });
    await workbench.command('Attention: Inspect Selection');
    const frame = await panel(workbench);
    assert.match(await frame.locator('body').innerText(), /7 tokens/);
    assert.match((await tabs(workbench)).join(' | '), /words\.ipynb \| the bank of the river/);
    assertSealed(workbench);
  });

  it('has its cell coloured by the row that is hovered', async () => {
    const frame = await panel(workbench);
    const painted = workbench.page.locator('.notebook-editor .cdr[class*="ced-"]');
    assert.equal(await painted.count(), 0);
    await pointAt(workbench, frame, count, 2, 5);
    await until('paint in the cell', async () => (await painted.count()) >= 2);
    await workbench.screenshot('vscode/notebook');
  });
});
