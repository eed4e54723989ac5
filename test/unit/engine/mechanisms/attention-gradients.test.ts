import assert from 'node:assert/strict';
import katex from 'katex';
import { evaluate } from '../../../../src/engine/evaluate.js';
import { definition, explain, type Reader } from '../../../../src/engine/explain.js';
import { gradient } from '../../../../src/engine/gradient.js';
import { input, label, type Value } from '../../../../src/engine/graph.js';
import { cellRegion, cut, type Tensor } from '../../../../src/engine/tensor.js';
import { Runtime } from '../../../../src/runtime/session.js';
import {
  build,
  buildCase,
  cases,
  recordedStep,
  type Built,
  type Case,
} from '../../../support/engine/cases.js';
import { centralDifference } from '../../../support/engine/differences.js';
import { assertClose, Fixture, random, randomTensor } from '../../../support/engine/numbers.js';
import { part } from '../../../support/engine/parts.js';
import { platform } from '../../../support/platform.js';

const fixture = new Fixture('gradients.safetensors');
const throughRuntime = { absolute: 1e-5, relative: 1e-5 };
const exact = { absolute: 1e-10, relative: 1e-10 };

/** What a mechanism comes to: its last step but for those that tell how it is trained. */
function resultOf({ graph }: Pick<Built, 'graph'>): Value {
  const last = graph.steps.findLast(({ label: own }) => own?.step?.phase !== 'gradient');
  assert.ok(last);
  return last;
}

/** Why there may be no gradient: a choice is constant but for jumps, and linear attention needs no weights. */
const none = /every way there leads through.*(argmax|frequencies|within|mask-beyond)|it is not made from it/;

/** The gradient with respect to a value; undefined where there is none. */
function gradientOf(result: Value, upstream: Value, value: Value): Value | undefined {
  try {
    return gradient(result, upstream, [value])[0];
  } catch (error) {
    assert.match(String(error), none);
    return undefined;
  }
}

describe('gradients of attention, beside PyTorch', () => {
  const runtime = new Runtime(platform, { sessions: 2 });
  after(() => runtime.dispose());

  for (const name of fixture.described<readonly string[]>('cases')) {
    describe(name, () => {
      const found = cases.find((each) => each.name === name);
      assert.ok(found, `attention.safetensors has no case ${name}: run make_gradients.py anew`);
      const built = buildCase(found);
      const seed = fixture.tensor(`attention/${name}/upstream`);
      const upstream = input(seed.shape);
      const given = new Map([...built.given, [upstream, seed]]);
      const expected = [...fixture.below(`attention/${name}/gradient/`)];
      const gradients = gradient(
        resultOf(built),
        upstream,
        expected.map(([key]) => built.graph.inputs.get(key) ?? recordedStep(built.graph, key)),
      );

      it('with respect to inputs and steps, in float64', () => {
        const results = evaluate(gradients, given);
        expected.forEach(([key, tensor], at) => assertClose(results[at], tensor, exact, key));
      });

      it('with respect to inputs and steps, through ONNX Runtime', async () => {
        const results = await runtime.run(gradients, given);
        expected.forEach(([key, tensor], at) => assertClose(results[at], tensor, throughRuntime, key));
      });
    });
  }
});

describe('gradients of the other mechanisms, beside PyTorch', () => {
  const runtime = new Runtime(platform, { sessions: 2 });
  after(() => runtime.dispose());

  for (const { name, mechanism, params } of fixture.described<readonly Case[]>('mechanisms')) {
    describe(name, () => {
      const tensors = fixture.below(`mechanism/${name}/in/`);
      const shapes = Object.fromEntries([...tensors].map(([key, { shape }]) => [key, shape]));
      const graph = build(mechanism, shapes, params);
      const seed = fixture.tensor(`mechanism/${name}/upstream`);
      const upstream = input(seed.shape);
      const leaves = [...graph.inputs];
      const given = new Map([[upstream, seed]]);
      for (const [key, leaf] of leaves) given.set(leaf, tensors.get(key) ?? seed);
      const gradients = gradient(
        resultOf({ graph }),
        upstream,
        leaves.map(([, leaf]) => leaf),
      );
      const expected = leaves.map(([key]) => fixture.tensor(`mechanism/${name}/gradient/${key}`));

      it('in float64', () => {
        const results = evaluate(gradients, given);
        leaves.forEach(([key], at) => assertClose(results[at], expected[at] ?? seed, exact, key));
      });

      it('through ONNX Runtime', async () => {
        const results = await runtime.run(gradients, given);
        leaves.forEach(([key], at) => assertClose(results[at], expected[at] ?? seed, throughRuntime, key));
      });
    });
  }
});

