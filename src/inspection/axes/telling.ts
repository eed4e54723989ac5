import type { Shape, TensorSource } from '../../engine/tensor.js';
import { sumsOverKeys } from './evidence.js';
import { narrowed, type Evidence } from './narrowing.js';
import {
  extentsOf,
  groups,
  readingsOf,
  rowOf,
  shortened,
  valueOf,
  type Group,
  type Part,
  type Reading,
} from './readings.js';

/** What is known of a tensor besides its numbers. */
export interface Hint {
  /** Its name in its file; where left out, that of its role. */
  readonly name?: string;
  readonly file?: string;
  /** What its first axes are, where it was put together of one tensor a layer. */
  readonly axes?: readonly Part[];
}

export interface Hints {
  readonly of?: Readonly<Record<string, Hint>>;
  /** How many queries and keys there are, where labels for them were given. */
  readonly queries?: number | undefined;
  readonly keys?: number | undefined;
  /** How many heads there are, as given scores or weights have them. */
  readonly heads?: number | undefined;
  /** How many heads there are, where a file says so. */
  readonly statedHeads?: number | undefined;
  /** A tensor beside them that has a row for each sequence of a batch, and how many. */
  readonly batch?: { readonly name: string; readonly count: number } | undefined;
}

export type Tensors = ReadonlyMap<string, TensorSource>;

/** A reading for each group of tensors that are there. */
type Combination = ReadonlyMap<Group, Reading>;

export interface Told {
  readonly group: Group;
  readonly roles: readonly string[];
  /** The tensor with the most axes: that whose axes the control names. */
  readonly widest: string;
  readonly offered: readonly Reading[];
  /** What it is taken for unless somebody says otherwise. */
  readonly standard: Reading;
  readonly reason: string;
  /** Set where nothing tells the orders of rows apart. */
  readonly unclear: readonly Reading[];
  /** Whether its first axis was taken for layers and could be a batch as well. */
  readonly mayBeBatch: boolean;
}

/**
 * What axes are taken for, told from shapes and names, and from few numbers where these do not tell.
 * @param chosen what was said already: the value of a group's control
 */
export async function tell(
  tensors: Tensors,
  hints: Hints,
  chosen: Readonly<Record<string, unknown>> = {},
): Promise<Told[]> {
  const present = groups.flatMap((group) => {
    const roles = group.roles.filter((role) => tensors.has(role));
    const ranks = roles.map((role) => tensors.get(role)?.shape.length ?? 0);
    const rank = Math.max(...ranks);
    const widest = roles[ranks.indexOf(rank)];
    return widest === undefined || rank < 1 ? [] : [{ group, roles, widest, rank }];
  });
  const known = new Map(
    present.map(({ group, roles, rank }) => [
      group,
      bySaying(group, rank, chosen) ?? byNames(group, roles, rank, hints),
    ]),
  );
  const all = combinations(
    present.map(({ group, rank }) => [group, known.get(group)?.readings ?? readingsOf(group, rank)]),
  );
  const fitting = agreeing(
    withoutLoneRows(
      all.filter((each) => fits(each, tensors, hints)),
      tensors,
    ),
    tensors,
  );
  const told: Told[] = [];
  for (const each of present) {
    const { group, widest, rank } = each;
    const offered = readingsOf(group, rank);
    const source = tensors.get(widest);
    if (offered.length === 0 || source === undefined) continue;
    const own = known.get(group) ?? { readings: offered, reason: undefined, said: false };
    const [saying] = own.said ? own.readings : [];
    if (saying !== undefined) {
      told.push({
        ...each,
        offered,
        standard: saying,
        unclear: [],
        mayBeBatch: false,
        reason: 'as you said',
      });
      continue;
    }
    const fit = unique(fitting.map((one) => one.get(group) ?? []));
    const last =
      group.parameter === 'matrixAxes' ? fit.find((reading) => reading.at(-1) === 'head') : undefined;
    const across = last !== undefined && (await sumsOverKeys(source));
    // Heads come last only where the numbers say so; rows before a batch and heads only where somebody says so.
    const sound = fit.filter((reading) => across || reading.at(-1) !== 'head');
    const common = sound.filter((reading) => !isRare(reading));
    const usually = own.readings.filter((one) => !isRare(one) && (across || one.at(-1) !== 'head'));
    const sensesOf = (readings: readonly Reading[]): Reading[] =>
      distinct(readings, (reading) => senseOf(reading, source.shape));
    const evidence: Evidence = {
      hint: hints.of?.[widest],
      byName: own.reason,
      onlyFit: common.length > 0 && sensesOf(usually).length > sensesOf(common).length,
      statedHeads: hints.statedHeads,
      batch: hints.batch,
    };
    const left = await narrowed(common.length > 0 ? common : own.readings, source, group, evidence);
    const senses = sensesOf(left.readings);
    const [standard = []] = left.readings;
    // Where nothing fits there is nothing to choose: the mechanism says what does not.
    const asks = sound.length > 0 && (senses.length > 1 || across || common.length === 0);
    // Of scores no sum says which axis holds the keys.
    const behind = widest === 'scores' ? fit.filter((one) => one.at(-1) === 'head') : [];
    const choices = sensesOf([
      ...left.readings,
      ...(common.length > 0 ? sound.filter(isRare) : sound),
      ...behind,
    ]);
    told.push({
      ...each,
      offered,
      standard,
      unclear: asks ? commonestFirst(choices, group) : [],
      mayBeBatch: standard[0] === 'layer' && left.readings.some(([first]) => first === 'batch'),
      reason: (senses.length === 1 ? left.reason : undefined) ?? usual(standard, source.shape),
    });
  }
  return told;
}

