import assert from 'node:assert/strict';
import { evaluate } from '../../../src/engine/evaluate.js';
import { mechanisms, type ParameterValues } from '../../../src/engine/mechanisms/index.js';
import type { Tensor } from '../../../src/engine/tensor.js';
import { build } from '../../support/engine/cases.js';
import { assertClose, random, randomTensor } from '../../support/engine/numbers.js';
import { everyInput, everyVariant, numbersFor, type Shapes } from '../../support/engine/variants.js';

type Numbers = Readonly<Record<string, Tensor>>;

const exact = { absolute: 1e-12, relative: 1e-12 };

/** A mechanism's steps on these numbers, by name. */
function stepsOf(id: string, numbers: Numbers, values: ParameterValues = {}): Record<string, Tensor> {
  const shapes = Object.fromEntries(Object.entries(numbers).map(([name, { shape }]) => [name, shape]));
  const { inputs, steps } = build(id, shapes, values);
  const given = new Map(
    [...inputs].map(([name, leaf]) => [leaf, numbers[name] ?? { shape: [], data: new Float64Array() }]),
  );
  const results = evaluate(steps, given);
  return Object.fromEntries(
    steps.map(({ label }, at) => [label?.name ?? '', results[at] ?? { shape: [], data: new Float64Array() }]),
  );
}

function take(steps: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const found = steps[name];
  assert.ok(found, `There is no step ${name}.`);
  return found;
}

function draw(shapes: Shapes, seed: number): Numbers {
  const next = random(seed);
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, numbersFor(name, shape, next)]),
  );
}

/** The rows of a matrix, or of one a head, one below the other. */
function rowsOf({ shape, data }: Tensor): number[][] {
  const columns = shape.at(-1) ?? 1;
  return Array.from({ length: data.length / columns }, (_, row) => [
    ...data.subarray(row * columns, (row + 1) * columns),
  ]);
}

/** The rows of a matrix, or the columns, in another order. */
function reordered({ shape, data }: Tensor, order: readonly number[], axis: 'rows' | 'columns'): Tensor {
  const [rows = 1, columns = 1] = shape.length === 1 ? [shape[0], 1] : shape;
  const out = Float64Array.from(data, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    return (
      data[axis === 'rows' ? (order[row] ?? 0) * columns + column : row * columns + (order[column] ?? 0)] ?? 0
    );
  });
  assert.equal(order.length, axis === 'rows' ? rows : columns);
  return { shape, data: out };
}

const sum = (row: readonly number[]): number => row.reduce((total, each) => total + each, 0);

