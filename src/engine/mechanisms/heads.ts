import type { Value } from '../graph.js';
import type { Shape } from '../tensor.js';
import { ParameterError, type Parameter, type ParameterValues } from './parameters.js';

/** The parameter for splitting a dimension of `width` into heads: every count that divides it and for which `fits` holds. */
export function headsParameter(width: number, fits: (heads: number) => boolean = () => true): Parameter {
  const counts = divisorsOf(width).filter(fits).map(String);
  const [fewest = '1'] = counts;
  return {
    kind: 'choice',
    name: 'heads',
    title: 'Heads',
    note: `Into how many equal heads the dimension of ${width} is split.`,
    value: fewest,
    default: fewest,
    choices: counts.map((count) => ({ value: count, title: count })),
  };
}

/** The parameter's value as a positive whole number. */
export function readCount(values: ParameterValues, name: string, standard: number): number {
  const value = values[name];
  if (value === undefined) return standard;
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1)
    throw new ParameterError(`${name} is a whole number, not ${String(value)}.`);
  return count;
}

function divisorsOf(width: number): number[] {
  const small = Array.from({ length: Math.floor(Math.sqrt(width)) }, (_, at) => at + 1).filter(
    (at) => width % at === 0,
  );
  const large = small.map((divisor) => width / divisor).filter((divisor) => divisor * divisor !== width);
  return [...small, ...large.toReversed()];
}

/** The extent along an axis counted from the end: −1 for the last. */
export function extent(shape: Shape | undefined, axis: number): number {
  return shape?.at(axis) ?? 0;
}

/** The heads of (head, …, …); undefined for a single matrix. */
export function headsOf(value: Value): number | undefined {
  return value.shape.length === 3 ? value.shape[0] : undefined;
}

/** Adds the subscript h where there are several heads, or g where heads share keys and values in groups. */
export function symbolOf(symbol: string, heads: number | undefined, grouped = false): string {
  return heads === undefined ? symbol : `${symbol}_${grouped ? 'g' : 'h'}`;
}

/** The axes of a matrix of queries and keys, or of one per head. */
export function axesOf(heads: number | undefined): ('head' | 'query' | 'key')[] {
  return heads === undefined ? ['query', 'key'] : ['head', 'query', 'key'];
}
