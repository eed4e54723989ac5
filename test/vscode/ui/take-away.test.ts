import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { inspectText } from '../../../src/inspection/index.js';
import { media } from '../../support/models/expected.js';
import { until } from '../../support/until.js';
import { openWorkbench } from '../../support/vscode/harness.js';
import type { Workbench } from '../../support/vscode/harness.js';
import { assertSealed, closeAllEditors, panel, picks, selectLine } from '../../support/vscode/panel.js';

const sentence = 'The animal did not cross the street because it was too tired.';

describe('what is taken away', () => {
  let workbench: Workbench;

  before(async () => {
    workbench = await openWorkbench({
      prepare: (folder) => {
        writeFileSync(join(folder, 'tired.txt'), `${sentence}\n`);
      },
    });
    await workbench.openFile('tired.txt');
    await selectLine(workbench, 'The animal');
    await workbench.command('Attention: Inspect Selection');
    await panel(workbench);
  });

  after(async () => {
    await closeAllEditors(workbench);
    await workbench.close();
  });

  async function pick(text: RegExp): Promise<void> {
    const row = picks(workbench).filter({ hasText: text }).first();
    await row.waitFor();
    await row.click();
  }

  async function saveAs(name: string): Promise<string> {
    const { page } = workbench;
    const dialog = page.locator('.quick-input-widget').filter({ visible: true });
    await dialog.getByText('Export', { exact: true }).first().waitFor();
    const input = dialog.locator('input.input');
    await until('the dialog for a file', async () => /\.\w+$/.test(await input.inputValue()));
    const path = join(workbench.folder, name);
    await input.fill(path);
    await page.keyboard.press('Enter');
    await until('the file', () => Promise.resolve(existsSync(path))).catch(async (error: unknown) => {
      throw new Error(`${String(error)}; ${(await workbench.notifications()).join(' | ')}`);
    });
    return path;
  }

  /** From the explorer, as a file that was just written is opened. */
  async function openSaved(name: string): Promise<void> {
    const file = `${name}.inspection.json`;
    await workbench.explorerRow(file).dblclick();
    await workbench.page.locator(`.tab.active[data-resource-name="${file}"]`).waitFor();
  }

  /** Answers “In which colours?”, which is asked where the theme is a dark one. */
  async function onWhite(): Promise<void> {
    await pick(/On white/);
  }

  it('saves the heatmap as SVG, by the command, with the engine’s numbers', async () => {
    await workbench.command('Attention: Export…');
    await pick(/Heatmap as a picture/);
    await pick(/^SVG/);
    await onWhite();
    const svg = readFileSync(await saveAs('head.svg'), 'utf8');
    const values = [...svg.matchAll(/data-value="([^"]+)"/g)].map(([, value]) => Number(value));
    const [, layer, head] = /Layer (\d+), head (\d+)/.exec(svg) ?? [];
    const own = await inspectText(sentence, { media });
    try {
      const { data } = await own.slice('weights', { layer: Number(layer), head: Number(head) });
      assert.deepEqual(Float32Array.from(values), data);
    } finally {
      await own.dispose();
    }
  });

  it('saves a PNG, by the panel’s menu', async () => {
    const frame = await panel(workbench);
    await frame.getByRole('button', { name: 'Export…' }).click();
    await frame.getByRole('menuitem', { name: 'Save heatmap as picture…' }).click();
    await pick(/^PNG 3×/);
    await onWhite();
    const path = await saveAs('head.png');
    await until('a whole picture', () => Promise.resolve(readFileSync(path).includes('IEND')));
    const { width, height } = PNG.sync.read(readFileSync(path));
    assert.ok(width % 3 === 0 && height % 3 === 0 && width > 900, `${width} × ${height}`);
  });

  it('saves the inspection, and opens it again where the user was', async () => {
    await workbench.command('Attention: Save Inspection…');
    const path = await saveAs('tired.inspection.json');
    await until('a whole file', () => Promise.resolve(readFileSync(path, 'utf8').endsWith('}\n')));
    const saved = JSON.parse(readFileSync(path, 'utf8')) as {
      input: unknown;
      model: { name: string; digest: string };
      position: { layer: number; head: number };
    };
    assert.deepEqual(saved.input, { kind: 'text', texts: [`${sentence}\n`] });
    assert.match(saved.model.digest, /^[\da-f]{64}$/);
    await closeAllEditors(workbench);
    await openSaved('tired');
    const frame = await panel(workbench);
    await frame.locator('.heads-cell[aria-selected="true"]').waitFor({ state: 'attached' });
    const label = await frame.locator('.heads-cell[aria-selected="true"]').getAttribute('aria-label');
    assert.ok(label?.startsWith(`Layer ${saved.position.layer}, head ${saved.position.head}`), String(label));
    assert.deepEqual(await workbench.notifications(), []);
    await closeAllEditors(workbench);
  });

  it('shows what was saved, read-only and with the reason, where the model is another or not there', async () => {
    const file = readFileSync(join(workbench.folder, 'tired.inspection.json'), 'utf8');
    const cases = [
      ['changed', file.replace(/"digest": "\w{4}/, '"digest": "0000'), /all-MiniLM-L6-v2 has changed since/],
      ['gone', file.replace('"name": "all-MiniLM-L6-v2"', '"name": "nowhere"'), /nowhere is not here/],
    ] as const;
    for (const [name, text, reason] of cases) {
      writeFileSync(join(workbench.folder, `${name}.inspection.json`), text);
      await openSaved(name);
      const frame = await workbench.webview('.reason');
      assert.match(await frame.locator('.reason').innerText(), reason);
      assert.ok((await frame.locator('svg [data-value]').count()) > 100, 'the matrix that was looked at');
      await workbench.screenshot(`vscode/saved-${name}`);
      await closeAllEditors(workbench);
    }
    writeFileSync(join(workbench.folder, 'broken.inspection.json'), file.slice(0, 300));
    await openSaved('broken');
    const frame = await workbench.webview('.reason');
    assert.match(await frame.locator('.reason').innerText(), /The file is not JSON/);
    assertSealed(workbench);
  });
});
