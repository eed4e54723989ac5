import type { Shape, TensorSource } from '../../engine/tensor.js';
import { batchDiffers, sumsOverKeys } from './evidence.js';
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
  /** How many heads there are, where a file says so. */
  readonly heads?: number | undefined;
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

/** What axes are taken for, told from shapes and names, and from few numbers where these do not tell. */
export async function tell(tensors: Tensors, hints: Hints): Promise<Told[]> {
  const present = groups.flatMap((group) => {
    const roles = group.roles.filter((role) => tensors.has(role));
    const ranks = roles.map((role) => tensors.get(role)?.shape.length ?? 0);
    const rank = Math.max(...ranks);
    const widest = roles[ranks.indexOf(rank)];
    return widest === undefined || rank < 1 ? [] : [{ group, roles, widest, rank }];
  });
  const known = new Map(
    present.map(({ group, roles, rank }) => [group, byNames(group, roles, rank, hints)] as const),
  );
  const all = combinations(
    present.map(({ group, rank }) => [group, known.get(group)?.readings ?? readingsOf(group, rank)]),
  );
  const fitting = withoutLoneRows(
    all.filter((each) => fits(each, tensors, hints)),
    tensors,
  );
  const told: Told[] = [];
  for (const each of present) {
    const { group, widest, rank } = each;
    const offered = readingsOf(group, rank);
    const source = tensors.get(widest);
    if (offered.length === 0 || source === undefined) continue;
    const own = known.get(group) ?? { readings: offered, reason: undefined };
    const fit = unique(fitting.map((one) => one.get(group) ?? []));
    const last =
      group.parameter === 'matrixAxes' ? fit.find((reading) => reading.at(-1) === 'head') : undefined;
    const across = last !== undefined && (await sumsOverKeys(source));
    // Heads come last only where the numbers say so; rows before a batch and heads only where somebody says so.
    const sound = fit.filter((reading) => across || reading.at(-1) !== 'head');
    const common = sound.filter((reading) => !isRare(reading));
    const candidates = common.length > 0 ? common : own.readings;
    const ordersOf = (readings: readonly Reading[]): string[] =>
      unique(readings.map((reading) => rowOrder(reading, source.shape)));
    const orders = ordersOf(candidates);
    const usually = own.readings.filter((one) => !isRare(one) && (across || one.at(-1) !== 'head'));
    const { reading, reason } =
      sound.length > 0 && common.length === 0
        ? {}
        : await preferred(candidates, source, group, {
            byName: own.reason,
            onlyFit: common.length > 0 && ordersOf(usually).length > orders.length,
            oneLayer: isOneLayer(hints.of?.[widest]),
          });
    const standard = reading ?? candidates[0] ?? [];
    // Where nothing fits there is nothing to choose: the mechanism says what does not.
    const asks =
      reason === undefined && sound.length > 0 && (orders.length > 1 || across || common.length === 0);
    const unclear = asks ? unique([...candidates, ...sound]) : [];
    told.push({
      ...each,
      offered,
      standard,
      unclear,
      mayBeBatch: standard[0] === 'layer' && candidates.some(([first]) => first === 'batch'),
      reason: reason ?? usual(standard, source.shape),
    });
  }
  return told;
}

function usual(reading: Reading, shape: Shape): string {
  if (reading.length === 1) return 'a list of numbers: one row';
  if (reading.length === 2) return 'a matrix';
  const first = shape[0] === 1 ? 'an axis of 1 in front is a batch of one; ' : '';
  return `${first}the documented order; nothing else tells`;
}

/** Whether a name says that a tensor is of one layer, so that its first axis is none. */
function isOneLayer(hint: Hint | undefined): boolean {
  return hint?.axes === undefined && /(layers?|blocks?|(^|[._])h)[._-]?\d+/i.test(hint?.name ?? '');
}

/** Orders that are asked about and never told: rows before a batch and heads, as Megatron has them. */
function isRare(reading: Reading): boolean {
  const list = valueOf(reading);
  return list.endsWith('row batch head feature');
}