describe('weights', () => {
  it('are never negative and sum to 1 in every row; with a sink or a Gaussian, to less', () => {
    let checked = 0;
    for (const { id, parameters } of mechanisms) {
      for (const shapes of everyInput[id] ?? []) {
        if (shapes['weights'] !== undefined) continue;
        for (const values of everyVariant(parameters(shapes), shapes)) {
          const steps = stepsOf(id, draw(shapes, 31), values);
          const less =
            'gaussian' in steps ||
            (values['sink'] ?? (shapes['sinks'] === undefined ? 'none' : 'given')) !== 'none';
          for (const row of rowsOf(take(steps, 'weights'))) {
            const what = `${id} ${JSON.stringify(values)}: ${row.join(', ')}`;
            // A window far from every key leaves nothing.
            if (row.every(Number.isNaN)) continue;
            assert.ok(
              row.every((each) => each >= 0),
              what,
            );
            assert.ok(less ? sum(row) <= 1 + 1e-12 : Math.abs(sum(row) - 1) <= 1e-12, what);
            checked++;
          }
        }
      }
    }
    assert.ok(checked > 1000);
  });

  it('of keys in another order are the weights in that order', () => {
    const order = [4, 2, 0, 5, 3, 1];
    const tried: Readonly<Record<string, readonly (readonly [Shapes, ParameterValues])[]>> = {
      'scaled-dot-product': [
        [
          { Q: [4, 6], K: [6, 6], V: [6, 3] },
          { softcap: 2, sink: 'logit' },
        ],
        [{ Q: [4, 6], K: [6, 6], V: [6, 3], padding: [6] }, {}],
      ],
      hard: [[{ Q: [4, 6], K: [6, 6], V: [6, 3] }, {}]],
      bahdanau: [[{ S: [4, 5], H: [6, 3], W_a: [5, 2], U_a: [3, 2], v_a: [2] }, {}]],
      luong: [
        [{ S: [4, 5], H: [6, 3], W_a: [5, 3] }, {}],
        [{ S: [4, 5], H: [6, 3], W_a: [8, 3], v_a: [3] }, {}],
      ],
      linear: [[{ Q: [4, 6], K: [6, 6], V: [6, 3] }, {}]],
    };
    for (const [id, each] of Object.entries(tried)) {
      for (const [shapes, values] of each) {
        const numbers = draw(shapes, 5);
        const moved = Object.fromEntries(
          Object.entries(numbers).map(([name, tensor]) => [
            name,
            /^([KVH]|padding)$/.test(name) ? reordered(tensor, order, 'rows') : tensor,
          ]),
        );
        const [before, after] = [stepsOf(id, numbers, values), stepsOf(id, moved, values)];
        assertClose(take(after, 'weights'), reordered(take(before, 'weights'), order, 'columns'), exact, id);
        const end = 'output' in before ? 'output' : 'context';
        assertClose(take(after, end), take(before, end), exact, `${id}, ${end}`);
      }
    }
  });

  it('do not change when a number is added to all logits of a row, but for a sink', () => {
    const next = random(8);
    const scores = randomTensor([4, 6], next);
    for (const by of [1, -50, 1e4]) {
      const data = scores.data.map((each, at) => each + by * (1 + Math.floor(at / 6)));
      const shifted = { scores: { shape: scores.shape, data } };
      for (const values of [
        {},
        { mask: 'causal' },
        { temperature: 0.5 },
        { scaling: 'number', divisor: 3 },
      ]) {
        assertClose(
          take(stepsOf('scaled-dot-product', shifted, values), 'weights'),
          take(stepsOf('scaled-dot-product', { scores }, values), 'weights'),
          { absolute: 1e-11 },
        );
      }
      const sink = { sink: 'logit', sinkLogit: 0.5 };
      const [before = [], after = []] = [{ scores }, shifted].map((each) =>
        rowsOf(take(stepsOf('scaled-dot-product', each, sink), 'weights')).map(sum),
      );
      for (const [row, total] of after.entries())
        assert.ok(by > 0 ? total > (before[row] ?? 2) : total < (before[row] ?? -1));
    }
  });

  it('that are causal do not change with what lies ahead', () => {
    const tried: Readonly<Record<string, Shapes>> = {
      'scaled-dot-product': { Q: [6, 4], K: [6, 4], V: [6, 3] },
      hard: { Q: [6, 4], K: [6, 4], V: [6, 3] },
      linear: { Q: [6, 4], K: [6, 4], V: [6, 3] },
      bahdanau: { S: [6, 4], H: [6, 3], W_a: [4, 2], U_a: [3, 2], v_a: [2] },
      luong: { S: [6, 4], H: [6, 4] },
    };
    for (const [id, shapes] of Object.entries(tried)) {
      const numbers = draw(shapes, 12);
      const other = draw(shapes, 13);
      for (let row = 0; row < 6; row++) {
        // Keys and values after this row are others.
        const changed = Object.fromEntries(
          Object.entries(numbers).map(([name, tensor]) => {
            if (!/^[KVH]$/.test(name)) return [name, tensor];
            const width = tensor.shape[1] ?? 1;
            const data = tensor.data.map((each, at) =>
              at < (row + 1) * width ? each : (other[name]?.data[at] ?? 0) * 100,
            );
            return [name, { shape: tensor.shape, data }];
          }),
        );
        const causal = { mask: 'causal' };
        const [before, after] = [stepsOf(id, numbers, causal), stepsOf(id, changed, causal)];
        for (const name of ['weights', 'output' in before ? 'output' : 'context']) {
          const [own = [], same = []] = [before, after].map((steps) => rowsOf(take(steps, name))[row]);
          assertClose(
            { shape: [own.length], data: Float64Array.from(same) },
            { shape: [own.length], data: Float64Array.from(own) },
            exact,
            `${id}, ${name}, row ${row}`,
          );
        }
      }
    }
  });

  it('of soft attention become those of hard attention as the temperature goes to 0', () => {
    const drawn = draw({ Q: [8, 4], K: [9, 4], V: [9, 3] }, 3);
    // Far enough apart that no two largest scores are alike.
    const Q = { shape: [8, 4], data: Float64Array.from(drawn['Q']?.data ?? [], (each) => 20 * each) };
    const numbers = { ...drawn, Q };
    const hard = take(stepsOf('hard', numbers), 'weights');
    let last = Infinity;
    for (const temperature of [1, 0.3, 0.1, 0.03, 0.01]) {
      const soft = take(stepsOf('scaled-dot-product', numbers, { temperature }), 'weights');
      const off = Math.max(...soft.data.map((each, at) => Math.abs(each - (hard.data[at] ?? 0))));
      assert.ok(off <= last, `${off} at ${temperature} is further than ${last}`);
      last = off;
    }
    assert.ok(last < 1e-4, `${last}`);
  });

  it('of a relaxed draw become those of the straight-through one, which is the largest noisy logit', () => {
    const numbers = draw({ Q: [8, 4], K: [9, 4] }, 4);
    const hard = stepsOf('hard', numbers, { choice: 'straight-through', seed: 7 });
    const noisy = rowsOf(take(hard, 'noisy'));
    const chosen = rowsOf(take(hard, 'weights'));
    for (const [row, weights] of chosen.entries()) {
      const logits = noisy[row] ?? [];
      assert.equal(weights.indexOf(1), logits.indexOf(Math.max(...logits)));
      assert.equal(sum(weights), 1);
    }
    const soft = stepsOf('hard', numbers, { choice: 'gumbel-softmax', seed: 7, temperature: 0.01 });
    assertClose(take(soft, 'weights'), take(hard, 'weights'), { absolute: 1e-2 });
  });
});

