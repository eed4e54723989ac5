import assert from 'node:assert/strict';
import { join } from 'node:path';
import { inspectTensors, inspectText, type OpenInspection } from '../../../../src/inspection/index.js';
import type { Plot } from '../../../../src/protocol.js';
import { seeded, tensor } from '../../../support/inspection/numbers.js';

const media = join(process.cwd(), 'media');

function seriesOf(plot: Plot, panel: number, title: RegExp): Float64Array {
  const found = plot.panels[panel]?.series.find((each) => title.test(each.title));
  assert.ok(found, `There is no series ${title} in panel ${panel}.`);
  assert.equal(found.values.length, plot.x.values.length);
  return found.values;
}

describe('plots', () => {
  const open: OpenInspection[] = [];
  const keep = (inspection: OpenInspection): OpenInspection => {
    open.push(inspection);
    return inspection;
  };
  afterEach(async () => {
    await Promise.all(open.splice(0).map((inspection) => inspection.dispose()));
  });

  it('why √d_k: the variance of a dot product of d_k terms is d_k, as the paper’s note 4 says', async () => {
    const text = keep(await inspectText('The animal didn’t cross the street.', { media }));
    assert.deepEqual(
      text.summary.plots.map(({ name }) => name),
      ['scaling'],
    );
    const plot = await text.plot('scaling', { layer: 2, head: 5 });
    const [plain, scaled] = [/^Normal.*not scaled/, /^Normal.*√d_k/].map((title) => seriesOf(plot, 0, title));
    const widths = plot.x.values;
    widths.forEach((width, at) => {
      if (width < 8) return;
      // 64 × 64 scores share their vectors: their variance is known to about a tenth.
      assert.ok(Math.abs((plain?.[at] ?? 0) / width - 1) < 0.15, `d_k ${width}: ${plain?.[at]}`);
      assert.ok(Math.abs((scaled?.[at] ?? 0) - 1) < 0.15, `d_k ${width}: ${scaled?.[at]}`);
    });
    const last = widths.length - 1;
    const [spread, kept] = [/^Normal.*not scaled/, /^Normal.*√d_k/].map((title) => seriesOf(plot, 1, title));
    assert.ok((spread?.[last] ?? 9) < 0.3 && (kept?.[last] ?? 0) > 3, 'unscaled weights gather on one key');
    // The head's own vectors end at its d_k of 32.
    const own = seriesOf(plot, 0, /^This head, not scaled/);
    assert.ok(!Number.isNaN(own[widths.indexOf(32)]) && Number.isNaN(own[widths.indexOf(64)]));
  });

  it('the head’s own variance at its full width is that of its scores', async () => {
    const next = seeded(5);
    const tensors = { Q: tensor([6, 8], next), K: tensor([7, 8], next), V: tensor([7, 2], next) };
    const inspection = keep(await inspectTensors(tensors));
    const plot = await inspection.plot('scaling');
    const { data } = await inspection.slice('scores');
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    const variance = data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length;
    const shown = seriesOf(plot, 0, /^This head, not scaled/)[plot.x.values.indexOf(8)] ?? 0;
    assert.ok(Math.abs(shown - variance) < 1e-5);
  });

  it('a REINFORCE estimate settles on the exact gradient, as 1/√N', async () => {
    const next = seeded(9);
    const tensors = {
      Q: tensor([4, 6], next),
      K: tensor([5, 6], next),
      V: tensor([5, 2], next),
      reward: tensor([4, 5], next),
    };
    const inspection = keep(await inspectTensors(tensors));
    assert.deepEqual(
      inspection.summary.plots.map(({ name }) => name),
      ['scaling', 'settling'],
    );
    const plot = await inspection.plot('settling');
    for (const baseline of ['the expected reward', 'none']) {
      const measured = seriesOf(plot, 1, new RegExp(`^Measured, baseline ${baseline}`));
      const expected = seriesOf(plot, 1, new RegExp(`^√variance, baseline ${baseline}`));
      measured.forEach((value, at) => {
        const ratio = value / (expected[at] ?? 1);
        assert.ok(ratio > 0.5 && ratio < 1.8, `N = ${plot.x.values[at]}: ${ratio} of what theory says`);
      });
      const last = measured.length - 1;
      assert.ok((measured[last] ?? 1) < (measured[0] ?? 0) / 30, 'ten thousand draws leave a hundredth');
    }
    const exact = seriesOf(plot, 0, /^Exact/)[0] ?? 0;
    const settled = seriesOf(plot, 0, /^Estimate/).at(-1) ?? 0;
    assert.ok(Math.abs(settled - exact) < 0.01);
  });

  it('what cannot be plotted is said to be so', async () => {
    const ready = keep(await inspectTensors({ weights: tensor([2, 2], () => 0.5) }));
    assert.deepEqual(ready.summary.plots, []);
    await assert.rejects(ready.plot('scaling'), /There is no plot “scaling” here; there are: none/);
  });
});
