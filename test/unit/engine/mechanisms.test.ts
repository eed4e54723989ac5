import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  mechanisms,
  ParameterError,
  readAttendParameters,
  withValues,
  type ParameterValues,
} from '../../../src/engine/mechanisms/index.js';
import { ShapeError, type Shape } from '../../../src/engine/tensor.js';
import { build, cases, stepOf } from './cases.js';

type Shapes = Readonly<Record<string, Shape>>;
type Refusal = readonly [Shapes, ParameterValues, RegExp];

const self: Shapes = { X: [5, 8], W_Q: [8, 8], W_K: [8, 8], W_V: [8, 8] };

const dotProduct: Readonly<Record<string, Refusal>> = {
  'd_k of Q and K': [{ Q: [5, 8], K: [5, 6] }, {}, /Q \(5, 8\) and K \(5, 6\).*d_k, is 8 in Q and 6 in K/],
  'rows of V': [{ Q: [5, 8], K: [7, 8], V: [5, 8] }, {}, /V \(5, 8\) has 5 rows, but there are 7 keys/],
  'a missing K': [{ Q: [5, 8] }, {}, /K is missing/],
  'a missing Q': [{ K: [5, 8], V: [5, 8] }, {}, /Q is missing/],
  'an empty Q': [{ Q: [0, 8], K: [5, 8] }, {}, /Q of shape \(0, 8\) is empty/],
  'a V without columns': [{ Q: [5, 8], K: [5, 8], V: [5, 0] }, {}, /V of shape \(5, 0\) is empty/],
  'a Q of one axis': [{ Q: [8], K: [5, 8] }, {}, /Q is a matrix.*\(8,\)/],
  'heads on one side': [{ Q: [2, 5, 8], K: [5, 8] }, {}, /Q \(2, 5, 8\) has 3 axes and K \(5, 8\) has 2/],
  'heads that K cannot share': [{ Q: [4, 5, 8], K: [3, 5, 8] }, {}, /Q has 4 heads and K has 3/],
  'heads that V cannot share': [
    { Q: [4, 5, 8], K: [2, 5, 8], V: [3, 5, 8] },
    {},
    /V has 3 heads, which 4 query heads cannot share evenly/,
  ],
  'a V without heads': [
    { Q: [2, 5, 8], K: [2, 5, 8], V: [5, 8] },
    {},
    /V \(5, 8\) and Q \(2, 5, 8\) do not fit: one has heads/,
  ],
  'heads that do not divide': [{ Q: [5, 8], K: [5, 8] }, { heads: 3 }, /Heads can be 1, 2, 4, 8, not 3/],
  'heads that do not divide V': [
    { Q: [5, 8], K: [5, 8], V: [5, 6] },
    { heads: 4 },
    /Heads can be 1, 2, not 4/,
  ],
  'a mask of another size': [
    { Q: [5, 8], K: [7, 8], mask: [7, 5] },
    {},
    /mask is \(query 5, key 7\), but \(7, 5\)/,
  ],
  'ones and zeros of another size': [
    { Q: [5, 8], K: [7, 8], keep: [7, 7] },
    {},
    /mask is \(query 5, key 7\), but \(7, 7\)/,
  ],
  'a mask of one axis': [
    { Q: [5, 8], K: [7, 8], mask: [7] },
    {},
    /mask is \(query, key\), a matrix, but \(7,\)/,
  ],
  'padding of two axes': [{ Q: [5, 8], K: [7, 8], padding: [5, 7] }, {}, /one entry a key.*\(5, 7\)/],
  'two masks': [
    { Q: [5, 8], K: [5, 8], mask: [5, 5], keep: [5, 5] },
    {},
    /“mask” or as “keep”, but not as both/,
  ],
  'padding of another length': [
    { Q: [5, 8], K: [7, 8], padding: [5] },
    {},
    /one entry a key, 7 here, but its shape is \(5,\)/,
  ],
  'scores of one axis': [{ scores: [5] }, {}, /scores are \(query, key\).*\(5,\)/],
  'weights that are empty': [{ weights: [5, 0] }, {}, /weights are \(query, key\).*\(5, 0\)/],
  'V beside weights': [{ weights: [5, 6], V: [5, 2] }, {}, /V \(5, 2\) has 5 rows, but there are 6 keys/],
};

const multiHead: Readonly<Record<string, Refusal>> = {
  'no inputs': [{ W_Q: [8, 8], W_K: [8, 8], W_V: [8, 8] }, {}, /needs X, or Xq and Xkv.*none is given/],
  'half of cross-attention': [{ ...self, X: [5, 8], Xq: [5, 8] }, {}, /X, or Xq and Xkv, but not both/],
  'no W_K': [{ X: [5, 8], W_Q: [8, 8], W_V: [8, 8] }, {}, /needs W_K/],
  'a W_Q of another height': [{ ...self, W_Q: [6, 8] }, {}, /W_Q \(6, 8\) does not fit X \(5, 8\).*8 rows/],
  'a W_V of one axis': [
    { ...self, W_V: [8] },
    {},
    /W_V \(8,\) does not fit X \(5, 8\): it has to be a matrix/,
  ],
  'a W_O of another height': [
    { ...self, W_O: [6, 8] },
    {},
    /W_O \(6, 8\) does not fit concat \(5, 8\).*8 rows/,
  ],
  'a bias of another length': [
    { ...self, b_K: [7] },
    {},
    /b_K \(7,\) does not fit W_K \(8, 8\): it has to have 8 entries/,
  ],
  'an output bias that would be repeated': [
    { ...self, W_O: [8, 8], b_O: [1] },
    {},
    /b_O \(1,\) does not fit W_O \(8, 8\)/,
  ],
  'heads that do not divide': [self, { heads: 3 }, /Heads can be 1, 2, 4, 8, not 3/],
  'a W_V that does not split': [
    { ...self, W_V: [8, 6] },
    { heads: 4 },
    /W_V \(8, 6\) does not split into 4 heads/,
  ],
  'groups that the widths deny': [self, { heads: 4, kvHeads: 2 }, /2 key\/value heads of 2 columns/],
  'a mask of another size': [{ ...self, mask: [5, 4] }, {}, /mask is \(query 5, key 5\), but \(5, 4\)/],
  'padding of another length': [{ ...self, padding: [4] }, {}, /one entry a key, 5 here.*\(4,\)/],
  'inputs of one axis': [{ ...self, X: [8] }, {}, /X has one row per token.*\(8,\)/],
};

