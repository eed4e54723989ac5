import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { evaluate } from '../../../../src/engine/evaluate.js';
import { assertClose, Fixture } from '../../../support/engine/numbers.js';
import { programmed, type OperatorProgram } from '../../../support/engine/ops/programs.js';

const results = new Fixture('operator-programs.safetensors');
// Written by print_operator_programs.ts from what operatorPrograms() gives.
const ran = JSON.parse(
  readFileSync(join(process.cwd(), 'test/fixtures/engine/operator-programs.json'), 'utf8'),
) as readonly OperatorProgram[];

describe('the program of every operator and of its derivative', () => {
  const all = programmed();

  for (const { draw, values, printed } of all) {
    for (const language of ['numpy', 'pytorch'] as const) {
      describe(`${language}: ${printed.name}`, () => {
        it('is the one that was run', () => {
          const before = ran.find(({ name }) => name === printed.name);
          const anew = 'run print_operator_programs.ts and run_operator_programs.py anew';
          assert.equal(printed[language], before?.[language], anew);
          assert.deepEqual(printed.inputs, before?.inputs, anew);
        });

        it('came to the same numbers', () => {
          const computed = evaluate(values, draw.given);
          for (const [at, value] of values.entries()) {
            const name = value.label?.name ?? '';
            const expected = results.tensor(`${printed.name}/${language}/${name}`);
            assertClose(computed[at], expected, { absolute: 1e-9, relative: 1e-9 }, name);
          }
        });
      });
    }
  }

  it('is there for nothing but these', () => {
    assert.deepEqual(
      ran.map(({ name }) => name),
      all.map(({ printed }) => printed.name),
    );
  });
});
