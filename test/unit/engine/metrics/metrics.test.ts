import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { metrics, metricsOfLayout } from '../../../../src/engine/metrics/index.js';
import { inLine, type Layout, type Metric } from '../../../../src/engine/metrics/metric.js';
import { Fixture } from '../../../support/engine/numbers.js';

const fixture = new Fixture('metrics.safetensors');
const names = new Set(fixture.names().map((name) => name.split('/')[0] ?? ''));

const grids: Layout = {
  queries: { rows: 1, columns: 2, first: 0 },
  keys: { rows: 1, columns: 2, first: 0 },
};

function measure(
  metric: Metric,
  [n = 0, m = 0]: readonly number[],
  data: ArrayLike<number>,
  layout = inLine,
): number {
  const gathering = metric.begin(layout);
  const all = Float32Array.from(data);
  for (let query = 0; query < n; query++) gathering.row(all.subarray(query * m, (query + 1) * m), query);
  return gathering.result();
}

describe('metrics, beside NumPy', () => {
  for (const name of names) {
    it(name, () => {
      const { shape, data } = fixture.tensor(`${name}/weights`);
      for (const metric of metricsOfLayout(inLine)) {
        const [expected = 0] = fixture.tensor(`${name}/${metric.name}`).data;
        const value = measure(metric, shape, data);
        assert.ok(
          Object.is(value, expected) || Math.abs(value - expected) < 1e-9,
          `${metric.name} is ${value}, not ${expected}`,
        );
      }
    });
  }

  it('never pass the full bar', () => {
    for (const name of names) {
      const { shape, data } = fixture.tensor(`${name}/weights`);
      const [n = 0, m = 0] = shape;
      for (const metric of metricsOfLayout(inLine)) {
        // The distance's bar is what uniform weights would reach at most; single heads may look further.
        if (metric.name === 'distance') continue;
        const value = measure(metric, shape, data);
        assert.ok(
          Number.isNaN(value) || value <= metric.full(n, m, inLine) + 1e-6,
          `${metric.name} of ${name}`,
        );
      }
    }
  });

  it('of no rows are no numbers', () => {
    for (const metric of metrics) {
      const layout = metric.applies?.(inLine) === false ? grids : inLine;
      assert.ok(Number.isNaN(metric.begin(layout).result()), metric.name);
    }
  });

  it('keep heads apart that are gathered side by side', () => {
    for (const metric of metrics) {
      const layout = metric.applies?.(inLine) === false ? grids : inLine;
      const [one, other] = [metric.begin(layout), metric.begin(layout)];
      one.row(Float32Array.of(1, 0), 0);
      other.row(Float32Array.of(0.5, 0.5), 0);
      const alone = metric.begin(layout);
      alone.row(Float32Array.of(1, 0), 0);
      assert.equal(one.result(), alone.result(), metric.name);
    }
  });

  it('are all in the index', () => {
    const files = readdirSync(join(process.cwd(), 'src/engine/metrics'));
    const own = files.filter((file) => file !== 'index.ts' && file !== 'metric.ts');
    assert.deepEqual(metrics.map(({ name }) => `${name}.ts`).toSorted(), own.toSorted());
    assert.equal(new Set(metrics.map(({ title }) => title)).size, metrics.length);
  });
});
