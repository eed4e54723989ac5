import assert from 'node:assert/strict';
import { roleOf, stepWithRole, type Role, type Value } from '../../../src/engine/graph.js';
import { mechanisms } from '../../../src/engine/mechanisms/index.js';
import { build } from './cases.js';
import { everyInput, everyVariant } from './variants.js';

describe('Every mechanism says what its steps are for', () => {
  for (const { id, parameters } of mechanisms) {
    for (const shapes of everyInput[id] ?? []) {
      it(`${id} of ${Object.keys(shapes).join(', ')}`, () => {
        for (const values of everyVariant(parameters(shapes), shapes)) {
          const { steps, queries, keys } = build(id, shapes, values);
          const of = (role: Role): Value => stepWithRole(steps, role) ?? assert.fail(`no step is ${role}`);
          for (const role of steps.map(roleOf)) {
            if (role === undefined || role === 'masked') continue;
            assert.equal(steps.filter((step) => roleOf(step) === role).length, 1, `one step is ${role}`);
          }
          assert.deepEqual(of('weights').shape.slice(-2), [queries, keys]);
          if (shapes['weights'] === undefined) {
            assert.deepEqual(of('scores').shape.slice(-2), [queries, keys]);
            // The scores come before whatever happens to them.
            const order = [of('scores'), ...steps.filter((step) => roleOf(step) === 'masked'), of('weights')];
            const places = order.map((step) => steps.indexOf(step));
            assert.deepEqual(
              places,
              places.toSorted((a, b) => a - b),
            );
          }
          assertSources(Object.keys(shapes), of);
          const sums = steps.filter(({ label }) => label?.step?.phase === 'sum');
          if (sums.length > 0) {
            assert.equal(of('output'), sums.at(-1), 'what all comes to');
            assert.equal(of('output').shape.at(-2), queries);
          }
        }
      });
    }
  }

  /** What is given is found again under its role. */
  function assertSources(given: readonly string[], of: (role: Role) => Value): void {
    const ready = given.includes('scores') || given.includes('weights');
    const found = new Map<string, Role>([
      ...(ready
        ? []
        : ([
            ['Q', 'query'],
            ['K', 'key'],
          ] as const)),
      ['V', 'value'],
      ['S', 'query-input'],
      ['H', 'key-input'],
      ['X', 'input'],
      ['Xq', 'query-input'],
      ['Xkv', 'key-input'],
      ['W_Q', 'query'],
      ['W_K', 'key'],
      ['W_V', 'value'],
      ['U_a', 'key-projection'],
      ['reward', 'reward'],
    ]);
    for (const name of given) {
      const role = found.get(name);
      if (role !== undefined) assert.equal(of(role).label?.step?.role, role);
    }
  }
});

describe('What takes keys away', () => {
  /** The operations of the steps that say which cells are masked. */
  const masks = (id: string, shapes: Readonly<Record<string, readonly number[]>>, values = {}): string[] =>
    build(id, shapes, values).steps.flatMap((step) =>
      roleOf(step) === 'masked' && step.origin.kind === 'operation' ? [step.origin.operation.name] : [],
    );

  it('is declared by every mechanism that has a mask or a window', () => {
    const vectors = { Q: [4, 2], K: [4, 2] };
    assert.deepEqual(masks('scaled-dot-product', vectors, { mask: 'causal' }), ['mask']);
    assert.deepEqual(masks('scaled-dot-product', vectors), []);
    assert.deepEqual(masks('hard', vectors, { mask: 'prefix', prefix: 2 }), ['mask']);
    const states = { S: [4, 2], H: [4, 2], W_a: [2, 2] };
    assert.deepEqual(masks('luong', states), []);
    assert.deepEqual(masks('luong', states, { mask: 'causal' }), ['mask']);
    assert.deepEqual(masks('bahdanau', { ...states, U_a: [2, 2], v_a: [2] }, { mask: 'causal' }), ['mask']);
    assert.deepEqual(masks('luong-local', states, { mask: 'causal' }), ['mask', 'within']);
  });
});
