import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import katex from 'katex';
import { inText } from '../../../src/drawing/steps-latex.js';
import { inspectTensors, inspectText, type OpenInspection } from '../../../src/inspection/index.js';
import { media } from '../../support/models/expected.js';
import { seeded, tensor } from '../../support/inspection/numbers.js';

/** What stands on lines of its own. */
function formulas(document: string): string[] {
  return [...document.matchAll(/\\begin\{multline\*\}\n([\s\S]*?)\n\\end\{multline\*\}/g)].map(
    ([, tex = '']) => tex,
  );
}

/** The numbers of the first matrix whose formula begins with a symbol. */
function matrix(document: string, symbol: string): number[][] {
  const found = formulas(document).find((tex) => tex.startsWith(`${symbol} = \\begin{pmatrix}`));
  const inside = /\\begin\{pmatrix\}\n([\s\S]*)\n\\end/.exec(found ?? '')?.[1] ?? '';
  return inside
    .split(' \\\\\n')
    .map((line) => line.split(' & ').map((cell) => Number(cell.replace(/ \\cdot 10\^\{(-?\d+)\}/, 'e$1'))));
}

describe('the steps as LaTeX, with numbers', function () {
  this.timeout(60_000);
  const open: OpenInspection[] = [];
  afterEach(() => Promise.all(open.splice(0).map((each) => each.dispose())));

  it('has each step’s formula, its matrix as the engine has it, and the arithmetic of the cell', async () => {
    const next = seeded(7);
    const [Q, K, V] = [3, 3, 2].map((width) => tensor([2, 4, width], next));
    assert.ok(Q && K && V);
    const inspection = await inspectTensors({ Q, K, V }, { params: { mask: 'causal' } });
    open.push(inspection);
    const document = await inspection.stepsLatex({ head: 1, query: 3, key: 1 });
    for (const step of inspection.steps) {
      const { data } = await inspection.slice(step.name, { head: 1 });
      const written = matrix(document, step.symbol).flat();
      assert.equal(written.length, data.length, step.name);
      for (const [at, value] of data.entries()) {
        const seen = written[at] ?? NaN;
        if (Number.isNaN(value)) assert.ok(Number.isNaN(seen), step.name);
        else
          assert.ok(
            Math.abs(seen - value) <= 6e-3 * Math.abs(value),
            `${step.name}: ${seen} should be ${value}`,
          );
      }
    }
    const { tex } = await inspection.arithmetic('weights', { head: 1, row: 3, column: 1 });
    assert.ok(document.replaceAll(' \\\\ = ', ' = ').includes(tex), tex);
    assert.match(document, /Head 1, query 3, key 1/);
  });

  it('can be typeset, every formula of it, of a model with words', async () => {
    const inspection = await inspectText('100% of $5 & {x}_y ~ #1 ^ \\end{document}', { media });
    open.push(inspection);
    const document = await inspection.stepsLatex({ layer: 2, head: 5, query: 1, key: 4 });
    const all = formulas(document);
    assert.ok(all.length >= 3 * inspection.steps.length);
    for (const tex of all)
      katex.renderToString(`\\begin{gathered}${tex}\\end{gathered}`, {
        throwOnError: true,
        strict: 'ignore',
      });
    assert.equal(document.split('\\end{document}').length, 2);
    const folder = join('out', 'screenshots', 'pictures');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'steps.tex'), document);
  });

  it('lets no text be a command', () => {
    assert.equal(
      inText('\\input{/etc/passwd} 5% $a_b^c$ ~#&'),
      '\\textbackslash{}input\\{/etc/passwd\\} 5\\% \\$a\\_b\\textasciicircum{}c\\$ \\textasciitilde{}\\#\\&',
    );
    assert.equal(inText('a\n\nb'), 'a b');
  });

  it('refuses a query that there is not', async () => {
    const one = { shape: [1, 2, 2], data: Float32Array.of(1, 2, 3, 4) };
    const inspection = await inspectTensors({ Q: one, K: one, V: one });
    open.push(inspection);
    await assert.rejects(inspection.stepsLatex({ query: 2, key: 0 }), /There is no query 2 .* from 0 to 1/);
  });
});