describe('mechanisms', () => {
  it('are all in the list, and each has references', () => {
    const folder = join(process.cwd(), 'src/engine/mechanisms');
    const ids = readdirSync(folder).flatMap((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      return [...text.matchAll(/^export const \w+: Mechanism = \{\s+id: '([^']+)'/gm)].map(([, id]) => id);
    });
    assert.deepEqual(mechanisms.map(({ id }) => id).toSorted(), ids.toSorted());
    for (const { id } of mechanisms) {
      assert.ok(
        cases.some(({ mechanism }) => mechanism === id),
        `${id} has no case in make_attention.py`,
      );
    }
  });

  for (const [id, refusals] of Object.entries({
    'scaled-dot-product': dotProduct,
    'multi-head': multiHead,
  })) {
    describe(`${id} says in a sentence what does not fit`, () => {
      for (const [name, [shapes, params, message]] of Object.entries(refusals)) {
        it(name, () => {
          assert.throws(
            () => build(id, shapes, params),
            (error) => {
              assert.ok(error instanceof ShapeError || error instanceof ParameterError, String(error));
              assert.match(error.message, message);
              assert.match(error.message, /^\S.*\.$/);
              return true;
            },
          );
        });
      }
    });
  }

  it('take heads as a number or as text', () => {
    for (const heads of [2, '2']) assert.equal(build('multi-head', self, { heads }).heads, 2);
  });

  it('start from as few heads as the widths of grouped keys allow', () => {
    const grouped = { ...self, W_K: [8, 2], W_V: [8, 2] };
    const graph = build('multi-head', grouped);
    assert.equal(graph.heads, 4);
    assert.deepEqual(stepOf(graph, 'K').shape, [1, 5, 2]);
    assert.equal(build('multi-head', grouped, { heads: 8, kvHeads: '2' }).heads, 8);
  });

  it('have the steps of numerics in order, under the names that all share', () => {
    const names = (id: string, shapes: Shapes): (string | undefined)[] =>
      build(id, shapes).steps.map(({ label }) => label?.name);
    const shared = ['scores', 'scaled', 'masked', 'weights'];
    assert.deepEqual(names('scaled-dot-product', { Q: [2, 3], K: [2, 3], V: [2, 3] }), [
      ...['Q', 'K', 'V'],
      ...shared,
      'output',
    ]);
    assert.deepEqual(names('multi-head', { ...self, W_O: [8, 8] }), [
      ...['X', 'Q', 'K', 'V'],
      ...shared,
      ...['head', 'concat', 'output'],
    ]);
  });
});

describe('parameters', () => {
  const shapes = { Q: [5, 8], K: [5, 8] };
  const refused: readonly (readonly [ParameterValues, RegExp])[] = [
    [{ maks: 'causal' }, /no parameter “maks” here; there are heads, mask, window/],
    [{ mask: 'diagonal' }, /Mask can be none, causal, sliding-window, prefix, not diagonal/],
    [{ mask: 'padding' }, /Mask can be none, causal, sliding-window, prefix, not padding/],
    [{ window: 1.5 }, /Window is a whole number from 0 to 5, not 1\.5/],
    [{ window: -1 }, /Window is a whole number from 0 to 5, not -1/],
    [{ temperature: 0 }, /Temperature is a number from 0\.01 to 100, not 0/],
    [{ temperature: Number.NaN }, /Temperature is a number from 0\.01 to 100, not NaN/],
    [{ temperature: 'hot' }, /Temperature is a number.*not hot/],
    [{ divisor: 0 }, /Divisor is a number/],
    [{ constructor: 1 }, /no parameter “constructor”/],
  ];
  for (const [params, message] of refused) {
    it(`refuse ${JSON.stringify(params)}`, () => {
      assert.throws(() => build('scaled-dot-product', shapes, params), { name: 'ParameterError', message });
    });
  }

  it('stay at their standards where nothing is said', () => {
    for (const { parameters } of mechanisms) {
      const all = parameters({ ...self, ...shapes });
      assert.deepEqual(withValues(all, {}), all);
      for (const each of all) assert.equal(each.value, each.standard, each.name);
    }
  });

  it('of attention alone are read the same way', () => {
    assert.deepEqual(readAttendParameters({ scaling: 8 }, {}).scaling, 8);
    assert.deepEqual(readAttendParameters({ scaling: 'number', divisor: 3 }, {}).scaling, 3);
    assert.throws(() => readAttendParameters({ scaling: 'cube' }, {}), /no scaling called “cube”/);
    assert.throws(() => readAttendParameters({ mask: 'matrix' }, {}), /needs a tensor named “mask”/);
    assert.throws(() => readAttendParameters({ mask: 'x' }, {}), /no mask called “x”/);
  });
});
