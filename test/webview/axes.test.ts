import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { cutOff, faults } from '../support/page/checks.js';
import { eventually, painted, Stage, story } from '../support/page/open.js';

const choices = ['layer batch head query key', 'batch layer head query key'];

const subject = {
  ...story,
  title: 'attentions.pt',
  given: {
    axes: [
      {
        role: 'weights',
        name: 'attentions.*',
        shape: [6, 2, 12, story.queries, story.keys],
        axes: ['layer', 'batch', 'head', 'query', 'key'],
        reason: 'one tensor a layer',
        parameter: 'matrixAxes',
      },
    ],
    controls: [
      {
        kind: 'choice' as const,
        part: 'axes' as const,
        name: 'matrixAxes',
        title: 'Axes of attentions.*',
        note: 'What each axis counts.',
        value: choices[0] ?? '',
        default: choices[0] ?? '',
        choices: choices.map((value) => ({ value, title: value })),
      },
      {
        kind: 'number' as const,
        part: 'axes' as const,
        name: 'entry',
        title: 'Batch entry',
        note: 'Which of the 2 entries is shown.',
        value: 0,
        default: 0,
        minimum: 0,
        maximum: 1,
        step: 1,
      },
    ],
    findings: [
      {
        step: 'weights',
        title: 'Attention weights',
        text: '2 rows attend to nothing: all their weights are 0.',
        rows: [
          { start: 3, end: 4 },
          { start: 6, end: 8 },
        ],
        cell: { row: 3, column: 0 },
      },
    ],
  },
};

describe('given tensors in the panel', function () {
  this.timeout(60_000);
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage.stop());

  async function open(): Promise<Page> {
    const page = await stage.open({ subject });
    await painted(page);
    return page;
  }
  const changes = (page: Page): Promise<unknown[]> =>
    page.evaluate(() =>
      window.fakeHost.requests.filter(({ name }) => name === 'change').map(({ body }) => body),
    );

  it('say what each axis was taken for, with the shape and the reason', async () => {
    const page = await open();
    const text = await page.locator('.axes-list li').innerText();
    for (const part of ['attentions.* → weights', 'layer 6', 'batch 2', 'head 12', 'one tensor a layer'])
      assert.ok(text.includes(part), `${part} in ${text}`);
    assert.deepEqual(await cutOff(page), []);
    assert.deepEqual(await faults(page), []);
    const none = await stage.open();
    await painted(none);
    assert.equal(await none.locator('.axes').count(), 0, 'text has none');
  });

  it('an entry is picked, and other axes begin with the first', async () => {
    const page = await open();
    const field = page.locator('.axes input[type=number]');
    await field.fill('1');
    await field.press('Enter');
    await eventually(() => changes(page), [{ parameters: { entry: 1 } }]);
    await page.locator('.axes [role=combobox]').click();
    await page.getByRole('option', { name: choices[1] ?? '' }).click();
    await eventually(
      () => changes(page),
      [{ parameters: { entry: 1 } }, { parameters: { entry: 0, matrixAxes: choices[1] } }],
    );
    assert.equal(await page.locator('.section', { hasText: 'What if' }).getByText('Batch entry').count(), 0);
  });

  it('findings lead to their rows, one after the other', async () => {
    const page = await open();
    const finding = page.locator('.finding');
    await finding.waitFor();
    assert.match(await finding.innerText(), /2 rows attend to nothing.*rows 3, 6–7/s);
    const cell = (): Promise<unknown> => page.evaluate(() => window.fakeHost.place.cell?.row);
    for (const row of [3, 6, 7, 3]) {
      await finding.click();
      await eventually(cell, row);
    }
  });
});
