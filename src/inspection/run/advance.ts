import { roleOf, type Role, type Value } from '../../engine/graph.js';
import { unset } from '../../engine/rewrite.js';
import { restrict, type Restriction, type Target } from '../../engine/restrict.js';
import { wholeOf, type Range, type Region, type Tensor } from '../../engine/tensor.js';
import type { ModelGraph } from '../../models/index.js';
import { manyTokens } from './weight-budget.js';

/**
 * What is kept of each layer, where there will be so many tokens. The queries of many are computed from what a layer reads when
 * they are looked at: of 9 heads that share 3 of keys, more than a third less is kept.
 */
export function keptOf(tokens: number): readonly Role[] {
  return ['input', 'query-input', ...(tokens < manyTokens ? (['query'] as const) : []), 'key', 'value'];
}

/** The key of the last hidden states. */
export const last = 'last';

/** What a run needs of a graph. */
export interface CausalGraph extends Pick<ModelGraph, 'feeds' | 'layers' | 'hiddenStates' | 'logits'> {
  /** What does not grow with the text and is known already: what a source gives to attend to. */
  readonly fixed?: ReadonlyMap<Value, Tensor>;
  /** What interventions set, for as many tokens as the graph has: it is among what `feeds` gives for any number of them. */
  readonly set?: ReadonlyMap<Value, Tensor>;
}

type Feed = Restriction['feeds'][number];

/** The graph of a text, restricted to the rows of its new tokens. */
export class Advance {
  /** What is computed, in the order of the targets, and the keys that it is kept under. */
  readonly cached = new Map<Value, string>();
  /** The keys and values of earlier tokens, which are given. */
  readonly known = new Map<Value, string>();
  readonly part: Restriction;
  /** What a layer by itself reads: what the one before it gave. Undefined for the first, and for all together. */
  readonly read: Value | undefined;

  /**
   * @param past how many tokens were run before
   * @param roles of what is kept
   * @param only one layer by itself; all of them where left out
   */
  constructor(
    readonly graph: CausalGraph,
    tokens: number,
    readonly past: number,
    roles: readonly Role[],
    only?: number,
  ) {
    this.read = only === undefined || only === 0 ? undefined : graph.hiddenStates[only];
    const depth = graph.hiddenStates.length - 1;
    graph.layers.forEach((steps, layer) => {
      if (only !== undefined && layer % depth !== only) return;
      for (const [role, value] of cachedOf(steps, graph, roles)) {
        this.cached.set(value, keyOf(layer, role));
        if (isAttendedTo(role)) this.known.set(value, keyOf(layer, role));
      }
    });
    const hidden = only === undefined ? graph.hiddenStates.at(-1) : graph.hiddenStates[only + 1];
    if (hidden !== undefined) this.cached.set(hidden, hidden === graph.hiddenStates.at(-1) ? last : between);
    const fresh = (value: Value): Region => [{ start: past, end: tokens }, ...wholeOf(value.shape).slice(1)];
    this.part = restrict(
      [...this.cached.keys()].map((value): Target => ({ value, region: fresh(value) })),
      (value) => graph.fixed?.has(value) === true || this.isRead(value),
      (value) => (this.known.has(value) ? past : undefined),
    );
  }

  /** Whether a value is what a layer by itself reads; a name does not make it another. */
  readonly isRead = ({ origin }: Value): boolean => this.read?.origin === origin;
}

/** The key of what goes from one layer to the next. */
export const between = 'between';

/**
 * One token after any number of others. Its graph is the same for all of them, but for how much it is fed: it is made once,
 * and what it is fed is known from two that follow each other.
 */
export class SteadyStep {
  private constructor(
    readonly advance: Advance,
    /** Feed → whether each end of its ranges moves on with the text. */
    private readonly moving: ReadonlyMap<Feed, readonly Range[]>,
  ) {}

  /** Undefined where what is fed does not grow in step with the text. */
  static after(
    past: number,
    roles: readonly Role[],
    build: (tokens: number) => CausalGraph,
  ): SteadyStep | undefined {
    const [first, second] = [past, past + 1].map(
      (before) => new Advance(build(before + 1), before + 1, before, roles),
    );
    if (first === undefined || second?.part.feeds.length !== first.part.feeds.length) return undefined;
    const moving = new Map<Feed, readonly Range[]>();
    for (const [at, feed] of first.part.feeds.entries()) {
      const next = second.part.feeds[at]?.region ?? [];
      const moved = feed.region.map((range, axis): Range => {
        const after = next[axis] ?? { start: NaN, end: NaN };
        return { start: after.start - range.start, end: after.end - range.end };
      });
      if (moved.some((by) => !isStep(by.start) || !isStep(by.end))) return undefined;
      moving.set(feed, moved);
    }
    return new SteadyStep(first, moving);
  }

  /** What a feed holds after so many tokens. */
  region(feed: Feed, past: number): Region {
    const further = past - this.advance.past;
    const moved = this.moving.get(feed);
    return feed.region.map(({ start, end }, axis) => ({
      start: start + further * (moved?.[axis]?.start ?? 0),
      end: end + further * (moved?.[axis]?.end ?? 0),
    }));
  }

  /** Whether a feed is the same at every step. */
  isFixed(feed: Feed): boolean {
    return this.moving.get(feed)?.every(({ start, end }) => start === 0 && end === 0) === true;
  }
}

function isStep(by: number): boolean {
  return by === 0 || by === 1;
}

export function keyOf(layer: number, role: Role): string {
  return `${layer} ${role}`;
}

/** Of a layer's steps, the matrices that are kept, one row per token: Q, K and V before they are split into heads. */
export function cachedOf(
  steps: readonly Value[],
  { fixed }: CausalGraph,
  roles: readonly Role[],
): Map<Role, Value> {
  return new Map(
    steps.flatMap((value) => {
      const [role, computed] = [roleOf(value), unmoved(value)];
      if (role === undefined || !roles.includes(role) || fixed?.has(computed) === true) return [];
      return [[role, computed] as const];
    }),
  );
}

/** Whether later queries need it of earlier tokens. */
export function isAttendedTo(role: Role | undefined): role is 'key' | 'value' {
  return role === 'key' || role === 'value';
}

/** What a value's cells were computed as, before an intervention set some of them, and before they were only moved. */
export function unmoved(value: Value): Value {
  const before = unset(value);
  if (before !== value) return unmoved(before);
  const { origin } = value;
  if (origin.kind !== 'operation' || origin.operation.moves !== true) return value;
  const [from] = origin.inputs;
  return from === undefined ? value : unmoved(from);
}
