import assert from 'node:assert/strict';
import type { Frame } from 'playwright-core';
import { until } from '../../support/until.js';
import { openWorkbench } from '../../support/vscode/harness.js';
import type { Workbench } from '../../support/vscode/harness.js';
import { assertSealed, panel, picks, selectLine } from '../../support/vscode/panel.js';

describe('a text that the embedded GPT goes on with', () => {
  let workbench: Workbench;
  /** How many tokens the text itself has. */
  let prompt: number;

  before(async () => {
    workbench = await openWorkbench();
    await workbench.openFile('story.md');
    await workbench.command('Attention: Use Model');
    await picks(workbench).filter({ hasText: 'gpt-packages' }).first().click();
    const status = workbench.page.locator('.statusbar-item').filter({ hasText: 'gpt-packages' });
    await until('its use', async () => (await status.count()) > 0);
  });
  after(() => workbench.close());

  const notices = (frame: Frame): Promise<string> => frame.locator('.notices').innerText();
  const tokensOf = async (frame: Frame): Promise<number> =>
    Number(/(\d+) tokens/.exec(await frame.locator('.subtitle').innerText())?.[1]);

  async function set(frame: Frame, name: string, value: string): Promise<void> {
    const field = frame.locator('.next').getByRole('spinbutton', { name });
    await field.fill(value);
    await field.press('Enter');
  }

  it('is drawn with a seed, in the panel', async () => {
    await selectLine(workbench, 'too tired');
    await workbench.command('Attention: Inspect Selection');
    const frame = await panel(workbench);
    prompt = await tokensOf(frame);
    await frame.getByRole('tab', { name: 'Steps' }).click();
    await frame.locator('.next').getByRole('combobox', { name: 'Decoding' }).click();
    await frame.locator('.next').getByRole('option', { name: 'Sample' }).click();
    await set(frame, 'Seed', '7');
    await set(frame, 'Max new tokens', '12');
    await frame.getByRole('button', { name: 'Continue' }).click();
    await until('the tokens', async () => (await tokensOf(frame)) > prompt);
    assert.match(await notices(frame), /^Continuation: “/);
    await workbench.screenshot('vscode/generation');
    await frame.getByRole('tab', { name: 'Heatmap' }).click();
    assertSealed(workbench);
  });

  it('can be stopped, and keeps what came', async () => {
    const frame = await panel(workbench);
    const before = await tokensOf(frame);
    await frame.getByRole('tab', { name: 'Steps' }).click();
    // So bold that it hardly ever comes to an end of its own.
    await set(frame, 'Sampling temperature', '5');
    await set(frame, 'Max new tokens', '512');
    // A press from outside the page can come after the last token: the embedded GPT is done within a second.
    const stopped = frame.evaluate(
      () =>
        new Promise<void>((resolve) => {
          const stop = [...document.querySelectorAll<HTMLElement>('.next-actions > *')].find(
            ({ textContent }) => textContent.trim() === 'Stop',
          );
          if (stop === undefined) throw new Error('there is no button to stop by');
          const observer = new MutationObserver(() => {
            if (stop.hidden) return;
            observer.disconnect();
            stop.click();
            resolve();
          });
          observer.observe(stop, { attributes: true });
        }),
    );
    await frame.getByRole('button', { name: 'Continue' }).click();
    await stopped;
    await frame.getByRole('button', { name: 'Continue' }).waitFor();
    const after = await tokensOf(frame);
    assert.ok(after >= before && after < 256, `${after} tokens`);
    await frame.getByRole('tab', { name: 'Heatmap' }).click();
  });

  it('is the same after a reload of the window', async () => {
    const frame = await panel(workbench);
    const [said, count] = [await notices(frame), await tokensOf(frame)];
    // Every token that was added.
    await workbench.written(new RegExp(`"ids":\\[(\\d+,){${count - prompt - 1}}\\d+\\]`));
    await workbench.reload();
    const again = await panel(workbench);
    await until('the tokens', async () => (await tokensOf(again)) === count);
    assert.equal(await notices(again), said);
    await workbench.screenshot('vscode/generation-reloaded');
    assertSealed(workbench);
  });
});
