import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/until.js';
import { openWorkbench } from '../../support/vscode/harness.js';
import type { Workbench } from '../../support/vscode/harness.js';
import { assertSealed, closeAllEditors, panel, tabs } from '../../support/vscode/panel.js';

describe('The sample’s workspace', () => {
  let workbench: Workbench;

  before(async () => {
    workbench = await openWorkbench({
      prepare: (folder) => {
        writeFileSync(join(folder, '.attention-inspector-sample'), '');
      },
    });
  });

  after(async () => {
    await workbench.close();
  });

  it('opens with its README, a sentence selected, and where “it” looks', async () => {
    const frame = await panel(workbench);
    await until('the cell', async () =>
      /query it \(10\) → key animal \(2\)/.test(await frame.locator('body').innerText()),
    );
    const open = await tabs(workbench);
    assert.match(open.join(' | '), /Preview\]? README\.md \| story\.md \| The animal/);
    assert.ok((await workbench.page.locator('.monaco-editor .selected-text').count()) > 0);
    assertSealed(workbench);
    await workbench.screenshot('vscode/sample-first');
  });

  it('lists the inspection with what read it and when', async () => {
    await workbench.command('Attention: Focus Side Panel');
    const view = workbench.page.locator('.pane').filter({
      has: workbench.page.locator('.pane-header[aria-label^="Inspections"]'),
    });
    const row = view.locator('.monaco-list-row').first();
    await until('its row', async () => /The animal.*all-MiniLM-L6-v2 · \d/s.test(await row.innerText()));
  });

  it('does so once', async () => {
    await closeAllEditors(workbench);
    await workbench.reload();
    await workbench.openFile('story.md');
    await workbench.command('Attention: Focus Side Panel');
    await workbench.page.getByText('Inspections', { exact: true }).first().waitFor();
    assert.deepEqual(await tabs(workbench), ['story.md']);
  });

  it('offers its commands under one entry of the editor’s menu', async () => {
    await workbench.openFile('story.md');
    await workbench.menuItem(workbench.page.locator('.view-line').first(), 'Attention');
    await workbench.page.keyboard.press('ArrowRight');
    const menu = workbench.page.locator('.monaco-menu .action-item');
    await until('the commands', async () => {
      const shown = await menu.allInnerTexts();
      return ['Inspect Selection', 'Inspect Selection With…', 'Continue Selection'].every((each) =>
        shown.some((text) => text.startsWith(each)),
      );
    });
    await workbench.screenshot('vscode/editor-menu');
    await workbench.page.keyboard.press('Escape');
    await workbench.page.keyboard.press('Escape');
  });
});