describe('heads', () => {
  it('over one key/value head are multi-query attention: the same as copies of it for each', () => {
    const numbers = draw({ Q: [4, 3, 5], K: [1, 6, 5], V: [1, 6, 2] }, 6);
    const copied = (name: 'K' | 'V'): Tensor => {
      const { shape, data } = numbers[name] ?? { shape: [], data: new Float64Array() };
      return { shape: [4, ...shape.slice(1)], data: Float64Array.from([...data, ...data, ...data, ...data]) };
    };
    const all = { ...numbers, K: copied('K'), V: copied('V') };
    for (const id of ['scaled-dot-product', 'linear', 'hard'])
      for (const name of ['weights', 'output'])
        assertClose(take(stepsOf(id, numbers), name), take(stepsOf(id, all), name), exact, id);
  });

  it('of one head are attention without heads', () => {
    const numbers = draw({ Q: [1, 3, 4], K: [1, 6, 4], V: [1, 6, 2] }, 6);
    const flat = Object.fromEntries(
      Object.entries(numbers).map(([name, { shape, data }]) => [name, { shape: shape.slice(1), data }]),
    );
    for (const id of ['scaled-dot-product', 'linear', 'hard']) {
      const [with_, without] = [take(stepsOf(id, numbers), 'output'), take(stepsOf(id, flat), 'output')];
      assert.deepEqual(with_.data, without.data);
    }
  });
});

