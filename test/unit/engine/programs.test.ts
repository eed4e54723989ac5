import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import katex from 'katex';
import { definition, latex, program } from '../../../src/engine/explain.js';
import { evaluate } from '../../../src/engine/evaluate.js';
import { build, buildCase, cases, stepOf } from '../../support/engine/cases.js';
import { assertClose, Fixture } from '../../support/engine/numbers.js';
import { programFile } from '../../support/engine/program-file.js';

const folder = join(process.cwd(), 'test/fixtures/engine/programs');
const results = new Fixture('programs.safetensors');
const strict = { throwOnError: true, strict: 'error', displayMode: true } as const;

describe('the printed program', () => {
  for (const each of cases) {
    const { graph, given } = buildCase(each);
    for (const language of ['numpy', 'pytorch'] as const) {
      describe(`${language}: ${each.name}`, () => {
        it('is the one that was run', () => {
          const ran = readFileSync(join(folder, programFile(each.name, language)), 'utf8');
          assert.equal(program(graph.steps, language), ran, 'run print_programs.ts and run_programs.py anew');
        });

        it('came to the same numbers', () => {
          const ran = [...results.below(`${each.name}/${language}/`)];
          assert.ok(ran.some(([name]) => name === 'weights'));
          const values = evaluate(
            ran.map(([name]) => stepOf(graph, name)),
            given,
          );
          ran.forEach(([name, tensor], at) => {
            assertClose(values[at], tensor, { absolute: 2e-6, relative: 2e-6 }, name);
          });
        });
      });
    }
  }

  it('is there for no case but these', () => {
    const files = cases.flatMap(({ name }) => [programFile(name, 'numpy'), programFile(name, 'pytorch')]);
    assert.deepEqual(readdirSync(folder).toSorted(), files.toSorted());
  });
});

describe('formulas', () => {
  for (const each of cases) {
    it(`are typeset: ${each.name}`, () => {
      const { steps } = buildCase(each).graph;
      for (const step of steps) katex.renderToString(definition(step), strict);
      katex.renderToString(latex(steps), strict);
    });
  }

  const formulas = (...args: Parameters<typeof build>): Record<string, string> =>
    Object.fromEntries(build(...args).steps.map((step) => [step.label?.name ?? '', definition(step)]));

  it('of scaled dot-product attention are those of the paper', () => {
    assert.deepEqual(formulas('scaled-dot-product', { Q: [2, 4], K: [3, 4], V: [3, 5] }), {
      Q: 'Q',
      K: 'K',
      V: 'V',
      scores: 'S = Q K^{\\top}',
      scaled: '\\tilde{S} = \\frac{S}{\\sqrt{d_k}}',
      weights: 'A = \\operatorname{softmax}\\left(\\tilde{S}\\right)',
      output: 'O = A V',
    });
  });

  it('of multi-head attention too', () => {
    const shapes = { X: [3, 4], W_Q: [4, 4], W_K: [4, 4], W_V: [4, 4], W_O: [4, 4], b_O: [4] };
    const { Q, scores, head, concat, output } = formulas('multi-head', shapes, { heads: 2 });
    assert.deepEqual(
      [Q, scores, head, concat, output],
      [
        'Q_h = X W^Q_h',
        'S_h = Q_h K_h^{\\top}',
        '\\mathrm{head}_h = A_h V_h',
        'Z = \\operatorname{Concat}_{h=1}^{2} \\mathrm{head}_h',
        'O = Z W^O + b^O',
      ],
    );
  });

  it('of grouped heads say which group a head reads', () => {
    const { K, scores, output } = formulas('scaled-dot-product', {
      Q: [6, 2, 4],
      K: [2, 3, 4],
      V: [2, 3, 4],
    });
    assert.equal(K, 'K_g');
    assert.equal(scores, 'S_h = Q_h K_{\\lfloor h / 3 \\rfloor}^{\\top}');
    assert.equal(output, 'O_h = A_h V_{\\lfloor h / 3 \\rfloor}');
  });

  it('of masks say which keys are kept', () => {
    const shapes = { Q: [2, 4], K: [3, 4] };
    const masked = (params: Readonly<Record<string, string | number>>, given = {}): string =>
      formulas('scaled-dot-product', { ...shapes, ...given }, params)['masked'] ?? '';
    assert.match(masked({ mask: 'causal' }), /\\tilde\{S\}\}_\{ij\} & j \\le i \\\\ -\\infty/);
    assert.match(
      masked({ mask: 'sliding-window', window: 2 }),
      /\\lvert i - j \\rvert \\le 2 \\\\ -\\infty & \\text\{otherwise\}/,
    );
    assert.match(masked({ windowLeft: 1, windowRight: 2 }), /& i - 1 \\le j \\le i \+ 2 \\\\/);
    assert.match(masked({ windowLeft: 1 }), /& i - 1 \\le j \\\\/);
    assert.match(masked({ mask: 'prefix', prefix: 1 }), /& j < 1 \\text\{ or \} j \\le i/);
    assert.match(masked({}, { padding: [3] }), /& p_j \\ne 0/);
    assert.match(masked({ padding: 'drop' }, { padding: [3] }), /& p_j = 0/);
    assert.match(masked({}, { lengths: [1] }), /& j < L \\\\/);
    assert.equal(masked({}, { mask: [2, 3] }), '\\hat{S} = \\tilde{S} + M');
    assert.match(masked({ givenMask: 'keep' }, { mask: [2, 3] }), /& \{M\}_\{ij\} \\ne 0/);
    assert.match(
      masked({ causal: 'on' }, { mask: [2, 3] }),
      /^\\hat\{S\} = \\hat\{S\}\^\{\\text\{causal\}\} \+ M$/,
    );
  });
});
