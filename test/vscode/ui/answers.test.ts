import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openWorkbench } from '../harness.js';
import type { Workbench } from '../harness.js';
import { assertSealed, panel, picks, until } from './panel.js';

/** A tiny checkpoint with random weights and a head for answers, made by the transformers library. */
const fixture = join(process.cwd(), 'test', 'fixtures', 'models', 'answers', 'bert');

describe('a model that points at answers', () => {
  let workbench: Workbench;

  before(async () => {
    workbench = await openWorkbench({
      prepare: (folder) => {
        cpSync(fixture, join(folder, 'tiny-answers'), { recursive: true });
        writeFileSync(
          join(folder, 'question.txt'),
          'Which vectors are compared?\nA query is compared with keys; the values are summed.\n',
        );
      },
    });
    await workbench.openFile('question.txt');
  });
  after(() => workbench.close());

  it('answers the question of a selection from the text beside it', async () => {
    await workbench.command('Attention: Use Model');
    await picks(workbench).filter({ hasText: 'tiny-answers' }).first().click();
    const status = workbench.page.locator('.statusbar-item').filter({ hasText: 'tiny-answers' });
    await until('its use', async () => (await status.count()) > 0);
    await workbench.page.locator('.monaco-editor .view-lines').first().click();
    await workbench.page.keyboard.press('Control+A');
    await workbench.command('Attention: Inspect Selection');
    const frame = await panel(workbench);
    await frame.getByText('The likeliest answers in the text:').first().waitFor();
    const title = await frame.locator('h1.title').innerText();
    assert.match(title, /^“Which vectors are compared\?” → “.+”$/);
    await workbench.screenshot('vscode/answers');
    assertSealed(workbench);
  });
});
