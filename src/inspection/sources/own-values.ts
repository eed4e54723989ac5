import type { Parameter, ParameterValues } from '../../protocol.js';

/**
 * Of all values that were ever set, those for controls that are there now. One for a control that is only elsewhere, with
 * another mechanism or model, waits until that is chosen again; one that is nowhere stays, to be refused.
 */
export function ownValues(
  own: readonly Parameter[],
  elsewhere: Iterable<string>,
  values: ParameterValues,
): ParameterValues {
  const here = new Set(own.map(({ name }) => name));
  const others = new Set(elsewhere);
  return Object.fromEntries(Object.entries(values).filter(([name]) => here.has(name) || !others.has(name)));
}
