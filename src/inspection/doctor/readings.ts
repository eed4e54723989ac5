import { inputsOf, type AxisName, type Value } from '../../engine/graph.js';
import { ParameterError } from '../../engine/mechanisms/parameters.js';
import {
  cut,
  ShapeError,
  stridesOf,
  wholeOf,
  type Range,
  type Region,
  type Tensor,
} from '../../engine/tensor.js';
import type { ComparedStep } from '../../protocol.js';
import { Evaluator } from './evaluator.js';
import { build, find, type Draft, type Formula } from './formula.js';
import { placesOf, type Given } from './given.js';
import { measure, type Measure } from './measure.js';
import type { MadeChange } from './slip.js';

/** What is looked at of a formula: some queries of some heads, and of vectors as wide as the model some numbers. */
export interface Sample {
  readonly rows: Range;
  readonly heads: Range;
  readonly columns?: Range;
}

/** A reading of the formula beside what was given. */
export interface Tried {
  readonly changes: readonly MadeChange[];
  readonly formula: Formula;
  readonly compared: readonly ComparedStep[];
  /** At most 1 where all that was given is met. */
  readonly excess: number;
  /** The same, where rounding on the way is allowed for. */
  readonly loose: number;
  /** How far it is from what was given, over all of it: 0 where it is the same. */
  readonly distance: number;
  /** The query, the head and the number of a model's vector where it differs most, of what differs first. */
  readonly worst: { readonly row: number; readonly head: number; readonly column: number };
  /** The weights of this reading and theirs, where they were given. */
  readonly weights?: { readonly ours: Tensor; readonly theirs: Tensor } | undefined;
}

/** What is known of a reading after a glance. */
export type Glanced = Pick<Tried, 'changes' | 'distance' | 'excess'>;

/** Tries readings of one formula against what was given. */
export class Readings {
  private readonly evaluator = new Evaluator();

  constructor(
    private readonly draft: Draft,
    private readonly given: readonly Given[],
  ) {}

  /** The formula with these changes; undefined where they cannot be made together. */
  formula(changes: readonly MadeChange[]): Formula | undefined {
    const inOrder = [...changes].sort((a, b) => a.order - b.order);
    try {
      const draft = inOrder.reduce((from, { draft: change }) => change?.(from) ?? from, this.draft);
      return inOrder.reduce((from, { formula: change }) => change?.(from) ?? from, build(draft));
    } catch (error) {
      if (error instanceof ShapeError || error instanceof ParameterError) return undefined;
      throw error;
    }
  }

  /**
   * @param sample of queries and heads; all where left out
   * @returns undefined where the changes cannot be made together, or what was given is no step of what they come to
   */
  try(changes: readonly MadeChange[], sample?: Sample): Tried | undefined {
    const formula = this.formula(changes);
    return formula === undefined ? undefined : this.compare(formula, changes, this.given, sample);
  }

  /**
   * How near a reading comes on a few rows, by the first of what was given alone where that is far off already: what comes after
   * it costs most. Undefined as in `try`.
   * @param far more than this over what rounding may leave is far off
   */
  glance(changes: readonly MadeChange[], sample: Sample, far: number): Glanced | undefined {
    const formula = this.formula(changes);
    if (formula === undefined) return undefined;
    const [first, ...others] = this.given;
    if (first === undefined || others.some((each) => placesOf(each, formula).length === 0)) return undefined;
    const made = this.compare(formula, changes, [first], sample);
    if (made === undefined || others.length === 0 || made.excess > far) return made;
    return this.compare(formula, changes, this.given, sample);
  }

  /** The numbers of some steps. */
  numbers(formula: Formula, steps: readonly Value[], sample?: Sample): Tensor<Float64Array>[] {
    return this.evaluator.run(
      formula,
      steps.map((value) => ({ value, region: partOf(value, sample) })),
    );
  }

  private compare(
    formula: Formula,
    changes: readonly MadeChange[],
    given: readonly Given[],
    sample?: Sample,
  ): Tried | undefined {
    const places = given.map((each) => placesOf(each, formula));
    if (places.some((each) => each.length === 0)) return undefined;
    const logits = logitsOf(formula);
    const wanted = [
      ...new Set([...places.flat().map(({ step }) => step), ...(logits === undefined ? [] : [logits])]),
    ];
    const made = this.numbers(formula, wanted, sample);
    const numbers = new Map(wanted.map((step, at) => [step, made[at]]));
    const largest = logits === undefined ? 0 : magnitude(numbers.get(logits));
    const computed = Math.max(0, ...changes.map(({ rounds = 0 }) => rounds));
    let weights: Tried['weights'];
    const best = given.map(({ as, stored }, at) => {
      const all = (places[at] ?? []).flatMap(({ step, tensor }) => {
        const ours = numbers.get(step);
        if (ours === undefined) return [];
        const theirs = cut(tensor, partOf(step, sample));
        if (as === 'weights') weights ??= { ours, theirs };
        const rounding = { logits: as === 'scores' ? 0 : largest, stored, computed };
        const own = measure(theirs.data, ours.data, rounding);
        return [{ step, own }];
      });
      return all.reduce((a, b) => (b.own.excess < a.own.excess ? b : a));
    });
    const first = best.find(({ own }) => own.excess > 1);
    return {
      changes,
      formula,
      compared: best.map(({ step, own }, at) => ({
        given: given[at]?.as ?? 'weights',
        step: step.label?.name ?? '',
        error: own.error,
        relative: own.relative,
        agrees: (computed > 0 ? own.loose : own.excess) <= 1,
      })),
      excess: most(best, 'excess'),
      loose: most(best, 'loose'),
      distance: best.reduce((sum, { own }) => sum + Math.min(own.relative, 1e3), 0) / best.length,
      worst: first === undefined ? { row: 0, head: 0, column: 0 } : placeAt(first.step, first.own.at),
      weights,
    };
  }
}

function most(all: readonly { readonly own: Measure }[], name: 'excess' | 'loose'): number {
  return Math.max(...all.map(({ own }) => own[name]));
}

function logitsOf(formula: Formula): Value | undefined {
  const first = find(formula, 'softmax') ?? find(formula, 'weights');
  const [logits] = first === undefined ? [] : inputsOf(first);
  return formula.steps.find(({ origin }) => origin === logits?.origin);
}

function magnitude(tensor: Tensor | undefined): number {
  let largest = 0;
  for (const value of tensor?.data ?? [])
    if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  return largest;
}

/** The part of a step that belongs to some queries and heads. */
function partOf({ shape, label }: Value, sample: Sample | undefined): Region {
  return wholeOf(shape).map((range, at) => {
    const axis = label?.axes[at];
    if (sample === undefined) return range;
    if (axis === 'query') return sample.rows;
    // Heads that stand side by side are read by rows: a part of a row may come from all of them.
    if (axis === 'model' && label?.name === 'output') return within(sample.columns, range);
    return axis === 'head' ? sample.heads : range;
  });
}

/** As much of a part as there is. */
function within(part: Range | undefined, { end }: Range): Range {
  return part === undefined || part.end > end ? { start: 0, end } : part;
}

/** The query and the head of one of a step's numbers, and its place in a vector. */
function placeAt({ shape, label }: Value, at: number): Tried['worst'] {
  const strides = stridesOf(shape);
  const along = (name: AxisName): number => {
    const axis = label?.axes.indexOf(name) ?? -1;
    return axis < 0 ? 0 : Math.floor(at / (strides[axis] ?? 1)) % (shape[axis] ?? 1);
  };
  return { row: along('query'), head: along('head'), column: along('model') };
}
