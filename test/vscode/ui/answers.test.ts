import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/until.js';
import { openWorkbench } from '../../support/vscode/harness.js';
import type { Workbench } from '../../support/vscode/harness.js';
import { assertSealed, line, panel, picks, selectLine } from '../../support/vscode/panel.js';

/** A tiny checkpoint with random weights and a head for answers, and what transformers answers with it. */
const fixture = join(process.cwd(), 'test', 'fixtures', 'models', 'answers', 'bert');
const [asked] = JSON.parse(readFileSync(join(fixture, 'expected.json'), 'utf8')) as [
  {
    readonly question: string;
    readonly context: string;
    /** First and last token, probability, text. */
    readonly spans: readonly [readonly [number, number, number, string]];
  },
];

describe('a model that points at answers', () => {
  let workbench: Workbench;
  const answer = asked.spans[0][3].trim();

  before(async () => {
    workbench = await openWorkbench({
      prepare: (folder) => {
        cpSync(fixture, join(folder, 'tiny-answers'), { recursive: true });
        writeFileSync(join(folder, 'question.txt'), `${asked.question}\n${asked.context}\n`);
        writeFileSync(
          join(folder, 'apart.txt'),
          `${asked.question}\n${'Another line.\n'.repeat(8)}${asked.context}\n`,
        );
      },
    });
    await workbench.openFile('question.txt');
    await workbench.command('Attention: Use Model');
    await picks(workbench).filter({ hasText: 'tiny-answers' }).first().click();
    const status = workbench.page.locator('.statusbar-item').filter({ hasText: 'tiny-answers' });
    await until('its use', async () => (await status.count()) > 0);
  });
  after(() => workbench.close());

  const framed = () => workbench.page.locator('.monaco-editor .cdr[class*="ced-"]');

  it('answers the question of a selection from the text beside it, as transformers does', async () => {
    await line(workbench, asked.question).click();
    await workbench.page.keyboard.press('ControlOrMeta+a');
    await workbench.command('Attention: Inspect Selection');
    const frame = await panel(workbench);
    assert.equal(await frame.locator('h1.title').innerText(), `“${asked.question}” → “${answer}”`);
    const notices = await frame.locator('.notices').innerText();
    assert.match(
      notices,
      /^The question is “.+”; what comes after it is the text that answers\. To choose otherwise, /,
    );
    await frame.getByRole('tab', { name: 'Heads' }).click();
    const best = frame.locator('.answers button').first();
    assert.equal(await best.locator('.answer-text').innerText(), answer);
    const percent = `${(100 * asked.spans[0][2]).toFixed(asked.spans[0][2] < 0.1 ? 2 : 1)} %`;
    assert.equal(await best.locator('.metric-value').innerText(), percent);
    await workbench.screenshot('vscode/answers');
    await frame.getByRole('tab', { name: 'Heatmap' }).click();
    assertSealed(workbench);
  });

  it('marks the answer in the editor, and picks its tokens when it is pressed', async () => {
    const frame = await panel(workbench);
    await until('the mark', async () => (await framed().count()) > 0);
    await frame.getByRole('tab', { name: 'Heads' }).click();
    await frame.locator('.answers button').first().click();
    await until('the picked cell', async () =>
      (await frame.locator('.readout').innerText()).includes('weight'),
    );
    await frame.getByRole('tab', { name: 'Steps' }).click();
    const steps = frame.locator('.step');
    await steps.filter({ hasText: 'Start and end logits' }).locator('.katex').first().waitFor();
    const probabilities = steps.filter({ hasText: 'Start and end probabilities' });
    await probabilities.scrollIntoViewIfNeeded();
    await probabilities.locator('.arithmetic .katex').first().waitFor();
    await workbench.screenshot('vscode/answers-steps');
    await probabilities.locator('.step-picture').click();
    const readout = frame.locator('.readout');
    await readout.filter({ hasText: /^endpoint start \(0\).*probability 0\.\d/ }).waitFor();
    await workbench.screenshot('vscode/answers-probabilities');
    assertSealed(workbench);
  });

  it('has its steps in a comparison too, under a heading of their own', async () => {
    const frame = await panel(workbench);
    await frame.getByRole('button', { name: 'Compare' }).click();
    const headings = frame.locator('.compare-phase.row-task:visible');
    await until('two columns', async () => (await headings.count()) >= 2);
    // Columns come one after the other, and move what stands below them: both rows are measured at one moment.
    await until('the task above the weights', () =>
      frame.evaluate(() => {
        const boxes = ['task', 'weights'].map((row) =>
          [...document.querySelectorAll(`.row-${row}`)]
            .map((each) => each.getBoundingClientRect())
            .find(({ height }) => height > 0),
        );
        const [task, weights] = boxes;
        return task !== undefined && weights !== undefined && task.bottom <= weights.top + 1;
      }),
    );
    await headings.first().getByRole('button').click();
    await headings.first().locator('.katex').first().waitFor();
    await workbench.screenshot('vscode/answers-compare');
    await frame.getByRole('button', { name: 'Compare' }).click();
    assertSealed(workbench);
  });

  it('takes the question and the text from two selections, wherever they stand', async () => {
    // The file is to open beside the panel, where the editor is.
    await line(workbench, asked.question).click();
    await workbench.openFile('apart.txt');
    // Its tab is there before its lines are.
    await line(workbench, 'Another line.').waitFor();
    await selectLine(workbench, asked.question);
    await line(workbench, asked.context).click({ clickCount: 3, modifiers: ['Alt'] });
    await workbench.command('Attention: Inspect Selection');
    // Another document has a panel of its own. In that of before, how one selection was parted is said.
    let frame = await panel(workbench);
    await until('the answer of two', async () => {
      frame = await panel(workbench);
      const title = await frame.locator('h1.title').innerText({ timeout: 1000 });
      const notices = await frame.locator('.notices').innerText();
      return title === `“${asked.question}” → “${answer}”` && !notices.includes('The question is');
    });
    await frame.getByRole('tab', { name: 'Heads' }).click();
    await frame.locator('.answers button').first().hover();
    const marked = workbench.page
      .locator('.editor-instance')
      .filter({ hasText: 'Another line.' })
      .locator('.cdr[class*="ced-"]');
    await until('the mark in the second selection', async () => {
      const [mark, text] = await Promise.all([
        marked.first().boundingBox(),
        line(workbench, asked.context).boundingBox(),
      ]);
      return mark !== null && text !== null && Math.abs(mark.y - text.y) < text.height;
    });
    await workbench.screenshot('vscode/answers-apart');
    assertSealed(workbench);
  });
});
