import { ParameterError } from '../../engine/mechanisms/index.js';
import { formatShape, type Shape, type TensorSource } from '../../engine/tensor.js';
import type { Parameter, ParameterValues, QuestionSetting, TensorAxes } from '../../protocol.js';
import {
  extentsOf,
  groups,
  rowOf,
  rowOrder,
  shortened,
  titleOf,
  valueOf,
  type Group,
  type Part,
  type Reading,
} from './readings.js';
import { ofEntry } from './entries.js';
import { packedParameter } from './packed.js';
import { rearranged, type Axis } from './rearranged.js';
import { tell, type Hints, type Tensors, type Told } from './telling.js';

/** Tensors as a mechanism takes them. */
export interface Arranged {
  readonly sources: Tensors;
  /** Those whose first axis is layers. */
  readonly layered: ReadonlySet<string>;
  /** Those that no reading was made for. */
  readonly others: ReadonlySet<string>;
  readonly parameters: readonly Parameter[];
  readonly axes: readonly TensorAxes[];
  /** Of each axis of a batch the entry that is picked. */
  readonly entries: readonly number[];
  readonly notices: readonly string[];
}

/** The names of all controls of axes, for values that wait until their control is there again. */
export const axesControls: readonly string[] = [
  ...groups.map(({ parameter }) => parameter),
  ...['entry', 'entry2', 'entry3', 'entry4', packedParameter],
];

/** What the axes of tensors are: told from how they fit each other, from names and numbers, or to be asked. */
export class AxesPlan {
  private constructor(
    private readonly tensors: Tensors,
    private readonly hints: Hints,
    private readonly told: readonly Told[],
  ) {}

  /**
   * Reads few numbers, and none where shapes and names tell.
   * @param chosen what was said already, which is the standard then
   */
  static async make(tensors: Tensors, hints: Hints = {}, chosen: ParameterValues = {}): Promise<AxesPlan> {
    return new AxesPlan(tensors, hints, await tell(tensors, hints, chosen));
  }

  /** The plan where some axes are set otherwise: what was told of tensors beside these, and is not set itself, is told anew. */
  async retold(values: ParameterValues): Promise<AxesPlan> {
    const isSet = ({ group, standard }: Told): boolean =>
      values[group.parameter] !== undefined && values[group.parameter] !== valueOf(standard);
    if (this.told.length < 2 || !this.told.some(isSet)) return this;
    const anew = await tell(this.tensors, this.hints, values);
    const told = this.told.map((own, at) =>
      values[own.group.parameter] === undefined ? (anew[at] ?? own) : own,
    );
    return new AxesPlan(this.tensors, this.hints, told);
  }

  /** What has to be asked next before the tensors are read; the answer may tell the axes of the others. */
  get question(): QuestionSetting | undefined {
    const asked = this.told.find(({ unclear }) => unclear.length > 0);
    if (asked === undefined) return undefined;
    const { group, unclear, widest, roles } = asked;
    const shape = this.tensors.get(widest)?.shape ?? [];
    const names = roles.map((role) => this.nameOf(role)).join(', ');
    const [order, ...others] = unclear.map((reading) => rowOrder(reading, shape));
    const isOrdered = others.every((other) => other === order);
    return {
      parameter: group.parameter,
      title: `Axes of ${names} ${formatShape(shape)}`,
      reason: isOrdered
        ? `Choose what the axes of ${names} ${formatShape(shape)} count: names and numbers do not tell layers, entries of a batch and heads apart.`
        : `The order of the axes of ${names} cannot be told from the shape ${formatShape(shape)}.`,
      choices: unclear.map((reading) => ({ value: valueOf(reading), title: titleOf(reading, shape) })),
    };
  }

  /** @throws ParameterError for a reading or an entry that there is not */
  arrange(values: ParameterValues): Arranged {
    const sources = new Map(this.tensors);
    const layered = new Set<string>();
    const parameters: Parameter[] = [];
    const axes: TensorAxes[] = [];
    const entries = new Map<number, number>();
    const read = new Map<string, Reading>();
    for (const told of this.told) {
      const { group, offered, standard, roles, widest } = told;
      const chosen = readingFor(offered, standard, values[group.parameter], group.parameter);
      const shape = this.tensors.get(widest)?.shape ?? [];
      if (offered.length > 1)
        parameters.push(
          axesParameter(told, shape, chosen, roles.map((role) => this.nameOf(role)).join(', ')),
        );
      extentsOf(chosen, shape, 'batch').forEach((extent, at) =>
        entries.set(at, Math.max(extent, entries.get(at) ?? 1)),
      );
      for (const role of roles) {
        const own = shortened(chosen, this.tensors.get(role)?.shape.length ?? 0);
        if (own !== undefined) read.set(role, own);
      }
    }
    const picks = [...entries.keys()].map((at) => entryControl(at, entries.get(at) ?? 1, values));
    parameters.push(...picks.flatMap(({ parameter }) => parameter ?? []));
    for (const { group, roles, standard, reason } of this.told) {
      const hasHeads = roles.some((role) => read.get(role)?.includes('head'));
      const hasLayers = roles.some((role) => read.get(role)?.includes('layer'));
      for (const role of roles) {
        const [source, reading] = [this.tensors.get(role), read.get(role)];
        if (source === undefined || reading === undefined) continue;
        sources.set(
          role,
          asTaken(
            source,
            reading,
            group,
            hasHeads,
            picks.map(({ value }) => value),
          ),
        );
        if (reading.includes('layer') && hasLayers) layered.add(role);
        const chosen = values[group.parameter] !== undefined && valueOf(reading) !== valueOf(standard);
        axes.push({
          role,
          name: this.nameOf(role),
          shape: source.shape,
          axes: reading.map((part) => (part === 'row' ? rowOf(role) : part)),
          reason: chosen ? 'as chosen here' : reason,
          parameter: group.parameter,
        });
      }
    }
    const others = new Set([...this.tensors.keys()].filter((role) => !read.has(role)));
    const notices = this.notices(values);
    const [batch] = entries.values();
    const entry = picks[0]?.value ?? 0;
    const counts = countsOf(read, this.tensors);
    for (const role of others) {
      const source = sources.get(role);
      if (source === undefined || batch === undefined) continue;
      const taken = ofEntry({ role, name: this.nameOf(role), source }, { batch, entry, ...counts });
      sources.set(role, taken.source);
      if (taken.notice !== undefined) notices.push(taken.notice);
    }
    const picked = picks.map(({ value }) => value);
    return { sources, layered, others, parameters, axes, entries: picked, notices };
  }

