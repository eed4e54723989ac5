import assert from 'node:assert/strict';
import katex from 'katex';
import { evaluate } from '../../../../src/engine/evaluate.js';
import { definition, explain } from '../../../../src/engine/explain.js';
import { inputsOf, label, type AxisName, type Value } from '../../../../src/engine/graph.js';
import { cut, type Region, type Shape, type Tensor } from '../../../../src/engine/tensor.js';
import { Runtime } from '../../../../src/runtime/session.js';
import { assertClose } from '../../../support/engine/numbers.js';
import { part } from '../../../support/engine/parts.js';
import { differentiated, operationOf, samples } from '../../../support/engine/ops/samples.js';
import { platform } from '../../../support/platform.js';

const axes = ['head', 'query', 'key'] as const satisfies readonly AxisName[];
const strict = { throwOnError: true, strict: 'error', displayMode: true } as const;
/** The value under a name, with an h where there are heads. */
const name = (value: Value, symbol: string): Value =>
  label(value, {
    name: symbol,
    symbol: value.shape.length === 3 ? `${symbol}_h` : symbol,
    axes: axes.slice(3 - value.shape.length),
  });

function randomRegion(shape: Shape, next: () => number): Region {
  return shape.map((extent) => {
    const start = Math.floor(next() * extent);
    const end = next() < 0.5 ? start + 1 : extent;
    return next() < 0.25 ? { start: 0, end: extent } : { start, end };
  });
}

describe('every operator, and its derivative', () => {
  const runtime = new Runtime(platform, { sessions: 2 });
  after(() => runtime.dispose());

  for (const [operator, builds] of Object.entries(samples)) {
    describe(operator, () => {
      it('comes to the same through ONNX Runtime', async () => {
        for (const [at, sample] of builds.entries()) {
          const { draw, values } = differentiated(sample, at);
          const expected = evaluate(values, draw.given);
          const ran = await runtime.run(values, draw.given);
          for (const [each, tensor] of expected.entries())
            assertClose(ran[each], tensor, { absolute: 2e-5, relative: 2e-5 }, `sample ${at}, value ${each}`);
        }
      });

      it('gives parts as they are in the whole', () => {
        for (const [at, sample] of builds.entries()) {
          for (let seed = 0; seed < 8; seed++) {
            const { draw, values } = differentiated(sample, 100 * at + seed);
            for (const value of values) {
              const [whole] = evaluate([value], draw.given);
              assert.ok(whole);
              const region = randomRegion(value.shape, draw.next);
              const what = `sample ${at}, seed ${seed}, ${JSON.stringify(region)}`;
              assertClose(
                part(value, region, draw.given),
                cut(whole, region),
                { absolute: 1e-12, relative: 1e-12 },
                what,
              );
            }
          }
        }
      });

      it('has the arithmetic of every cell, and can be typeset', async () => {
        for (const [at, sample] of builds.entries()) {
          const { draw, values } = differentiated(sample, 7 + at);
          for (const value of values) {
            // The operator itself over labelled inputs, as a step of a mechanism is.
            const inputs = inputsOf(value).map((from) => name(from, 'X'));
            const step = name(
              { ...value, origin: { kind: 'operation', operation: operationOf(value), inputs } },
              'Y',
            );
            katex.renderToString(definition(step), strict);
            const given = new Map<Value, Tensor>(draw.given);
            const [whole] = evaluate([step], given);
            assert.ok(whole);
            for (let cell = 0; cell < Math.min(12, whole.data.length); cell++) {
              const place = (cell * 7) % whole.data.length;
              let rest = place;
              const index = whole.shape
                .toReversed()
                .map((extent) => {
                  const own = rest % extent;
                  rest = Math.floor(rest / extent);
                  return own;
                })
                .toReversed();
              const explained = await explain(step, index, (from, region) =>
                Promise.resolve(part(from, region, given)),
              );
              const expected = whole.data[place] ?? Number.NaN;
              const close = Math.abs(explained.value - expected) <= 1e-9 * Math.max(1, Math.abs(expected));
              const what = `sample ${at}, [${index.join()}]`;
              assert.ok(
                Object.is(explained.value, expected) || explained.value === expected || close,
                `${what}: ${explained.value} is not ${expected}`,
              );
              assert.doesNotMatch(explained.tex, /undefined|NaN|Infinity|null|\de[+-]/, what);
              katex.renderToString(explained.tex, strict);
              for (const { columns } of explained.sums)
                for (const column of columns) katex.renderToString(column.tex, strict);
            }
          }
        }
      });
    });
  }
});
