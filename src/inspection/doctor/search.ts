import type { Value } from '../../engine/graph.js';
import { extent } from '../../engine/mechanisms/heads.js';
import { ShapeError, type Range } from '../../engine/tensor.js';
import { dropout, droppedShare } from './dropout.js';
import { placesOf, type Given } from './given.js';
import type { Glanced, Readings, Sample, Tried } from './readings.js';
import { slips } from './slips/index.js';
import type { Known, MadeChange } from './slip.js';

/** What came of the search. */
export interface Found {
  readonly base: Tried;
  /** Those that fit, the best first; where none does, those that come nearest. */
  readonly readings: readonly Tried[];
  readonly fits: boolean;
  /** Changes that give the formula's own numbers, so that nobody can tell whether they were made. */
  readonly same: readonly Tried[];
}

/** At most so many pairs of slips are tried. */
const mostPairs = 1200;
/** Of slips that can be made in many ways, only the nearest are paired with others. */
const mostPaired: ReadonlyMap<string, number> = new Map([
  ['dropped-head', 2],
  ['rotary-added', 2],
]);
/** After the first pair that fits, so many more are tried: another one may be the more usual. */
const pairsAfter = 60;
/** Of the pairs, so many of the nearest are looked at more closely. */
const mostNear = 40;
/** How many readings are listed where none fits. */
const listed = 4;

/** Queries and heads that are looked at first, around where the formula is farthest from what was given. */
function sampleOf({ formula: { heads, queries, steps }, worst }: Tried): Sample {
  return {
    rows: around(worst.row, 4, queries),
    heads: around(worst.head, 3, heads),
    columns: around(worst.column, 128, widthOf(steps)),
  };
}

/** Fewer still, for the many pairs: what fits there is looked at in the whole sample. */
function glanceOf({ formula: { heads, queries, steps }, worst }: Tried): Sample {
  return {
    rows: around(worst.row, 2, queries),
    heads: around(worst.head, 1, heads),
    columns: around(worst.column, 32, widthOf(steps)),
  };
}

/** How many numbers a vector of the output has, where it is as wide as the model. */
function widthOf(steps: readonly Value[]): number {
  return extent(steps.findLast(({ label }) => label?.axes.at(-1) === 'model')?.shape, -1);
}

/** What comes as near as this, over what rounding may leave, may fit where more is looked at. */
const nearly = 4;

function around(middle: number, count: number, all: number): Range {
  const start = Math.max(0, Math.min(all - count, middle - (count >> 1)));
  return { start, end: Math.min(all, start + count) };
}

/**
 * Looks for the reading of a formula that gives what was given: as it stands, with one slip, with one in half precision or
 * with dropout, with two. What fits on a few rows is tried on all.
 * @throws ShapeError where what was given has no step's shape
 */
export function search(
  known: Known,
  given: readonly Given[],
  readings: Readings,
  signal?: AbortSignal,
): Found {
  const base = readings.try([]);
  if (base === undefined) throw shapeError(known, given);
  const changes = slips.flatMap((slip, order) =>
    slip.changes(known).map((change): MadeChange => ({ ...change, id: slip.id, order })),
  );
  if (base.excess <= 1) {
    const same = changes
      .filter((change) => change.same === true)
      .flatMap((change) => readings.try([change]) ?? []);
    return { base, readings: [], fits: true, same: same.filter(({ excess }) => excess <= 1) };
  }
  const few = sampleOf(base);
  const looked = (made: readonly MadeChange[]): Tried | undefined => {
    signal?.throwIfAborted();
    return readings.try(made, few);
  };
  const exact = changes.filter(({ rounds, same }) => rounds === undefined && same !== true);
  const rounding = changes.filter(({ rounds }) => rounds !== undefined);
  const begun = looked([]);
  const singles = exact.flatMap((change) => looked([change]) ?? []).sort((a, b) => a.distance - b.distance);
  const one = fitting(readings, singles);
  if (one.length > 0) return { base, readings: one, fits: true, same: [] };

  const near = [...(begun === undefined ? [] : [begun]), ...singles];
  const dropped = withDropout(readings, near, given);
  if (dropped.length > 0) return { base, readings: dropped, fits: true, same: [] };
  const half = rounded(readings, near.slice(0, 8), rounding, few);
  if (half.length > 0 && (half[0]?.changes.length ?? 0) === 1)
    return { base, readings: half, fits: true, same: [] };

  const glance = glanceOf(base);
  const glanced = tryPairs(singles, looked, (made) => {
    signal?.throwIfAborted();
    return readings.glance(made, glance, nearly);
  });
  // Which of them come nearest is told on as much as of the single ones.
  const pairs = glanced
    .slice(0, mostNear)
    .flatMap(({ changes: made }) => looked(made) ?? [])
    .sort((a, b) => a.distance - b.distance);
  const two = fitting(readings, pairs);
  if (two.length > 0) return { base, readings: two, fits: true, same: [] };
  if (half.length > 0) return { base, readings: half, fits: true, same: [] };
  const more = withDropout(readings, pairs, given);
  if (more.length > 0) return { base, readings: more, fits: true, same: [] };
  const halves = rounded(readings, pairs.slice(0, 6), rounding, few);
  if (halves.length > 0) return { base, readings: halves, fits: true, same: [] };

  const nearest = [...singles, ...pairs]
    // A second slip is worth naming only where it brings the numbers much nearer.
    .sort((a, b) => a.distance * 4 ** a.changes.length - b.distance * 4 ** b.changes.length)
    .filter(({ distance }) => distance < (begun?.distance ?? Infinity))
    .slice(0, listed)
    .flatMap(({ changes: made }) => readings.try(made) ?? []);
  return { base, readings: nearest, fits: false, same: [] };
}

