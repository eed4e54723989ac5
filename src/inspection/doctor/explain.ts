import { roleOf, stepWithRole, inputsOf, type Value } from '../../engine/graph.js';
import { extent } from '../../engine/mechanisms/heads.js';
import type { Mechanism } from '../../engine/mechanisms/mechanism.js';
import type { ParameterValues } from '../../engine/mechanisms/parameters.js';
import { wholeOf, type Tensor } from '../../engine/tensor.js';
import type { ComparedStep, Diagnosis, Explanation, GivenResult } from '../../protocol.js';
import { Evaluator } from './evaluator.js';
import { build, type Draft, type Formula } from './formula.js';
import { givenOf, type Given } from './given.js';
import { Readings, type Tried } from './readings.js';
import { search } from './search.js';
import { isMask, type Keep } from './slips/masks.js';
import type { Known } from './slip.js';

/** What is to be explained: inputs under a mechanism's names, and what somebody's implementation made of them. */
export interface Mismatch {
  readonly mechanism: Mechanism;
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** How the formula is meant; the mechanism's own defaults where left out. */
  readonly parameters: ParameterValues;
  readonly given: Readonly<Partial<Record<GivenResult, Tensor>>>;
}

/** What was found, with the formula as it stands and each explanation as graphs. */
export interface Explained {
  readonly diagnosis: Diagnosis;
  readonly base: Formula;
  /** By the names that the diagnosis gives them. */
  readonly readings: ReadonlyMap<string, Formula>;
  readonly given: readonly Given[];
}

/**
 * Finds the reading of a formula that gives what an implementation gave.
 * @throws ShapeError, ParameterError with a sentence where inputs, parameters and results do not fit together
 */
export function explainMismatch(mismatch: Mismatch, signal?: AbortSignal): Explained {
  const given = givenOf(mismatch.given);
  const { draft, notes } = draftOf({ ...mismatch, inputs: inDouble(mismatch.inputs) }, given);
  const formula = build(draft);
  const readings = new Readings(draft, given);
  const found = search(knownOf(draft, formula), given, readings, signal);
  const named = found.readings.map((tried, at) => ({ tried, name: `reading-${at + 1}` }));
  const { base } = found;
  const agrees = base.excess <= 1;
  const explanations = named.map(({ tried, name }): Explanation => ({
    reading: name,
    title: titleOf(tried),
    slips: tried.changes.map(({ id, title }) => ({ id, title })),
    fits: found.fits,
    compared: tried.compared,
    from: firstChanged(readings, formula, tried.formula),
  }));
  const from = agrees
    ? null
    : ((found.fits ? explanations[0]?.from : null) ?? firstDifferent(base.compared, formula));
  return {
    diagnosis: {
      verdict: agrees ? 'agrees' : found.fits ? 'explained' : 'unexplained',
      sentence: sentence(found.fits, base, explanations, from, formula),
      compared: base.compared,
      from,
      explanations,
      notes: [
        ...notes,
        ...found.same.map(
          (tried) => `${titleOf(tried)}: that gives the same numbers, and cannot be told from them.`,
        ),
      ],
    },
    base: formula,
    readings: new Map(named.map(({ tried, name }) => [name, tried.formula])),
    given,
  };
}

/** One kind of array throughout, which the engine that runs this makes much faster code for. */
function inDouble(inputs: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  return new Map(
    [...inputs].map(([name, { shape, data }]) => [name, { shape, data: new Float64Array(data) }]),
  );
}

/** The formula as it is meant: what its parameters leave open is told from the shapes of what was given. */
function draftOf(
  { mechanism, inputs, parameters }: Mismatch,
  given: readonly Given[],
): { draft: Draft; notes: string[] } {
  const shapes = Object.fromEntries([...inputs].map(([name, { shape }]) => [name, shape]));
  const heads = mechanism.parameters(shapes).find(({ name }) => name === 'heads');
  const merged = given.some(({ as, tensor }) => as === 'output' && tensor.shape.length === 2);
  const draft = { mechanism, inputs, parameters, merged };
  if (heads?.kind !== 'choice' || parameters['heads'] !== undefined) return { draft, notes: [] };
  const seen = given
    .filter(({ as, tensor }) => as !== 'output' && tensor.shape.length === 3)
    .map(({ tensor }) => String(tensor.shape[0]))
    .find((count) => heads.choices.some(({ value }) => value === count));
  if (seen === undefined || seen === heads.value) return { draft, notes: [] };
  return {
    draft: { ...draft, parameters: { ...parameters, heads: seen } },
    notes: [`${seen} heads, as many as the given ${given[0]?.as ?? 'results'} have.`],
  };
}

