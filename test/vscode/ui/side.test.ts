import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame, Locator } from 'playwright-core';
import { until } from '../../support/until.js';
import { openWorkbench } from '../../support/vscode/harness.js';
import type { Workbench } from '../../support/vscode/harness.js';
import {
  assertSealed,
  cellColors,
  closeAllEditors,
  panel,
  selectLine,
  tabs,
} from '../../support/vscode/panel.js';

const count = 16;

describe('the side panel', () => {
  let workbench: Workbench;
  let explore: Frame;

  before(async () => {
    workbench = await openWorkbench();
    const checkpoint = join(workbench.folder, 'half-a-model');
    mkdirSync(checkpoint);
    writeFileSync(join(checkpoint, 'config.json'), '{ "model_type": "bert" }');
    writeFileSync(join(checkpoint, 'model.safetensors'), 'not yet');
    await workbench.openFile('story.md');
    await workbench.command('Attention: Focus Side Panel');
    explore = await workbench.webview('.explore');
  });

  after(async () => {
    await workbench.close();
  });

  const view = (name: string): Locator =>
    workbench.page
      .locator('.pane')
      .filter({ has: workbench.page.locator(`.pane-header[aria-label^="${name}"]`) });
  const rows = (name: string): Locator => view(name).locator('.monaco-list-row');

  it('offers to inspect the selection while nothing is open', async () => {
    assert.match(await explore.locator('body').innerText(), /Inspect Selection/);
    await selectLine(workbench, 'too tired');
    await explore.getByText('Inspect Selection', { exact: true }).click();
    await panel(workbench);
    await until('the controls', async () =>
      (await explore.locator('body').innerText()).includes('Temperature'),
    );
    // From the head that tells most to one that has many colours.
    for (const part of ['Layer', 'Head']) {
      await explore.getByRole('combobox', { name: part }).click();
      await explore.getByRole('option', { name: '0', exact: true }).click();
    }
  });

  it('sets a causal mask, and the panel follows', async () => {
    const frame = await panel(workbench);
    const before = await cellColors(workbench, frame, count, count);
    await explore.getByRole('combobox', { name: 'Causal mask' }).click();
    await explore.getByRole('option', { name: 'On', exact: true }).click();
    const above = (colors: Awaited<ReturnType<typeof cellColors>>): string[] =>
      colors.flatMap((row, at) => row.slice(at + 2).map(String));
    await until('the mask', async () => {
      const now = await cellColors(workbench, frame, count, count);
      return String(now) !== String(before) && new Set(above(now)).size < 20;
    });
    assert.ok(new Set(above(before)).size > 40);
    await explore.getByRole('combobox', { name: 'Causal mask' }).click();
    await explore.getByRole('option', { name: 'Off', exact: true }).click();
    await until('the weights without the mask', async () => {
      const now = await cellColors(workbench, frame, count, count);
      return new Set(above(now)).size > 40;
    });
    assertSealed(workbench);
  });

  it('goes to another head with the panel, and the panel with it', async () => {
    const frame = await panel(workbench);
    await explore.getByRole('combobox', { name: 'Layer' }).click();
    await explore.getByRole('option', { name: '3', exact: true }).click();
    const selected = frame.locator('.heads-cell[aria-selected="true"]');
    await until('the layer', async () => /layer 3/i.test((await selected.getAttribute('aria-label')) ?? ''));
  });

  it('goes on where it was when the engine’s process has died', async () => {
    const frame = await panel(workbench);
    process.kill(engineOf(workbench), 'SIGKILL');
    await workbench.command('Attention: Next Head');
    const selected = frame.locator('.heads-cell[aria-selected="true"]');
    await until('the next head', async () =>
      /head 1/i.test((await selected.getAttribute('aria-label')) ?? ''),
    );
    await until('its heatmap', async () => {
      const colors = await cellColors(workbench, frame, count, count);
      return new Set(colors.flat().map(String)).size > 40;
    });
  });

  it('lists what is open and what was, and opens it again', async () => {
    await until('the open one', async () =>
      /The animal.*all-MiniLM-L6-v2/s.test(await rows('Inspections').first().innerText()),
    );
    await workbench.screenshot('vscode/side');
    await closeAllEditors(workbench);
    await until('the recent one', async () => /Recent/.test(await rows('Inspections').first().innerText()));
    await rows('Inspections').nth(1).click();
    await panel(workbench);
    assert.deepEqual(
      (await tabs(workbench)).map((title) => title.slice(0, 10)),
      ['The animal'],
    );
  });

  it('lists the embedded model as the one in use, and what cannot be used with its reason', async () => {
    await until('the models', async () => (await rows('Models').count()) >= 2);
    assert.match(await rows('Models').first().innerText(), /all-MiniLM-L6-v2/);
    assert.match(await rows('Models').first().innerText(), /in use|6 layers/);
    // Below all those that come along: the list draws only what is in sight.
    await view('Models').locator('.monaco-list').focus();
    await workbench.page.keyboard.press('End');
    const unusable = rows('Models').filter({ hasText: 'half-a-model' });
    await unusable.hover();
    await workbench.page.locator('.monaco-hover', { hasText: 'half-a-model' }).first().waitFor();
    await workbench.screenshot('vscode/models');
  });
});

/** The engine's process below a server's: the one that this VS Code's extension started. */
function engineOf({ server }: Workbench): number {
  const processes = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .map((fields) => ({ id: Number(fields?.[1]), parent: Number(fields?.[2]), command: fields?.[3] ?? '' }));
  const isBelow = (id: number): boolean => {
    const parent = processes.find((one) => one.id === id)?.parent;
    return parent === server.pid || (parent !== undefined && parent > 1 && isBelow(parent));
  };
  const engine = processes.find(({ id, command }) => command.includes('worker.js') && isBelow(id));
  assert.ok(engine !== undefined, 'no engine is running');
  return engine.id;
}
