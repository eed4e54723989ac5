import assert from 'node:assert/strict';
import katex from 'katex';
import { evaluate } from '../../../src/engine/evaluate.js';
import { explain, type Explanation, type Reader } from '../../../src/engine/explain.js';
import { input, label, type Value } from '../../../src/engine/graph.js';
import { gather, gelu, layerNorm, relu } from '../../../src/engine/ops/index.js';
import { restrict } from '../../../src/engine/restrict.js';
import { cut, type Region, type Tensor } from '../../../src/engine/tensor.js';
import { build, buildCase, cases, stepOf } from '../../support/engine/cases.js';
import { random, randomTensor } from '../../support/engine/numbers.js';

/** Reads as an inspection does: only the part that is asked for is computed. */
function readerOf(given: ReadonlyMap<Value, Tensor>): Reader {
  return (value, region) => {
    const { targets, regions, feeds } = restrict([{ value, region }], (each) => given.has(each));
    const fed = feeds.map(({ leaf, original, region: part }): [Value, Tensor] => {
      const [whole] = evaluate([original], given);
      assert.ok(whole);
      return [leaf, cut(whole, part)];
    });
    const [tensor] = evaluate(targets, new Map(fed));
    const [held] = regions;
    assert.ok(tensor && held);
    const wanted: Region = region.map(({ start, end }, axis) => {
      const offset = held[axis]?.start ?? 0;
      return { start: start - offset, end: end - offset };
    });
    return Promise.resolve(cut(tensor, wanted));
  };
}

function assertReadable({ tex, sums, value }: Explanation, what: string): void {
  const strict = { throwOnError: true, strict: 'error', displayMode: true } as const;
  assert.doesNotMatch(tex, /undefined|NaN|Infinity|null|\de[+-]/, what);
  katex.renderToString(tex, strict);
  for (const { columns, picked } of sums) {
    const length = columns[0]?.values.length;
    for (const column of columns) {
      katex.renderToString(column.tex, strict);
      assert.equal(column.values.length, length, `${what}: columns are aligned`);
      if (column.total === undefined || Number.isNaN(value)) continue;
      const added = column.values.reduce((sum, term) => sum + term, 0);
      const tolerance = 1e-9 * Math.max(1, ...column.values.map(Math.abs));
      assert.ok(Math.abs(added - column.total) <= tolerance, `${what}: ${added} is not ${column.total}`);
    }
    if (picked !== undefined) assert.ok(picked < (length ?? 0), what);
  }
}

