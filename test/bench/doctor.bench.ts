import { wholeOf, sizeOf } from '../../src/engine/tensor.js';
import { mechanisms } from '../../src/engine/mechanisms/index.js';
import { explainMismatch } from '../../src/inspection/doctor/explain.js';
import { Evaluator } from '../../src/inspection/doctor/evaluator.js';
import { build } from '../../src/inspection/doctor/formula.js';
import { normal } from './numbers.js';
import { benchmark } from './table.js';

const [heads, n, size] = [12, 128, 64];

/** How dumps of 12 heads and 128 tokens are explained: right, with one slip, with two. */
void benchmark(`Explaining a mismatch, ${heads} heads × ${n}`, async (table) => {
  const mechanism = mechanisms.find(({ id }) => id === 'scaled-dot-product');
  if (mechanism === undefined) return;
  const shape = [heads, n, size];
  const inputs = new Map(
    ['Q', 'K', 'V'].map((name, seed) => [name, { shape, data: normal(sizeOf(shape), seed + 1) }]),
  );
  const meant = { mask: 'causal' };
  const made = {
    right: meant,
    'no scaling': { ...meant, scaling: 'none' },
    'no scaling, no mask': { scaling: 'none' },
  };
  for (const [what, parameters] of Object.entries(made)) {
    const { steps, ...formula } = build({ mechanism, inputs, parameters, merged: false });
    const results = steps.filter(({ label }) => label?.name === 'weights' || label?.name === 'output');
    const numbers = new Evaluator().run(
      { ...formula, steps },
      results.map((value) => ({ value, region: wholeOf(value.shape) })),
    );
    const given = Object.fromEntries(results.map(({ label }, at) => [label?.name ?? '', numbers[at]]));
    await table.time(
      what,
      () => Promise.resolve(explainMismatch({ mechanism, inputs, parameters: meant, given })),
      3,
    );
    if (what !== 'right') continue;
    // No slip gives numbers that are moved by something else.
    const none = Object.fromEntries(
      Object.entries(given).flatMap(([name, tensor]) =>
        tensor === undefined
          ? []
          : [[name, { ...tensor, data: tensor.data.map((value, at) => value + 0.05 * Math.sin(at)) }]],
      ),
    );
    await table.time(
      'what no slip gives',
      () => Promise.resolve(explainMismatch({ mechanism, inputs, parameters: meant, given: none })),
      3,
    );
  }
});
