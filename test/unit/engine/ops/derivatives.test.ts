import assert from 'node:assert/strict';
import { evaluate } from '../../../../src/engine/evaluate.js';
import { gradient } from '../../../../src/engine/gradient.js';
import { input, inputsOf } from '../../../../src/engine/graph.js';
import * as operators from '../../../../src/engine/ops/index.js';
import { centralDifference } from '../../../support/engine/differences.js';
import { assertClose, randomTensor } from '../../../support/engine/numbers.js';
import { operatorNames } from '../../../support/engine/ops/operator-names.js';
import { drawn, operationOf, samples } from '../../../support/engine/ops/samples.js';

/** Operators with no derivative with respect to anything, and why. */
const without: Readonly<Record<string, string>> = {
  argmax: 'constant but for jumps; the straight-through estimator says otherwise, and is tested apart',
  frequencies: 'counts of draws: constant but for jumps',
  median: 'not said yet: it picks an entry of alignments, which nothing is differentiated through',
  noise: 'made from a seed and places alone',
  full: 'a constant',
  alibi: 'made from positions alone',
  identity: 'made from positions alone',
};

describe('gradients, beside finite differences', () => {
  for (const name of Object.keys(samples)) {
    // Rounding is constant but for jumps; its gradient passes through, as it does in PyTorch's casts.
    if (Object.hasOwn(without, name) || name === 'roundTo') continue;
    it(`of ${name}`, () => {
      for (const { what, draw, value } of drawn(6).filter((each) => each.name === name)) {
        const seed = randomTensor(value.shape, draw.next);
        const upstream = input(value.shape);
        const targets = draw.differentiable;
        const gradients = evaluate(
          gradient(value, upstream, targets),
          new Map([...draw.given, [upstream, seed]]),
        );
        targets.forEach((leaf, which) => {
          const tensor = draw.given.get(leaf);
          assert.ok(tensor);
          const differences = tensor.data.map((_, at) => {
            const along = new Float64Array(tensor.data.length).fill(1, at, at + 1);
            return centralDifference(value, seed, draw.given, leaf, along, 1e-5);
          });
          const reference = { shape: tensor.shape, data: differences };
          assertClose(
            gradients[which],
            reference,
            { absolute: 1e-7, relative: 1e-7 },
            `${what}, input ${which}`,
          );
        });
      }
    });
  }
});

describe('an operator’s derivative', () => {
  const named = operatorNames();

  it('is tried for every operator there is', () => {
    assert.deepEqual(Object.keys(samples).toSorted(), named.toSorted());
    for (const name of Object.keys(without)) assert.ok(named.includes(name), name);
  });

  for (const [name, why] of Object.entries(without)) {
    it(`is not there for ${name}: ${why}`, () => {
      for (const { draw, value } of drawn(1).filter((each) => each.name === name)) {
        const parts = operationOf(value).vjp(input(value.shape), inputsOf(value), value);
        assert.deepEqual(
          parts,
          inputsOf(value).map(() => undefined),
        );
        for (const leaf of draw.differentiable)
          assert.throws(() => gradient(value, input(value.shape), [leaf]), { name: 'GradientError' });
      }
    });
  }

  it('has the shape of the input, whichever it is', () => {
    for (const { what, value } of drawn(3)) {
      const inputs = inputsOf(value);
      const parts = operationOf(value).vjp(input(value.shape), inputs, value);
      assert.equal(parts.length, inputs.length, what);
      parts.forEach((part, at) => {
        if (part !== undefined) assert.deepEqual(part.shape, inputs[at]?.shape, `${what}, input ${at}`);
      });
    }
  });

  it('of rounding is the identity', () => {
    const value = input([2, 3]);
    const upstream = input([2, 3]);
    assert.deepEqual(gradient(operators.roundTo(value, 'float16'), upstream, [value]), [upstream]);
  });

  it('of argmax is the identity for the straight-through estimator', () => {
    const scores = input([2, 3]);
    const upstream = input([2, 3]);
    assert.deepEqual(gradient(operators.argmax(scores, 'straight-through'), upstream, [scores]), [upstream]);
  });
});
