import assert from 'node:assert/strict';
import type { HeadTypesState, HeadTypeDescription } from '../../src/protocol.js';
import { headTypes } from '../../src/engine/head-types/index.js';
import { cutOff, faults } from '../support/page/checks.js';
import { eventually, keep, painted, resting, Stage } from '../support/page/open.js';
import type { ThemeName } from '../support/page/themes.js';

/** Those that a text tells. */
const described = headTypes
  .filter(({ text }) => text !== 'picture')
  .map(({ name, title, label, note, threshold }): HeadTypeDescription => {
    return { name, title, label, note, threshold };
  });
/** Each type in turn, and one head in eight of none. */
const known: HeadTypesState = {
  kind: 'known',
  types: {
    identity: 'a model',
    described,
    stacks: [
      {
        stack: 'self',
        layers: 6,
        heads: 12,
        looked: described.map(({ name }) => name),
        types: Array.from({ length: 72 }, (_, at) => {
          const type = described[at % 8];
          return type === undefined ? null : { name: type.name, score: 0.95 };
        }),
      },
    ],
  },
};

describe('head types', function () {
  this.timeout(90_000);
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage.stop());

  for (const theme of ['dark', 'light', 'high-contrast'] as const satisfies readonly ThemeName[]) {
    it(`label and colour the heads in the ${theme} theme, when that is wanted`, async () => {
      const page = await stage.open({ theme, headTypes: known });
      await painted(page);
      const cell = page.locator('.heads-cell').nth(5);
      assert.equal(await cell.getAttribute('data-head-type'), null);
      await page.getByRole('checkbox', { name: 'Head types' }).check();
      assert.equal(await cell.getAttribute('data-head-type'), 'I');
      assert.equal(await cell.getAttribute('aria-label'), 'Layer 0, head 5: Induction, 0.95');
      assert.equal(await page.locator('.heads-cell').nth(7).getAttribute('data-head-type'), null);
      await resting(page);
      await keep(page, `head-types-${theme}`);
      assert.deepEqual(await faults(page), []);
      assert.deepEqual(await cutOff(page), []);
      await eventually(
        () =>
          page.evaluate(() => JSON.stringify(window.fakeHost.state).includes('"heads":{"labelled":true,')),
        true,
      );
    });
  }

  it('fit a narrow group', async () => {
    const page = await stage.open({
      width: 300,
      height: 600,
      headTypes: known,
      persisted: { views: { heads: { labelled: true } } },
    });
    await painted(page);
    await page.getByRole('tab', { name: 'Heads', exact: true }).click();
    await resting(page);
    await keep(page, 'head-types-narrow');
    assert.deepEqual(await cutOff(page), []);
    assert.deepEqual(await faults(page), []);
  });

  it('are offered where they are not known, and shown when they are', async () => {
    const page = await stage.open({ headTypes: { kind: 'unknown' } });
    await painted(page);
    await page.getByRole('button', { name: 'Classify heads' }).click();
    await eventually(
      () => page.evaluate(() => window.fakeHost.requests.some(({ name }) => name === 'classifyHeads')),
      true,
    );
    await page.evaluate((state) => {
      window.fakeHost.panel.notify('headTypes', state);
    }, known);
    await eventually(() => page.locator('.heads-cell').first().getAttribute('data-head-type'), 'P');
    assert.equal(await page.getByRole('button', { name: 'Classify heads' }).isVisible(), false);
  });

  it('cover nothing of the heads, and move none of them when they come', async () => {
    const page = await stage.open({
      headTypes: known,
      held: ['headTypes'],
      persisted: { views: { heads: { labelled: true } } },
    });
    await painted(page);
    await resting(page);
    const places = (): Promise<string> =>
      page.evaluate(() =>
        JSON.stringify(
          [...document.querySelectorAll('.heads-cell')].map((cell) => {
            const { x, y, width, height } = cell.getBoundingClientRect();
            return [x, y, width, height];
          }),
        ),
      );
    const before = await places();
    const pictures = (): Promise<string> =>
      page.locator('.heads-canvas').evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
    const shown = await pictures();
    await page.evaluate(() => {
      window.fakeHost.release();
    });
    await eventually(() => page.locator('.heads-cell').first().getAttribute('data-head-type'), 'P');
    await resting(page);
    assert.equal(await places(), before);
    assert.equal(await pictures(), shown);
    const covered = await page.evaluate(() => {
      const cell = document.querySelector('.heads-cell[data-head-type]');
      if (cell === null) return 'no cell';
      const style = getComputedStyle(cell, '::after');
      return Number.parseFloat(style.top) >= cell.clientHeight ? '' : style.top;
    });
    assert.equal(covered, '');
  });

  it('are not spoken of where no model can be probed', async () => {
    const page = await stage.open({});
    await painted(page);
    assert.equal(await page.getByText('Head types', { exact: true }).isVisible(), false);
    assert.equal(await page.getByRole('button', { name: 'Classify heads' }).isVisible(), false);
  });
});
