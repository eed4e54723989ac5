import { gradient, GradientError } from '../gradient.js';
import { label, positions, stepWithRole, type AxisName, type Role, type Value } from '../graph.js';
import {
  divide,
  full,
  identity,
  insertAxis,
  matmul,
  multiply,
  pad,
  spread,
  subtract,
  transpose,
} from '../ops/index.js';
import { numeric } from './numeric.js';
import type { Parameter, ParameterValues } from './parameters.js';

/** What is differentiated: a single number computed from the output. */
export type Objective =
  /** Σ_i o_ic for one feature c. Since o_i depends on row i of the scores alone, row i is then ∂o_ic/∂scores. */
  | { readonly kind: 'feature'; readonly feature: number }
  /** The sum of all outputs. */
  | { readonly kind: 'sum' }
  /** ½‖O‖² */
  | { readonly kind: 'norm' }
  /** A number that a whole model makes of the output, whose gradient with respect to that is given. */
  | { readonly kind: 'given'; readonly upstream: Value; readonly note: string };

/** The parameters that add gradients to the steps. */
export function gradientParameters(steps: readonly Value[]): readonly Parameter[] {
  const features = outputOf(steps)?.shape.at(-1);
  if (features === undefined) return [];
  return [
    {
      kind: 'choice',
      name: 'gradient',
      title: 'Gradients',
      note: 'Of what number of the output: how it changes with weights, scores and inputs is worked out backwards.',
      value: 'none',
      default: 'none',
      choices: [
        { value: 'none', title: 'None' },
        { value: 'feature', title: 'One output feature' },
        { value: 'sum', title: 'Sum of the output' },
        { value: 'norm', title: '½‖output‖²' },
      ],
    },
    {
      kind: 'number',
      name: 'feature',
      title: 'Feature',
      note: 'Which column of the output; each query’s gradient is then that of its own output.',
      when: { parameter: 'gradient', is: ['feature'] },
      value: 0,
      default: 0,
      minimum: 0,
      maximum: Math.max(0, features - 1),
      step: 1,
    },
  ];
}

/** @returns undefined where no gradient is asked for, or one of a model's results */
export function readObjective(values: ParameterValues): Objective | undefined {
  const kind = String(values['gradient'] ?? 'none');
  switch (kind) {
    case 'feature':
      return { kind, feature: numeric(values, 'feature', 0) };
    case 'sum':
    case 'norm':
      return { kind };
    default:
      return undefined;
  }
}

/**
 * The labelled steps of reverse-mode differentiation: the output's own gradient, that of weights and scores, the softmax
 * Jacobian of each query, gradient × attention (Chefer et al. 2021, eq. 5, before its positive part and mean over heads), and
 * those of the inputs. What has no derivative, such as the scores of a hard choice, is left out.
 * @param steps a mechanism's, in reading order
 */
export function gradientSteps(steps: readonly Value[], objective: Objective): Value[] {
  const output = outputOf(steps);
  const weights = stepWithRole(steps, 'weights');
  if (output === undefined || weights === undefined) return [];
  const start = step(upstreamOf(output, objective), output, 'output', objectiveNote(objective));
  const asked = new Map<Value['origin'], readonly [Value, string, string]>(
    wantedOf(steps).map(([value, name, note]) => [value.origin, [value, name, note]]),
  );
  const named = (found: Value, { origin }: Value): Value => {
    const [of = weights, name = '', note = ''] = asked.get(origin) ?? [];
    return step(found, of, name, note);
  };
  const found = gradientsOf(
    output,
    start,
    [...asked.values()].map(([value]) => value),
    named,
  );
  const ofWeights = found.find(({ label: own }) => own?.name === gradientName(weights.label?.name));
  return [
    start,
    ...found.flatMap((each) =>
      each === ofWeights
        ? [each, timesWeights(weights, each), ...(isSoftmax(weights) ? [jacobian(weights)] : [])]
        : [each],
    ),
  ];
}

const differentiated: readonly Role[] = [
  'weights',
  'scores',
  'query',
  'key',
  'value',
  'query-input',
  'key-input',
  'input',
];

const notes: Partial<Record<Role, string>> = {
  weights: 'How the number changes with each weight, as if weights could change by themselves.',
  scores:
    'Through the softmax: a score that grows takes weight from all others of its row. Where weights are near 0 or 1, nothing comes through.',
};

/** What the number is differentiated with respect to: weights, scores and their inputs, with the note for each. */
function wantedOf(steps: readonly Value[]): [value: Value, name: string, note: string][] {
  return differentiated.flatMap((role) => {
    const value = stepWithRole(steps, role);
    const name = value?.label?.name ?? role;
    return value === undefined
      ? []
      : [[value, name, notes[role] ?? `How the number changes with each entry of ${name}.`]];
  });
}

