import assert from 'node:assert/strict';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { canRollOut, rollOut } from '../../../../src/inspection/views/rollout.js';
import { openTensors } from '../../../support/inspections.js';
import { platform } from '../../../support/platform.js';
import { Fixture } from '../../../support/engine/numbers.js';

const fixture = new Fixture('rollout.safetensors');
interface Case {
  readonly name: string;
  readonly weights: string;
  readonly heads: 'mean' | 'max';
  readonly residual: number;
  readonly from: number;
  readonly to: number;
}

const words = ['a', 'b', 'c', 'd', 'e', 'f'];
const labels = { count: 6, words };
/** Of its layers only the count is looked at. */
const subject = { title: 'a stack', layers: { length: 4 }, queries: labels, keys: labels };

function rowsOf(weights: string): Parameters<typeof rollOut>[2] {
  const { shape, data } = fixture.tensor(`${weights}/weights`);
  const [, heads = 0, n = 0] = shape;
  const all = Float32Array.from(data);
  return (layer, { start, end }, take) => {
    for (let query = start; query < end; query++) {
      const of = (head: number): Float32Array => {
        const at = ((layer * heads + head) * n + query) * n;
        return all.subarray(at, at + n);
      };
      take(
        query,
        Array.from({ length: heads }, (_, head) => of(head)),
      );
    }
    return Promise.resolve();
  };
}

describe('rollout, beside NumPy', () => {
  for (const { name, weights, ...options } of fixture.described<Case[]>('cases')) {
    const { heads, residual, from, to } = options;
    it(`${weights}, ${heads}, residual ${residual}, layers ${from} to ${to}`, async () => {
      const { data } = fixture.tensor(name);
      for (let index = 0; index < 6; index++) {
        const row = await rollOut(subject, { ...options, side: 'row', index }, rowsOf(weights));
        const column = await rollOut(subject, { ...options, side: 'column', index }, rowsOf(weights));
        for (let other = 0; other < 6; other++) {
          const [inRow = NaN, inColumn = NaN] = [data[index * 6 + other], data[other * 6 + index]];
          assert.ok(Math.abs((row[other] ?? NaN) - inRow) < 1e-6, `row ${index}, ${other}`);
          assert.ok(Math.abs((column[other] ?? NaN) - inColumn) < 1e-6, `column ${index}, ${other}`);
        }
      }
    });
  }

  it('reads one row alone of the last layer', async () => {
    const read: string[] = [];
    const rows = rowsOf('open');
    const noted: typeof rows = (layer, span, take) => {
      read.push(`${layer}: ${span.start}–${span.end}`);
      return rows(layer, span, take);
    };
    const options = { from: 1, to: 3, heads: 'mean', residual: 0.5 } as const;
    await rollOut(subject, { ...options, side: 'row', index: 4 }, noted);
    assert.deepEqual(read, ['3: 4–5', '2: 0–6', '1: 0–6']);
  });

  it('is refused where there is nothing to multiply, and for what there is not', async () => {
    assert.equal(canRollOut(subject), true);
    assert.equal(canRollOut({ ...subject, layers: { length: 1 } }), false);
    assert.equal(canRollOut({ ...subject, keys: { count: 5 } }), false);
    assert.equal(canRollOut({ ...subject, keys: { count: 6, words: words.toReversed() } }), false);
    const options = { from: 0, to: 3, heads: 'mean', residual: 0.5, side: 'row', index: 0 } as const;
    for (const [changes, sentence] of [
      [{ from: 3, to: 1 }, /from an earlier layer to a later one/],
      [{ to: 4 }, /layer/],
      [{ index: 6 }, /query/],
      [{ residual: 1 }, /residual/],
    ] as const) {
      await assert.rejects(rollOut(subject, { ...options, ...changes }, rowsOf('open')), sentence);
    }
    const cross = { ...subject, keys: { count: 5 } };
    await assert.rejects(
      rollOut(cross, options, rowsOf('open')),
      /has no rollout: that takes several layers/,
    );
  });

  it('is that of an inspection’s own layers', async () => {
    const engine = new Engine(platform, 'media');
    try {
      const { shape, data } = fixture.tensor('open/weights');
      const weights = { shape, data: Float32Array.from(data) };
      const inspection = await openTensors(engine, { tensors: { weights } });
      assert.deepEqual([inspection.summary.layers, inspection.summary.rollout], [4, true]);
      const like = fixture
        .described<Case[]>('cases')
        .find((each) => each.weights === 'open' && each.from === 1 && each.residual === 0.2);
      assert.ok(like);
      const { from, to, heads, residual } = like;
      const options = { from, to, heads, residual, index: 3 };
      const joint = fixture.tensor(like.name).data;
      for (const side of ['row', 'column'] as const) {
        const rolled = await inspection.rollout({ ...options, side });
        assert.equal(rolled.revision, inspection.summary.revision);
        rolled.data.forEach((value, other) => {
          const expected = joint[side === 'row' ? 18 + other : 6 * other + 3] ?? NaN;
          assert.ok(Math.abs(value - expected) < 1e-6, `${side}: ${value}, not ${expected}`);
        });
      }
    } finally {
      await engine.dispose();
    }
  });
});
