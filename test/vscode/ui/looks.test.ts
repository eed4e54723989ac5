import assert from 'node:assert/strict';
import { until } from '../../support/until.js';
import { openWorkbench } from '../../support/vscode/harness.js';
import type { Workbench } from '../../support/vscode/harness.js';
import { assertSealed, chooseFrom, panel, pointAt, selectLine } from '../../support/vscode/panel.js';

const count = 16;

// Pictures for people to look at; what can be told without eyes is asserted.
for (const theme of ['dark', 'light', 'high-contrast', 'high-contrast-light'] as const) {
  describe(`in the ${theme} theme`, () => {
    let workbench: Workbench;

    before(async () => {
      workbench = await openWorkbench({ theme, size: { width: 1600, height: 900 } });
      await workbench.openFile('story.md');
    });

    after(async () => {
      await workbench.close();
    });

    it('a selection is shown beside its text, with the side panel', async () => {
      await workbench.command('Attention: Focus Side Panel');
      await workbench.webview('.explore-empty:not([hidden])');
      await selectLine(workbench, 'too tired');
      await workbench.command('Attention: Inspect Selection');
      const frame = await panel(workbench);
      await pointAt(workbench, frame, count, 10, 5);
      await workbench.page.mouse.down();
      await workbench.page.mouse.up();
      const painted = workbench.page.locator('.monaco-editor .cdr[class*="ced-"]');
      await until('paint', async () => (await painted.count()) >= 4);
      await workbench.still();
      await workbench.screenshot(`vscode/selection-${theme}`);
      const background = await frame.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const expected = {
        dark: /^rgb\(3\d, 3\d, 3\d\)$/,
        light: /^rgb\(25\d, 25\d, 25\d\)$/,
        'high-contrast': /^rgb\(0, 0, 0\)$/,
        'high-contrast-light': /^rgb\(255, 255, 255\)$/,
      };
      assert.match(background, expected[theme]);
      assertSealed(workbench);
    });

    it('a file fills the group', async () => {
      await workbench.command('View: Close All Editors');
      await workbench.command('View: Show Explorer');
      await chooseFrom(workbench, workbench.explorerRow('qkv.npz'), 'Attention: Inspect File');
      await panel(workbench);
      await workbench.still();
      await workbench.screenshot(`vscode/file-${theme}`);
      assertSealed(workbench);
    });
  });
}