/** The gradients that exist. */
function gradientsOf(
  output: Value,
  upstream: Value,
  wanted: readonly Value[],
  named: (gradient: Value, of: Value) => Value,
): Value[] {
  // First one at a time, to find those that have none; then all at once, so that each is written in terms of the others.
  const there = wanted.filter((value) => {
    try {
      gradient(output, upstream, [value]);
      return true;
    } catch (error) {
      if (error instanceof GradientError) return false;
      throw error;
    }
  });
  return gradient(output, upstream, there, named);
}

/** The result of the mechanism; undefined where there are no values to sum. */
function outputOf(steps: readonly Value[]): Value | undefined {
  return stepWithRole(steps, 'output');
}

function isSoftmax({ origin }: Value): boolean {
  return origin.kind === 'operation' && origin.operation.name === 'softmax';
}

function upstreamOf(output: Value, objective: Objective): Value {
  const one = full(label(positions(1), { name: 'one', symbol: 'u', axes: ['value'] }), 1); // (1)
  switch (objective.kind) {
    case 'norm':
      // The gradient of ½‖O‖² is O itself.
      return divide(output, []);
    case 'sum':
      return spread(one, output);
    case 'given':
      return objective.upstream;
    case 'feature': {
      const { feature } = objective;
      const row = label(pad(one, [{ start: feature, end: feature + 1 }], [output.shape.at(-1) ?? 0]), {
        name: 'one_feature',
        symbol: `e_{${feature}}`,
        axes: [output.label?.axes.at(-1) ?? 'value'],
      }); // (value)
      return spread(row, output);
    }
  }
}

function step(value: Value, of: Value, name: string, note: string): Value {
  const own = of.label;
  const symbol = own?.symbol ?? name;
  return label(value, {
    name: gradientName(name),
    symbol: gradientSymbol(symbol),
    axes: own?.axes ?? [],
    step: {
      title: `Gradient of ${(own?.step?.title ?? name).toLowerCase()}`,
      note,
      scale: 'signed',
      phase: 'gradient',
    },
  });
}

function gradientName(name = ''): string {
  return `gradient_${name}`;
}

/** "A_h" → "\nabla A_h", in braces so that indices belong to the whole. */
function gradientSymbol(symbol: string): string {
  const [, stem, own] = /^(.*)_(\w)$/.exec(symbol) ?? [];
  return stem === undefined || own === undefined ? `{\\nabla ${symbol}}` : `{\\nabla ${stem}}_${own}`;
}

function objectiveNote(objective: Objective): string {
  switch (objective.kind) {
    case 'feature':
      return `Target: output feature ${objective.feature} of each query; its own gradient is 1 there and 0 elsewhere.`;
    case 'sum':
      return 'Target: the sum of the output; each entry has gradient 1.';
    case 'norm':
      return 'Target: ½‖output‖²; its gradient is the output itself.';
    case 'given':
      return objective.note;
  }
}

function timesWeights(weights: Value, ofWeights: Value): Value {
  const own = weights.label;
  return label(multiply(ofWeights, weights), {
    name: 'gradient_times_weights',
    symbol: (own?.symbol ?? 'A').replace(/^(.*?)(_\w)?$/, '{\\nabla A \\odot A}$2'),
    axes: own?.axes ?? [],
    step: {
      title: 'Gradient × attention',
      note: 'What each weight adds to the number, to first order: a large weight that changes nothing counts for nothing.',
      scale: 'signed',
      phase: 'gradient',
    },
  });
}

/** diag(a) − aᵀa for each query’s row a: how its weights change with its scores. // (query, key, key) or (head, query, key, key) */
function jacobian(weights: Value): Value {
  const rank = weights.shape.length;
  const m = weights.shape.at(-1) ?? 0;
  const axes: readonly AxisName[] = [...(weights.label?.axes ?? []), 'key'];
  const place = (name: string): Value => label(positions(m), { name, symbol: name, axes: ['key'] });
  const row = insertAxis(weights, rank - 1, 'i'); // (…, query, 1, key)
  const heads = weights.shape.length === 3;
  return label(subtract(multiply(identity(place('j'), place('k')), row), matmul(transpose(row), row)), {
    name: 'jacobian',
    symbol: heads ? 'J_h' : 'J',
    axes,
    step: {
      title: 'Softmax Jacobian',
      note: 'For the picked query: how each weight (column) changes with each score (row). Its rows sum to 0.',
      scale: 'signed',
      phase: 'gradient',
    },
  });
}
