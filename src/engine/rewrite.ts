import { inputsOf, sorted, type Value } from './graph.js';

/** Where a value is used that is to be another. */
export interface Use {
  readonly of: Value;
  /** What stands in its place: of the same shape. */
  readonly by: Value;
  /** Its uses are replaced in what these are made from, and nowhere else. */
  readonly within: readonly Value[];
  /** Behind this one nobody looks for uses. */
  readonly until?: Value | undefined;
}

/**
 * The graph with another value in place of one: what is made from it is made anew, by the same operations and under the same
 * labels; everything else stays what it is. A labelled value and its bare twin are the same.
 * @param results whatever is wanted of the new graph
 * @returns the new value of each of the results, and of what they are made from
 */
export function rewrite(results: readonly Value[], { of, by, within, until }: Use): (value: Value) => Value {
  const isEnd = ({ origin }: Value): boolean => origin === of.origin || origin === until?.origin;
  const users = new Set(sorted(within, isEnd).flatMap((value) => (isEnd(value) ? [] : [value.origin])));
  const origins = new Map<Value['origin'], Value['origin']>();
  // One value stays one value: numbers are kept by it.
  const values = new Map<Value, Value>();
  const take = (value: Value): Value => {
    const known = values.get(value);
    if (known !== undefined) return known;
    const origin = origins.get(value.origin) ?? value.origin;
    const own = origin === value.origin ? value : { ...value, origin };
    values.set(value, own);
    return own;
  };
  const put = new Map<Value, Value>();
  const takePut = (value: Value): Value => {
    const known = put.get(value);
    if (known !== undefined) return known;
    const own = value.label === of.label ? by : { ...value, origin: by.origin };
    put.set(value, own);
    return own;
  };
  for (const { origin, ...value } of sorted(results)) {
    if (origin.kind !== 'operation' || origins.has(origin)) continue;
    const before = inputsOf({ origin, ...value });
    const isUser = users.has(origin);
    const inputs = before.map((from) => (isUser && from.origin === of.origin ? takePut(from) : take(from)));
    if (inputs.some((from, at) => from !== before[at])) origins.set(origin, { ...origin, inputs });
  }
  return take;
}

/** What a value was before its entries were replaced, and what with; undefined where they were not. */
export function replaced({
  origin,
}: Value): { readonly value: Value; readonly where: Value; readonly by: Value } | undefined {
  if (origin.kind !== 'operation' || origin.operation.name !== 'replace') return undefined;
  const [value, where, by] = origin.inputs;
  return value === undefined || where === undefined || by === undefined ? undefined : { value, where, by };
}

/** What a value was before any of its entries were replaced; itself where none were. */
export function unset(value: Value): Value {
  const before = replaced(value);
  return before === undefined ? value : unset(before.value);
}
