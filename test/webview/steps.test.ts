import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import { Attention } from '../support/page/attention.js';
import { eventually, keep, painted, Stage, story } from '../support/page/open.js';
import type { Point } from '../support/page/pixels.js';
import { matrixBox, middle } from '../support/page/pixels.js';

const at = { layer: 3, head: 7 };
const picked = { ...at, step: 'weights', cell: { row: 10, column: 7 } };
const attention = new Attention(story);

describe('steps', function () {
  this.timeout(60_000);
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage.stop());

  const step = (page: Page, title: string): Locator =>
    page.locator('.step', { has: page.locator('.step-title', { hasText: new RegExp(`^${title}$`) }) });
  /** What a screen reader reads of a formula: its MathML, without the TeX that it was made from. */
  const math = (where: Locator): Promise<string[]> =>
    where.locator('.katex-mathml math').evaluateAll((formulas) =>
      formulas.map((formula) => {
        const copy = formula.cloneNode(true) as Element;
        for (const source of copy.querySelectorAll('annotation')) source.remove();
        return (copy.textContent ?? '').replaceAll('\u2061', '');
      }),
    );

  async function arithmetic(page: Page, title: string): Promise<string> {
    const where = step(page, title).locator('.arithmetic-tex');
    await where.locator('.katex').first().waitFor();
    return (await math(where))[0] ?? '';
  }

  it('typesets every formula, with its number and shape', async () => {
    const page = await stage.open();
    await painted(page);
    const heads = await page
      .locator('.step-toggle')
      .evaluateAll((toggles) =>
        toggles.map((toggle) => [...toggle.children].slice(1).map((part) => part.textContent)),
      );
    assert.deepEqual(heads[4], ['5', 'Scores', '(15, 15)']);
    assert.deepEqual(heads[8], ['9', 'Head output', '(15, 32)']);
    assert.deepEqual(await math(step(page, 'Scores').locator('.step-formula')), ['Sh=QhKh⊤']);
    assert.deepEqual(await math(step(page, 'Weights').locator('.step-formula')), ['Ah=softmax(S^h)']);
    assert.equal(await page.locator('.step .tex-failed').count(), 0);
  });

  it('leaves the same steps where they are when another text is inspected, and asks for its numbers', async () => {
    const page = await stage.open();
    await painted(page);
    const before = await step(page, 'Scores').elementHandle();
    await page.evaluate((subject) => window.fakeHost.open(subject, 'two'), story);
    await page.waitForFunction(
      () =>
        window.fakeHost.requests.filter(
          ({ name, body }) => name === 'slice' && JSON.stringify(body).includes('"two"'),
        ).length > 4,
    );
    assert.equal(await step(page, 'Scores').evaluate((now, then) => now === then, before), true);
    await page.evaluate((subject) => window.fakeHost.open({ ...subject, scaling: 'none' }, 'three'), story);
    await eventually(() => step(page, 'Scaled scores').count(), 0);
    assert.equal(await step(page, 'Scores').evaluate((now, then) => now === then, before), false);
  });

  it("shows the picked cell's arithmetic in every step, with that cell's numbers", async () => {
    const page = await stage.open({ position: picked });
    await painted(page);
    const score = attention.row('scores', 3, 7, 10)[7] ?? NaN;
    const weight = attention.row('weights', 3, 7, 10)[7] ?? NaN;
    assert.match(await arithmetic(page, 'Scores'), new RegExp(`^S10,7=q10⋅k7=.*=${written(score)}$`));
    assert.match(await arithmetic(page, 'Scaled scores'), new RegExp(`=${written(score / Math.sqrt(32))}$`));
    assert.match(await arithmetic(page, 'Weights'), new RegExp(`=${written(weight)}$`));
    const output = attention.row('output', 3, 7, 10)[0] ?? NaN;
    assert.match(await arithmetic(page, 'Head output'), new RegExp(`^O10,0=.*=${written(output)}$`));
    assert.equal(await page.locator('.section-aside').innerText(), 'cell (it, the)');
    await page.locator('.pane-right').evaluate((pane) => pane.scrollBy(0, 420));
    await keep(page, 'steps-picked');
  });

  it('lists every term, whose sum is the score', async () => {
    const page = await stage.open({ position: picked });
    const scores = step(page, 'Scores');
    await scores.getByRole('button', { name: /Show 32 terms/ }).click();
    const rows = await scores
      .locator('tbody tr')
      .evaluateAll((lines) =>
        lines.map((line) => [...line.children].map((cell) => (cell.textContent ?? '').replace('−', '-'))),
      );
    assert.equal(rows.length, 32);
    const q = attention.row('Q', 3, 7, 10);
    const k = attention.row('K', 3, 7, 7);
    for (const [feature, [label, left, right, product]] of rows.entries()) {
      assert.equal(label, String(feature));
      assert.ok(Math.abs(Number(left) - (q[feature] ?? NaN)) < 6e-5, `q ${feature}: ${left}`);
      assert.ok(Math.abs(Number(right) - (k[feature] ?? NaN)) < 6e-5, `k ${feature}: ${right}`);
      assert.ok(Math.abs(Number(product) - (q[feature] ?? NaN) * (k[feature] ?? NaN)) < 6e-5);
    }
    const sum = await scores.locator('tfoot td').last().innerText();
    assert.ok(Math.abs(Number(sum.replace('−', '-')) - (attention.row('scores', 3, 7, 10)[7] ?? NaN)) < 1e-3);
    await keep(page, 'steps-terms');
  });

  it("marks the picked term in a softmax's row", async () => {
    const page = await stage.open({ position: picked });
    const weights = step(page, 'Weights');
    await weights.getByRole('button', { name: /Show 15 terms/ }).click();
    assert.equal(await weights.locator('tr.picked th').innerText(), 'the');
    assert.equal(await weights.locator('tbody tr').count(), 15);
  });

  it('reads long sums in pages, beginning where the picked term is', async () => {
    const long = { ...story, layers: 1, heads: 1, queries: 300, keys: 300, words: null };
    const page = await stage.open({
      subject: long,
      position: { layer: 0, head: 0, step: 'weights', cell: { row: 2, column: 150 } },
    });
    const weights = step(page, 'Weights');
    await weights.getByRole('button', { name: /Show 300 terms/ }).click();
    assert.equal(await weights.locator('tbody tr').count(), 64);
    assert.equal(await weights.locator('tr.picked th').innerText(), '150');
    await weights.getByRole('button', { name: 'Later terms' }).click();
    assert.equal(await weights.locator('tbody tr').first().locator('th').innerText(), '192');
  });

  it('explains another feature when it is chosen', async () => {
    const page = await stage.open({ position: picked });
    await painted(page);
    await step(page, 'Queries').locator('.step-toggle').click();
    assert.match(await arithmetic(page, 'Queries'), /^Q10,0=/);
    await step(page, 'Queries').getByRole('button', { name: 'Next feature' }).click();
    await page.waitForFunction(() =>
      [...document.querySelectorAll('.arithmetic-tex annotation')].some((tex) =>
        tex.textContent?.startsWith('Q_{10,1}'),
      ),
    );
    const value = attention.row('Q', 3, 7, 10)[1] ?? NaN;
    assert.match(await arithmetic(page, 'Queries'), new RegExp(`=${written(value)}$`));
    // The same feature in the keys, but not in the values.
    await step(page, 'Keys').locator('.step-toggle').click();
    assert.match(await arithmetic(page, 'Keys'), /^K7,1=/);
    assert.match(await arithmetic(page, 'Head output'), /^O10,0=/);
  });

  it("opens a step's matrix with the cell that was pressed in its strip", async () => {
    const page = await stage.open({ position: picked });
    await painted(page);
    const strip = step(page, 'Scaled scores').locator('.step-picture');
    await step(page, 'Scaled scores').locator('.arithmetic-tex .katex').first().waitFor();
    const box = await strip.boundingBox();
    assert.ok(box !== null);
    await strip.click({ position: { x: (box.width * 3.5) / 15, y: box.height / 2 } });
    await eventually(
      () => page.evaluate(() => window.fakeHost.reports.findLast(({ name }) => name === 'position')?.body),
      { layer: 3, head: 7, step: 'scaled', cell: { row: 10, column: 3 } },
    );
    await page.waitForFunction(() =>
      document.querySelector('.stage')?.getAttribute('aria-label')?.startsWith('Scaled scores'),
    );
  });

  describe('with a matrix for each query', () => {
    const additive = { ...story, mechanism: 'additive' as const };
    const numbers = new Attention(additive);
    const shown = (page: Page): Promise<unknown> =>
      page.evaluate(
        () =>
          window.fakeHost.requests.findLast(
            ({ name, body }) => name === 'slice' && JSON.stringify(body).includes('"tanh"'),
          )?.body,
      );

    it("shows the picked query's, says whose it is, and follows another pick", async () => {
      const page = await stage.open({ subject: additive, position: picked });
      await painted(page);
      const hidden = step(page, 'Hidden units');
      await hidden.locator('.arithmetic-tex .katex').first().waitFor();
      assert.equal(await hidden.locator('.step-query').innerText(), 'for query 10 (“it”)');
      assert.match(await arithmetic(page, 'Hidden units'), /^T10,7,0=/);
      const { x, y } = await matrixMiddle(page, 4, 2);
      await page.mouse.click(x, y);
      await eventually(() => hidden.locator('.step-query').innerText(), "for query 4 (“'”)");
      await page.waitForFunction(() =>
        [...document.querySelectorAll('.arithmetic-tex annotation')].some((tex) =>
          tex.textContent?.startsWith('T_{4,2,0}'),
        ),
      );
      const value = numbers.row('tanh', 3, 7, 2, 4)[0] ?? NaN;
      assert.match(await arithmetic(page, 'Hidden units'), new RegExp(`=${written(value)}$`));
    });

    it('opens it in the heatmap, keys by units, and goes from query to query', async () => {
      const page = await stage.open({ subject: additive, position: picked });
      await painted(page);
      await step(page, 'Hidden units').locator('.step-picture').focus();
      await page.keyboard.press('Enter');
      await page.waitForFunction(() =>
        document
          .querySelector('.stage')
          ?.getAttribute('aria-label')
          ?.startsWith('Hidden units, layer 3, head 7, for query 10 (“it”): key by unit (15, 32)'),
      );
      await eventually(() => shown(page), { inspection: 'one', ...at, step: 'tanh', query: 10 });
      const toolbar = page.locator('.toolbar-query');
      assert.match(await toolbar.innerText(), /for query 10 \(“it”\)/);
      await keep(page, 'steps-per-query');
      await toolbar.getByRole('button', { name: 'Next query' }).click();
      await page.waitForFunction(() =>
        document.querySelector('.stage')?.getAttribute('aria-label')?.includes('for query 11 (“was”)'),
      );
      const { x, y } = await matrixMiddle(page, 3, 5, 15, 32);
      await page.mouse.move(x, y);
      const value = numbers.row('tanh', 3, 7, 3, 11)[5] ?? NaN;
      await eventually(
        () => page.locator('.readout b.number').innerText(),
        value.toFixed(3).replace('-', '−'),
      );
      assert.equal(
        (await page.locator('.readout').innerText()).replaceAll(/\s+/g, ' ').split(' hidden')[0],
        'key didn (3) → unit 5',
      );
    });

    it("shows the first query's where none is picked", async () => {
      const page = await stage.open({ subject: additive, position: { ...at, step: 'tanh' } });
      await painted(page);
      assert.match(await page.locator('.toolbar-query').innerText(), /for query 0 \(“\[CLS\]”\)/);
      const asked = await page.evaluate(() =>
        window.fakeHost.requests
          .filter(({ name, body }) => name === 'slice' && JSON.stringify(body).includes('"step":"tanh"'))
          .map(({ body }) => JSON.stringify(body)),
      );
      assert.ok(asked.length > 0 && asked.every((body) => body.includes('"query":0')), asked.join());
    });
  });

  it('says why a masked cell has no number', async () => {
    const page = await stage.open({
      subject: { ...story, causal: true },
      position: { ...picked, cell: { row: 2, column: 9 } },
    });
    const masked = step(page, 'Masked scores');
    await masked.locator('.remark').waitFor();
    assert.equal(await masked.locator('.remark').innerText(), 'Masked: key 9 comes after query 2.');
    await page.locator('.pane-right').evaluate((pane) => pane.scrollBy(0, 420));
    await keep(page, 'steps-masked');
  });

  it('shows hostile TeX as text, or harmlessly typeset', async () => {
    const hostile = {
      ...story,
      tex: {
        Q: '\\href{javascript:alert(1)}{Q}',
        K: '\\def\\a{\\a\\a}\\a',
        V: '\\frac{<img src=x onerror="document.title=1">',
        scores: '\\includegraphics{http://127.0.0.1/x.png}',
        scaled: '\\htmlStyle{position:fixed}{S}',
        masked: '<script>document.title = "owned"</script>',
        weights: '\\rule{9999em}{9999em}',
      },
    };
    const page = await stage.open({ subject: hostile });
    await painted(page);
    assert.equal(await page.locator('.step a, .step img, .step script').count(), 0);
    assert.equal(await page.title(), 'Attention');
    assert.match(await step(page, 'Values').locator('.step-formula').innerText(), /<img src=x/);
    assert.deepEqual(await page.evaluate(() => window.fakeHost.violations), []);
    const width = await page.locator('.pane-right').evaluate((pane) => pane.scrollWidth - pane.clientWidth);
    assert.equal(width, 0);
  });

  it('shows words that look like markup or TeX, or like nothing, as the text that they are', async () => {
    const words = [
      '<img src=x onerror="document.title=1">',
      '$\\frac{1}{2}$',
      ' ',
      '\n',
      '\t',
      '',
      '\u202eabc',
      '𝔘𝔫𝔦',
      '日本語',
      '&lt;b&gt;',
      '</table>',
      'Ġthe',
      '👩‍👩‍👧',
      'a'.repeat(300),
      '▁',
    ];
    const page = await stage.open({
      subject: { ...story, words, title: '<b>bold</b>', notices: ['<i>notice</i>'] },
      position: { ...picked, cell: { row: 0, column: 13 } },
    });
    await painted(page);
    await page.waitForFunction(() => document.querySelector('.readout')?.textContent?.includes('rank'));
    assert.equal(await page.title(), 'Attention');
    assert.equal(await page.locator('.readout img, .title b, .notices i').count(), 0);
    assert.match(await page.locator('.readout').innerText(), /<img src=x onerror=/);
    assert.equal(await page.locator('.title').innerText(), '<b>bold</b>');
    await page.getByRole('tab', { name: 'Table' }).click();
    await page.waitForFunction(() => document.querySelectorAll('.numbers-table td').length > 50);
    const heads = await page.locator('.numbers-table tbody th').allInnerTexts();
    assert.deepEqual(heads.slice(2, 7), ['␣', '↵', '⇥', '∅', '⟨202E⟩abc']);
    await keep(page, 'hostile-table');
    await page.getByRole('tab', { name: 'Heatmap' }).click();
    await keep(page, 'hostile');
  });
});

/** A number as the fake host's TeX has it, typeset, for use in a pattern. */
function written(value: number): string {
  return value.toFixed(3).replace('-', '−').replace('.', '\\.');
}

async function matrixMiddle(
  page: Page,
  row: number,
  column: number,
  rows = 15,
  columns = 15,
): Promise<Point> {
  return middle(await matrixBox(page), rows, columns, row, column);
}
