import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { eventually, keep, resting, Stage } from '../support/page/open.js';
import type { ThemeName } from '../support/page/themes.js';

const require = createRequire(join(process.cwd(), 'package.json'));
const view = { page: 'explore', width: 300, height: 700 } as const;
const last = (page: Page, name: string): Promise<unknown> =>
  page.evaluate(
    (wanted) => window.fakeHost.requests.findLast((request) => request.name === wanted)?.body,
    name,
  );

describe('explore', function () {
  this.timeout(60_000);
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage.stop());

  it('offers every parameter that is of use now, with what it takes', async () => {
    const page = await stage.open(view);
    await page.locator('.parameter').first().waitFor();
    assert.deepEqual(await page.locator('.parameter:visible .parameter-title').allInnerTexts(), [
      'Mask',
      'Scaling',
      'Temperature',
    ]);
    await page.getByRole('combobox', { name: 'Mask' }).click();
    await page.getByRole('option', { name: 'Sliding window' }).click();
    await page.waitForFunction(() => window.fakeHost.requests.some(({ name }) => name === 'change'));
    await eventually(() => last(page, 'change'), { parameters: { mask: 'window' } });
    await page.locator('.parameter', { hasText: 'Window' }).first().waitFor();
    assert.deepEqual(await page.locator('.parameter:visible .parameter-title').allInnerTexts(), [
      'Mask',
      'Window',
      'Scaling',
      'Temperature',
    ]);
    await page.getByRole('button', { name: 'Reset all' }).click();
    await page.waitForFunction(
      () => window.fakeHost.requests.findLast(({ name }) => name === 'change')?.body !== undefined,
    );
    await eventually(() => last(page, 'change'), { parameters: { mask: 'none' } });
  });

  it('asks once for a slider that is dragged, when it rests', async () => {
    const page = await stage.open(view);
    const slider = page.getByRole('slider', { name: 'Temperature', exact: true });
    // In one task, so that a busy machine cannot rest in between.
    await slider.evaluate((field: HTMLInputElement) => {
      for (let place = 0; place < 10; place += 1) {
        field.stepUp();
        field.dispatchEvent(new Event('input', { bubbles: true }));
      }
    });
    await page.waitForFunction(() => window.fakeHost.requests.some(({ name }) => name === 'change'));
    await resting(page);
    const changes = await page.evaluate(
      () => window.fakeHost.requests.filter(({ name }) => name === 'change').length,
    );
    assert.equal(changes, 1);
  });

  it('keeps a number within its bounds', async () => {
    const page = await stage.open(view);
    const field = page.getByLabel('Temperature, exactly');
    await field.fill('-3');
    await field.press('Enter');
    await page.waitForFunction(() => window.fakeHost.requests.some(({ name }) => name === 'change'));
    await eventually(() => last(page, 'change'), { parameters: { temperature: 0.1 } });
  });

  it('goes to another layer and head', async () => {
    const page = await stage.open(view);
    await page.getByRole('button', { name: 'Next head' }).click();
    await page.getByRole('button', { name: 'Previous layer' }).click();
    await page.waitForFunction(() => window.fakeHost.reports.length === 2);
    const reported = await page.evaluate(() => window.fakeHost.reports.at(-1)?.body);
    assert.deepEqual(reported, { layer: 2, head: 8, step: 'weights' });
  });

  it('goes on from head to head while the host is slow to answer, and follows the panel', async () => {
    const page = await stage.open({ ...view, latency: 40, position: { layer: 0, head: 0, step: 'weights' } });
    await page.locator('.parameter').first().waitFor();
    await resting(page);
    const shown = await page.evaluate(async () => {
      const next = document.querySelector<HTMLElement>('[aria-label="Next head"]');
      const list = document.querySelector<HTMLElement>('[aria-label="Head"]');
      if (next === null || list === null) throw new Error('There are no heads to choose from.');
      const seen: string[] = [];
      const read = (): void => {
        const text = (list as HTMLElement & { value: string }).value;
        if (seen.at(-1) !== text) seen.push(text);
      };
      for (let press = 0; press < 5; press += 1) {
        next.click();
        read();
        // The answer to this press comes when the next one has been made.
        for (let frame = 0; frame < 4; frame += 1) {
          await new Promise((drawn) => requestAnimationFrame(drawn));
          read();
        }
      }
      await window.activity.rest();
      read();
      return seen;
    });
    assert.deepEqual(shown, ['1', '2', '3', '4', '5']);
    await page.evaluate(() => window.fakeHost.move({ layer: 2, head: 8, step: 'weights' }));
    await page.waitForFunction(
      () => document.querySelector<HTMLElement & { value: string }>('[aria-label="Head"]')?.value === '8',
    );
  });

  it('says what it is for while nothing is inspected, and starts', async () => {
    const page = await stage.open({ ...view, subject: null });
    const start = page.getByRole('button', { name: 'Inspect Selection' });
    await start.waitFor();
    await keep(page, 'explore-empty');
    await start.click();
    await page.waitForFunction(() =>
      window.fakeHost.requests.some(({ name }) => name === 'inspectSelection'),
    );
  });

  it('says why a change failed', async () => {
    const page = await stage.open({ ...view, failing: { change: 'The temperature must be above 0.' } });
    const field = page.getByLabel('Temperature, exactly');
    await field.fill('3');
    await field.press('Enter');
    await page.getByText('The temperature must be above 0.').waitFor();
  });

  for (const theme of ['dark', 'light', 'high-contrast'] satisfies ThemeName[]) {
    it(`has no accessibility faults in the ${theme} theme, cuts nothing off, and keeps to the strict policy`, async () => {
      const page = await stage.open({ ...view, theme });
      await page.locator('.parameter').first().waitFor();
      await resting(page);
      await keep(page, `explore-${theme}`);
      await page.evaluate(await readFile(require.resolve('axe-core/axe.min.js'), 'utf8'));
      const { violations } = await page.evaluate(() =>
        (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
      );
      assert.deepEqual(
        violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`),
        [],
      );
      const [scroll, client] = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        document.documentElement.clientWidth,
      ]);
      assert.ok((scroll ?? 0) <= (client ?? 0));
      assert.deepEqual(await page.evaluate(() => window.fakeHost.violations), []);
    });
  }
});