/** What names say for certain. */
function byNames(
  group: Group,
  roles: readonly string[],
  rank: number,
  { of = {} }: Hints,
): { readonly readings: readonly Reading[]; readonly reason: string | undefined } {
  const hints = roles.map((role) => of[role]);
  const leading = hints.find((hint) => hint?.axes !== undefined)?.axes ?? [];
  const begins = (reading: Reading): boolean => leading.every((part, axis) => reading[axis] === part);
  const all = readingsOf(group, rank).filter(begins);
  // TransformerLens, ActivationCache: hook_q is (batch, position, head, feature); the batch may be taken off.
  const hooked =
    group.parameter === 'vectorAxes' && hints.every((hint) => /hook_(rot_)?[qkv]$/.test(hint?.name ?? ''));
  if (hooked) {
    const own = all.filter((reading) => reading.join(' ').endsWith('row head feature'));
    if (own.length > 0) return { readings: own, reason: 'TransformerLens’ order: position before head' };
  }
  return { readings: all.length > 0 ? all : readingsOf(group, rank), reason: undefined };
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

/**
 * What two readings share that only name axes differently: which of the axes that are longer than 1 holds rows and columns, and,
 * where vectors have one axis more, whether that is heads, for columns may be those of several heads where it is not.
 */
function rowOrder(reading: Reading, shape: Shape): string {
  const vectors = reading.length === 3 && reading.includes('feature');
  const kind = (part: Part): string => {
    if (part === 'row' || part === 'query') return 'row';
    if (part === 'key' || part === 'feature') return 'column';
    return vectors && part === 'head' ? 'head' : 'other';
  };
  return reading
    .filter((part, axis) => shape[axis] !== 1 || part === 'feature')
    .map(kind)
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
      const heads = role === 'K' || role === 'V' ? 'groups' : 'heads';
      const rows = group.parameter === 'matrixAxes' ? undefined : of('row');
      const feature = role === 'V' || group.parameter === 'inputAxes' ? undefined : of('feature');
      const batches = extentsOf(own, shape, 'batch').filter((extent) => extent !== 1);
      if (!batches.every((extent, at) => agree(`batch ${at}`, extent))) return undefined;
      if (!agree('layers', of('layer')) || !agree(heads, of('head')) || !agree('feature', feature))
        return undefined;
      if (!agree('queries', of('query') ?? (rowOf(role) === 'query' ? rows : undefined))) return undefined;
      if (!agree('keys', of('key') ?? (rowOf(role) === 'key' ? rows : undefined))) return undefined;
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
  if (!same(hints.queries, counts.get('queries')) || !same(hints.keys, counts.get('keys'))) return false;
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

interface Knowledge {
  readonly byName: string | undefined;
  readonly onlyFit: boolean;
  readonly oneLayer: boolean;
}

/** The reading that something speaks for, and what that is; no reason where nothing does. */
async function preferred(
  candidates: readonly Reading[],
  source: TensorSource,
  group: Group,
  { byName, onlyFit, oneLayer }: Knowledge,
): Promise<{ readonly reading?: Reading; readonly reason?: string }> {
  const { shape } = source;
  const only = unique(candidates.map((reading) => rowOrder(reading, shape))).length === 1;
  const settle = (reading: Reading | undefined, reason: string): { reading?: Reading; reason?: string } =>
    reading === undefined ? {} : { reading, reason };
  const why = byName ?? (onlyFit && only ? 'the only order in which the tensors fit each other' : undefined);
  if (candidates.length === 1 && shape.length > 2)
    return settle(candidates[0], why ?? 'the only order there is');
  const axis =
    candidates.some((reading) => reading[0] === 'layer') &&
    candidates.some((reading) => reading[0] === 'batch')
      ? 0
      : -1;
  const soft = only || byName !== undefined;
  const batchFirst = candidates.find((reading) => reading[0] === 'batch' && reading[1] !== 'layer');
  if (shape[0] === 1 && batchFirst !== undefined)
    return soft
      ? settle(batchFirst, [why, 'an axis of 1 in front is a batch of one'].filter(Boolean).join('; '))
      : { reading: batchFirst };
  if (axis === 0 && batchFirst !== undefined) {
    const reading = batchFirst;
    // Of three axes the first is heads, as documented, whatever layer it is.
    if (oneLayer && soft && shape.length > 3)
      return settle(reading, 'its name is that of one layer, so the first axis is a batch');
    if (group.parameter === 'matrixAxes' && (await batchDiffers(source)))
      return settle(
        reading,
        'its entries differ in the keys that are never attended, as texts of a batch do',
      );
  }
  return why === undefined || !soft ? {} : settle(candidates[0], why);
}