describe('gradients of attention, beside finite differences', () => {
  // A row with nothing to attend to has no numbers to compare: those are left to PyTorch.
  // The straight-through estimator is no derivative: hard attention's own is 0.
  const whole = cases
    .filter(({ params }) => params['choice'] !== 'straight-through')
    .map((each) => ({ each, built: buildCase(each) }))
    .map(({ each, built }) => ({ each, built, before: evaluate([resultOf(built)], built.given)[0] }))
    .filter(({ before }) => before?.data.every((value) => Number.isFinite(value)));

  for (const { each, built, before } of whole) {
    it(`${each.mechanism}: ${each.name}`, () => {
      const result = resultOf(built);
      const next = random(5);
      const seed = randomTensor(result.shape, next);
      const upstream = input(result.shape);
      assert.ok(before);
      const inputs = [...built.graph.inputs].filter(([key]) => !/^(mask|keep|padding)$/.test(key));
      for (const [key, leaf] of inputs) {
        const slope = gradientOf(result, upstream, leaf);
        if (slope === undefined) continue;
        const tensor = built.given.get(leaf);
        const [computed] = evaluate([slope], new Map([...built.given, [upstream, seed]]));
        assert.ok(tensor && computed);
        const direction = randomTensor(tensor.shape, next);
        const difference = centralDifference(result, seed, built.given, leaf, direction.data, 1e-6);
        const along = computed.data.reduce((sum, value, at) => sum + value * (direction.data[at] ?? 0), 0);
        const size = Math.max(1, Math.abs(along), ...seed.data.map(Math.abs), ...before.data.map(Math.abs));
        assert.ok(
          Math.abs(difference - along) <= 1e-6 * size,
          `${key}: ${along}, but moving it gives ${difference}`,
        );
      }
    });
  }
});

describe('the arithmetic of a gradient’s cell', () => {
  for (const each of cases) {
    it(`comes to what was evaluated: ${each.name}`, async () => {
      const built = buildCase(each);
      const result = resultOf(built);
      const next = random(3);
      const upstream = label(input(result.shape), {
        name: 'upstream',
        symbol: '\\bar{O}',
        axes: result.label?.axes ?? [],
      });
      const given = new Map<Value, Tensor>([...built.given, [upstream, randomTensor(result.shape, next)]]);
      const read: Reader = (value, region) => Promise.resolve(part(value, region, given));
      const steps = built.graph.steps.filter(({ label: own }) =>
        /^(scores|weights|Q|K|V)$/.test(own?.name ?? ''),
      );
      for (const step of steps) {
        const [own, slope] = [step.label, gradientOf(result, upstream, step)];
        assert.ok(own);
        if (slope === undefined) continue;
        const named = label(slope, { name: `d_${own.name}`, symbol: '\\bar{X}', axes: own.axes });
        const [whole] = evaluate([named], given);
        assert.ok(whole);
        for (let attempt = 0; attempt < 3; attempt++) {
          const index = named.shape.map((extent) => Math.floor(next() * extent));
          const cell = cut(whole, cellRegion(index)).data[0] ?? Number.NaN;
          const { tex, value } = await explain(named, index, read);
          const close = Math.abs(value - cell) <= 1e-9 * Math.max(1, Math.abs(cell));
          assert.ok(
            Object.is(value, cell) || value === cell || close,
            `${own.name} [${index.join()}]: ${value}, not ${cell}`,
          );
          katex.renderToString(tex, { throwOnError: true, strict: 'error' });
        }
        katex.renderToString(definition(named), { throwOnError: true, strict: 'error' });
      }
    });
  }
});
