import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { headTypes, strongest } from '../../../../src/engine/head-types/index.js';
import { Fixture } from '../../../support/engine/numbers.js';

const fixture = new Fixture('head_types.safetensors');
const tokens = {
  ids: [...fixture.tensor('ids').data],
  sinks: [...fixture.tensor('sinks').data].map((each) => each === 1),
  // As an image: a class token, a register, 3 × 3 patches.
  patches: {
    grid: { rows: 3, columns: 3, first: 2 },
    classes: Array.from({ length: 11 }, (_, key) => key === 0),
    registers: Array.from({ length: 11 }, (_, key) => key === 1),
  },
};

describe('head types, beside NumPy', () => {
  for (const name of ['open', 'causal']) {
    for (const type of headTypes) {
      it(`${type.name} of ${name} weights`, () => {
        const { shape, data } = fixture.tensor(`${name}/weights`);
        const [n = 0, m = 0] = shape;
        const gathering = type.begin(tokens);
        const all = Float32Array.from(data);
        for (let query = 0; query < n; query++) {
          gathering.row(all.subarray(query * m, (query + 1) * m), query);
        }
        const [expected = 0] = fixture.tensor(`${name}/${type.name}`).data;
        const value = gathering.result();
        assert.ok(
          Object.is(value, expected) || Math.abs(value - expected) < 1e-9,
          `${value}, not ${expected}`,
        );
      });
    }
  }

  it('of no rows, and of rows that are all masked, are no numbers', () => {
    for (const type of headTypes) {
      const gathering = type.begin(tokens);
      gathering.row(new Float32Array(11).fill(NaN), 4);
      assert.ok(Number.isNaN(gathering.result()), type.name);
    }
  });

  it('the strongest has come farthest from its threshold; under every threshold there is none', () => {
    const of = (scores: Record<string, number>): string | undefined =>
      strongest(new Map(Object.entries(scores)))?.name;
    assert.equal(of({ 'previous-token': 0.39, sink: 0.49, broad: 0.89, induction: NaN }), undefined);
    assert.equal(of({ 'previous-token': 0.4 }), 'previous-token');
    assert.equal(of({ 'previous-token': 0.5, broad: 0.95 }), 'broad');
    assert.equal(of({ 'previous-token': 0.9, broad: 0.95 }), 'previous-token');
  });

  it('are all in the index, each with a label of its own', () => {
    const files = readdirSync(join(process.cwd(), 'src/engine/head-types'));
    const own = files.filter((file) => file !== 'index.ts' && file !== 'head-type.ts');
    assert.deepEqual(headTypes.map(({ name }) => `${name}.ts`).toSorted(), own.toSorted());
    assert.equal(new Set(headTypes.map(({ label }) => label)).size, headTypes.length);
  });
});
