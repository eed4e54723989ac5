import assert from 'node:assert/strict';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { until } from '../../support/until.js';
import { openWorkbench } from '../../support/vscode/harness.js';
import type { Workbench } from '../../support/vscode/harness.js';
import {
  assertSealed,
  closeAllEditors,
  notification,
  panel,
  picks,
  tabs,
} from '../../support/vscode/panel.js';

const fixtures = join(process.cwd(), 'test', 'fixtures');

describe('An image', () => {
  let workbench: Workbench;

  before(async () => {
    workbench = await openWorkbench({
      prepare: (folder) => {
        cpSync(join(fixtures, 'models', 'vision', 'vit'), join(folder, 'tiny-vit'), { recursive: true });
        cpSync(join(fixtures, 'media', 'images', 'jpeg-422.jpg'), join(folder, 'scene one.jpg'));
        mkdirSync(join(folder, '.vscode'));
        const settings = { 'attentionInspector.imageModel': 'tiny-vit' };
        writeFileSync(join(folder, '.vscode', 'settings.json'), JSON.stringify(settings));
        mkdirSync(join(folder, 'broken'));
        writeFileSync(join(folder, 'broken', 'no.png'), 'no image');
        writeFileSync(
          join(folder, 'notes.md'),
          'A scene:\n\n![a scene](scene%20one.jpg)\n\n![gone](gone.png)\n',
        );
      },
    });
  });

  after(async () => {
    await workbench.close();
  });

  afterEach(() => closeAllEditors(workbench));

  /** Whether the picture has colours of its own: a preview that did not come leaves it clear. */
  const drawn = (frame: Frame): Promise<boolean> =>
    frame.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('.image-picture');
      if (canvas === null || canvas.width === 0 || canvas.height === 0) return false;
      const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      const colors = new Set<number>();
      for (let at = 0; at < pixels.length; at += 4) {
        if ((pixels[at + 3] ?? 0) > 0) {
          colors.add(((pixels[at] ?? 0) << 16) | ((pixels[at + 1] ?? 0) << 8) | (pixels[at + 2] ?? 0));
        }
      }
      return colors.size > 20;
    });

  async function shows(): Promise<string> {
    const frame = await panel(workbench);
    let text = '';
    await until('the image', async () => {
      text = await frame.locator('body').innerText();
      return !/Loading/.test(text) && (await drawn(frame));
    });
    assert.equal(await frame.locator('.image .problem').isVisible(), false, text);
    return text;
  }

  it('is inspected from the explorer, over the picture itself', async () => {
    const choose = await workbench.menuItem(
      workbench.explorerRow('scene one.jpg'),
      'Attention: Inspect Image',
    );
    await choose();
    assert.match(await shows(), /tiny-vit[^]*ViT · \d+ layers × \d+ heads/);
    assert.deepEqual(await tabs(workbench), ['scene one.jpg']);
    assertSealed(workbench);
    await workbench.screenshot('vscode/image');
  });

  it('is inspected from VS Code’s own preview of it, beside it', async () => {
    await workbench.openFile('scene one.jpg');
    await workbench.command('Attention: Inspect Image');
    await shows();
    assert.equal(await workbench.page.locator('.editor-group-container').count(), 2);
  });

  it('is inspected where a text names it', async () => {
    await workbench.openFile('notes.md');
    await workbench.page.locator('.view-line', { hasText: 'scene%20one' }).click();
    await workbench.command('Attention: Inspect Linked Image');
    await shows();
  });

  it('is a sentence where it is gone, or no image', async () => {
    await workbench.openFile('notes.md');
    await workbench.page.locator('.view-line', { hasText: 'gone.png' }).click();
    await workbench.command('Attention: Inspect Linked Image');
    assert.match(await notification(workbench, /gone\.png/), /gone\.png does not exist any more/);
    await workbench.openFile('no.png');
    await workbench.command('Attention: Inspect Image');
    assert.match(await notification(workbench, /no\.png/), /no\.png/);
  });

  it('is read by the model that is chosen for images, apart from that for text', async () => {
    await workbench.command('Attention: Use Model');
    await picks(workbench).filter({ hasText: 'tiny-vit' }).first().waitFor();
    const shown = await workbench.page.locator('.quick-input-list').innerText();
    assert.match(shown, /for text/);
    assert.match(shown, /for images/);
    await workbench.screenshot('vscode/use-model');
    await workbench.page.keyboard.press('Escape');
  });
});