/** Those that fit on all rows, the most usual first. */
function fitting(readings: Readings, tried: readonly Tried[]): Tried[] {
  return tried
    .filter(({ excess }) => excess <= 1)
    .slice(0, 5)
    .flatMap(({ changes }) => readings.try(changes) ?? [])
    .filter(({ excess }) => excess <= 1)
    .sort((a, b) => rankOf(a) - rankOf(b) || a.distance - b.distance);
}

function rankOf({ changes }: Tried): number {
  return changes.reduce((sum, { rank }) => sum + rank, 0);
}

function tryPairs(
  singles: readonly Tried[],
  looked: (made: readonly MadeChange[]) => Tried | undefined,
  glanced: (made: readonly MadeChange[]) => Glanced | undefined,
): Glanced[] {
  const taken = new Map<string, number>();
  const changes = singles
    .flatMap(({ changes: [change] }) => change ?? [])
    .filter(({ id }) => {
      const count = (taken.get(id) ?? 0) + 1;
      taken.set(id, count);
      return count <= (mostPaired.get(id) ?? Infinity);
    });
  const tried: Glanced[] = [];
  let left = mostPairs;
  let fits = false;
  // The nearer two are to what was given, the sooner they are tried together.
  search: for (let sum = 1; sum < 2 * changes.length; sum++) {
    for (let at = Math.max(0, sum - changes.length + 1); 2 * at < sum; at++) {
      const [a, b] = [changes[at], changes[sum - at]];
      if (a === undefined || b === undefined || a.group === b.group) continue;
      if (left-- <= 0) break search;
      const first = glanced([a, b]);
      const made = first !== undefined && first.excess <= nearly ? looked([a, b]) : first;
      if (made === undefined) continue;
      tried.push(made);
      if (made.excess > 1 || fits) continue;
      fits = true;
      left = Math.min(left, pairsAfter);
    }
  }
  return tried.sort((x, y) => x.distance - y.distance);
}

/** Readings whose weights are those that were given but for dropout. */
function withDropout(readings: Readings, near: readonly Tried[], given: readonly Given[]): Tried[] {
  if (!given.some(({ as }) => as === 'weights')) return [];
  return near
    .filter(
      ({ weights }) =>
        weights !== undefined && droppedShare(weights.ours.data, weights.theirs.data) !== undefined,
    )
    .slice(0, 6)
    .flatMap(({ changes }) => {
      const { weights } = readings.try(changes) ?? {};
      const share = weights && droppedShare(weights.ours.data, weights.theirs.data);
      if (weights === undefined || share === undefined) return [];
      return readings.try([...changes, dropout(share, weights.theirs, slips.length)]) ?? [];
    })
    .filter(({ excess, compared }) => excess <= 1 || compared.every(({ relative }) => relative < 2e-3))
    .sort((a, b) => a.changes.length - b.changes.length || rankOf(a) - rankOf(b));
}

/** Readings that are met as nearly as half precision allows, and much nearer than without it. */
function rounded(
  readings: Readings,
  near: readonly Tried[],
  rounding: readonly MadeChange[],
  sample: Sample,
): Tried[] {
  return near
    .filter(({ distance }) => distance < 0.1)
    .flatMap((exact) =>
      rounding
        .flatMap((change) => readings.try([...exact.changes, change], sample) ?? [])
        .filter(({ loose, distance }) => loose <= 1 && distance < 0.7 * exact.distance),
    )
    .flatMap(({ changes }) => readings.try(changes) ?? [])
    .filter(({ loose }) => loose <= 1)
    .sort((a, b) => a.changes.length - b.changes.length || a.distance - b.distance);
}

function shapeError({ formula }: Known, given: readonly Given[]): ShapeError {
  const unfit = given.find((each) => placesOf(each, formula).length === 0);
  const shape = unfit?.tensor.shape.join(', ') ?? '';
  const { heads, queries, keys } = formula;
  return new ShapeError(
    `The given ${unfit?.as ?? 'result'} (${shape}) do not have the shape of any step: there are ${heads} heads, ${queries} queries and ${keys} keys.`,
  );
}
