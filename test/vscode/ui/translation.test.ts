import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/until.js';
import { openWorkbench } from '../../support/vscode/harness.js';
import type { Workbench } from '../../support/vscode/harness.js';
import { assertSealed, line, panel, picks, selectLine } from '../../support/vscode/panel.js';

/** A tiny checkpoint with random weights, made by the transformers library; its words mean nothing. */
const fixture = join(process.cwd(), 'test', 'fixtures', 'models', 'marian-text');

describe('an encoder–decoder model', () => {
  let workbench: Workbench;

  before(async () => {
    workbench = await openWorkbench({
      prepare: (folder) => {
        cpSync(fixture, join(folder, 'tiny-marian'), { recursive: true });
      },
    });
    await workbench.openFile('story.md');
  });

  after(async () => {
    await workbench.close();
  });

  const bodyOf = async (): Promise<string> => (await panel(workbench)).locator('body').innerText();

  async function pickMarian(): Promise<void> {
    await picks(workbench).filter({ hasText: 'all-MiniLM-L6-v2' }).first().waitFor();
    await workbench.page.keyboard.type('tiny-marian');
    await until('the one that is meant', async () => (await picks(workbench).count()) === 1);
    await workbench.page.keyboard.press('Enter');
  }

  it('writes a target for the selection; target × source is the first picture', async () => {
    await workbench.command('Attention: Use Model');
    await pickMarian();
    const status = workbench.page.locator('.statusbar-item').filter({ hasText: 'tiny-marian' });
    await until('its use', async () => (await status.count()) > 0);
    await selectLine(workbench, 'too tired');
    await workbench.command('Attention: Inspect Selection');
    await until('the writing', async () =>
      (await bodyOf()).includes('Written, always with the likeliest token next'),
    );
    const text = await bodyOf();
    assert.match(text, /“The animal didn't cross the…” → “/);
    // It has places for 24 tokens on either side.
    assert.match(text, /tiny-marian · Marian · 3 layers × 2 heads · 23 target tokens from 24/);
    assert.match(text, /Truncated to the model’s limit: 24 of \d+ tokens\./);
    await workbench.screenshot('vscode/translation');
    assertSealed(workbench);
  });

  it('takes a second selection as its target', async () => {
    await selectLine(workbench, 'too tired');
    // A word of it; the line is short where the panel stands beside it.
    await line(workbench, 'too wide').click({ clickCount: 2, modifiers: ['Alt'], position: { x: 50, y: 8 } });
    await workbench.command('Attention: Inspect Selection With…');
    await pickMarian();
    await until('the alignment', async () => !(await bodyOf()).includes('Written, always'));
    assert.match(await bodyOf(), /“The animal didn't cross the…” → “\w+”/);
  });
});
