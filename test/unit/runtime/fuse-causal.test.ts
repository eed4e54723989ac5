import assert from 'node:assert/strict';
import { input, positions, sorted, type Value } from '../../../src/engine/graph.js';
import {
  constant,
  divide,
  mask,
  matmul,
  mergeHeads,
  repeatHeads,
  rotary,
  softCap,
  softmax,
  splitHeads,
  squareRoot,
  transpose,
} from '../../../src/engine/ops/index.js';
import { sizeOf, type Shape, type Tensor } from '../../../src/engine/tensor.js';
import { compile } from '../../../src/runtime/compile.js';
import { Runtime } from '../../../src/runtime/session.js';
import { assertClose } from '../../support/runtime/numbers.js';
import { platform } from '../../support/platform.js';

type MaskRule = Parameters<typeof mask>[3];

const causal: MaskRule = { kind: 'causal' };
const [rows, size] = [9, 8];

describe('Fused causal attention', () => {
  let runtime: Runtime;
  before(() => {
    runtime = new Runtime(platform);
  });
  after(() => runtime.dispose());

  /** A window and a cap may come before the mask. */
  interface Form {
    readonly heads: number;
    readonly groups: number;
    readonly window?: number;
    readonly cap?: number;
    readonly turned?: boolean;
  }
  /** Q of the last `queries` of 9 tokens, K and V of all. */
  function decoder(form: Form, queries = rows): { merged: Value; weights: Value; feeds: Map<Value, Tensor> } {
    const { heads, groups, window, cap, turned } = form;
    const leaves = [
      [queries, heads],
      [rows, groups],
      [rows, groups],
    ].map(([count = 0, width = 0]) => input([count, width * size]));
    const [i, j] = [positions(queries, rows - queries), positions(rows)];
    const [Q, K, V] = leaves.map((leaf, at) => splitHeads(leaf, at === 0 ? heads : groups));
    assert.ok(Q && K && V);
    const turn = (value: Value, places: Value): Value =>
      turned === true ? rotary(value, places, { pairs: 'halves', base: 100 }) : value;
    const keys = repeatHeads(turn(K, j), heads);
    let scores = divide(matmul(turn(Q, i), transpose(keys)), [squareRoot(size), constant(0.7, '\\tau')]);
    if (cap !== undefined) scores = softCap(scores, cap);
    if (window !== undefined) scores = mask(scores, i, j, { kind: 'sliding-window', window });
    const weights = softmax(mask(scores, i, j, causal));
    const feeds = new Map(
      leaves.map((leaf, at): [Value, Tensor] => [
        leaf,
        {
          shape: leaf.shape,
          data: Float32Array.from({ length: sizeOf(leaf.shape) }, (_, n) => Math.sin(n * n + at) * 2),
        },
      ]),
    );
    return { merged: mergeHeads(matmul(weights, repeatHeads(V, heads))), weights, feeds };
  }

  const isFused = (targets: readonly Value[]): boolean => {
    const bytes = Buffer.from(compile(targets).bytes);
    return bytes.includes('GroupQueryAttention') || bytes.includes('MultiHeadAttention');
  };

  const forms: [string, Form][] = [
    ['with a head of keys for each of queries', { heads: 2, groups: 2 }],
    ['with heads that share keys', { heads: 6, groups: 2 }],
    ['with one head of keys', { heads: 3, groups: 1 }],
    ['with rotary positions', { heads: 4, groups: 2, turned: true }],
    ['with a window', { heads: 2, groups: 1, window: 2 }],
    ['with a window on itself alone', { heads: 2, groups: 1, window: 0 }],
    ['with a window that reaches everything', { heads: 2, groups: 1, window: 20 }],
    ['with a soft cap', { heads: 2, groups: 2, cap: 1.5 }],
    ['with all of these', { heads: 4, groups: 2, cap: 1.5, window: 3, turned: true }],
  ];
  for (const [title, form] of forms) {
    for (const queries of [rows, 4, 1]) {
      it(`equals the steps one by one ${title}, for the last ${queries} of ${rows} tokens`, async () => {
        const { merged, weights, feeds } = decoder(form, queries);
        assert.ok(isFused([merged]));
        assert.ok(!isFused([merged, weights]));
        const [fused] = await runtime.run([merged], feeds);
        const [stepwise] = await runtime.run([merged, weights], feeds);
        assert.ok(stepwise);
        assertClose(fused, stepwise);
      });
    }
  }

  it('goes on with more tokens than it was made for', async () => {
    const form: Form = { heads: 4, groups: 2, turned: true };
    const { merged, feeds: own } = decoder(form, 1);
    const places = [...sorted([merged])].filter(({ origin }) => origin.kind === 'positions');
    const grown = (shape: Shape): Tensor => {
      const [count, width = 0] = [shape[0] === 1 ? 1 : 40, shape[1]];
      return {
        shape: [count, width],
        data: Float32Array.from({ length: count * width }, (_, n) => Math.cos(n * n)),
      };
    };
    const feeds = new Map<Value, Tensor>([
      ...[...own.keys()].map((leaf) => [leaf, grown(leaf.shape)] as const),
      ...places.map((leaf): [Value, Tensor] => {
        const from = leaf.shape[0] === 1 ? 39 : 0;
        return [
          leaf,
          { shape: [40 - from], data: Float32Array.from({ length: 40 - from }, (_, n) => from + n) },
        ];
      }),
    ]);
    const [weights] = sorted([merged]).filter(
      ({ origin }) => origin.kind === 'operation' && origin.operation.name === 'softmax',
    );
    assert.ok(weights);
    const [fused] = await runtime.run([merged], feeds, { stretched: true });
    const [stepwise] = await runtime.run([merged, weights], feeds, { stretched: true });
    assert.ok(stepwise);
    assertClose(fused, stepwise);
  });

  it('gives way where queries are not the last tokens, or what is masked is something else', () => {
    const X = input([5, 16]);
    const attention = (change: (scores: Value) => Value): Value => {
      const heads = splitHeads(X, 2);
      return mergeHeads(matmul(softmax(change(matmul(heads, transpose(heads)))), heads));
    };
    const masked = (rule: MaskRule, i = positions(5), j = positions(5)): Value =>
      attention((scores) => mask(scores, i, j, rule));
    assert.ok(isFused([masked(causal)]));
    const narrow = splitHeads(input([5, 8]), 2);
    const others = [
      mergeHeads(
        matmul(softmax(mask(matmul(narrow, transpose(narrow)), positions(5), positions(5), causal)), narrow),
      ),
      masked(causal, positions(5, 1)),
      masked(causal, positions(5, 2), positions(5, 2)),
      masked(causal, input([5], 'integer')),
      masked({ kind: 'sliding-window', window: 1 }),
      masked({ kind: 'prefix', prefix: 2 }),
      attention((scaled) => softCap(mask(scaled, positions(5), positions(5), causal), 2)),
      attention((scaled) => softCap(scaled, 2)),
      attention((scaled) => mask(scaled, positions(5), positions(5), causal, 0)),
    ];
    for (const merged of others) assert.ok(!isFused([merged]));
  });
});
