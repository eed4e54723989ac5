import assert from 'node:assert/strict';
import { evaluate } from '../../../../src/engine/evaluate.js';
import { gradient, GradientError } from '../../../../src/engine/gradient.js';
import { input, type Value } from '../../../../src/engine/graph.js';
import {
  mechanisms,
  withValues,
  type AttentionGraph,
  type Mechanism,
  type Parameter,
  type ParameterValues,
} from '../../../../src/engine/mechanisms/index.js';
import type { Shape, Tensor } from '../../../../src/engine/tensor.js';
import { Runtime } from '../../../../src/runtime/session.js';
import { centralDifference } from '../../../support/engine/differences.js';
import { assertClose, random, randomTensor } from '../../../support/engine/numbers.js';
import { platform } from '../../../support/platform.js';

type Shapes = Readonly<Record<string, Shape>>;

/** Inputs for each mechanism: with everything that it can take, and with as little. */
const inputs: Readonly<Record<string, readonly Shapes[]>> = {
  'scaled-dot-product': [
    { Q: [3, 4], K: [5, 4], V: [5, 2] },
    { Q: [4, 3, 4], K: [2, 5, 4], V: [2, 5, 2], relative_bias: [8, 4], sinks: [4], bias: [3, 5] },
  ],
  'multi-head': [
    { X: [4, 8], W_Q: [8, 8], W_K: [8, 4], W_V: [8, 4], W_O: [8, 6], b_Q: [8], b_K: [4], b_V: [4], b_O: [6] },
    { Xq: [3, 4], Xkv: [5, 6], W_Q: [4, 8], W_K: [6, 8], W_V: [6, 8] },
  ],
  hard: [{ Q: [3, 4], K: [5, 4], V: [5, 2] }],
  bahdanau: [{ S: [3, 4], H: [5, 6], W_a: [4, 7], U_a: [6, 7], v_a: [7] }],
  luong: [
    { S: [3, 4], H: [5, 4] },
    { S: [3, 4], H: [5, 6], W_a: [4, 6], W_c: [10, 3] },
    { S: [3, 4], H: [5, 6], W_a: [10, 7], v_a: [7], W_c: [10, 3] },
  ],
  'luong-local': [
    { S: [3, 4], H: [9, 4] },
    { S: [3, 4], H: [9, 6], W_a: [4, 6], W_p: [4, 5], v_p: [5], W_c: [10, 3] },
  ],
  linear: [
    { Q: [3, 4], K: [5, 4], V: [5, 2] },
    { Q: [2, 5, 4], K: [2, 5, 4], V: [2, 5, 3] },
  ],
};

/** Values that go together only. */
const together: Readonly<Record<string, readonly ParameterValues[]>> = {
  'multi-head': [
    { heads: '4', kvHeads: '2' },
    { heads: '8', kvHeads: '4' },
    { heads: '8', kvHeads: '8' },
  ],
};

/** The standard values, and each of them with one choice or number changed; what it depends on comes with it. */
function variants(parameters: readonly Parameter[]): ParameterValues[] {
  const condition = ({ when }: Parameter): ParameterValues => {
    const [value] = when?.is ?? [];
    return when === undefined || value === undefined ? {} : { [when.parameter]: value };
  };
  return [
    {},
    ...parameters.flatMap((parameter): ParameterValues[] => {
      const { name } = parameter;
      switch (parameter.kind) {
        case 'choice':
          return parameter.choices.map(({ value }) => ({ ...condition(parameter), [name]: value }));
        case 'number':
          return [{ ...condition(parameter), [name]: another(parameter) }];
        case 'text':
          return assert.fail(`${name} is told in words`);
      }
    }),
  ];
}

/** A number that is not the standard one, where there is one near. */
function another(parameter: Extract<Parameter, { kind: 'number' }>): number {
  const { default: standard, minimum, maximum, step } = parameter;
  const near = step === 1 ? standard + 1 : standard * 1.5 + 0.25;
  return near <= maximum ? near : step === 1 ? Math.max(minimum, standard - 1) : standard;
}

function build(mechanism: Mechanism, shapes: Shapes, values: ParameterValues): AttentionGraph | undefined {
  try {
    const checked = withValues(mechanism.parameters(shapes), values);
    return mechanism.build(shapes, Object.fromEntries(checked.map(({ name, value }) => [name, value])));
  } catch (error) {
    // Some values need other inputs: heads that do not divide, tensors that are not there.
    if (error instanceof Error && ['ShapeError', 'ParameterError'].includes(error.name)) return undefined;
    throw error;
  }
}

