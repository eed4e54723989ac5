import assert from 'node:assert/strict';
import { join } from 'node:path';
import { cut, type Tensor } from '../../../../src/engine/tensor.js';
import {
  inspectFiles,
  inspectTensors,
  RolesNeeded,
  type OpenInspection,
} from '../../../../src/inspection/index.js';
import type { InspectionSummary, ParameterValues, WireTensor } from '../../../../src/protocol.js';
import { tensorNamed, tensorsIn } from '../../../support/models/expected.js';

/** Made by make_stacks.py, with what PyTorch computed. */
const stacks = join(process.cwd(), 'test/fixtures/inspection/stacks');
const [layers, heads, tokens] = [3, 4, 5];

describe('stacks and lists of attentions', () => {
  const open: OpenInspection[] = [];
  let expected: ReadonlyMap<string, Tensor<Float32Array>>;

  before(async () => {
    expected = await tensorsIn(join(stacks, 'expected.safetensors'));
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.dispose()));
  });

  async function inspect(name: string, params: ParameterValues = {}): Promise<OpenInspection> {
    const inspection = await inspectFiles(join(stacks, name), { params });
    open.push(inspection);
    return inspection;
  }

  /** The matrix of a layer, entry and head, as PyTorch has it. */
  function matrix(name: string, ...place: readonly number[]): number[] {
    const tensor = tensorNamed(expected, name); // (layer, batch, head, row, column)
    const region = tensor.shape.map((extent, axis) => {
      const at = place[axis];
      return at === undefined ? { start: 0, end: extent } : { start: at, end: at + 1 };
    });
    return [...cut(tensor, region).data];
  }

  async function sameWeights(inspection: OpenInspection, entry: number, tolerance = 0): Promise<void> {
    for (let layer = 0; layer < layers; layer++) {
      for (let head = 0; head < heads; head++) {
        const { data } = await inspection.slice('weights', { layer, head });
        const wanted = matrix('weights', layer, entry, head);
        assert.equal(data.length, wanted.length);
        data.forEach((value, at) => {
          assert.ok(
            Math.abs(value - (wanted[at] ?? NaN)) <= tolerance,
            `layer ${layer}, head ${head}, ${at}`,
          );
        });
      }
    }
  }

  const axesOf = ({ axes }: InspectionSummary): Record<string, string> =>
    Object.fromEntries((axes ?? []).map((each) => [each.role, each.axes.join(' ')]));

  for (const name of [
    'stack.pt',
    'stack.npy',
    'stack.npz',
    'stack.safetensors',
    'stack.json',
    'tuple.pt',
    'list.pt',
    'dict.pt',
    'output.pt',
    'savez.npz',
    'list.json',
    'by_layer.safetensors',
    'by_number.safetensors',
  ]) {
    it(`${name} opens as layers × heads, each entry of its batch picked in turn`, async () => {
      const first = await inspect(name);
      assert.deepEqual([first.summary.layers, first.summary.heads], [layers, heads]);
      assert.deepEqual([first.summary.queries.count, first.summary.keys.count], [tokens, tokens]);
      assert.deepEqual(axesOf(first.summary), { weights: 'layer batch head query key' });
      await sameWeights(first, 0);
      await first.change({ entry: 1 });
      await sameWeights(first, 1);
      await assert.rejects(first.change({ entry: 2 }), /entries 0 to 1/);
    });
  }

  for (const name of ['cache.pt', 'cache.safetensors']) {
    it(`${name}, a cache of TransformerLens: its pattern as it is, its values after position and head`, async () => {
      const inspection = await inspect(name);
      assert.deepEqual(axesOf(inspection.summary), {
        weights: 'layer batch head query key',
        V: 'layer batch key head feature',
      });
      await sameWeights(inspection, 0);
      const { data } = await inspection.slice('V', { layer: 2, head: 3 });
      assert.deepEqual([...data], matrix('V', 2, 0, 3));
    });
  }

  it('queries, keys and values of such a cache alone give the weights that were', async () => {
    const inspection = await inspect('cache_qkv.safetensors');
    assert.deepEqual([inspection.summary.layers, inspection.summary.heads], [layers, heads]);
    assert.equal(axesOf(inspection.summary)['Q'], 'layer batch query head feature');
    assert.match(inspection.summary.axes?.[0]?.reason ?? '', /TransformerLens/);
    await sameWeights(inspection, 0, 1e-6);
  });

  it('Flax’s order, (batch, n, head, d), is told where queries and keys are of different numbers', async () => {
    const orders = { 'torch_order.npz': 'head row', 'flax_order.npz': 'row head' };
    for (const [name, order] of Object.entries(orders)) {
      // Whether its first axis is a batch or layers is not.
      const needed = await inspectFiles(join(stacks, name)).catch((error: unknown) => error);
      assert.ok(needed instanceof RolesNeeded, name);
      const values = needed.question.settings?.[0]?.choices.map(({ value }) => value) ?? [];
      const common = values.filter((value) => value.includes('head'));
      assert.deepEqual(common, [`batch ${order} feature`, `layer ${order} feature`], name);
      const inspection = await inspect(name, { vectorAxes: `batch ${order} feature` });
      assert.equal(inspection.summary.heads, heads, name);
      assert.deepEqual([inspection.summary.queries.count, inspection.summary.keys.count], [3, tokens], name);
      const { data } = await inspection.slice('weights', { head: 2 });
      const wanted = matrix('weights', 0, 0, 2).slice(0, 3 * tokens);
      data.forEach((value, at) => assert.ok(Math.abs(value - (wanted[at] ?? NaN)) < 1e-6, `${name} ${at}`));
    }
  });

  it('(n, batch, d) of batch_first=False: rows are told, heads or a batch are asked', async () => {
    const needed = await inspectFiles(join(stacks, 'sequence_first.npz')).catch((error: unknown) => error);
    assert.ok(needed instanceof RolesNeeded);
    const values = needed.question.settings?.[0]?.choices.map(({ value }) => value);
    assert.deepEqual(values, ['row head feature', 'row batch feature']);
    const vectorAxes = 'row batch feature';
    const inspection = await inspect('sequence_first.npz', { vectorAxes, heads: String(heads) });
    assert.deepEqual([inspection.summary.queries.count, inspection.summary.keys.count], [3, tokens]);
    const { data } = await inspection.slice('weights', { head: 2 });
    const wanted = matrix('weights', 0, 0, 2).slice(0, 3 * tokens);
    data.forEach((value, at) => assert.ok(Math.abs(value - (wanted[at] ?? NaN)) < 1e-6));
  });

  it('where nothing tells rows from heads it asks, and each answer is taken', async () => {
    const path = join(stacks, 'unclear.npz');
    const needed = await inspectFiles(path).catch((error: unknown) => error);
    assert.ok(needed instanceof RolesNeeded);
    const [setting] = needed.question.settings ?? [];
    assert.equal(setting?.parameter, 'vectorAxes');
    assert.match(needed.message, /order of the axes of Q, K, V/);
    const values = setting?.choices.map(({ value }) => value) ?? [];
    assert.ok(values.includes('batch head row feature') && values.includes('batch row head feature'));
    const inspection = await inspect('unclear.npz', { vectorAxes: 'batch head row feature' });
    const { data } = await inspection.slice('weights', { head: 1 });
    const wanted = matrix('weights', 0, 0, 1);
    data.forEach((value, at) => assert.ok(Math.abs(value - (wanted[at] ?? NaN)) < 1e-6));
    const other = await inspect('unclear.npz', { vectorAxes: 'batch row head feature' });
    assert.equal(other.summary.heads, tokens);
  });

  it('fused projections are cut, and the number of heads is asked', async () => {
    const reference = await tensorsIn(join(stacks, 'fused_expected.safetensors'));
    const wanted = tensorNamed(reference, 'weights'); // (head, query, key)
    for (const name of ['in_proj', 'c_attn', 'qkv_proj', 'wqkv']) {
      const file = `${name}.safetensors`;
      const needed = await inspectFiles(join(stacks, file)).catch((error: unknown) => error);
      assert.ok(needed instanceof RolesNeeded, name);
      assert.match(needed.message, /how many heads it is split/);
      const [setting] = needed.question.settings ?? [];
      assert.deepEqual(
        setting?.choices.map(({ value }) => value),
        ['1', '2', '3', '4', '6', '12'],
      );
      assert.match((needed.question.notices ?? []).join(' '), /was cut into/);
      const inspection = await inspect(file, { heads: String(heads) });
      for (let head = 0; head < heads; head++) {
        const { data } = await inspection.slice('weights', { head });
        data.forEach((value, at) => {
          const theirs = wanted.data[head * tokens * tokens + at] ?? NaN;
          assert.ok(Math.abs(value - theirs) < 1e-5, `${name}, head ${head}`);
        });
      }
    }
  });

  it('heads that are an axis of projections, as TransformerLens and Flax have them, are joined', async () => {
    const reference = await tensorsIn(join(stacks, 'fused_expected.safetensors'));
    const own = await tensorsIn(join(stacks, 'in_proj.safetensors'));
    const weight = tensorNamed(own, 'self_attn.in_proj_weight'); // (3 · head · feature, in)
    const bias = tensorNamed(own, 'self_attn.in_proj_bias'); // (3 · head · feature)
    const [width, size] = [12, 3];
    const made = (name: string, at: number, order: 'lens' | 'flax') => {
      const data = new Float32Array(width * width);
      data.forEach((_, to) => {
        const feature = to % size;
        const [outer, inner] = [
          Math.floor(to / (size * (order === 'lens' ? width : heads))),
          Math.floor(to / size),
        ];
        const head = order === 'lens' ? outer : inner % heads;
        const from = order === 'lens' ? inner % width : outer;
        data[to] = weight.data[(at * width + head * size + feature) * width + from] ?? NaN;
      });
      const shape = order === 'lens' ? [heads, width, size] : [width, heads, size];
      return [name, { shape, data }] as const;
    };
    for (const order of ['lens', 'flax'] as const) {
      const biases = ['b_Q', 'b_K', 'b_V'].map((name, at) => {
        const data = bias.data.slice(at * width, (at + 1) * width);
        return [name, { shape: [heads, size], data }] as const;
      });
      const projections = ['W_Q', 'W_K', 'W_V'].map((name, at) => made(name, at, order));
      const input = ['X', tensorNamed(own, 'X')] as const;
      const tensors: Record<string, WireTensor> = Object.fromEntries([input, ...projections, ...biases]);
      const inspection = await inspectTensors(tensors);
      open.push(inspection);
      assert.deepEqual([inspection.summary.layers, inspection.summary.heads], [1, heads], order);
      assert.match(
        inspection.summary.notices.join(),
        /W_Q \(.*\) was read as \(.*head.*\): 4 heads side by side/,
      );
      const wanted = tensorNamed(reference, 'weights'); // (head, query, key)
      for (let head = 0; head < heads; head++) {
        const { data } = await inspection.slice('weights', { head });
        data.forEach((value, at) => {
          const theirs = wanted.data[head * tokens * tokens + at] ?? NaN;
          assert.ok(Math.abs(value - theirs) < 1e-5, `${order}, head ${head}`);
        });
      }
    }
  });
});
