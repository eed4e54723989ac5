import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/until.js';
import { openWorkbench } from '../../support/vscode/harness.js';
import type { Workbench } from '../../support/vscode/harness.js';
import { assertSealed, chooseFrom, panel, picks } from '../../support/vscode/panel.js';

/** Numbers of no meaning. // (position, feature) */
const vectors = (seed: number): number[][] =>
  Array.from({ length: 6 }, (_, row) =>
    Array.from({ length: 4 }, (__, column) => 2 * Math.sin(seed + 5 * row + 3 * column)),
  );
const [Q, K, V] = [vectors(1), vectors(2), vectors(9)];

/** Softmax of Q Kᵀ without its scaling: the slip that is to be found. */
const weights = Q.map((query) => {
  const shares = K.map((key) => Math.exp(query.reduce((sum, each, at) => sum + each * (key[at] ?? 0), 0)));
  const total = shares.reduce((sum, each) => sum + each, 0);
  return shares.map((share) => share / total);
});

describe('files that leave something open', () => {
  let workbench: Workbench;

  before(async () => {
    workbench = await openWorkbench({
      prepare: (folder) => {
        writeFileSync(join(folder, 'dump.json'), JSON.stringify({ Q, K, V, weights }));
        writeFileSync(join(folder, 'masked.json'), JSON.stringify({ Q, K, V, mask: [1, 1, 1, 1, 0, 0] }));
      },
    });
    await workbench.explorerRow('dump.json').waitFor();
  });
  after(() => workbench.close());

  it('are explained: which slip gives the weights that were given', async () => {
    await chooseFrom(workbench, workbench.explorerRow('dump.json'), 'Attention: Explain a Mismatch…');
    const frame = await panel(workbench);
    const verdict = frame.locator('.diagnosis-sentence');
    await verdict.filter({ hasText: 'The scores are not scaled.' }).waitFor();
    await workbench.screenshot('vscode/doctor');
    await frame.locator('.diagnosis-buttons').getByText('Compare', { exact: true }).click();
    await frame.locator('.compare-phase:visible').first().waitFor();
    await workbench.screenshot('vscode/doctor-compare');
    assertSealed(workbench);
  });

  it('are asked about: whether a mask keeps or leaves out, with a picture of both', async () => {
    await chooseFrom(workbench, workbench.explorerRow('masked.json'), 'Attention: Inspect File');
    await picks(workbench).filter({ hasText: '1 is left out' }).waitFor();
    await workbench.screenshot('vscode/mask-question');
    await picks(workbench).filter({ hasText: '1 takes part' }).click();
    await until('the panel', async () =>
      /masked\.json/.test(await (await panel(workbench)).locator('body').innerText()),
    );
    await workbench.screenshot('vscode/mask');
    assertSealed(workbench);
  });
});