/** What somebody has said, where it is a reading that there is. */
function bySaying(group: Group, rank: number, chosen: Readonly<Record<string, unknown>>): Known | undefined {
  const value = chosen[group.parameter];
  const found = readingsOf(group, rank).find((reading) => valueOf(reading) === value);
  return found && { readings: [found], reason: undefined, said: true };
}

/** Vectors of four axes are rarely those of several layers; weights often are. */
function commonestFirst(readings: readonly Reading[], { parameter }: Group): Reading[] {
  if (parameter !== 'vectorAxes') return [...readings];
  return readings.toSorted((a, b) => Number(a[0] === 'layer') - Number(b[0] === 'layer'));
}

function usual(reading: Reading, shape: Shape): string {
  if (reading.length === 1) return 'a list of numbers: one row';
  if (reading.length === 2) return 'a matrix';
  const first = shape[0] === 1 ? 'an axis of 1 in front is a batch of one; ' : '';
  return `${first}the documented order; nothing else tells`;
}

/** Orders that are asked about and never told: rows before a batch and heads, as Megatron has them; layers behind a batch. */
function isRare(reading: Reading): boolean {
  const list = valueOf(reading);
  return list.endsWith('row batch head feature') || list === 'batch layer query key';
}

interface Known {
  readonly readings: readonly Reading[];
  readonly reason: string | undefined;
  /** Whether somebody said so. */
  readonly said: boolean;
}

/** What names say for certain. */
function byNames(group: Group, roles: readonly string[], rank: number, { of = {} }: Hints): Known {
  const hints = roles.map((role) => of[role]);
  const leading = hints.find((hint) => hint?.axes !== undefined)?.axes ?? [];
  const begins = (reading: Reading): boolean => leading.every((part, axis) => reading[axis] === part);
  const all = readingsOf(group, rank).filter(begins);
  // TransformerLens, ActivationCache: one tensor a layer; hook_q is (batch, position, head, feature), hook_pattern (batch, head, query,
  // key); the batch may be taken off.
  const hooks = {
    vectorAxes: /hook_(rot_)?[qkv]$/,
    matrixAxes: /hook_(pattern|attn_scores)$/,
    inputAxes: /^\b$/,
  };
  const order = { vectorAxes: 'row head feature', matrixAxes: 'head query key', inputAxes: '' };
  const { parameter } = group;
  if (hints.every((hint) => hooks[parameter].test(hint?.name ?? ''))) {
    const own = all.filter(
      (reading) =>
        reading.join(' ').endsWith(order[parameter]) && !reading.slice(leading.length).includes('layer'),
    );
    const what = parameter === 'vectorAxes' ? 'position before head' : 'heads before queries and keys';
    if (own.length > 0) return { readings: own, reason: `TransformerLens’ order: ${what}`, said: false };
  }
  const readings = all.length > 0 ? all : readingsOf(group, rank);
  const packed = leading.includes('row') && all.length > 0;
  return {
    readings,
    reason: packed ? 'the order in which flash-attention packs them' : undefined,
    said: false,
  };
}

function combinations(lists: readonly (readonly [Group, readonly Reading[]])[]): Combination[] {
  return lists.reduce<Combination[]>(
    (made, [group, readings]) =>
      made.flatMap((before) => readings.map((reading) => new Map([...before, [group, reading]]))),
    [new Map()],
  );
}

function unique<Item extends Reading | string>(items: readonly Item[]): Item[] {
  return [...new Map(items.map((item) => [String(item), item])).values()];
}

function distinct(readings: readonly Reading[], key: (reading: Reading) => string): Reading[] {
  const seen = new Set<string>();
  return readings.filter((reading) => {
    const own = key(reading);
    if (seen.has(own)) return false;
    seen.add(own);
    return true;
  });
}

