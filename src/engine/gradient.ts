import { inputsOf, sorted, type Value } from './graph.js';
import { add } from './ops/elementwise/add.js';
import { formatShape, ShapeError } from './tensor.js';

/** A gradient that does not exist, as a sentence. */
export class GradientError extends Error {
  override readonly name = 'GradientError';
}

/**
 * Reverse-mode differentiation (Linnainmaa 1970): the gradients of Σ upstream ⊙ result, as values built from the same
 * operators, by each operator's vector–Jacobian product. Where a value is used more than once, its gradients add up.
 * Values that share an origin count as one: a labelled value and the same value without its label have one gradient.
 *
 * A row with nothing to attend to is differentiated as PyTorch does it: its weights are “not a number”, and so is every
 * gradient that they are a factor of; a score that a mask replaced has gradient 0 there too.
 * @param upstream the gradient with respect to `result`, of its shape
 * @param withRespectTo leaves, or anything between them and `result`
 * @param named gives the gradient of one of `withRespectTo` its label, under which those behind it then know it
 * @returns for each of `withRespectTo` its gradient, of its shape
 * @throws ShapeError when `upstream` has another shape than `result`
 * @throws GradientError where `result` is not made from a value, or only through operators that have no derivative
 */
export function gradient(
  result: Value,
  upstream: Value,
  withRespectTo: readonly Value[],
  named: (gradient: Value, of: Value) => Value = (own) => own,
): Value[] {
  if (formatShape(upstream.shape) !== formatShape(result.shape)) {
    throw new ShapeError(
      `The gradient with respect to ${nameOf(result)} has its shape ${formatShape(result.shape)}, not ${formatShape(upstream.shape)}.`,
    );
  }
  const wanted = new Set(withRespectTo.map(({ origin }) => origin));
  const order = origins(result);

  // Only what lies between the result and something wanted is differentiated.
  const between = new Set<Value['origin']>();
  for (const value of order) {
    const leads = inputsOf(value).some(({ origin }) => between.has(origin));
    if (leads || wanted.has(value.origin)) between.add(value.origin);
  }

  const gradients = new Map<Value['origin'], Value>([[result.origin, upstream]]);
  const blocking = new Set<string>();
  for (const value of order.toReversed()) {
    let own = gradients.get(value.origin);
    if (own === undefined) continue;
    // Everything computed from this value was visited before, so its gradient is complete now.
    if (wanted.has(value.origin)) gradients.set(value.origin, (own = named(own, value)));
    if (value.origin.kind !== 'operation') continue;
    const { operation, inputs } = value.origin;
    if (!inputs.some(({ origin }) => between.has(origin))) continue;
    const parts = operation.vjp(own, inputs, value);
    inputs.forEach(({ origin }, at) => {
      if (!between.has(origin)) return;
      const part = parts[at];
      if (part === undefined) {
        blocking.add(operation.name);
        return;
      }
      const sum = gradients.get(origin);
      gradients.set(origin, sum === undefined ? part : add(sum, part));
    });
  }

  return withRespectTo.map((value) => {
    const found = gradients.get(value.origin);
    if (found !== undefined) return found;
    const what = `${nameOf(result)} has no gradient with respect to ${nameOf(value)}`;
    throw new GradientError(
      between.has(result.origin) && order.some(({ origin }) => origin === value.origin)
        ? `${what}: every way there leads through what has no derivative (${[...blocking].join(', ')}).`
        : `${what}: it is not made from it.`,
    );
  });
}

/** What `result` depends on, inputs first. Of values with the same origin there is one, the labelled one if there is any. */
function origins(result: Value): Value[] {
  const byOrigin = new Map<Value['origin'], Value>();
  for (const value of sorted([result])) {
    const known = byOrigin.get(value.origin);
    // Setting a key again keeps its position in the map: before everything that depends on it.
    if (known === undefined || known.label === undefined) byOrigin.set(value.origin, value);
  }
  return [...byOrigin.values()];
}

function nameOf(value: Value): string {
  if (value.label !== undefined) return value.label.name;
  return value.origin.kind === 'operation'
    ? `an unnamed ${value.origin.operation.name} of shape ${formatShape(value.shape)}`
    : `an unnamed input of shape ${formatShape(value.shape)}`;
}