describe('the arithmetic of a cell', () => {
  for (const each of cases) {
    it(`comes to what was evaluated: ${each.name}`, async () => {
      const { graph, given } = buildCase(each);
      const read = readerOf(given);
      const next = random(11);
      const whole = evaluate(graph.steps, given);
      for (const [at, step] of graph.steps.entries()) {
        const tensor = whole[at];
        assert.ok(tensor);
        for (let attempt = 0; attempt < 4; attempt++) {
          const index = step.shape.map((extent) => Math.floor(next() * extent));
          const what = `${step.label?.name ?? ''} ${JSON.stringify(index)}`;
          const cell = cut(
            tensor,
            index.map((start) => ({ start, end: start + 1 })),
          ).data[0];
          const explained = await explain(step, index, read);
          assert.ok(cell !== undefined);
          const close = Math.abs(explained.value - cell) <= 1e-9 * Math.max(1, Math.abs(cell));
          assert.ok(Object.is(explained.value, cell) || close, `${what}: ${explained.value} is not ${cell}`);
          assertReadable(explained, what);
        }
      }
    });

    // Elsewhere other things are said: which draw it was, what a sink takes.
    const says =
      ['scaled-dot-product', 'multi-head'].includes(each.mechanism) &&
      each.inputs.some((name) => /^(Q|W_Q)$/.test(name)) &&
      each.params['sink'] === undefined;
    if (!says) continue;
    it(`says why a cell is masked or a row empty: ${each.name}`, async () => {
      const { graph, given } = buildCase(each);
      const read = readerOf(given);
      const names = graph.steps.map(({ label: named }) => named?.name);
      // Where nothing is masked there is no such step: no score of the last one before the weights is −∞.
      const last = graph.steps.findLast(({ label: own }) => own?.step?.phase === 'score');
      assert.ok(last);
      const [masked, weights] = evaluate([last, stepOf(graph, 'weights')], given);
      assert.ok(masked && weights);
      for (let at = 0; at < masked.data.length; at++) {
        const index = indexOf(masked, at);
        const [score, weight] = [masked.data[at], weights.data[at] ?? Number.NaN];
        const why: string | undefined = (await explain(last, index, read)).remark;
        const effect = (await explain(stepOf(graph, 'weights'), index, read)).remark;
        if (score !== -Infinity) assert.equal(why, undefined);
        else
          assert.match(
            why ?? '',
            /^Masked: (key \d+ |the mask has −∞|the mask is [01] for|by a step before)/,
          );
        if (Number.isNaN(weight)) {
          assert.match(effect ?? '', /^Nothing to attend to: every key of this row is masked/);
          const result = names.includes('head') ? 'head' : 'output';
          const output = await explain(stepOf(graph, result), [...index.slice(0, -1), 0], read);
          assert.match(output.remark ?? '', /nothing to attend to/);
        } else if (score === -Infinity) assert.match(effect ?? '', /^Masked: .*weight is 0/);
        else assert.equal(effect, undefined);
      }
    });
  }

  describe('reads like the paper', () => {
    const graph = build('scaled-dot-product', { Q: [2, 3], K: [2, 3], V: [2, 2] }, { mask: 'causal' });
    const numbers: Readonly<Record<string, readonly number[]>> = {
      Q: [1, 2, 3, 0.5, -1, 4],
      K: [2, 0, -1, 0.25, 3, 1],
      V: [1, -2, 0.5, 8],
    };
    const given = new Map(
      [...graph.inputs].map(([name, leaf]): [Value, Tensor] => [
        leaf,
        { shape: leaf.shape, data: Float64Array.from(numbers[name] ?? []) },
      ]),
    );
    const read = readerOf(given);
    const tex = async (name: string, ...index: number[]): Promise<string> =>
      (await explain(stepOf(graph, name), index, read)).tex;

    it('an input', async () => {
      assert.equal(await tex('Q', 1, 2), 'Q_{1,2} = 4');
    });

    it('a score: a dot product, its largest terms first', async () => {
      assert.equal(
        await tex('scores', 1, 1),
        'S_{1,1} = q_{1} \\cdot k_{1} = 4 \\cdot 1 + \\left(-1\\right) \\cdot 3 + 0.5000 \\cdot 0.2500 = 1.125',
      );
    });

    it('a scaled score', async () => {
      assert.equal(
        await tex('scaled', 1, 1),
        '\\tilde{S}_{1,1} = \\frac{S_{1,1}}{\\sqrt{d_k}} = \\frac{1.125}{\\sqrt{3}} = 0.6495',
      );
    });

    it('a masked score', async () => {
      assert.equal(await tex('masked', 0, 1), '\\hat{S}_{0,1} = -\\infty');
      assert.equal(await tex('masked', 1, 1), '\\hat{S}_{1,1} = \\tilde{S}_{1,1} = 0.6495');
    });

    it('a weight: its share of the exponentials', async () => {
      // Scores of row 1 are −3 and 1.125, so −1.7321 and 0.6495 when scaled; e^{−2.3816} is 0.09241.
      const { tex: text, sums } = await explain(stepOf(graph, 'weights'), [1, 0], read);
      assert.match(text, /^A_\{1,0\} = .*\\frac\{e\^\{-2\.382\}\}\{e\^\{0\} \+ e\^\{-2\.382\}\}/);
      assert.match(text, /= \\frac\{0\.09241\}\{1\.092\} = 0\.08459$/);
      assert.deepEqual(
        sums.map(({ axis, picked }) => [axis, picked]),
        [['key', 0]],
      );
    });

    it('an output: weights times a column of V', async () => {
      const { tex: text, sums } = await explain(stepOf(graph, 'output'), [1, 1], read);
      assert.match(text, /^O_\{1,1\} = a_\{1\} \\cdot V_\{\\cdot,1\} = 0\.9154 \\cdot 8 \+ 0\.08459 \\cdot/);
      assert.deepEqual(
        sums.map(({ axis, columns }) => [axis, columns.length]),
        [['key', 3]],
      );
    });
  });

  it('names a column of V where there is but one key', async () => {
    const graph = build('scaled-dot-product', { Q: [1, 2], K: [1, 2], V: [1, 3] });
    const given = new Map(
      [...graph.inputs.values()].map((leaf): [Value, Tensor] => [leaf, randomTensor(leaf.shape, random(3))]),
    );
    const { tex } = await explain(stepOf(graph, 'output'), [0, 2], readerOf(given));
    assert.match(tex, /a_\{0\} \\cdot V_\{\\cdot,2\}/);
  });

  it('of what a model has besides attention comes to what was evaluated', async () => {
    const next = random(5);
    const table = label(input([7, 6]), { name: 'E', symbol: 'E', axes: ['vocabulary', 'model'] });
    const ids = label(input([4], 'integer'), { name: 'ids', symbol: 't', axes: ['query'] });
    const [weight, bias] = [input([6]), input([6])];
    const normed = label(layerNorm(gather(table, ids), weight, bias, 1e-5), {
      name: 'normed',
      symbol: 'N',
      axes: ['query', 'model'],
    });
    const given = new Map<Value, Tensor>([
      [ids, { shape: [4], data: Float64Array.of(6, 0, 2, 2) }],
      ...[table, weight, bias].map((leaf) => [leaf, randomTensor(leaf.shape, next)] as const),
    ]);
    const axes = ['query', 'model'] as const;
    const targets = [
      normed,
      ...[gelu(normed, 'erf'), gelu(normed, 'tanh'), relu(normed), gather(table, ids)].map((value, at) =>
        label(value, { name: `result${at}`, symbol: 'R', axes }),
      ),
    ];
    const whole = evaluate(targets, given);
    for (const [at, target] of targets.entries()) {
      for (let cell = 0; cell < 24; cell++) {
        const explained = await explain(target, [Math.floor(cell / 6), cell % 6], readerOf(given));
        const expected = whole[at]?.data[cell] ?? Number.NaN;
        assert.ok(Math.abs(explained.value - expected) < 1e-9, `${explained.value} is not ${expected}`);
        assertReadable(explained, target.label?.name ?? '');
      }
    }
  });
});

function indexOf({ shape }: Tensor, at: number): number[] {
  const index: number[] = [];
  for (let axis = shape.length - 1, rest = at; axis >= 0; axis--) {
    const extent = shape[axis] ?? 1;
    index.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return index;
}
