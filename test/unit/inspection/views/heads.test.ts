import assert from 'node:assert/strict';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { rankHeads } from '../../../../src/inspection/views/head-ranking.js';
import { collectLines } from '../../../../src/inspection/views/lines.js';
import { joinedSpans } from '../../../../src/inspection/views/spans.js';
import type { Span } from '../../../../src/protocol.js';
import { Fixture } from '../../../support/engine/numbers.js';
import { openTensors } from '../../../support/inspections.js';
import { platform } from '../../../support/platform.js';

const fixture = new Fixture('../inspection/heads.safetensors');
const size = { layers: 3, heads: 4, queries: 9, keys: 7 };

interface Ranking {
  readonly weights: string;
  readonly queries: readonly number[];
  readonly keys: readonly number[];
  readonly measure: 'sum' | 'largest';
  readonly means: readonly (number | null)[];
  /** Null where all of them are 1. */
  readonly strongest: readonly (readonly [number, number, number, number, number])[] | null;
}

interface LinesCase {
  readonly weights: string;
  readonly heads: readonly (readonly [number, number])[];
  readonly fuse: 'apart' | 'mean' | 'max';
  readonly queries: readonly [number, number];
  readonly keys: readonly [number, number];
  readonly threshold: number;
  readonly most: number;
  readonly sets: readonly {
    readonly cells: readonly (readonly [number, number, number])[];
    readonly reaching: number;
    readonly whole: number;
    readonly asked: number;
    readonly drawn: number;
  }[];
}

/** Rows of a stack of matrices, as an inspection gives them. */
function rowsOf(name: string) {
  const data = Float32Array.from(fixture.tensor(name).data);
  return (
    layer: number,
    { rows, heads }: { readonly rows: Span; readonly heads: Span },
    take: (query: number, heads: readonly Float32Array[]) => void,
  ): Promise<void> => {
    const row = (head: number, query: number): Float32Array => {
      const at = ((layer * size.heads + head) * size.queries + query) * size.keys;
      return data.subarray(at, at + size.keys);
    };
    for (let query = rows.start; query < rows.end; query++) {
      take(
        query,
        Array.from({ length: heads.end - heads.start }, (_, at) => row(heads.start + at, query)),
      );
    }
    return Promise.resolve();
  };
}

const all: Span = { start: 0, end: size.heads };
const rank = (weights: string, request: Parameters<typeof rankHeads>[1]) => {
  const rows = rowsOf(weights);
  return rankHeads(size, request, (layer, span, take) => rows(layer, { rows: span, heads: all }, take));
};
const single = (at: number): Span => ({ start: at, end: at + 1 });

describe('ranking of heads, beside NumPy', () => {
  for (const each of fixture.described<Ranking[]>('rankings')) {
    const { weights, queries, keys, measure } = each;
    it(`${weights}: queries ${queries.join(' ')}, keys ${keys.join(' ')}, ${measure}`, async () => {
      const request = { queries: queries.map(single), keys: keys.map(single), measure, strongest: 10 };
      const { means, peaks, strongest, ...rest } = await rank(weights, request);
      assert.deepEqual(rest, { layers: { start: 0, end: 3 }, heads: 4 });
      assert.equal(means.length, each.means.length);
      each.means.forEach((expected, at) => {
        const mean = means[at] ?? 0;
        assert.equal(Number.isNaN(mean), expected === null);
        assert.equal(peaks[at] === null, expected === null);
        if (expected !== null) assert.ok(Math.abs(mean - expected) < 1e-6, `${at}: ${mean}, not ${expected}`);
      });
      if (each.strongest === null) return;
      const named = each.strongest;
      assert.deepEqual(
        strongest.map(({ layer, head, query, key }) => [layer, head, query, key]),
        named.map((one) => one.slice(0, 4)),
      );
      strongest.forEach(({ value }, at) => {
        assert.ok(Math.abs(value - (named[at]?.[4] ?? NaN)) < 1e-6);
      });
      const [first] = strongest;
      if (first !== undefined) {
        const { layer, head, ...peak } = first;
        assert.deepEqual(peaks[layer * 4 + head], peak);
      }
    });
  }

  it('looks at the layers that are asked for, and counts what is named twice once', async () => {
    const whole = await rank('open', { measure: 'sum', keys: [single(2)], strongest: 0 });
    const part = await rank('open', {
      ...{ measure: 'sum', layers: { start: 1, end: 3 }, strongest: 0 },
      keys: [single(2), { start: 2, end: 3 }],
      queries: [
        { start: 4, end: 9 },
        { start: 0, end: 5 },
      ],
    });
    assert.deepEqual(part.layers, { start: 1, end: 3 });
    assert.deepEqual([...part.means], [...whole.means.subarray(4)]);
    assert.deepEqual(part.strongest, []);
    assert.deepEqual(joinedSpans([{ start: 3, end: 4 }, single(1), single(2)], 5, 'Keys'), [
      { start: 1, end: 4 },
    ]);
  });

  it('is refused for what there is not', async () => {
    const request = { measure: 'sum', strongest: 0 } as const;
    for (const [changes, sentence] of [
      [{ keys: [{ start: 6, end: 8 }] }, /Keys 6–8 lie outside of 0–7/],
      [{ queries: [] }, /Queries: there is nothing to look at/],
      [{ layers: { start: 2, end: 4 } }, /Layers 2–4/],
    ] as const) {
      await assert.rejects(rank('open', { ...request, ...changes }), sentence);
    }
  });
});