/** What a mechanism comes to, on random inputs. */
function drawn(graph: AttentionGraph): {
  result: Value;
  given: ReadonlyMap<Value, Tensor<Float64Array>>;
  next: () => number;
} {
  const next = random(9);
  const result = graph.steps.at(-1);
  assert.ok(result);
  const given = [...graph.inputs.values()].map((leaf): [Value, Tensor<Float64Array>] => [
    leaf,
    randomTensor(leaf.shape, next),
  ]);
  return { result, given: new Map(given), next };
}

/** Whether every row has something to attend to: where not, there are no numbers to compare. */
function isWhole(graph: AttentionGraph): boolean {
  const { result, given } = drawn(graph);
  const [tensor] = evaluate([result], given);
  return tensor?.data.every((each) => Number.isFinite(each)) === true;
}

describe('gradients of every mechanism, beside finite differences and through ONNX Runtime', () => {
  const runtime = new Runtime(platform, { sessions: 2 });
  after(() => runtime.dispose());

  const tried = new Set<string>();
  const offered = new Set<string>();

  for (const mechanism of mechanisms) {
    for (const shapes of inputs[mechanism.id] ?? []) {
      const parameters = mechanism.parameters(shapes);
      for (const each of parameters)
        if (each.kind === 'choice')
          for (const { value } of each.choices) offered.add(`${mechanism.id}: ${each.name} ${value}`);
      for (const values of [...variants(parameters), ...(together[mechanism.id] ?? [])]) {
        // The straight-through estimator is no derivative: hard attention's own is 0.
        if (values['choice'] === 'straight-through') continue;
        const graph = build(mechanism, shapes, values);
        if (graph === undefined || !isWhole(graph)) continue;
        for (const [name, value] of Object.entries(values)) tried.add(`${mechanism.id}: ${name} ${value}`);
        it(`${mechanism.id} of ${Object.keys(shapes).join(', ')} ${JSON.stringify(values)}`, async () => {
          await tryGradients(graph);
        });
      }
    }
  }

  it('are tried for each of them, with every choice that there is', () => {
    assert.deepEqual(Object.keys(inputs).toSorted(), mechanisms.map(({ id }) => id).toSorted());
    assert.deepEqual(
      [...offered].filter((each) => !tried.has(each)),
      ['hard: choice straight-through'],
    );
  });

  async function tryGradients(graph: AttentionGraph): Promise<void> {
    const { result, given, next } = drawn(graph);
    const seed = randomTensor(result.shape, next);
    const upstream = input(result.shape);
    const all = new Map([...given, [upstream, seed]]);

    const slopes: { name: string; slope: Value; computed: Tensor<Float64Array> }[] = [];
    for (const [name, leaf] of graph.inputs) {
      if (leaf.type === 'integer') continue;
      const tensor = given.get(leaf);
      assert.ok(tensor);
      let slope: Value | undefined;
      try {
        [slope] = gradient(result, upstream, [leaf]);
      } catch (error) {
        // What is not used, and what only a choice or a window's place depends on.
        assert.ok(error instanceof GradientError, String(error));
        assert.match(error.message, /it is not made from it|argmax|frequencies|within/);
        continue;
      }
      assert.ok(slope);
      const [computed] = evaluate([slope], all);
      assert.ok(computed);
      tensor.data.forEach((_, at) => {
        const along = new Float64Array(tensor.data.length).fill(1, at, at + 1);
        const difference = centralDifference(result, seed, given, leaf, along, 1e-6);
        const value = computed.data[at] ?? Number.NaN;
        assert.ok(
          Math.abs(difference - value) <= 1e-6 * Math.max(1, Math.abs(value)),
          `${name}[${at}]: ${value}, but moving it gives ${difference}`,
        );
      });
      slopes.push({ name, slope, computed });
    }
    assert.ok(slopes.length > 0, 'no input has a gradient');

    // Gradients that are 0 are differences of large numbers, as that of b_K is: the largest is the measure.
    const size = Math.max(1, ...slopes.flatMap(({ computed }) => [...computed.data.map(Math.abs)]));
    const ran = await runtime.run(
      slopes.map(({ slope }) => slope),
      all,
    );
    slopes.forEach(({ name, computed }, at) =>
      assertClose(ran[at], computed, { absolute: 1e-5 * size, relative: 1e-5 }, name),
    );
  }
});