/**
 * What a reading says of the axes that are longer than 1. Of five axes and more only which of them are heads, rows and columns: what
 * is in front of these is layers and entries in the documented order, that of a stack of a model's attentions.
 */
function senseOf(reading: Reading, shape: Shape): string {
  const isDeep = reading.length > 4;
  return reading
    .filter((part, axis) => shape[axis] !== 1 || part === 'feature')
    .map((part) => (isDeep && (part === 'layer' || part === 'batch') ? 'other' : part))
    .join(' ');
}

/** The counts that a combination of readings gives to each thing; undefined where they contradict each other. */
function countsOf(combination: Combination, tensors: Tensors): Map<string, number> | undefined {
  const counts = new Map<string, number>();
  const agree = (name: string, count: number | undefined): boolean => {
    if (count === undefined) return true;
    const before = counts.get(name);
    counts.set(name, count);
    return before === undefined || before === count;
  };
  for (const [group, reading] of combination) {
    for (const role of group.roles) {
      const shape = tensors.get(role)?.shape;
      if (shape === undefined) continue;
      const own = shortened(reading, shape.length);
      if (own === undefined) return undefined;
      const of = (part: Part): number | undefined => extentsOf(own, shape, part)[0];
      const past = role.startsWith('past_');
      const heads = past || role === 'K' || role === 'V' ? 'groups' : 'heads';
      const rows = group.parameter === 'matrixAxes' ? undefined : of('row');
      const feature = role.endsWith('V') || group.parameter === 'inputAxes' ? undefined : of('feature');
      const batches = extentsOf(own, shape, 'batch').filter((extent) => extent !== 1);
      if (!batches.every((extent, at) => agree(`batch ${at}`, extent))) return undefined;
      if (!agree('layers', of('layer')) || !agree(heads, of('head')) || !agree('feature', feature))
        return undefined;
      if (!agree('queries', of('query') ?? (rowOf(role) === 'query' ? rows : undefined))) return undefined;
      // Keys from before come to those of now.
      if (!agree(past ? 'past' : 'keys', of('key') ?? (rowOf(role) === 'key' ? rows : undefined)))
        return undefined;
    }
  }
  return counts;
}

function fits(combination: Combination, tensors: Tensors, hints: Hints): boolean {
  const counts = countsOf(combination, tensors);
  if (counts === undefined) return false;
  const [heads, shared] = [counts.get('heads'), counts.get('groups')];
  if (heads !== undefined && shared !== undefined && (shared === 0 || heads % shared !== 0)) return false;
  // Heads in K and V alone are those of nothing.
  const first = tensors.has('Q') || tensors.has('weights') || tensors.has('scores');
  if (first && shared !== undefined && shared > 1 && heads === undefined) return false;
  const same = (known: number | undefined, count: number | undefined): boolean =>
    known === undefined || count === undefined || known === count;
  if (
    !same(hints.queries, counts.get('queries')) ||
    !same(hints.keys, (counts.get('keys') ?? 0) + (counts.get('past') ?? 0) || undefined)
  )
    return false;
  if (!same(hints.heads, heads)) return false;
  // A layer's weights beside an input of several axes: the input has as many layers as they, or is of a batch.
  const layers = counts.get('layers');
  const projection = tensors.get('W_Q') ?? tensors.get('W_a');
  if (projection === undefined || layers === undefined) return true;
  return projection.shape.length === 3 && projection.shape[0] === layers;
}

/** One query before one key is what nobody looks at, where another reading gives more. */
function withoutLoneRows(all: readonly Combination[], tensors: Tensors): readonly Combination[] {
  const more = all.filter((each) => {
    const counts = countsOf(each, tensors);
    const [queries, keys] = [counts?.get('queries'), counts?.get('keys')];
    return (queries ?? keys ?? 2) > 1 || (keys ?? queries ?? 2) > 1;
  });
  return more.length > 0 ? more : all;
}

/** Vectors and weights beside each other have the same axes in front, where any reading gives them the same. */
function agreeing(all: readonly Combination[], tensors: Tensors): readonly Combination[] {
  const front = (reading: Reading, shape: Shape): string =>
    reading
      .filter((part, axis) => shape[axis] !== 1 && ['layer', 'batch', 'head'].includes(part))
      .toSorted()
      .join(' ');
  const agree = all.filter((each) => {
    const fronts = [...each].flatMap(([group, reading]) => {
      if (group.parameter === 'inputAxes') return [];
      const shapes = group.roles.flatMap((role) => tensors.get(role)?.shape ?? []);
      const shape = group.roles.flatMap((role) => {
        const own = tensors.get(role)?.shape;
        return own?.length === reading.length ? [own] : [];
      })[0];
      return shape === undefined || shapes.length === 0 ? [] : [front(reading, shape)];
    });
    return new Set(fronts).size < 2;
  });
  return agree.length > 0 ? agree : all;
}
