import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { wholeOf } from '../../../src/engine/tensor.js';
import { openTensors } from '../../../src/formats/index.js';
import { fromBytes } from '../../../src/formats/source.js';
import { inspectFiles } from '../../../src/inspection/index.js';
import { until } from '../../support/until.js';
import { openWorkbench } from '../../support/vscode/harness.js';
import type { Workbench } from '../../support/vscode/harness.js';
import { assertSealed, chooseFrom, closeAllEditors, panel, picks } from '../../support/vscode/panel.js';
import { platform } from '../../support/platform.js';

/** (head, query or key, feature) */
const twoHeads = Object.fromEntries(
  ['Q', 'K', 'V'].map((name, at) => [
    name,
    [0, 1].map((head) =>
      [0, 1, 2, 3, 4].map((row) => [0, 1, 2].map((column) => Math.sin(7 * at + 5 * head + 3 * row + column))),
    ),
  ]),
);

describe('export', () => {
  let workbench: Workbench;

  before(async () => {
    const file = JSON.stringify(twoHeads);
    workbench = await openWorkbench({
      prepare: (folder) => {
        writeFileSync(join(folder, 'heads.json'), file);
      },
    });
    await workbench.explorerRow('heads.json').waitFor();
    await chooseFrom(workbench, workbench.explorerRow('heads.json'), 'Attention: Inspect File');
    // Nothing tells two heads of five positions from two positions of five heads.
    await pick(/head 2 × position 5 × feature 3/);
    await panel(workbench);
  });

  after(async () => {
    await closeAllEditors(workbench);
    await workbench.close();
  });

  /** Takes the row of the quick pick that has this text. */
  async function pick(text: RegExp): Promise<void> {
    const row = picks(workbench).filter({ hasText: text }).first();
    await row.waitFor();
    await row.click();
  }

  /** Answers the dialog that asks where to. */
  async function saveAs(path: string): Promise<void> {
    const { page } = workbench;
    const dialog = page.locator('.quick-input-widget').filter({ visible: true });
    await dialog.getByText('Export', { exact: true }).first().waitFor();
    const input = dialog.locator('input.input');
    await until('the dialog for a file', async () => /\.\w+$/.test(await input.inputValue()));
    await input.fill(path);
    await page.keyboard.press('Enter');
  }

  it('saves the numbers of a step, of all heads, by the command', async () => {
    await workbench.command('Attention: Export…');
    await pick(/NumPy archive/);
    await pick(/^Scores/);
    await pick(/all heads.*about [\d.]+ [kM]B/);
    const path = join(workbench.folder, 'scores.npz');
    await saveAs(path);
    await until('the file', () => Promise.resolve(existsSync(path)));
    const { tensors } = await openTensors(platform, fromBytes('scores.npz', readFileSync(path)));
    const [scores] = tensors;
    assert.ok(scores);
    assert.equal(scores.name, 'scores');
    const { data, shape } = await scores.read(wholeOf(scores.shape));
    const own = await inspectFiles(join(workbench.folder, 'heads.json'), {
      media: join(process.cwd(), 'media'),
      params: { vectorAxes: 'head row feature' },
    });
    try {
      const { heads, queries, keys } = own.summary;
      assert.deepEqual(shape, [heads, queries.count, keys.count]);
      const expected: number[] = [];
      for (let head = 0; head < heads; head++) expected.push(...(await own.slice('scores', { head })).data);
      assert.deepEqual([...data], expected);
    } finally {
      await own.dispose();
    }
    await workbench.screenshot('vscode/export');
    assert.ok(!readdirSync(workbench.folder).some((name) => name.endsWith('.part')));
    assertSealed(workbench);
  });

  it('saves a program and its inputs beside it, by the panel’s button', async () => {
    const frame = await panel(workbench);
    await frame.getByRole('button', { name: 'Export…' }).click();
    await frame.getByRole('menuitem', { name: 'Numbers, code and more…' }).click();
    await picks(workbench).filter({ hasText: 'NumPy array' }).waitFor();
    // The list is longer than what of it is seen.
    await workbench.page.keyboard.type('NumPy program');
    await pick(/NumPy program/);
    await pick(/head 0/);
    await saveAs(join(workbench.folder, 'one.py'));
    const paths = ['one.py', 'one.npz'].map((name) => join(workbench.folder, name));
    await until('both files', () => Promise.resolve(paths.every((path) => existsSync(path))));
    const [program = '', inputs = ''] = paths;
    const text = readFileSync(program, 'utf8');
    assert.match(text, /^# Layer 0, head 0 of 0–1 alone: /);
    assert.match(text, /^inputs = np\.load\(Path\(__file__\)\.with_name\("one\.npz"\)\)$/m);
    const { tensors } = await openTensors(platform, fromBytes('one.npz', readFileSync(inputs)));
    for (const { name } of tensors) assert.ok(text.includes(`inputs["${name}"]`), name);
    assert.deepEqual(tensors.map(({ name }) => name).toSorted(), ['K', 'Q', 'V']);
  });

  it('asks nothing further, and saves nothing, once the user steps back', async () => {
    const before = readdirSync(workbench.folder);
    await workbench.command('Attention: Export…');
    await picks(workbench).filter({ hasText: 'NumPy array' }).waitFor();
    await workbench.page.keyboard.press('Escape');
    await until('no quick pick', async () => (await picks(workbench).count()) === 0);
    assert.deepEqual(readdirSync(workbench.folder), before);
  });
});
