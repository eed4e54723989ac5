import assert from 'node:assert/strict';
import { painted, Stage } from '../support/page/open.js';

describe('one column', function () {
  this.timeout(60_000);
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage.stop());

  it('shows the matrix of the head that was chosen in another tab', async () => {
    const page = await stage.open({ width: 420 });
    await painted(page);
    await page.getByRole('tab', { name: 'Heads' }).click();
    await page.locator('.heads-cell[aria-label="Layer 0, head 5"]').click();
    await page.waitForFunction(() =>
      window.fakeHost.requests.some(
        ({ name, body }) =>
          name === 'slice' && JSON.stringify(body).includes('"layer":0,"head":5,"step":"weights"'),
      ),
    );
    assert.equal(await page.locator('canvas.cells').isVisible(), true);
    assert.equal(await page.getByRole('tab', { name: 'Heatmap' }).getAttribute('aria-selected'), 'true');
  });
});
