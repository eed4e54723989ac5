import type { ParameterValues } from './parameters.js';

/** The parameter's value if it is a number, else `standard`. */
export function numeric(values: ParameterValues, name: string, standard: number): number {
  const value = values[name];
  return typeof value === 'number' ? value : standard;
}
