import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commit, SmallHub } from '../../support/hub/server.js';
import { until } from '../../support/until.js';
import { openWorkbench } from '../../support/vscode/harness.js';
import type { Workbench } from '../../support/vscode/harness.js';
import { assertSealed, notification, panel, picks, selectLine } from '../../support/vscode/panel.js';

const fixture = join(process.cwd(), 'test', 'fixtures', 'models', 'distilbert');

const names = ['config.json', 'tokenizer.json', 'model.safetensors'] as const;

async function typeName(workbench: Workbench, text: string): Promise<void> {
  const input = workbench.page.locator('.quick-input-widget input.input');
  await until(
    'the field',
    async () => (await input.getAttribute('placeholder'))?.includes('SmolLM2') === true,
  );
  await input.fill(text);
}

describe('a model on a hub', () => {
  let hub: SmallHub;
  let home: string;
  let workbench: Workbench;

  before(async () => {
    hub = await SmallHub.start();
    for (const name of names) hub.files.set(name, readFileSync(join(fixture, name)));
    home = mkdtempSync(join(tmpdir(), 'attention-hub-'));
    workbench = await openWorkbench({ env: { HF_ENDPOINT: hub.endpoint, HF_HOME: home } });
    await workbench.openFile('story.md');
  });

  after(async () => {
    await workbench.close();
    await hub.stop();
    rmSync(home, { recursive: true, force: true });
  });

  it('is asked for by its name; what is no name is told so before anything is asked', async () => {
    await workbench.command('Attention: Add Model…');
    await picks(workbench).filter({ hasText: 'From Hugging Face…' }).first().click();
    await typeName(workbench, 'no name at all');
    const message = workbench.page.locator('.quick-input-widget .quick-input-message');
    await until('the reason', async () => /is no name of a model/.test(await message.innerText()));
    assert.deepEqual(hub.asked, []);
    await typeName(workbench, 'tiny/bert');
    await workbench.page.keyboard.press('Enter');
  });

  it('shows its files with their sizes before it fetches them', async () => {
    await picks(workbench).filter({ hasText: 'model.safetensors' }).waitFor();
    await workbench.screenshot('vscode/hub-files');
    // Of the weights nothing but the header, which names what they are.
    const isWhole = ({ url, range }: (typeof hub.asked)[number]): boolean =>
      !/^\/api\/|\/config\.json$/.test(url) && !/^bytes=\d+-\d+$/.test(range ?? '');
    assert.deepEqual(hub.asked.filter(isWhole), []);
    hub.faults.set('model.safetensors', [{ kind: 'drop', after: 2000 }]);
    await picks(workbench)
      .filter({ hasText: /^Fetch/ })
      .first()
      .click();
    // Not the notification that tells how far the fetch is, which names the model as well.
    assert.match(
      await notification(workbench, /DistilBERT · \d+ layers × \d+ heads/),
      /tiny\/bert|bert was added/,
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

describe('a hub behind a proxy', () => {
  let hub: SmallHub;
  let home: string;
  let workbench: Workbench;

  before(async () => {
    hub = await SmallHub.start();
    for (const name of names) hub.files.set(name, readFileSync(join(fixture, name)));
    home = mkdtempSync(join(tmpdir(), 'attention-hub-'));
    workbench = await openWorkbench({
      env: { HF_ENDPOINT: 'http://hub.example', HF_HOME: home },
      settings: { 'http.proxy': hub.endpoint },
    });
    await workbench.openFile('story.md');
  });

  after(async () => {
    await workbench.close();
    await hub.stop();
    rmSync(home, { recursive: true, force: true });
  });

  async function ask(): Promise<void> {
    await workbench.command('Attention: Add Model…');
    await picks(workbench).filter({ hasText: 'From Hugging Face…' }).first().click();
    await typeName(workbench, 'tiny/bert');
    await workbench.page.keyboard.press('Enter');
  }

  it('is asked through the proxy of VS Code’s settings, and a model of an unknown family is not fetched', async () => {
    hub.files.set('config.json', Buffer.from('{"model_type": "mamba"}'));
    await ask();
    assert.match(
      await notification(workbench, /mamba/),
      /tiny\/bert: config\.json says that "model_type" is "mamba"/,
    );
    assert.deepEqual([...new Set(hub.asked.map(({ host }) => host))], ['hub.example']);
    hub.files.set('config.json', readFileSync(join(fixture, 'config.json')));
  });

  it('is not asked for what lies in the cache of other programs, linked as they do', async () => {
    const asked = hub.asked.length;
    const folder = join(home, 'hub', 'models--tiny--bert');
    const snapshot = join(folder, 'snapshots', commit);
    for (const path of [join(folder, 'blobs'), join(folder, 'refs'), snapshot]) {
      mkdirSync(path, { recursive: true });
    }
    writeFileSync(join(folder, 'refs', 'main'), commit);
    for (const [at, name] of names.entries()) {
      writeFileSync(join(folder, 'blobs', `${at}`), readFileSync(join(fixture, name)));
      symlinkSync(join('..', '..', 'blobs', `${at}`), join(snapshot, name));
    }
    await ask();
    assert.match(await notification(workbench, /was added/), /^tiny\/bert was added: DistilBERT/);
    assert.equal(hub.asked.length, asked);
    await workbench.command('Attention: Use Model');
    await picks(workbench).filter({ hasText: 'DistilBERT' }).first().click();
    await selectLine(workbench, 'too tired');
    await workbench.command('Attention: Inspect Selection');
    const frame = await panel(workbench);
    await until('the reading', async () => (await frame.locator('body').innerText()).includes('DistilBERT'));
    assertSealed(workbench);
  });
});
