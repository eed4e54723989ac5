import { isGiven } from '../../engine/explain.js';
import { inputsOf, isPerHead, sorted, type Label, type Value } from '../../engine/graph.js';
import { restrict } from '../../engine/restrict.js';
import { slice } from '../../engine/ops/index.js';
import { regionWithin, sameRegion, wholeOf, type Region } from '../../engine/tensor.js';
import { headRange } from '../core/subject.js';

/** A labelled leaf of formulas, and which numbers of the layer it stands for. */
export interface GivenPart {
  readonly leaf: Value;
  readonly original: Value;
  readonly region: Region;
}

/**
 * The part of a layer's graph that is one head's: its columns of the projections, its scores, its output. What mixes heads
 * (their concatenation, the layer's output, gradients through it) is left out.
 * @param steps labelled
 * @param count how many heads there are
 */
export function oneHead(
  steps: readonly Value[],
  head: number,
  count: number,
): { readonly steps: readonly Value[]; readonly given: readonly GivenPart[] } {
  const order = sorted(steps, isGiven);
  const mixing = mixedAmong(order);
  const region = (value: Value): Region => {
    const whole = wholeOf(value.shape);
    if (!isPerHead(value)) return whole;
    return [headRange(value, { start: head, end: head + 1 }, count), ...whole.slice(1)];
  };
  const wanted = order.filter(
    (value) => value.label !== undefined && !mixing.has(value) && (!isGiven(value) || steps.includes(value)),
  );
  const targets = wanted.map((value) => ({ value, region: region(value) }));
  const restriction = restrict(targets, isGiven);
  const labels = new Map<Value, Label | undefined>(
    restriction.feeds.map(({ leaf, original }) => [leaf, original.label]),
  );
  const parts = targets.map((target, at): Value => {
    const [part, held] = [restriction.targets[at], restriction.regions[at]];
    if (part === undefined || held === undefined) return target.value;
    const exact = sameRegion(held, target.region) ? part : slice(part, regionWithin(target.region, held));
    if (!labels.has(exact)) labels.set(exact, target.value.label);
    return exact;
  });
  const named = withLabels(parts, labels);
  // A weight that is needed whole is not cut, and so not among what is fed.
  const whole = [...named.keys()].filter(({ origin }) => origin.kind === 'parameter');
  return {
    steps: parts.map((part) => named.get(part) ?? part),
    given: [
      ...restriction.feeds,
      ...whole.map((value) => ({ leaf: value, original: value, region: wholeOf(value.shape) })),
    ].map(({ leaf, ...from }) => ({ leaf: named.get(leaf) ?? leaf, ...from })),
  };
}

/** Values that are made of several heads, and everything that is made of them. */
function mixedAmong(order: readonly Value[]): ReadonlySet<Value> {
  const ofHeads = new Set<Value>();
  const mixed = new Set<Value>();
  for (const value of order) {
    const from = isGiven(value) ? [] : inputsOf(value);
    const isMade = from.some((each) => ofHeads.has(each));
    if (isPerHead(value) || isMade) ofHeads.add(value);
    const isMixed = value.label !== undefined && isMade && !isPerHead(value);
    if (isMixed || from.some((each) => mixed.has(each))) mixed.add(value);
  }
  return mixed;
}

/** The same graph with names for some of its values. */
function withLabels(
  targets: readonly Value[],
  labels: ReadonlyMap<Value, Label | undefined>,
): ReadonlyMap<Value, Value> {
  const named = new Map<Value, Value>();
  for (const value of sorted(targets)) {
    const { origin } = value;
    const own = labels.get(value) ?? value.label;
    named.set(value, {
      ...value,
      origin:
        origin.kind === 'operation'
          ? { ...origin, inputs: origin.inputs.map((each) => named.get(each) ?? each) }
          : origin,
      ...(own === undefined ? {} : { label: own }),
    });
  }
  return named;
}
