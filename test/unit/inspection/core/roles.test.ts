import assert from 'node:assert/strict';
import { evaluate } from '../../../../src/engine/evaluate.js';
import { input, label, positions, type Label, type Value } from '../../../../src/engine/graph.js';
import { divide, mask, matmul, softmax, squareRoot, transpose } from '../../../../src/engine/ops/index.js';

import { inMemory, wholeOf, type Tensor, type TensorSource } from '../../../../src/engine/tensor.js';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { Inspection } from '../../../../src/inspection/core/inspection.js';
import type { Layer } from '../../../../src/inspection/core/subject.js';
import { capture } from '../../../../src/inspection/run/capture.js';
import { Runtime } from '../../../../src/runtime/session.js';
import { openTensors } from '../../../support/inspections.js';
import { platform } from '../../../support/platform.js';
import { seeded, tensor } from '../numbers.js';

const [tokens, width] = [6, 4];

/** Causal attention whose steps have names of their own, from x and three weights. */
function renamed(): { steps: readonly Value[]; leaves: Readonly<Record<'x' | 'a' | 'b' | 'c', Value>> } {
  const leaf = (name: string, rows: number): Value =>
    label(input([rows, width]), { name, symbol: name, axes: ['query', 'model'], given: true });
  const leaves = { x: leaf('x', tokens), a: leaf('a', width), b: leaf('b', width), c: leaf('c', width) };
  const step = (
    value: Value,
    name: string,
    axes: Label['axes'],
    described: Pick<NonNullable<Label['step']>, 'phase' | 'role'>,
    scale: 'weights' | 'signed' = 'signed',
  ): Value =>
    label(value, { name, symbol: name, axes, step: { title: name, note: name, scale, ...described } });
  const { x, a, b, c } = leaves;
  const asking = step(matmul(x, a), 'asking', ['query', 'feature'], { phase: 'input', role: 'query' });
  const sought = step(matmul(x, b), 'sought', ['key', 'feature'], { phase: 'input', role: 'key' });
  const told = step(matmul(x, c), 'told', ['key', 'value'], { phase: 'input', role: 'value' });
  const pairs = ['query', 'key'] as const;
  const match = step(matmul(asking, transpose(sought)), 'match', pairs, { phase: 'score', role: 'scores' });
  const divided = step(divide(match, [squareRoot(width)]), 'divided', pairs, { phase: 'score' });
  const place = (name: string, axis: 'query' | 'key'): Value =>
    label(positions(tokens), { name, symbol: name, axes: [axis] });
  const barred = step(
    mask(divided, place('i', 'query'), place('j', 'key'), { kind: 'causal' }),
    'barred',
    pairs,
    { phase: 'score', role: 'masked' },
  );
  const share = step(softmax(barred), 'share', pairs, { phase: 'normalisation', role: 'weights' }, 'weights');
  const mixed = step(matmul(share, told), 'mixed', ['query', 'value'], { phase: 'sum', role: 'output' });
  return { steps: [asking, sought, told, match, divided, barred, share, mixed], leaves };
}

describe('Attention whose steps have other names', () => {
  const runtime = new Runtime(platform);
  const engine = new Engine(platform, 'media');
  after(async () => {
    await runtime.dispose();
    await engine.dispose();
  });

  const { steps, leaves } = renamed();
  const next = seeded(5);
  const numbers = new Map<Value, Tensor<Float32Array>>([
    [leaves.x, tensor([tokens, width], next)],
    ...[leaves.a, leaves.b, leaves.c].map((leaf) => [leaf, tensor([width, width], next)] as const),
  ]);
  const named = (name: string): Value => steps.find(({ label: own }) => own?.name === name) ?? assert.fail();
  const [Q, K, V] = evaluate([named('asking'), named('sought'), named('told')], numbers).map(
    ({ shape, data }) => ({ shape, data: Float32Array.from(data) }),
  );
  assert.ok(Q !== undefined && K !== undefined && V !== undefined);

  async function captured(): Promise<Layer> {
    const given = [...numbers].map(([leaf, each]): [Value, TensorSource] => [leaf, inMemory(each)]);
    return capture({ steps, kept: new Map(given) }, runtime, {});
  }

  async function opened(): Promise<Inspection> {
    const layer = await captured();
    const labels = { count: tokens };
    const prepare = () =>
      Promise.resolve({
        title: 'Renamed',
        subtitle: '',
        mechanism: { id: 'renamed', title: 'Renamed' },
        layers: [layer],
        heads: 1,
        media: [],
        queries: labels,
        keys: labels,
        parameters: [],
        notices: [],
        forward: 0,
      });
    const preparation = { media: [], prepare, dispose: () => Promise.resolve() };
    return Inspection.open('renamed', preparation, runtime, { parameters: {} }, {});
  }

  it('is captured: what the rest is made of is kept', async () => {
    const { kept } = await captured();
    const own = [...kept.keys()].filter((value) => !numbers.has(value)).map((value) => value.label?.name);
    assert.deepEqual(own, ['asking', 'sought', 'told']);
    for (const [name, expected] of [
      ['asking', Q],
      ['sought', K],
      ['told', V],
    ] as const) {
      const source = kept.get(named(name)) ?? assert.fail();
      const { data } = await source.read(wholeOf(source.shape));
      data.forEach((value, at) => assert.ok(Math.abs(value - (expected.data[at] ?? NaN)) < 1e-6));
    }
  });

  it('is masked and measured as the same attention under the usual names is', async () => {
    const [own, usual] = [
      await opened(),
      await openTensors(engine, { tensors: { Q, K, V }, parameters: { mask: 'causal' } }),
    ];
    const place = { layer: 0, head: 0 };
    const slices = await Promise.all([
      own.slice({ ...place, inspection: own.id, step: 'share' }),
      usual.slice({ ...place, inspection: usual.id, step: 'weights' }),
    ]);
    const [found, expected] = slices.map(({ data }) => [...data]);
    assert.ok(found !== undefined && expected !== undefined);
    assert.equal(expected.filter(Number.isNaN).length, (tokens * (tokens - 1)) / 2);
    assertAlike(found, expected);
    const [metrics, usualMetrics] = [await own.metrics(place), await usual.metrics(place)];
    assert.ok(metrics.length > 0);
    assertAlike(
      metrics.map(({ value }) => value),
      usualMetrics.map(({ value }) => value),
    );
    const [small, usualSmall] = [await own.thumbnails(3), await usual.thumbnails(3)];
    assertAlike([...small.data], [...usualSmall.data]);
    assert.deepEqual(
      own.summary.plots.map(({ name }) => name),
      usual.summary.plots.map(({ name }) => name),
    );
    assert.equal(own.summary.steps.find(({ role }) => role === 'weights')?.name, 'share');
  });
});

function assertAlike(found: readonly number[], expected: readonly number[]): void {
  assert.equal(found.length, expected.length);
  expected.forEach((value, at) => {
    const own = found[at] ?? 0;
    assert.ok(
      Number.isNaN(value) ? Number.isNaN(own) : Math.abs(own - value) < 1e-6,
      `${at}: ${own}, not ${value}`,
    );
  });
}
