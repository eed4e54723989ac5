import type { Parameter, ParameterValues } from '../../../src/protocol.js';

/** Controls with these values; those without one, or with one of another kind, keep their own. */
export function withKnownValues(
  parameters: readonly Parameter[],
  values: ParameterValues,
): readonly Parameter[] {
  return parameters.map((parameter) => {
    const value = values[parameter.name];
    if (parameter.kind === 'number') return typeof value === 'number' ? { ...parameter, value } : parameter;
    return typeof value === 'string' ? { ...parameter, value } : parameter;
  });
}