function knownOf(draft: Draft, formula: Formula): Known {
  const Q = stepWithRole(formula.steps, 'query');
  const size = extent(Q?.shape, -1) || 1;
  const values = new Map(formula.parameters.map(({ name, value }) => [name, value]));
  const scaling = values.get('scaling');
  const divisor =
    scaling === 'none' || scaling === undefined
      ? 1
      : scaling === 'sqrt'
        ? Math.sqrt(size)
        : Number(values.get('divisor'));
  return { draft, formula, size, divisor, keep: keepOf(formula), values };
}

/** What the formula's masks keep, from what they make of scores of 0. */
function keepOf(formula: Formula): Keep | undefined {
  const last = formula.steps.findLast(isMask);
  const scores = formula.steps.find((step) => roleOf(step) === 'scores');
  if (last === undefined || scores === undefined) return undefined;
  const zeros = { shape: scores.shape, data: new Float64Array(scores.shape.reduce((a, b) => a * b, 1)) };
  const known = new Map([[scores.origin, zeros]]);
  const [numbers] = new Evaluator().run(formula, [{ value: last, region: wholeOf(last.shape) }], known);
  if (numbers === undefined) return undefined;
  // Whatever takes away more than any score gives back masks.
  const data = numbers.data.map((each) => (each < -1000 ? 0 : 1));
  const area = extent(last.shape, -1) * extent(last.shape, -2);
  const alike = data.every((each, at) => each === data[at % area]);
  return alike ? { shape: last.shape.slice(-2), data: data.slice(0, area) } : { shape: last.shape, data };
}

function titleOf({ changes }: Tried): string {
  const [first, ...rest] = changes.map(({ title }) => title);
  return [
    first ?? 'The formula as it stands',
    ...rest.map((each) => each.charAt(0).toLowerCase() + each.slice(1)),
  ].join('; ');
}

/** The first given result that is not the formula's; where its step follows from one that was not given, that one is not known. */
function firstDifferent(compared: readonly ComparedStep[], { steps }: Formula): string | null {
  const differing = compared.filter(({ agrees }) => !agrees).map(({ step }) => step);
  return steps.map(({ label }) => label?.name ?? '').find((name) => differing.includes(name)) ?? null;
}

/** The first step of the formula that is another, or is not there, in a reading of it. */
function firstChanged(readings: Readings, formula: Formula, reading: Formula): string | null {
  const sample = {
    rows: { start: 0, end: Math.min(8, formula.queries) },
    heads: { start: 0, end: formula.heads },
  };
  for (const step of formula.steps) {
    const name = step.label?.name ?? '';
    const other = reading.steps.find(({ label }) => label?.name === name);
    if (other === undefined) return name;
    if (other.origin === step.origin && inputsOf(step).length > 0) continue;
    const [ours] = readings.numbers(formula, [step], sample);
    const [theirs] = readings.numbers(reading, [other], sample);
    if (ours === undefined || theirs === undefined || differ(ours, theirs)) return name;
  }
  return null;
}

function differ(a: Tensor, b: Tensor): boolean {
  if (a.data.length !== b.data.length) return true;
  let largest = 0;
  for (const value of a.data) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  return a.data.some((value, at) => {
    const other = b.data[at] ?? 0;
    const same = value === other || (Number.isNaN(value) && Number.isNaN(other));
    return !same && !(Math.abs(value - other) <= 1e-9 * largest);
  });
}

function sentence(
  fits: boolean,
  base: Tried,
  explanations: readonly Explanation[],
  from: string | null,
  { steps }: Formula,
): string {
  const given = base.compared
    .map(({ given: as, step }) => (as === step ? as : `${as} (as ${titleOfStep(steps, step)})`))
    .join(', ');
  const [best, ...others] = explanations;
  if (best === undefined && fits) {
    return `Agrees: the formula gives the same ${given}, to ${figure(largest(base.compared))}.`;
  }
  const where = from === null ? '' : ` They differ from “${titleOfStep(steps, from)}” on.`;
  if (best === undefined) return `None of the known slips explains the difference.${where}`;
  if (!fits)
    return `None of the known slips explains the difference.${where} Nearest: ${best.title.charAt(0).toLowerCase() + best.title.slice(1)}.`;
  const alike =
    others.length === 0
      ? ''
      : ` ${others.length === 1 ? 'One other reading gives' : `${others.length} other readings give`} the same numbers.`;
  return `${best.title}. That gives the same ${given}, to ${figure(largest(best.compared))}.${where}${alike}`;
}

function titleOfStep(steps: readonly Value[], name: string): string {
  return steps.find(({ label }) => label?.name === name)?.label?.step?.title ?? name;
}

function largest(compared: readonly ComparedStep[]): number {
  return Math.max(...compared.map(({ error }) => error));
}

function figure(value: number): string {
  return value === 0
    ? '0'
    : value
        .toExponential(1)
        .replace('e-', ' · 10⁻')
        .replace(
          /⁻(\d+)$/,
          (_, digits: string) => `⁻${digits.replace(/\d/g, (digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)] ?? digit)}`,
        );
}
