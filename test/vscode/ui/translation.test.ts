import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { openWorkbench } from '../harness.js';
import type { Workbench } from '../harness.js';
import { assertSealed, line, panel, picks, selectLine, until } from './panel.js';

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
    await picks(workbench).filter({ hasText: 'tiny-marian' }).first().click();
  }

  it('writes a target for the selection; target × source is the first picture', async () => {
    await workbench.command('Attention: Use Model');
    await pickMarian();
    await selectLine(workbench, 'too tired');
    await workbench.command('Attention: Inspect Selection');
    await until('the writing', async () =>
      (await bodyOf()).includes('Written, always with the likeliest token next'),
    );
    const text = await bodyOf();
    assert.match(text, /“The animal didn't cross the street becaus…” → “/);
    assert.match(text, /tiny-marian · Marian · 3 layers × 2 heads · 64 target tokens from \d+/);
    await workbench.screenshot('vscode/translation');
    assertSealed(workbench);
  });

  it('takes a second selection as its target', async () => {
    await selectLine(workbench, 'too tired');
    await line(workbench, 'too wide').click({ clickCount: 2, modifiers: ['Alt'] });
    await workbench.command('Attention: Inspect Selection With…');
    await picks(workbench).filter({ hasText: 'tiny-marian' }).waitFor();
    await pickMarian();
    await until('the alignment', async () => /tiny-marian.* [1-9] target tokens from/.test(await bodyOf()));
    assert.equal((await bodyOf()).includes('Written, always'), false);
  });
});
