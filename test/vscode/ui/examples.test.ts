import assert from 'node:assert/strict';
import { until } from '../../support/until.js';
import { openWorkbench } from '../../support/vscode/harness.js';
import type { Workbench } from '../../support/vscode/harness.js';
import { assertSealed, closeAllEditors, panel, picks, tabs } from '../../support/vscode/panel.js';

/** What each of them shows, by its title in the list. */
const examples = [
  {
    title: 'What “it” refers to',
    shows: [/all-MiniLM-L6-v2/, /16 tokens/, /query it \(10\) → key animal \(2\)/, /weight 0\.677/],
    tab: 'story.md',
  },
  { title: 'Translating a date', shows: [/dates-bahdanau/], tab: 'dates.txt' },
  { title: 'What a GPT says next', shows: [/gpt-packages/, /Continuation: “/], tab: 'prompt.txt' },
  {
    title: 'What is in a picture',
    shows: [/emoji-scenes/, /a red apple left of two cats/, /query apple \(2\) → key \d, \d/],
    tab: 'apple-and-cats.png',
  },
  {
    title: 'When a word is said',
    shows: [/numbers-speech/, /friday november twenty eight/, /query ␣november \(\d\) → key \d/],
    tab: 'date.wav',
  },
  { title: 'Q, K and V from a file', shows: [/qkv\.npz/, /11 queries × 11 keys/], tab: 'qkv.npz' },
  {
    title: 'Bahdanau’s attention on word embeddings',
    shows: [/Embeddings of all-MiniLM-L6-v2/],
    tab: 'story.md',
  },
] as const;

describe('an example', () => {
  let workbench: Workbench;

  before(async () => {
    workbench = await openWorkbench();
  });

  after(async () => {
    await workbench.close();
  });

  afterEach(() => closeAllEditors(workbench));

  it('is offered where there is no text to inspect', async () => {
    await workbench.command('Attention: Inspect Selection');
    await picks(workbench).first().waitFor();
    await picks(workbench).filter({ hasText: examples[0].title }).waitFor();
    await workbench.screenshot('vscode/examples');
    await workbench.page.keyboard.press('Escape');
  });

  for (const [at, { title, shows, tab }] of examples.entries()) {
    it(`“${title}” opens with what it is about`, async () => {
      await workbench.command('Attention: Open Example…');
      await picks(workbench).filter({ hasText: title }).click();
      const frame = await panel(workbench);
      const text = (): Promise<string> => frame.locator('body').innerText();
      await until('what it shows', async () => {
        const now = await text();
        return shows.every((each) => each.test(now));
      });
      assert.ok((await tabs(workbench)).includes(tab), (await tabs(workbench)).join(' | '));
      assertSealed(workbench);
      await workbench.screenshot(`vscode/example-${at}`);
    });
  }
});
