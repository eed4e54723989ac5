import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/until.js';
import { openWorkbench } from '../../support/vscode/harness.js';
import type { Workbench } from '../../support/vscode/harness.js';
import {
  assertSealed,
  chooseFrom,
  closeAllEditors,
  line,
  panel,
  picks,
  selectLine,
  tabs,
} from '../../support/vscode/panel.js';

const fixtures = join(process.cwd(), 'test', 'fixtures', 'inspection');

describe('mechanisms', () => {
  let workbench: Workbench;

  before(async () => {
    workbench = await openWorkbench({
      prepare: (folder) => {
        cpSync(join(fixtures, 'bahdanau.npz'), join(folder, 'bahdanau.npz'));
        writeFileSync(join(folder, 'letter.txt'), 'Tuesday the 9th of March, 2021\n');
      },
    });
    await workbench.openFile('story.md');
  });

  after(async () => {
    await workbench.close();
  });

  const bodyOf = async (): Promise<string> => (await panel(workbench)).locator('body').innerText();

  it('let the words of a second selection attend to those of the first', async () => {
    await selectLine(workbench, 'too tired');
    await line(workbench, 'too wide').click({ clickCount: 2, modifiers: ['Alt'] });
    await workbench.command('Attention: Inspect Selection With…');
    await picks(workbench).filter({ hasText: 'Luong (multiplicative)' }).waitFor();
    await workbench.page.keyboard.type('Luong (multiplicative)');
    await until('the one that is meant', async () => (await picks(workbench).count()) === 1);
    await workbench.page.keyboard.press('Enter');
    await until('the reading', async () => (await bodyOf()).includes('Queries are the second selection’s'));
    assert.match(await bodyOf(), /1 queries × 14 keys/);
    await workbench.screenshot('vscode/two-selections');
    assertSealed(workbench);
  });

  it('read a selection without a model, and the panel says what their numbers are', async () => {
    await selectLine(workbench, 'too tired');
    await workbench.command('Attention: Inspect Selection With…');
    await picks(workbench).filter({ hasText: 'Bahdanau (additive)' }).waitFor();
    await workbench.page.keyboard.type('Bahdanau (additive)');
    await until('the one that is meant', async () => (await picks(workbench).count()) === 1);
    await workbench.page.keyboard.press('Enter');
    await until('the reading', async () =>
      (await bodyOf()).includes('Bahdanau (additive) attention · 1 layer × 1 head'),
    );
    const text = await bodyOf();
    assert.match(text, /No model has run/);
    assert.match(text, /W_a, U_a, v_a are the identity \(vectors: ones\), not trained/);
    await workbench.screenshot('vscode/mechanism-bahdanau');
    assertSealed(workbench);
  });

  it('are those of the embedded GPT, which goes on with a selection where the model in use only reads', async () => {
    await selectLine(workbench, 'too large');
    await workbench.command('Attention: Continue Selection');
    await until('the continuation', async () => {
      const text = await bodyOf();
      return text.includes('gpt-packages') && text.includes('Continuation: “');
    });
    await workbench.screenshot('vscode/continued');
    const frame = await panel(workbench);
    await frame.getByRole('tab', { name: 'Steps' }).click();
    await until('what it expects', async () => (await frame.locator('.next .ranked-item').count()) >= 8);
    assert.match(await frame.locator('body').innerText(), /GPT-2 · 5 layers × 8 heads · \d+ tokens/);
    await workbench.screenshot('vscode/continued-next');
    await frame.getByRole('tab', { name: 'Heatmap' }).click();
    assertSealed(workbench);
  });

  it('are compared side by side on the same words', async () => {
    const frame = await panel(workbench);
    await frame.getByRole('button', { name: 'Compare' }).first().click();
    await until('two heatmaps', async () => (await frame.locator('.compare canvas').count()) >= 2);
    await workbench.screenshot('vscode/compare');
    assertSealed(workbench);
    await frame.getByRole('button', { name: 'Compare' }).first().click();
  });

  it('plot why scores are scaled, of the model that reads the selection', async () => {
    await selectLine(workbench, 'too tired');
    await workbench.command('Attention: Inspect Selection');
    await until('the model', async () => (await bodyOf()).includes('6 layers × 12 heads'));
    const frame = await panel(workbench);
    await frame.getByRole('button', { name: 'Plots' }).click();
    await frame.getByText('Why √d_k').first().click();
    await until('the plot', async () =>
      (await frame.locator('body').innerText()).includes('Variance of the scores'),
    );
    await workbench.screenshot('vscode/plot');
    assertSealed(workbench);
  });

  it('show which characters of a written date each character of its ISO form was read from', async () => {
    await closeAllEditors(workbench);
    await workbench.openFile('letter.txt');
    await selectLine(workbench, '9th of March');
    await workbench.command('Attention: Inspect Selection With…');
    await picks(workbench).filter({ hasText: 'dates-bahdanau' }).waitFor();
    await workbench.page.keyboard.type('dates-bahdanau');
    await until('the one that is meant', async () => (await picks(workbench).count()) === 1);
    await workbench.page.keyboard.press('Enter');
    await until('the reading', async () => (await bodyOf()).includes('→ 2021-03-09'));
    const frame = await panel(workbench);
    await workbench.screenshot('vscode/date');
    await frame.getByRole('button', { name: 'Compare' }).first().click();
    await until('Luong beside it', async () => (await frame.locator('.compare canvas').count()) >= 2);
    await workbench.screenshot('vscode/date-compare');
    assertSealed(workbench);
    await frame.getByRole('button', { name: 'Compare' }).first().click();
  });

  it('are told by the names in a file of decoder and encoder states', async () => {
    await closeAllEditors(workbench);
    await workbench.command('File: Focus on Files Explorer');
    const row = workbench.page
      .locator('.explorer-folders-view .monaco-list-row')
      .filter({ hasText: 'bahdanau.npz' });
    await until('the file', async () => (await row.count()) === 1);
    await chooseFrom(workbench, row, 'Attention: Inspect File');
    await until('its panel', async () => (await tabs(workbench)).some((tab) => tab.includes('bahdanau.npz')));
    await until('the mechanism', async () => (await bodyOf()).includes('Bahdanau (additive) attention'));
    assert.match(await bodyOf(), /2 queries × 3 keys/);
    await workbench.screenshot('vscode/bahdanau-file');
    assertSealed(workbench);
  });
});
