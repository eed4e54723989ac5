import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
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

const spoken = join(process.cwd(), 'test', 'fixtures', 'models', 'speech-text', 'voice.wav');

describe('A recording', () => {
  let workbench: Workbench;

  before(async () => {
    workbench = await openWorkbench({
      prepare: (folder) => {
        cpSync(spoken, join(folder, 'unwritten.wav'));
        writeFileSync(join(folder, 'number.txt'), 'three hundred and forty two');
        writeFileSync(join(folder, 'song.mp3'), Buffer.from([0xff, 0xfb, 0x90, 0x64, 0, 0, 0, 0]));
      },
    });
  });

  after(async () => {
    await workbench.close();
  });

  afterEach(() => closeAllEditors(workbench));

  async function shows(...expected: readonly RegExp[]): Promise<Frame> {
    const frame = await panel(workbench);
    let text = '';
    await until('what was heard', async () => {
      text = await frame.locator('body').innerText();
      return expected.every((each) => each.test(text));
    });
    assert.equal(await frame.locator('.sound .problem').isVisible(), false, text);
    return frame;
  }

  it('is inspected from the explorer, with its words along the sound', async () => {
    const choose = await workbench.menuItem(workbench.explorerRow('date.wav'), 'Attention: Inspect Audio');
    await choose();
    const frame = await shows(/date\.wav → “friday november twenty eight”/, /numbers-speech · Whisper/);
    await until('the words with their times', async () =>
      /november/.test(await frame.locator('.sound-words').innerText()),
    );
    assert.deepEqual(await tabs(workbench), ['date.wav']);
    assertSealed(workbench);
    await workbench.screenshot('vscode/audio');
  });

  it('is played after a press, and comes to its end', async () => {
    const choose = await workbench.menuItem(workbench.explorerRow('noisy.wav'), 'Attention: Inspect Audio');
    await choose();
    const frame = await shows(/“seven one nine zero”/);
    const play = frame.getByRole('button', { name: /^Play/ }).first();
    await play.click();
    await frame
      .getByRole('button', { name: /^Pause/ })
      .first()
      .waitFor();
    await play.waitFor();
    assertSealed(workbench);
  });

  it('is aligned with the text that stands in a file of its name', async () => {
    const choose = await workbench.menuItem(workbench.explorerRow('number.wav'), 'Attention: Inspect Audio');
    await choose();
    await picks(workbench)
      .filter({ hasText: 'aligns a transcript' })
      .filter({ hasText: 'number.txt' })
      .click();
    await shows(/number\.wav/, /forty/);
  });

  it('is a sentence where it cannot be read', async () => {
    const choose = await workbench.menuItem(workbench.explorerRow('song.mp3'), 'Attention: Inspect Audio');
    await choose();
    assert.match(await notification(workbench, /song\.mp3/), /MP3/);
  });
});