describe('positions', () => {
  it('turn Q and K so that scores depend only on how far apart the two are', () => {
    const next = random(2);
    const [q, k] = [randomTensor([8], next).data, randomTensor([8], next).data];
    const repeat = (row: Float64Array): Tensor => ({
      shape: [7, 8],
      data: Float64Array.from({ length: 56 }, (_, at) => row[at % 8] ?? 0),
    });
    for (const rotary of ['neighbours', 'halves']) {
      const { scores, rotated_Q } = stepsOf('scaled-dot-product', { Q: repeat(q), K: repeat(k) }, { rotary });
      assert.ok(scores && rotated_Q);
      const rows = rowsOf(scores);
      for (let i = 1; i < 7; i++)
        for (let j = 1; j < 7; j++)
          assert.ok(
            Math.abs((rows[i]?.[j] ?? 0) - (rows[i - 1]?.[j - 1] ?? 1)) < 1e-12,
            `${rotary} ${i} ${j}`,
          );
      // Turning does not change lengths, and the first position does not turn.
      const lengths = rowsOf(rotated_Q).map((row) => Math.hypot(...row));
      for (const length of lengths) assert.ok(Math.abs(length - Math.hypot(...q)) < 1e-12);
      assert.deepEqual(rowsOf(rotated_Q)[0], [...q]);
      assert.notDeepEqual(rows[0]?.[0], rows[0]?.[1]);
    }
  });

  it('add nothing to the scores of a key in the query’s own place', () => {
    const { position_bias, biased, scaled } = stepsOf(
      'scaled-dot-product',
      draw({ Q: [8, 5, 4], K: [8, 5, 4] }, 4),
      { bias: 'alibi' },
    );
    assert.ok(position_bias && biased && scaled);
    rowsOf(position_bias).forEach((row, at) => {
      assert.equal(Math.abs(row[at % 5] ?? 1), 0);
      assert.ok(row.every((each, j) => each < 0 || j === at % 5));
    });
    assertClose(
      biased,
      { shape: scaled.shape, data: scaled.data.map((each, at) => each + (position_bias.data[at] ?? 0)) },
      exact,
    );
  });

  it('and buckets that are all 0 change nothing', () => {
    const numbers = draw({ Q: [2, 5, 4], K: [2, 5, 4] }, 4);
    const zeros = { ...numbers, relative_bias: { shape: [32, 2], data: new Float64Array(64) } };
    assert.deepEqual(
      take(stepsOf('scaled-dot-product', zeros), 'weights').data,
      take(stepsOf('scaled-dot-product', numbers), 'weights').data,
    );
  });

  it('of a large soft cap and of a sink of −∞ in all but name change nothing', () => {
    const numbers = draw({ Q: [5, 4], K: [6, 4] }, 4);
    const plain = take(stepsOf('scaled-dot-product', numbers), 'weights');
    assertClose(take(stepsOf('scaled-dot-product', numbers, { softcap: 1000 }), 'weights'), plain, {
      absolute: 1e-5,
    });
    assertClose(
      take(stepsOf('scaled-dot-product', numbers, { sink: 'logit', sinkLogit: -1e4 }), 'weights'),
      plain,
      exact,
    );
  });
});

describe('linear attention', () => {
  it('reads from its memory what its weights would sum', () => {
    for (const shapes of [
      { Q: [5, 4], K: [7, 4], V: [7, 3] },
      { Q: [4, 5, 4], K: [2, 7, 4], V: [2, 7, 3] },
    ]) {
      const numbers = draw(shapes, 9);
      const { weights, output } = stepsOf('linear', numbers);
      assert.ok(weights && output);
      const mixed = stepsOf('scaled-dot-product', { weights, V: repeated(numbers['V'], weights) });
      assertClose(output, take(mixed, 'output'), { absolute: 1e-12, relative: 1e-12 });
    }
  });
});

/** V with a copy for each head of its group. */
function repeated(V: Tensor | undefined, weights: Tensor): Tensor {
  assert.ok(V);
  if (V.shape.length === 2) return V;
  const [groups = 1, rows = 1, columns = 1] = V.shape;
  const heads = weights.shape[0] ?? 1;
  const size = rows * columns;
  const data = Float64Array.from({ length: heads * size }, (_, at) => {
    const group = Math.floor(Math.floor(at / size) / (heads / groups));
    return V.data[group * size + (at % size)] ?? 0;
  });
  return { shape: [heads, rows, columns], data };
}
