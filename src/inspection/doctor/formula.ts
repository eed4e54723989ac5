import { inputsOf, label, sorted, type Label, type StepDescription, type Value } from '../../engine/graph.js';
import { labelledLeaves, type Mechanism } from '../../engine/mechanisms/mechanism.js';
import { withValues, type Parameter, type ParameterValues } from '../../engine/mechanisms/parameters.js';
import { mergeHeads } from '../../engine/ops/index.js';
import { rewrite } from '../../engine/rewrite.js';
import { ShapeError, type Tensor } from '../../engine/tensor.js';

/** A formula before it is built: what a reading can change of its inputs and parameters. */
export interface Draft {
  readonly mechanism: Mechanism;
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly parameters: ParameterValues;
  /** Whether the heads' outputs are to be set side by side, where the mechanism leaves them apart. */
  readonly merged: boolean;
}

/** A formula as a graph, with the numbers of its leaves. */
export interface Formula {
  /** Labelled, in reading order. */
  readonly steps: readonly Value[];
  readonly feeds: ReadonlyMap<Value['origin'], Tensor>;
  readonly parameters: readonly Parameter[];
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
}

/** @throws ShapeError, ParameterError where inputs or parameters do not fit */
export function build({ mechanism, inputs, parameters, merged }: Draft): Formula {
  const shapes = Object.fromEntries([...inputs].map(([name, { shape }]) => [name, shape]));
  const own = mechanism.parameters(shapes);
  const described = withValues(own, parameters);
  const graph = mechanism.build(
    shapes,
    Object.fromEntries(described.map(({ name, value }) => [name, value])),
  );
  const feeds = new Map<Value['origin'], Tensor>();
  for (const [name, leaf] of labelledLeaves(graph.inputs, graph.steps)) {
    const tensor = inputs.get(name);
    if (tensor !== undefined) feeds.set(leaf.origin, tensor);
  }
  const last = graph.steps.at(-1);
  const apart = merged && last?.label?.name === 'output' && last.shape.length === 3 ? last : undefined;
  return {
    steps: apart === undefined ? graph.steps : [...graph.steps, sideBySide(apart)],
    feeds,
    parameters: described,
    heads: graph.heads,
    queries: graph.queries,
    keys: graph.keys,
  };
}

function sideBySide(output: Value): Value {
  return label(mergeHeads(output), {
    name: 'concat',
    symbol: 'Z',
    element: 'z',
    axes: ['query', 'model'],
    step: { title: 'Concatenated', note: 'The heads’ outputs side by side.', scale: 'signed', phase: 'sum' },
  });
}

/** The step of that name; undefined where there is none. */
export function find({ steps }: Formula, name: string): Value | undefined {
  return steps.find((step) => step.label?.name === name);
}

/** @throws ShapeError where there is none, so that a reading that needs it is passed over */
export function need(formula: Formula, name: string): Value {
  const found = find(formula, name);
  if (found === undefined) throw new ShapeError(`This attention has no step “${name}”.`);
  return found;
}

/** Every value of a formula that an operator of this name gives, each once. */
export function madeBy({ steps }: Formula, operator: string): Value[] {
  const seen = new Set<Value['origin']>();
  return sorted(steps).filter(({ origin }) => {
    if (origin.kind !== 'operation' || origin.operation.name !== operator || seen.has(origin)) return false;
    seen.add(origin);
    return true;
  });
}

/** Under the same name: what stands in the place of a value. */
export function inPlaceOf(of: Value, by: Value): Value {
  return of.label === undefined ? by : label(by, of.label);
}

/** The formula with another value of the same shape wherever one is used, and in its place among the steps. */
export function swap(formula: Formula, of: Value, by: Value): Formula {
  const { steps } = formula;
  const take = rewrite(steps, { of, by, within: steps });
  return {
    ...formula,
    steps: steps.map((step) => (step === of || step.origin === of.origin ? inPlaceOf(step, by) : take(step))),
  };
}

/** The formula without a step: what used it uses what it was made from. */
export function without(formula: Formula, step: Value): Formula {
  const [before] = inputsOf(step);
  if (before === undefined) return formula;
  const take = rewrite(formula.steps, { of: step, by: before, within: formula.steps });
  return { ...formula, steps: formula.steps.filter((each) => each !== step).map(take) };
}

/** The formula with a step more, right after another, whose users use the new one instead. */
export function after(formula: Formula, step: Value, make: (before: Value) => Value): Formula {
  const added = make(step);
  const take = rewrite(formula.steps, { of: step, by: added, within: formula.steps });
  return {
    ...formula,
    steps: formula.steps.flatMap((each) => (each === step ? [step, added] : [take(each)])),
  };
}

/** A formula with numbers for one more leaf. */
export function fed(formula: Formula, leaf: Value, tensor: Tensor): Formula {
  return { ...formula, feeds: new Map([...formula.feeds, [leaf.origin, tensor]]) };
}

/** A step's label under another name and title, without its role. */
export function renamed(
  from: Value,
  {
    title,
    note,
    ...changes
  }: Partial<Pick<Label, 'name' | 'symbol' | 'element'>> & { title: string; note: string },
): Label & { readonly step: StepDescription } {
  const { label: own } = from;
  if (own?.step === undefined) throw new ShapeError('Only a step has a title.');
  const { role: _, ...step } = own.step;
  return { ...own, ...changes, step: { ...step, title, note } };
}
