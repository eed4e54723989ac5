import { apply, input, inputsOf, positions, sorted, type Value } from './graph.js';
import { concat } from './ops/structure/concat.js';
import { slice } from './ops/structure/slice.js';
import {
  formatShape,
  hullOf,
  regionShape,
  regionWithin,
  sameRegion,
  ShapeError,
  wholeOf,
  type Region,
} from './tensor.js';

/** A region of a value that is wanted. */
export interface Target {
  readonly value: Value;
  readonly region: Region;
}

/** A graph that computes regions of another graph's values from regions of its leaves. */
export interface Restriction {
  /** In the order of the targets. Each holds the region in `regions` of its original, which may be more than was asked for. */
  readonly targets: readonly Value[];
  readonly regions: readonly Region[];
  /** The leaves of the new graph, each with the original value and the region of it that it is fed with. */
  readonly feeds: readonly { readonly leaf: Value; readonly original: Value; readonly region: Region }[];
}

/**
 * The smallest graph that gives `targets`: bounds are inferred from the results back to what is `given` (leaves always
 * are), then the same operations are applied to the parts. In this way the weights of one head or one row are computed without
 * the rest.
 *
 * A parameter that is needed whole stays a parameter, so its numbers need not be fed.
 *
 * @param held how many of a matrix's first rows are known already; undefined for what is computed whole. Only the
 *   rows after those are computed, and the known ones are put before them: a text can grow without running its start again.
 */
export function restrict(
  targets: readonly Target[],
  given: (value: Value) => boolean,
  held: (value: Value) => number | undefined = () => undefined,
): Restriction {
  const isLeaf = (value: Value): boolean => value.origin.kind !== 'operation' || given(value);
  const order = sorted(
    targets.map(({ value }) => value),
    isLeaf,
  );

  const needed = new Map<Value, Region>();
  const need = (value: Value, region: Region): void => {
    const before = needed.get(value);
    needed.set(value, before === undefined ? region : hullOf(before, region));
  };
  for (const { value, region } of targets) {
    if (region.length !== value.shape.length) {
      throw new ShapeError(
        `A part of a value of shape ${formatShape(value.shape)} needs a range for each axis.`,
      );
    }
    need(value, region);
  }
  for (const value of order.toReversed()) {
    const wanted = needed.get(value);
    if (wanted === undefined || isLeaf(value) || value.origin.kind !== 'operation') continue;
    const { operation, inputs } = value.origin;
    const shapes = inputs.map(({ shape }) => shape);
    const region = operation.computes?.(wanted, value.shape, shapes) ?? wanted;
    needed.set(value, region);
    const further = furtherRows(region, held(value)) ?? region;
    operation.reads(further, shapes).forEach((part, at) => {
      const from = inputs[at];
      if (from !== undefined) need(from, part);
    });
  }

  const rebuilt = new Map<Value, Value>();
  const feeds: { leaf: Value; original: Value; region: Region }[] = [];
  /** For values of which some rows are held: the part that is computed. */
  const computed = new Map<Value, Target>();
  const feed = (original: Value, region: Region): Value => {
    // What layers share, such as the positions of tokens, is fed once, so that what depends on it is computed once.
    const known = feeds.find(
      (each) => each.original.origin === original.origin && sameRegion(each.region, region),
    );
    if (known !== undefined) return known.leaf;
    const leaf = leafOf(original, region);
    feeds.push({ leaf, original, region });
    return leaf;
  };
  const take = (value: Value, region: Region): Value => {
    const whole = rebuilt.get(value);
    const held = needed.get(value);
    if (whole === undefined || held === undefined)
      throw new ShapeError('A part was used before it was computed.');
    if (sameRegion(held, region)) return whole;
    return slice(whole, regionWithin(region, held));
  };
  for (const value of order) {
    const region = needed.get(value) ?? wholeOf(value.shape);
    if (isLeaf(value) || value.origin.kind !== 'operation') {
      if (value.origin.kind === 'parameter' && sameRegion(region, wholeOf(value.shape))) {
        rebuilt.set(value, value);
        continue;
      }
      rebuilt.set(value, feed(value, region));
      continue;
    }
    const { operation } = value.origin;
    const inputs = inputsOf(value);
    const further = furtherRows(region, held(value));
    const wanted = further ?? region;
    const parts = operation.reads(
      wanted,
      inputs.map(({ shape }) => shape),
    );
    const part = apply(
      operation.restrict?.(wanted) ?? operation,
      inputs.map((from, at) => take(from, parts[at] ?? wholeOf(from.shape))),
    );
    if (further === undefined) {
      rebuilt.set(value, part);
      continue;
    }
    const [rows = { start: 0, end: 0 }, ...rest] = region;
    const known = [{ start: rows.start, end: further[0]?.start ?? rows.start }, ...rest];
    computed.set(value, { value: part, region: further });
    rebuilt.set(value, concat([feed(value, known), part], 'rows'));
  }
  const results = targets.map(({ value, region }): Target => {
    const part = computed.get(value);
    return part !== undefined && (region[0]?.start ?? 0) >= (part.region[0]?.start ?? 0)
      ? part
      : { value: rebuilt.get(value) ?? value, region: needed.get(value) ?? region };
  });
  return { targets: results.map(({ value }) => value), regions: results.map(({ region }) => region), feeds };
}

/** Positions stay positions, since they are known without a run: consecutive, from a known start. */
function leafOf({ origin, type }: Value, region: Region): Value {
  const [range] = region;
  return origin.kind === 'positions' && range !== undefined
    ? positions(range.end - range.start, origin.start + range.start)
    : input(regionShape(region), type);
}

/** The rows of a matrix's part that are not held; undefined where nothing is. @throws ShapeError where all are */
function furtherRows(region: Region, held: number | undefined): Region | undefined {
  if (held === undefined) return undefined;
  const [rows, ...rest] = region;
  if (rows === undefined || rest.length !== 1 || held >= rows.end) {
    throw new ShapeError('What is held in part has to be a matrix of which further rows are wanted.');
  }
  return [{ start: Math.max(rows.start, held), end: rows.end }, ...rest];
}
