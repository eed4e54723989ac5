import assert from 'node:assert/strict';
import { metricsOfLayout } from '../../../../src/engine/metrics/index.js';
import { inLine, type Layout } from '../../../../src/engine/metrics/metric.js';
import { patchDistance } from '../../../../src/engine/metrics/patch-distance.js';
import { Fixture } from '../../../support/engine/numbers.js';

const fixture = new Fixture('patch_metrics.safetensors');
const layouts = fixture.described<Record<string, Layout>>('layouts');

describe('distance in patches, beside NumPy', () => {
  for (const [name, layout] of Object.entries(layouts)) {
    it(name, () => {
      const { shape, data } = fixture.tensor(`${name}/weights`);
      const [n = 0, m = 0] = shape;
      const all = Float32Array.from(data);
      const gathering = patchDistance.begin(layout);
      for (let query = 0; query < n; query++) gathering.row(all.subarray(query * m, (query + 1) * m), query);
      const [expected = NaN] = fixture.tensor(`${name}/patch-distance`).data;
      assert.ok(Math.abs(gathering.result() - expected) < 1e-9, `${gathering.result()}, not ${expected}`);
    });
  }

  it('takes the place of the distance in tokens, which says nothing of rows of patches', () => {
    const names = (layout: Layout): string[] =>
      metricsOfLayout(layout).flatMap(({ name }) => (name.includes('distance') ? [name] : []));
    const grid = { rows: 2, columns: 3, first: 1 };
    assert.deepEqual(names(inLine), ['distance']);
    assert.deepEqual(names({ queries: grid, keys: grid }), ['patch-distance']);
    // Words that look at patches are at no distance from them.
    assert.deepEqual(names({ queries: null, keys: grid }), []);
  });

  it('is nothing where no patch attends to a patch', () => {
    const grid = { rows: 1, columns: 2, first: 1 };
    const gathering = patchDistance.begin({ queries: grid, keys: grid });
    gathering.row(Float32Array.of(0, 0.5, 0.5), 0);
    gathering.row(Float32Array.of(1, 0, 0), 1);
    assert.ok(Number.isNaN(gathering.result()));
  });
});
