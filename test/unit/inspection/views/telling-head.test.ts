import assert from 'node:assert/strict';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { tellingHead } from '../../../../src/inspection/views/telling-head.js';
import type { Labels, Mark } from '../../../../src/protocol.js';
import { platform } from '../../../support/platform.js';

type Rows = readonly (readonly number[])[];

/** Looks through weights that are given whole. @param weights each [layer][head] */
async function found(
  weights: readonly (readonly Rows[])[],
  { queries, keys }: { queries?: Labels; keys?: Labels } = {},
): Promise<{ head: unknown; rows: number }> {
  const [[one = []] = []] = weights;
  let rows = 0;
  const sides = { queries: queries ?? { count: one.length }, keys: keys ?? { count: one[0]?.length ?? 0 } };
  const head = await tellingHead(
    // Only how many layers there are matters.
    {
      layers: Array.from({ length: weights.length }, () => ({ steps: [], kept: new Map() })),
      heads: weights[0]?.length ?? 0,
      ...sides,
    },
    (layer, span, take) => {
      rows += span.end - span.start;
      for (let row = span.start; row < span.end; row++) {
        take(
          row,
          (weights[layer] ?? []).map((each) => Float32Array.from(each[row] ?? [])),
        );
      }
      return Promise.resolve();
    },
  );
  return { head, rows };
}

/** Each row looks at one key, with all that is left spread evenly. */
function looks(count: number, at: (row: number) => number, share = 0.9): Rows {
  return Array.from({ length: count }, (_, row) =>
    Array.from({ length: count }, (_, key) => (key === at(row) ? share : (1 - share) / (count - 1))),
  );
}

describe('The head that is looked at first', () => {
  const [sink, self, previous, even, far] = [
    looks(8, () => 0),
    looks(8, (row) => row),
    looks(8, (row) => Math.max(0, row - 1)),
    looks(8, () => 1, 1 / 8),
    looks(8, (row) => (row + 4) % 8, 0.4),
  ];

  it('is none that looks at the first token, at itself or at its neighbour, nor a flat one', async () => {
    assert.deepEqual(
      (
        await found([
          [sink, self],
          [previous, even],
          [far, even],
        ])
      ).head,
      { layer: 2, head: 0 },
    );
  });

  it('is none that looks at special tokens', async () => {
    const mark: Mark = { medium: 'text', kind: 'span', start: 0, end: 1 };
    const labels = { count: 8, marks: [null, ...Array.from({ length: 6 }, () => mark), null] };
    const separator = looks(8, () => 7);
    const { head } = await found([[separator, far]], { queries: labels, keys: labels });
    assert.deepEqual(head, { layer: 0, head: 1 });
  });

  it('may look at the same place of another sequence', async () => {
    const of = (medium: string): Labels => ({
      count: 8,
      marks: Array.from({ length: 8 }, () => ({ medium, kind: 'span', start: 0, end: 1 })),
    });
    const { head } = await found([[far, self]], { queries: of('target'), keys: of('source') });
    assert.deepEqual(head, { layer: 0, head: 1 });
  });

  it('is not told where there is one head, or nothing stands out, or there is far too much', async () => {
    assert.equal((await found([[far]])).head, undefined);
    const nothing: Rows = Array.from({ length: 8 }, () => Array.from({ length: 8 }, () => NaN));
    assert.equal((await found([[nothing, nothing]])).head, undefined);
    const long = { count: 2 ** 20 };
    const { head, rows } = await found([[far, far]], { queries: long, keys: long });
    assert.deepEqual([head, rows], [undefined, 0]);
  });

  it('is told by a part of a long text', async () => {
    const { rows } = await found([[looks(1000, () => 0), looks(1000, (row) => 999 - row)]]);
    assert.equal(rows, 64);
  });

  it('finds what a pronoun stands for in the embedded model', async () => {
    const engine = new Engine(platform, 'media');
    try {
      const texts = ["The animal didn't cross the street because it was too tired."] as const;
      const inspection = await engine.open({ material: { kind: 'text', texts } }, {});
      assert.ok('tellingHead' in inspection);
      const head = await inspection.tellingHead();
      assert.ok(head);
      const { words = [], count } = inspection.summary.queries;
      const row = words.indexOf('it');
      const { data } = await inspection.slice({
        inspection: inspection.id,
        ...head,
        step: 'weights',
        rows: { start: row, end: row + 1 },
      });
      assert.equal(data.length, count);
      assert.equal(words[data.indexOf(Math.max(...data))], 'animal');
    } finally {
      await engine.dispose();
    }
  });
});
