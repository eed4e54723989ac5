import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SmallHub } from '../../unit/hub/server.js';
import { openWorkbench } from '../harness.js';
import type { Workbench } from '../harness.js';
import { assertSealed, notification, panel, picks, selectLine, until } from './panel.js';

const fixture = join(process.cwd(), 'test', 'fixtures', 'models', 'distilbert');

describe('a model on a hub', () => {
  let hub: SmallHub;
  let home: string;
  let workbench: Workbench;

  before(async () => {
    hub = await SmallHub.start();
    for (const name of ['config.json', 'tokenizer.json', 'model.safetensors']) {
      if (existsSync(join(fixture, name))) hub.files.set(name, readFileSync(join(fixture, name)));
    }
    hub.faults.set('model.safetensors', [{ kind: 'drop', after: 2000 }]);
    home = mkdtempSync(join(tmpdir(), 'attention-hub-'));
    workbench = await openWorkbench({ env: { HF_ENDPOINT: hub.endpoint, HF_HOME: home } });
    await workbench.openFile('story.md');
  });

  after(async () => {
    await workbench.close();
    await hub.stop();
    rmSync(home, { recursive: true, force: true });
  });

  async function typed(text: string): Promise<void> {
    const input = workbench.page.locator('.quick-input-widget input.input');
    await until(
      'the field',
      async () => (await input.getAttribute('placeholder'))?.includes('SmolLM2') === true,
    );
    await input.fill(text);
  }

  it('is asked for by its name; what is no name is told so before anything is asked', async () => {
    await workbench.command('Attention: Add Model…');
    await picks(workbench).filter({ hasText: 'From Hugging Face…' }).first().click();
    await typed('no name at all');
    const message = workbench.page.locator('.quick-input-widget .quick-input-message');
    await until('the reason', async () => /is no name of a model/.test(await message.innerText()));
    assert.deepEqual(hub.asked, []);
    await typed('tiny/bert');
    await workbench.page.keyboard.press('Enter');
  });

  it('shows its files with their sizes before it fetches them', async () => {
    await picks(workbench).filter({ hasText: 'model.safetensors' }).waitFor();
    await workbench.screenshot('vscode/hub-files');
    assert.ok(hub.asked.every(({ url }) => url.startsWith('/api/')));
    await picks(workbench)
      .filter({ hasText: /^Fetch/ })
      .first()
      .click();
    assert.match(
      await notification(workbench, /tiny\/bert|bert was added/),
      /DistilBERT · \d+ layers × \d+ heads/,
    );
    assert.ok(hub.asked.some(({ range }) => range === 'bytes=2000-'));
  });

  it('reads the next selection', async () => {
    await workbench.command('Attention: Use Model');
    await picks(workbench).filter({ hasText: 'DistilBERT' }).first().click();
    await selectLine(workbench, 'too tired');
    await workbench.command('Attention: Inspect Selection');
    const frame = await panel(workbench);
    await until('the reading', async () => (await frame.locator('body').innerText()).includes('DistilBERT'));
    assertSealed(workbench);
  });
});
