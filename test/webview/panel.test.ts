import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { eventually, keep, painted, resting, Stage, story } from '../support/page/open.js';

const last = (page: Page, name: string): Promise<unknown> =>
  page.evaluate((wanted) => window.fakeHost.reports.findLast((report) => report.name === wanted)?.body, name);

describe('panel', function () {
  this.timeout(60_000);
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage.stop());

  it('reports once that the first heatmap is on screen, with the time it took', async () => {
    const page = await stage.open();
    await painted(page);
    await resting(page);
    const reports = await page.evaluate(() =>
      window.fakeHost.reports.filter(({ name }) => name === 'painted'),
    );
    assert.equal(reports.length, 1);
    const [report] = reports;
    assert.ok(report !== undefined);
    const { milliseconds } = report.body as { milliseconds: number };
    assert.ok(milliseconds > 0 && milliseconds < 30_000, String(milliseconds));
    assert.match(
      (await page.locator('.subtitle').getAttribute('title')) ?? '',
      /^Forward pass 11 ms · picture [\d.]+ m?s$/,
    );
  });

  it('says how far a run is that began before the page was up', async () => {
    const progress = { message: '256 of 2041 tokens · 188 MB are kept', fraction: 0.25 };
    const page = await stage.open({ first: { kind: 'busy', title: 'The library reads', progress } });
    await page.locator('.status-message', { hasText: progress.message }).waitFor();
    assert.equal(await page.locator('.progress').getAttribute('aria-valuenow'), '25');
  });

  it('announces only work that takes longer than a blink, with progress and a way to cancel', async () => {
    const page = await stage.open();
    await painted(page);
    const shown = page.locator('.status');
    const waited = await page.evaluate(async () => {
      const status = document.querySelector<HTMLElement>('.status');
      if (status === null) throw new Error('There is no place for the status.');
      let seen = 0;
      const appeared = new Promise<number>((resolve) => {
        new MutationObserver(() => {
          if (!status.hidden) resolve(performance.now());
          if (!status.hidden) seen += 1;
        }).observe(status, { attributes: true, attributeFilter: ['hidden'] });
      });
      // Done before anyone could have read what is being done.
      window.fakeHost.show({ kind: 'busy', title: 'In a blink' });
      window.fakeHost.show();
      await window.activity.rest();
      if (seen > 0) throw new Error('A blink was announced.');
      const start = performance.now();
      window.fakeHost.show({ kind: 'busy', title: 'Running BERT' });
      return (await appeared) - start;
    });
    assert.ok(waited >= 199, `announced after ${waited} ms`);
    await page.evaluate(() =>
      window.fakeHost.panel.notify('progress', { message: 'Layer 3 of 6', fraction: 0.5 }),
    );
    await page.waitForFunction(
      () => document.querySelector('.progress')?.getAttribute('aria-valuenow') === '50',
    );
    assert.match(await shown.innerText(), /Running BERT[^]*Layer 3 of 6/);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.waitForFunction(() => window.fakeHost.requests.some(({ name }) => name === 'cancel'));
    await page.evaluate(() => window.fakeHost.show());
    await shown.waitFor({ state: 'hidden' });
  });

  it('keeps the picture, dimmed, while it is renewed', async () => {
    const page = await stage.open();
    await painted(page);
    await page.evaluate(() => window.fakeHost.show({ kind: 'busy', title: 'Running again' }));
    await page.locator('.status.over').waitFor({ state: 'visible' });
    assert.equal(await page.locator('.stage').isVisible(), true);
    await keep(page, 'renewing');
  });

  it('says in a sentence what failed, and tries again when asked to', async () => {
    const message = 'Q.npy: the header says (15, 32) of float32, 1920 bytes, but 1800 follow.';
    const page = await stage.open({ first: { kind: 'failed', message } });
    const alert = page.getByRole('alert');
    await alert.waitFor();
    assert.equal(await alert.innerText(), message);
    await keep(page, 'failed');
    await page.getByRole('button', { name: 'Retry' }).click();
    await painted(page);
  });

  it('says beside the matrix that its numbers could not be had', async () => {
    const page = await stage.open({ failing: { slice: 'The engine stopped. It has been started again.' } });
    await page.locator('.heatmap .problem').waitFor({ state: 'visible' });
    assert.equal(
      await page.locator('.heatmap .problem').innerText(),
      'The engine stopped. It has been started again.',
    );
    await keep(page, 'slice-failed');
  });

  it('asks for the matrix first, and for the rest once that has come', async () => {
    const page = await stage.open({ held: ['slice'] });
    const asked = (): Promise<string[]> =>
      page.evaluate(() => [...new Set(window.fakeHost.requests.map(({ name }) => name))].toSorted());
    await page.waitForFunction(() => window.fakeHost.requests.some(({ name }) => name === 'slice'));
    await resting(page);
    assert.deepEqual(await asked(), ['headTypes', 'ready', 'slice']);
    const slices = await page.evaluate(
      () => window.fakeHost.requests.filter(({ name }) => name === 'slice').length,
    );
    assert.equal(slices, 1);
    await page.evaluate(() => {
      window.fakeHost.release();
    });
    await painted(page);
    await eventually(asked, ['headTypes', 'metrics', 'ready', 'slice', 'thumbnails']);
  });

  it('drops what comes back for an older run', async () => {
    const page = await stage.open();
    await painted(page);
    await page.evaluate(() => {
      window.fakeHost.delay = 300;
      window.fakeHost.show();
    });
    await page.locator('.heads-cell[aria-label="Layer 0, head 0"]').click();
    await page.waitForFunction(
      () => window.fakeHost.requests.findLast(({ name }) => name === 'slice') !== undefined,
    );
    // While head 1's numbers are on their way, the mechanism runs again with another mask.
    await page.evaluate(() => {
      window.fakeHost.subject().revision = 7;
      window.fakeHost.show();
    });
    await resting(page);
    assert.equal(await page.locator('.problem:visible').count(), 0);
    const asked = await page.evaluate(
      () => window.fakeHost.requests.filter(({ name }) => name === 'slice').length,
    );
    assert.ok(asked >= 3);
    assert.equal(await page.locator('canvas.cells').isVisible(), true);
  });

  it('follows the host without telling it what it said', async () => {
    const page = await stage.open();
    await painted(page);
    await page.evaluate(() =>
      window.fakeHost.move({ layer: 1, head: 2, step: 'scaled', cell: { row: 1, column: 1 } }),
    );
    await page.waitForFunction(
      () => document.querySelector('.section-aside')?.textContent === 'cell (the, the)',
    );
    assert.equal(await last(page, 'position'), undefined);
    assert.equal(
      await page.locator('.heads-cell[aria-selected="true"]').getAttribute('aria-label'),
      'Layer 1, head 2',
    );
  });

  it('goes on from head to head while the host is slow to answer', async () => {
    const page = await stage.open({ latency: 40 });
    await painted(page);
    await resting(page);
    const shown = await page.evaluate(async () => {
      const cells = [...document.querySelectorAll<HTMLElement>('.heads-cell')];
      const seen: string[] = [];
      const observer = new MutationObserver((changes) => {
        for (const { target } of changes) {
          if (target instanceof HTMLElement && target.ariaSelected === 'true' && seen.at(-1) !== target.title)
            seen.push(target.title);
        }
      });
      for (const cell of cells) observer.observe(cell, { attributeFilter: ['aria-selected'] });
      // Each move is made while the answer to the one before, which the host has got, is on its way.
      const told = (): number => window.fakeHost.reports.filter(({ name }) => name === 'position').length;
      for (let head = 0; head < 5; head += 1) {
        const before = told();
        cells[head]?.click();
        for (let frame = 0; told() === before && frame < 600; frame += 1)
          await new Promise((next) => requestAnimationFrame(next));
      }
      await window.activity.rest();
      return seen;
    });
    assert.deepEqual(
      shown,
      [0, 1, 2, 3, 4].map((head) => `Layer 0, head ${head}`),
    );
  });

  it('ends where the host has put it', async () => {
    const page = await stage.open();
    await painted(page);
    await page.evaluate(() => {
      window.fakeHost.allow = (wanted) => ({ ...wanted, head: Math.min(wanted.head, 2) });
    });
    await page.locator('.heads-cell[aria-label="Layer 0, head 5"]').click();
    await page.locator('.heads-cell[aria-label="Layer 0, head 2"][aria-selected="true"]').waitFor();
  });

  it('remembers where the user was, never what was computed, and goes back there', async () => {
    const page = await stage.open();
    await painted(page);
    await page.locator('.heads-cell[aria-label="Layer 1, head 4"]').click();
    await page.locator('.stage').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.locator('.step-toggle', { hasText: 'Queries' }).click();
    await page.waitForFunction(() => JSON.stringify(window.fakeHost.state ?? '').includes('"Q":true'));
    const persisted = await page.evaluate(() => window.fakeHost.state);
    assert.ok(JSON.stringify(persisted).length < 1000, 'no results are kept');

    const again = await stage.open({ persisted, id: 'another' });
    await painted(again);
    await eventually(() => last(again, 'position'), {
      layer: 1,
      head: 4,
      step: 'weights',
      cell: { row: 1, column: 0 },
    });
    assert.equal(
      await again.locator('.step-toggle', { hasText: 'Queries' }).getAttribute('aria-expanded'),
      'true',
    );
    // Something else is inspected: its first place counts.
    const other = await stage.open({ persisted, subject: { ...story, title: 'Another' } });
    await painted(other);
    assert.equal(
      await other.locator('.heads-cell[aria-selected="true"]').getAttribute('aria-label'),
      'Layer 3, head 7',
    );
  });

  it('starts over on a state that makes no sense', async () => {
    for (const persisted of [
      'nonsense',
      { location: { position: { layer: -1 } }, views: [1], widths: { left: NaN } },
      {
        views: {
          steps: 'x',
          heads: [1],
          next: { values: { topP: null } },
          compare: { origin: 'one', variants: [7] },
        },
      },
      { centre: 'nothing that is there', views: null },
      7,
    ]) {
      const page = await stage.open({ persisted });
      await painted(page);
      assert.equal(await last(page, 'error'), undefined);
    }
  });

  it('copies code through the host', async () => {
    const page = await stage.open();
    await painted(page);
    await page.getByRole('button', { name: 'Copy as' }).click();
    await keep(page, 'menu');
    await page.getByRole('menuitem', { name: 'NumPy' }).click();
    await eventually(
      () => page.evaluate(() => window.fakeHost.requests.findLast(({ name }) => name === 'copyCode')?.body),
      { language: 'numpy', scope: { layer: 3, head: 'all' } },
    );
  });

  it('asks the host to export', async () => {
    const page = await stage.open();
    await painted(page);
    await page.getByRole('button', { name: 'Export…' }).click();
    await page.getByRole('menuitem', { name: 'Numbers, code and more…' }).click();
    await page.waitForFunction(() => window.fakeHost.requests.some(({ name }) => name === 'export'));
  });

  it('changes a parameter, and goes back to what is standard', async () => {
    const page = await stage.open();
    await painted(page);
    const temperature = page.getByLabel('Temperature, exactly');
    await temperature.fill('2.5');
    await temperature.press('Enter');
    await page.waitForFunction(() => window.fakeHost.requests.some(({ name }) => name === 'change'));
    assert.deepEqual(
      await page.evaluate(() => window.fakeHost.requests.findLast(({ name }) => name === 'change')?.body),
      { parameters: { temperature: 2.5 } },
    );
    const reset = page.getByRole('button', { name: 'Reset Temperature' });
    await reset.click();
    await page.waitForFunction(() => JSON.stringify(window.fakeHost.requests.at(-1)).length > 0);
    await page.waitForFunction(
      () =>
        JSON.stringify(window.fakeHost.requests.findLast(({ name }) => name === 'change')?.body) ===
        '{"parameters":{"temperature":1}}',
    );
  });

  it('lets go of the numbers of what was shown before', async () => {
    const large = { ...story, layers: 1, heads: 1, queries: 900, keys: 900, words: null };
    const page = await stage.open();
    await painted(page);
    const client = await page.context().newCDPSession(page);
    const show = async (subject: typeof story, id: string): Promise<number> => {
      await page.evaluate(
        ([given, name]) => {
          window.fakeHost.open(given, name);
        },
        [subject, id] as const,
      );
      const subtitle = `${subject.queries} tokens`;
      await page.waitForFunction(
        (text) => document.querySelector('.subtitle')?.textContent?.includes(text),
        subtitle,
      );
      await resting(page);
      await client.send('HeapProfiler.collectGarbage');
      const usage: { backingStorageSize?: number } = await client.send('Runtime.getHeapUsage');
      return usage.backingStorageSize ?? NaN;
    };
    const one = { ...story, layers: 1, heads: 1, queries: 14, keys: 14 };
    const before = await show(one, 'two');
    const during = await show(large, 'three');
    const after = await show(one, 'four');
    assert.ok(during - before > 1_000_000, `${during - before} bytes for 900 × 900`);
    assert.ok(after - before < 200_000, `${after - before} bytes are still held`);
  });
});
