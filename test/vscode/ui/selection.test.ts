import assert from 'node:assert/strict';
import { until } from '../../support/until.js';
import { openWorkbench } from '../../support/vscode/harness.js';
import type { Workbench } from '../../support/vscode/harness.js';
import {
  assertSealed,
  cellColors,
  clickLine,
  closeAllEditors,
  line,
  notification,
  panel,
  pointAt,
  selectLine,
  tabs,
} from '../../support/vscode/panel.js';

/** [CLS] the animal didn ' t cross the street because it was too tired . [SEP] */
const count = 16;

describe('a selection', () => {
  let workbench: Workbench;

  before(async () => {
    workbench = await openWorkbench();
    await workbench.openFile('story.md');
  });

  after(async () => {
    await workbench.close();
  });

  it('opens a panel beside the editor from the palette, with heads, heatmap and formulas', async () => {
    await selectLine(workbench, 'too tired');
    await workbench.command('Attention: Inspect Selection');
    const frame = await panel(workbench);
    assert.equal(await frame.locator('[role="gridcell"]').count(), 72);
    const columns = workbench.page.locator('.editor-group-container');
    assert.equal(await columns.count(), 2);
    assert.match((await tabs(workbench)).join(' | '), /story\.md \| The animal didn't cross/);
    const text = await frame.locator('body').innerText();
    assert.match(text, /all-MiniLM-L6-v2/);
    assert.match(text, /6 layers × 12 heads · 16 tokens/);

    const colors = await cellColors(workbench, frame, count, count);
    assert.ok(new Set(colors.flat().map(String)).size > 20, 'the heatmap is of one colour');
    assert.ok((await frame.locator('.step .katex').count()) >= 8, 'the formulas are not typeset');
    assertSealed(workbench);
  });

  it('keeps the focus in the editor, so that typing goes on', async () => {
    assert.equal(await workbench.page.locator('.monaco-editor.focused').count(), 1);
  });

  it('colours the text of the editor by the row that is hovered, and no longer', async () => {
    const frame = await panel(workbench);
    const painted = workbench.page.locator('.monaco-editor .cdr[class*="ced-"]');
    assert.equal(await painted.count(), 0);
    await pointAt(workbench, frame, count, 10, 2);
    await until('paint', async () => (await painted.count()) >= 4);
    await workbench.screenshot('vscode/hover');
    await line(workbench, 'too wide').hover();
    await until('the end of the paint', async () => (await painted.count()) === 0);
  });

  it('shows the arithmetic of a cell that is picked', async () => {
    const frame = await panel(workbench);
    await pointAt(workbench, frame, count, 10, 2);
    await workbench.page.mouse.down();
    await workbench.page.mouse.up();
    await frame.getByRole('tab', { name: 'Steps' }).click();
    const arithmetic = frame.locator('.arithmetic .katex');
    await until('the arithmetic', async () => (await arithmetic.count()) >= 3);
    await frame.getByRole('tab', { name: 'Heatmap' }).click();
  });

  it('follows the keys for the next and the previous head', async () => {
    const frame = await panel(workbench);
    await frame.locator('.stage').focus();
    const selected = frame.locator('.heads-cell[aria-selected="true"]');
    const before = await selected.getAttribute('aria-label');
    await workbench.page.keyboard.press('Alt+]');
    await until('the next head', async () => (await selected.getAttribute('aria-label')) !== before);
    await workbench.page.keyboard.press('Alt+[');
    await until('the head before', async () => (await selected.getAttribute('aria-label')) === before);
  });

  it('is inspected from the context menu of the editor, in the same panel', async () => {
    await selectLine(workbench, 'too wide');
    await workbench.menuItem(line(workbench, 'too wide'), 'Attention');
    await workbench.page.keyboard.press('ArrowRight');
    const entry = workbench.page
      .locator('.monaco-menu .action-item', { hasText: 'Inspect Selection' })
      .first();
    await entry.hover();
    await entry.and(workbench.page.locator('.focused')).waitFor();
    await workbench.page.keyboard.press('Enter');
    const frame = await panel(workbench);
    await until('the other sentence', async () => {
      const words = await frame.locator('.stage').getAttribute('aria-label');
      return words !== null && (await tabs(workbench)).length === 2;
    });
  });

  it('is the paragraph at the cursor where nothing is selected, from the keyboard', async () => {
    await clickLine(workbench, 'counted the stones');
    await workbench.page.keyboard.press('ControlOrMeta+Alt+a');
    await until('the paragraph', async () =>
      (await tabs(workbench)).some((title) => title.startsWith('When the sun')),
    );
    const frame = await panel(workbench);
    assert.match(await frame.locator('body').innerText(), /BERT · 6 layers × 12 heads · \d\d tokens/);
  });

  it('survives a reload of the window', async () => {
    await workbench.written(/When the sun/);
    await workbench.reload();
    const frame = await panel(workbench);
    assert.match(await frame.locator('body').innerText(), /all-MiniLM-L6-v2/);
    assert.deepEqual((await tabs(workbench)).length, 2);
  });

  it('of nothing is refused with a sentence, and opens nothing', async () => {
    await closeAllEditors(workbench);
    await workbench.openFile('story.md');
    await clickLine(workbench, '# It');
    await workbench.page.keyboard.press('ArrowDown');
    await workbench.command('Attention: Inspect Selection');
    await notification(workbench, /the cursor is on an empty line: select some words to inspect\./);
    assert.deepEqual(await tabs(workbench), ['story.md']);
  });

  it('of an untitled document is inspected too', async () => {
    await workbench.command('File: New Untitled Text File');
    await workbench.page.keyboard.type('Hello <b>world</b> & \\frac{1}{2}');
    await workbench.page.keyboard.press('ControlOrMeta+a');
    await workbench.command('Attention: Inspect Selection');
    const frame = await panel(workbench);
    // Text that looks like HTML or TeX is text.
    assert.equal(await frame.locator('b', { hasText: 'world' }).count(), 0);
    const words = await frame.locator('body').innerText();
    assert.match(words, /layers/);
    assertSealed(workbench);
  });
});
