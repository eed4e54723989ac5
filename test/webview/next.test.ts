import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { cutOff, faults } from '../support/page/checks.js';
import { keep, painted, Stage, story } from '../support/page/open.js';
import type { Opening } from '../support/page/open.js';

const subject = { ...story, title: 'gpt', causal: true, continues: true };

describe('what comes next', function () {
  this.timeout(60_000);
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage.stop());

  async function open(opening: Opening = {}): Promise<Page> {
    const page = await stage.open({ subject, height: 1100, ...opening });
    await painted(page);
    await page.locator('.next .ranked-item').first().waitFor();
    return page;
  }
  const asked = (page: Page, method: string): Promise<unknown> =>
    page.evaluate(
      (name) => window.fakeHost.requests.findLast((request) => request.name === name)?.body,
      method,
    );

  it('is shown after the last token, and not at all where a model says nothing of it', async () => {
    const page = await open();
    assert.deepEqual(await asked(page, 'candidates'), { inspection: 'one', query: 14, count: 8 });
    assert.equal(await page.locator('.next-after').innerText(), 'after “[SEP]”');
    assert.equal(await page.locator('.next .ranked-item').count(), 8);
    const none = await stage.open();
    await painted(none);
    assert.equal(await none.locator('.next').isVisible(), false);
  });

  it('lists probabilities with bars as long as they say, and blanks as signs', async () => {
    const page = await open();
    const [text, share] = [
      page.locator('.next .ranked-text').first(),
      page.locator('.next .ranked-item .number').nth(1),
    ];
    assert.equal(await text.innerText(), '␣street');
    const percent = Number.parseFloat(await share.innerText());
    const bar = page.locator('.next .ranked-item .bar').first();
    const [whole, fill] = await Promise.all([bar.boundingBox(), bar.locator('.bar-fill').boundingBox()]);
    assert.ok(Math.abs((fill?.width ?? 0) / (whole?.width ?? 1) - percent / 100) < 0.01);
  });

  it('follows the picked token and marks the one that stands in the text, also where it is unlikely', async () => {
    const page = await open({
      position: { layer: 3, head: 7, step: 'weights', cell: { row: 4, column: 2 } },
    });
    assert.deepEqual(await asked(page, 'candidates'), { inspection: 'one', query: 4, count: 8 });
    assert.equal(await page.locator('.next .ranked-item.stands').count(), 1);
    assert.match(
      (await page.locator('.next .ranked-item.stands').getAttribute('title')) ?? '',
      /stands here$/,
    );
  });

  it('goes on as the controls say, and shows what was said', async () => {
    const page = await open();
    await page.getByRole('spinbutton', { name: 'Tokens, exactly' }).fill('3');
    await page.getByRole('spinbutton', { name: 'Tokens, exactly' }).press('Enter');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.locator('.next-said', { hasText: 'the the street' }).waitFor();
    assert.deepEqual(await asked(page, 'continue'), {
      tokens: 3,
      sampling: { method: 'greedy', temperature: 1, topP: 0.95, seed: 0 },
    });
  });

  it('is stopped by a button while it runs', async () => {
    const page = await open({ delay: 700 });
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('button', { name: 'Continue' }).waitFor();
    assert.equal(await asked(page, 'halt'), null);
  });

  it('says what went wrong', async () => {
    const page = await open({ failing: { continue: 'The model reads no more.' } });
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.locator('.next .problem', { hasText: 'The model reads no more.' }).waitFor();
  });

  for (const theme of ['dark', 'light', 'high-contrast'] as const) {
    it(`has nothing cut off and no fault of accessibility: ${theme}`, async () => {
      const page = await open({ theme });
      await page.locator('.next').scrollIntoViewIfNeeded();
      assert.deepEqual(await cutOff(page), []);
      assert.deepEqual(await faults(page), []);
      await keep(page, `next-${theme}`);
    });
  }
});