describe('lines, beside NumPy', () => {
  for (const each of fixture.described<LinesCase[]>('lines')) {
    const { weights, fuse, threshold, most } = each;
    const spanOf = ([start, end]: readonly [number, number]): Span => ({ start, end });
    const [queries, keys] = [spanOf(each.queries), spanOf(each.keys)];
    it(`${weights}, ${fuse}: queries ${each.queries.join('–')}, from ${threshold}, at most ${most}`, async () => {
      const heads = each.heads.map(([layer, head]) => ({ layer, head }));
      const sets = await collectLines(size, { heads, fuse, queries, keys, threshold, most }, rowsOf(weights));
      assert.equal(sets.length, each.sets.length);
      each.sets.forEach((expected, at) => {
        const set = sets[at];
        assert.ok(set);
        assert.equal(set.reaching, expected.reaching);
        for (const name of ['whole', 'asked', 'drawn'] as const) {
          assert.ok(
            Math.abs(set[name] - expected[name]) < 1e-5,
            `${name}: ${set[name]}, not ${expected[name]}`,
          );
        }
        assert.deepEqual(
          Array.from(set.weights, (_, line) => [set.queries[line], set.keys[line]]),
          expected.cells.map(([query, key]) => [query, key]),
        );
        expected.cells.forEach(([, , weight], line) => {
          assert.ok(Math.abs((set.weights[line] ?? NaN) - weight) < 1e-6);
        });
      });
    });
  }

  it('are refused for what there is not, and where they are too many', async () => {
    const request = { heads: [{ layer: 0, head: 0 }], fuse: 'apart', queries: { start: 0, end: 9 } } as const;
    for (const [changes, sentence] of [
      [{ heads: [] }, /No head was named/],
      [{ heads: [{ layer: 3, head: 0 }] }, /layer 3/],
      [{ most: 30_000 }, /0 to 20000 lines/],
      [{ threshold: NaN }, /not a number/],
      [{ heads: Array.from({ length: 65 }, () => ({ layer: 0, head: 0 })) }, /at most 64 heads/],
    ] as const) {
      const asked = { ...request, threshold: 0, most: 5, ...changes };
      await assert.rejects(collectLines(size, asked, rowsOf('open')), sentence);
    }
  });
});

describe('heads of an inspection', () => {
  let engine: Engine;
  before(() => {
    engine = new Engine(platform, 'media');
  });
  after(() => engine.dispose());

  it('are ranked by what was computed, masked weights being none', async () => {
    const tensors = Object.fromEntries(
      ['Q', 'K', 'V'].map((name) => {
        const { shape, data } = fixture.tensor(name);
        return [name, { shape, data: Float32Array.from(data) }];
      }),
    );
    const inspection = await openTensors(engine, { tensors, parameters: { mask: 'causal' } });
    const expected = fixture.tensor('computed').data; // (head, query, key)
    const of = (head: number, query: number, key: number): number =>
      expected[(head * 9 + query) * 9 + key] ?? NaN;
    const asked = { measure: 'sum', strongest: 3 } as const;
    const cell = await inspection.headRanking({
      ...asked,
      queries: [single(7)],
      keys: [single(2), single(4)],
    });
    assert.equal(cell.revision, inspection.summary.revision);
    cell.means.forEach((mean, head) => {
      assert.ok(Math.abs(mean - of(head, 7, 2) - of(head, 7, 4)) < 1e-5);
    });
    const masked = await inspection.headRanking({ ...asked, queries: [single(2)], keys: [single(7)] });
    assert.ok(masked.means.every(Number.isNaN));
    assert.deepEqual(masked.strongest, []);
    // What attends to a key of a causal head: the queries from it on alone.
    const column = await inspection.headRanking({ ...asked, keys: [single(6)] });
    column.means.forEach((mean, head) => {
      const seen = [6, 7, 8].map((query) => of(head, query, 6));
      assert.ok(Math.abs(mean - seen.reduce((sum, each) => sum + each) / 3) < 1e-5);
    });
    const { sets } = await inspection.lines({
      ...{ heads: [{ layer: 0, head: 3 }], fuse: 'apart', threshold: 0.2, most: 100 },
      queries: { start: 2, end: 9 },
    });
    const [set] = sets;
    assert.ok(set && set.weights.length > 3);
    set.weights.forEach((weight, line) => {
      const expectedWeight = of(3, set.queries[line] ?? -1, set.keys[line] ?? -1);
      assert.ok(weight >= 0.2 && Math.abs(weight - expectedWeight) < 1e-5);
    });
    assert.ok(Math.abs(set.whole - 7) < 1e-5);
  });
});