  private nameOf(role: string): string {
    return this.hints.of?.[role]?.name ?? role;
  }

  /** Where a first axis of a file’s tensor was taken for layers and nothing but the documented order says so. */
  private notices(values: ParameterValues): string[] {
    return this.told.flatMap(({ group, widest, standard, mayBeBatch }) => {
      const shape = this.tensors.get(widest)?.shape ?? [];
      if (values[group.parameter] !== undefined || this.hints.of?.[widest] === undefined) return [];
      if (!mayBeBatch || (shape[0] ?? 0) < 2) return [];
      return [
        `${this.nameOf(widest)} was read as ${titleOf(standard, shape, rowOf(widest))}, the order of a stack of a model’s attentions. Where its first axis is a batch, say so under “Axes”.`,
      ];
    });
  }
}

/** How many heads and queries the read tensors have, whatever their roles. */
function countsOf(
  read: ReadonlyMap<string, Reading>,
  tensors: Tensors,
): { readonly heads: ReadonlySet<number>; readonly queries: ReadonlySet<number> } {
  const of = (part: Part, wanted = (_role: string): boolean => true): Set<number> =>
    new Set(
      [...read].flatMap(([role, own]) =>
        wanted(role) ? extentsOf(own, tensors.get(role)?.shape ?? [], part) : [],
      ),
    );
  const rows = of('row', (role) => rowOf(role) === 'query');
  return { heads: of('head'), queries: new Set([...of('query'), ...rows]) };
}

function readingFor(
  offered: readonly Reading[],
  standard: Reading,
  value: ParameterValues[string] | undefined,
  name: string,
): Reading {
  if (value === undefined) return standard;
  const found = offered.find((reading) => valueOf(reading) === value);
  if (found === undefined) {
    throw new ParameterError(
      `${name} can be ${offered.map((each) => `“${valueOf(each)}”`).join(', ')}, not “${String(value)}”.`,
    );
  }
  return found;
}

function axesParameter(
  { group, offered, standard }: Told,
  shape: Shape,
  chosen: Reading,
  names: string,
): Parameter {
  return {
    kind: 'choice',
    part: 'axes',
    name: group.parameter,
    title: `Axes of ${names}`,
    note: 'What each axis counts, outermost first. Of a batch one entry is shown.',
    value: valueOf(chosen),
    default: valueOf(standard),
    choices: offered.map((reading) => ({ value: valueOf(reading), title: titleOf(reading, shape) })),
  };
}

/** The picked entry of one of the axes that are a batch, and the control that picks it. */
function entryControl(
  at: number,
  count: number,
  values: ParameterValues,
): { readonly value: number; readonly parameter?: Parameter } {
  const name = at === 0 ? 'entry' : `entry${at + 1}`;
  const value = values[name] ?? 0;
  if (count < 2) return { value: 0 };
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= count)
    throw new ParameterError(`The batch has the entries 0 to ${count - 1}; there is no ${String(value)}.`);
  return {
    value,
    parameter: {
      kind: 'number',
      part: 'axes',
      name,
      title: at === 0 ? 'Batch entry' : `Batch entry, axis ${at + 1}`,
      note: `Which of the ${count} entries is shown.`,
      value,
      default: 0,
      minimum: 0,
      maximum: count - 1,
      step: 1,
    },
  };
}

/** A tensor in the order that mechanisms take: layers, heads, rows, columns; of a batch the picked entry. */
function asTaken(
  source: TensorSource,
  reading: Reading,
  { order }: Group,
  hasHeads: boolean,
  entries: readonly number[],
): TensorSource {
  const picks = new Map<number, number>();
  reading.forEach((part, axis) => {
    if (part !== 'batch') return;
    const extent = source.shape[axis] ?? 1;
    // An entry of a batch of one is that of all.
    picks.set(axis, extent === 1 ? 0 : (entries[picks.size] ?? 0));
  });
  const place = (part: Part): Axis | undefined => {
    const axis = reading.indexOf(part);
    if (axis >= 0) return axis;
    if (part === 'head') return hasHeads ? 'new' : undefined;
    return part === 'query' ? 'new' : undefined;
  };
  const layer = reading.indexOf('layer');
  const to = [...(layer < 0 ? [] : [layer]), ...order.flatMap((part) => place(part) ?? [])];
  return rearranged(source, to, picks);
}
