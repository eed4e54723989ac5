import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { faults } from '../support/page/checks.js';
import { keep, painted, Stage, story } from '../support/page/open.js';
import type { Opening } from '../support/page/open.js';

const image = { width: 64, height: 48, rows: 2, columns: 7 };
const readers = [
  { reader: 'a', name: 'emoji-scenes', detail: 'ViT · 4 layers × 4 heads', used: false },
  { reader: 'b', name: 'vit-base-patch16-224', detail: 'ViT · 12 layers × 12 heads', used: true },
  { reader: 'c', name: 'dinov2-small', detail: 'DINOv2 · 12 layers × 6 heads', used: false },
];

describe('The page’s header', () => {
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage.stop());

  async function open(opening: Opening = {}): Promise<Page> {
    const page = await stage.open({ subject: { ...story, image }, readers, ...opening });
    await painted(page);
    return page;
  }
  const asked = (page: Page, method: string): Promise<unknown> =>
    page.evaluate(
      (name) => window.fakeHost.requests.findLast((request) => request.name === name)?.body,
      method,
    );
  const opener = (page: Page) => page.getByRole('button', { name: 'Read with another model' });

  it('lists the models that could read it, at the one that did', async () => {
    const page = await open();
    await opener(page).click();
    const items = page.getByRole('menuitemradio');
    await items.first().waitFor();
    assert.deepEqual(
      await items.allInnerTexts(),
      readers.map(({ name, detail }) => `${name}${detail}`),
    );
    assert.match((await page.evaluate(() => document.activeElement?.textContent)) ?? '', /^vit-base/);
    assert.deepEqual(await faults(page), []);
    await keep(page, 'readers');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => window.fakeHost.requests.some(({ name }) => name === 'readWith'));
    assert.deepEqual(await asked(page, 'readWith'), { reader: 'c' });
    assert.equal(await items.first().isVisible(), false);
  });

  it('asks for nothing where the one that did is chosen', async () => {
    const page = await open();
    await opener(page).focus();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('menuitemradio', { name: /^vit/ }).click();
    assert.equal(await asked(page, 'readWith'), undefined);
  });

  it('stays closed where the list cannot be had, and says so to the host', async () => {
    const page = await open({ failing: { readers: 'The engine is gone.' } });
    await opener(page).click();
    await page.waitForFunction(() => window.fakeHost.reports.some(({ name }) => name === 'error'));
    assert.equal(await page.locator('.titles .menu-list').isVisible(), false);
  });

  it('has no such list for tensors', async () => {
    const page = await stage.open();
    await painted(page);
    assert.equal(await opener(page).count(), 0);
  });

  it('takes what is dropped onto the page', async () => {
    const page = await open();
    const drop = (make: string): Promise<void> =>
      page.evaluate((kind) => {
        const data = new DataTransfer();
        if (kind === 'files')
          data.setData('text/uri-list', '# a remark\r\nfile:///w/a.png\r\nfile:///w/b.npy\r\n');
        else if (kind === 'image')
          data.items.add(new File([new Uint8Array([1, 2, 3])], 'c.png', { type: 'image/png' }));
        else data.setData('text/plain', 'words');
        for (const type of ['dragover', 'drop']) {
          const event = new DragEvent(type, { dataTransfer: data, cancelable: true, bubbles: true });
          document.body.dispatchEvent(event);
        }
      }, make);
    await drop('text');
    await drop('files');
    await page.waitForFunction(() => window.fakeHost.requests.some(({ name }) => name === 'drop'));
    assert.deepEqual(await asked(page, 'drop'), {
      kind: 'files',
      uris: ['file:///w/a.png', 'file:///w/b.npy'],
    });
    await drop('image');
    await page.waitForFunction(
      () => window.fakeHost.requests.filter(({ name }) => name === 'drop').length === 2,
    );
    const given = await page.evaluate(() => {
      const body = window.fakeHost.requests.findLast(({ name }) => name === 'drop')?.body;
      return JSON.stringify(body, (_, value: unknown) => (value instanceof Uint8Array ? [...value] : value));
    });
    assert.deepEqual(JSON.parse(given), {
      kind: 'bytes',
      name: 'c.png',
      type: 'image/png',
      bytes: [1, 2, 3],
    });
  });
});
