import {
  mechanisms,
  ParameterError,
  withDefaults,
  withValues,
  type AttentionGraph,
  type Mechanism,
} from '../../engine/mechanisms/index.js';
import { sorted, type Value } from '../../engine/graph.js';
import { inMemory, ShapeError, wholeOf, type Tensor, type TensorSource } from '../../engine/tensor.js';
import type { Labels, Parameter, ParameterValues } from '../../protocol.js';
import type { Runtime } from '../../runtime/session.js';
import { capture, pair } from '../run/capture.js';
import { formatCount } from '../../common/strings.js';
import { asksToExplain, withResults } from '../doctor/preparation.js';
import { splitResults } from '../doctor/results.js';
import { withGradients, withoutGradients } from '../run/gradients.js';
import { checkInterventions } from '../run/check-interventions.js';
import { intervene, interventionNotices } from '../run/interventions.js';
import type { Preparation, Setting } from '../core/preparation.js';
import type { Source } from '../core/source.js';
import { joinHeads } from '../axes/joined-heads.js';
import { axesControls, AxesPlan, type Arranged } from '../axes/plan.js';
import type { Task } from '../core/task.js';
import { buildable, candidateOf, layerCount, shapesOf, type Candidate } from './candidates.js';
import { keepSmall, oneLayer, sourcesOf, withoutOnes } from './tensor-sources.js';
import { maskNotices, readMaskNames, withMeanings, type MaskMeaning } from './mask-meanings.js';
import { hasGaps, withoutGaps } from './gaps.js';
import { ownValues } from './own-values.js';
import type { Layer, Subject } from '../core/subject.js';
import { placeAmong } from '../../common/counting.js';

/** Tensors under a mechanism's input names, and what to call the whole. */
export interface TensorInputs {
  readonly title: string;
  readonly tensors: Readonly<Record<string, TensorSource>>;
  /** By id; told from the names where left out. */
  readonly mechanism?: string | undefined;
  readonly words?: { readonly query?: readonly string[]; readonly key?: readonly string[] } | undefined;
  /** Words that are shown where there are as many as rows or columns, and nothing better is known. */
  readonly likelyWords?: { readonly query?: readonly string[]; readonly key?: readonly string[] };
  /** What the numbers of masks mean, by input name; what `meaningOf` says where left out. */
  readonly meanings?: Readonly<Record<string, MaskMeaning>>;
  readonly notices?: readonly string[];
  /** What the axes are, where it was told before; else it is told from names and shapes. */
  readonly plan?: AxesPlan;
  /** Values of controls that what was read says itself; they are the standard ones. */
  readonly standards?: ParameterValues;
  close?(): Promise<void>;
}

/** Tensors that a caller holds, under a mechanism's input names. */
export const tensorsSource: Source = {
  id: 'tensors',
  async open({ material, by, parameters }, { runtime }, task) {
    if (material.kind !== 'tensors') return undefined;
    const title = Object.keys(material.tensors).join(', ');
    const asked = asksToExplain(parameters);
    const given = sourcesOf(material.tensors);
    const { tensors: named, results } = asked ? splitResults(given) : { tensors: given, results: {} };
    const { tensors, meanings } = await readMaskNames(named, parameters ?? {}, task.signal);
    const { heads, notices, tensors: joined } = joinHeads(tensors);
    const inputs: TensorInputs = {
      title,
      tensors: joined,
      meanings,
      mechanism: by?.mechanism,
      notices,
      ...(heads === undefined ? {} : { standards: { heads } }),
    };
    const preparation = withResults(new TensorPreparation(inputs, runtime), results, {
      title,
      runtime,
      asked,
    });
    return { kind: 'preparation', preparation };
  },
};

/** What values are made from. */
const intoValues = ['V', 'past_V', 'X', 'Xkv', 'H'] as const;

/**
 * Tensors run through a mechanism, or through any other that can read them. What their axes are is told from names and shapes, and
 * can be set. An input that nothing is told of has a leading layer axis where it has one axis more than the mechanism takes.
 */
export class TensorPreparation implements Preparation {
  private readonly first: Mechanism;
  private readonly tensors: ReadonlyMap<string, TensorSource>;
  private plan: Promise<AxesPlan> | undefined;
  /** The last that were found, and for what axes. */
  private found: { readonly axes: string; readonly candidates: Promise<readonly Candidate[]> } | undefined;
  /** Whether values hold what is no number, which must not get past a mask. */
  private gaps: boolean | undefined;

  /** @throws Error naming the tensor when a name is none of the mechanism's inputs. */
  constructor(
    private readonly given: TensorInputs,
    private readonly runtime: Runtime,
  ) {
    this.first = chooseMechanism(given);
    for (const name of Object.keys(given.tensors)) {
      if (!this.first.inputs.some((each) => each.name === name)) {
        const names = this.first.inputs.map((each) => each.name).join(', ');
        throw new ShapeError(`${this.first.title} has no input “${name}”; its inputs are ${names}.`);
      }
    }
    this.tensors = new Map(Object.entries(given.tensors).map(([name, source]) => [name, keepSmall(source)]));
  }

  async prepare({ parameters, interventions = [] }: Setting, task: Task): Promise<Subject> {
    const begun = performance.now();
    task.signal?.throwIfAborted();
    const arranged = await this.arrange(parameters);
    const candidates = await this.candidates(arranged, task.signal);
    const chosen = choose(candidates, parameters['mechanism']);
    const { mechanism } = chosen;
    const count = layerCount(chosen);
    const shapes = shapesOf(chosen);
    const own = this.withStandards(withMeanings(mechanism.parameters(shapes), this.given.meanings));
    const described = withValues(
      own,
      spelledOut(
        ownValues(own, [...axesControls, ...everyControl(candidates)], withoutGradients(parameters)),
      ),
    );
    const values = Object.fromEntries(described.map(({ name, value }) => [name, value]));
    const built = mechanism.build(shapes, values);
    this.gaps ??= await this.findGaps(task.signal);
    const graph = this.gaps ? { ...built, steps: withoutGaps(built.steps) } : built;
    // Layers are alike but for their numbers, and for what is set in them.
    const plain = { layers: Array.from({ length: count }, () => graph.steps) };
    const made = checkInterventions(interventions, plain, graph.heads);
    const layers: Layer[] = [];
    let ofGradients: readonly Parameter[] = [];
    for (let index = 0; index < count; index++) {
      task.signal?.throwIfAborted();
      if (count > 1) task.progress?.(`Layer ${placeAmong(index, count)}`, index / count);
      const own = made.filter(({ layer }) => layer === index).map((each) => ({ ...each, layer: 0 }));
      const set = intervene({ layers: [graph.steps] }, own, graph.heads);
      const { steps, parameters: controls } = withGradients(set.graph.layers.flat(), parameters);
      ofGradients = controls;
      const kept = keptOf(chosen, graph, index);
      for (const [value, leaf] of set.renamed)
        pair(value, kept.get(leaf)).forEach((each) => kept.set(...each));
      for (const [leaf, numbers] of set.feeds(0)) kept.set(leaf, inMemory(numbers));
      const missing = sorted(steps).find((value) => value.origin.kind === 'input' && !kept.has(value));
      if (missing !== undefined) throw new ShapeError(`${missing.label?.name ?? 'An input'} was not given.`);
      layers.push(await capture({ steps, kept }, this.runtime, task));
    }
    return {
      title: this.given.title,
      subtitle: subtitle(mechanism.title, count, graph.heads, graph.queries, graph.keys),
      mechanism: { id: mechanism.id, title: mechanism.title },
      layers,
      heads: graph.heads,
      media: [],
      queries: labels(graph.queries, this.given.words?.query ?? this.given.likelyWords?.query),
      keys: labels(graph.keys, this.given.words?.key ?? this.given.likelyWords?.key),
      axes: arranged.axes,
      parameters: [
        ...arranged.parameters,
        ...(candidates.length > 1
          ? [
              mechanismParameter(
                mechanism,
                candidates.map((each) => each.mechanism),
              ),
            ]
          : []),
        ...described,
        ...ofGradients,
      ],
      notices: [
        ...(this.given.notices ?? []),
        ...arranged.notices,
        ...chosen.notices,
        ...maskNotices(values, graph, this.given.meanings),
        ...wordNotices(this.given.words, graph.queries, graph.keys),
        ...interventionNotices(made),
      ],
      interventions: made,
      forward: performance.now() - begun,
    };
  }

  async dispose(): Promise<void> {
    await this.given.close?.();
  }

  /**
   * The inputs of one layer, read whole, and the mechanism that they are for.
   * @param check told what will be read, before it is
   */
  async layerInputs(
    parameters: ParameterValues,
    layer: number,
    check: (sources: readonly TensorSource[]) => void,
  ): Promise<{
    readonly mechanism: Mechanism;
    readonly tensors: ReadonlyMap<string, Tensor>;
    /** What stands before heads in the inputs as they were given, and which of it was read. */
    readonly front: readonly Picked[];
  }> {
    const arranged = await this.arrange(parameters);
    const candidates = await this.candidates(arranged, undefined);
    const { mechanism, sources, layered } = choose(candidates, parameters['mechanism']);
    const own = [...sources].map(([name, source]) => {
      return [name, layered.has(name) ? oneLayer(source, layer) : source] as const;
    });
    check(own.map(([, source]) => source));
    const tensors = new Map<string, Tensor>();
    for (const [name, source] of own) tensors.set(name, await source.read(wholeOf(source.shape)));
    return { mechanism, tensors, front: frontOf(arranged, layer) };
  }

  private async findGaps(signal: AbortSignal | undefined): Promise<boolean> {
    for (const name of intoValues) {
      const source = this.tensors.get(name);
      if (source !== undefined && (await hasGaps(source, signal))) return true;
    }
    return false;
  }

  /** The controls with what the file says of them as their defaults. */
  private withStandards(parameters: readonly Parameter[]): readonly Parameter[] {
    const { standards = {} } = this.given;
    const fits = Object.entries(standards).filter(([name, value]) =>
      parameters.some(
        (each) =>
          each.name === name &&
          (each.kind !== 'choice' || each.choices.some((choice) => choice.value === String(value))),
      ),
    );
    return withDefaults(parameters, Object.fromEntries(fits));
  }

  private async arrange(parameters: ParameterValues): Promise<Arranged> {
    this.plan ??=
      this.given.plan === undefined ? AxesPlan.make(this.tensors) : Promise.resolve(this.given.plan);
    const plan = await this.plan.catch((error: unknown) => {
      this.plan = undefined;
      throw error;
    });
    return (await plan.retold(parameters)).arrange(parameters);
  }

  private candidates(arranged: Arranged, signal: AbortSignal | undefined): Promise<readonly Candidate[]> {
    const axes = JSON.stringify(arranged.parameters.map(({ value }) => value));
    if (this.found?.axes === axes) return this.found.candidates;
    const candidates = this.findCandidates(arranged, signal).catch((error: unknown) => {
      this.found = undefined;
      throw error;
    });
    this.found = { axes, candidates };
    return candidates;
  }

  /** The mechanism that was meant, then every other that can be built from some of these tensors. */
  private async findCandidates(
    { sources: arranged, layered: told, others: unread }: Arranged,
    signal: AbortSignal | undefined,
  ): Promise<readonly Candidate[]> {
    signal?.throwIfAborted();
    const tensors = new Map(
      [...arranged].map(([name, source]) => [
        name,
        unread.has(name) ? withoutOnes(this.first, name, source) : source,
      ]),
    );
    const isLayered = (name: string): boolean | undefined =>
      arranged.has(name) && !unread.has(name) ? told.has(name) : undefined;
    const { meanings } = this.given;
    // Which mechanism was meant decides how tensors without heads are read: the others are offered on the same terms.
    const own = candidateOf(this.first, tensors, isLayered, meanings);
    const others = mechanisms.flatMap((mechanism) => {
      if (mechanism === this.first) return [];
      const known = new Set(mechanism.inputs.map(({ name }) => name));
      const its = new Map([...tensors].filter(([name]) => known.has(name)));
      return its.size === 0 ? [] : (buildable(mechanism, its, isLayered, meanings) ?? []);
    });
    return [own, ...others];
  }
}

/** An axis of layers or of a batch, and the entry of it that is looked at. */
export interface Picked {
  readonly part: 'layer' | 'batch';
  readonly extent: number;
  readonly at: number;
}

/** Of the tensor with the most axes. */
function frontOf({ axes, entries }: Arranged, layer: number): Picked[] {
  const [widest] = axes.toSorted((a, b) => b.shape.length - a.shape.length);
  let batches = 0;
  return (widest?.axes ?? []).flatMap((part, axis): Picked[] => {
    const extent = widest?.shape[axis] ?? 1;
    if (part === 'layer') return [{ part, extent, at: layer }];
    if (part !== 'batch') return [];
    const entry = entries[batches++] ?? 0;
    return [{ part, extent, at: extent === 1 ? 0 : entry }];
  });
}

function choose(candidates: readonly Candidate[], wanted: ParameterValues[string] | undefined): Candidate {
  const found = candidates.find(({ mechanism }) => wanted === undefined || mechanism.id === wanted);
  if (found === undefined) {
    throw new ParameterError(
      `These tensors can be run through ${candidates.map(({ mechanism }) => mechanism.id).join(', ')}, not ${String(wanted)}.`,
    );
  }
  return found;
}

/** The control that leads from one mechanism to another over the same input. */
export function mechanismParameter(chosen: Mechanism, offered: readonly Mechanism[]): Parameter {
  return {
    kind: 'choice',
    name: 'mechanism',
    title: 'Mechanism',
    note: 'What the input is run through.',
    value: chosen.id,
    default: offered[0]?.id ?? chosen.id,
    choices: offered.map(({ id, title }) => ({ value: id, title })),
  };
}

/** Controls over masks and keys that may be given: where these are not, there is nothing that they could change. */
const ofGiven = ['givenMask', 'keepMask', 'padding', 'lengths', 'queryPlaces'] as const;

/** The names of all controls that any of the mechanisms has for these tensors. */
function everyControl(candidates: readonly Candidate[]): string[] {
  const own = candidates.flatMap((candidate) => candidate.mechanism.parameters(shapesOf(candidate)));
  return ['mechanism', ...ofGiven, ...own.map(({ name }) => name)];
}

/** The leaves of one layer and where their numbers are. */
function keptOf(
  { sources, layered }: Candidate,
  graph: AttentionGraph,
  layer: number,
): Map<Value, TensorSource> {
  const kept = new Map<Value, TensorSource>();
  for (const [name, leaf] of graph.inputs) {
    const source = sources.get(name);
    if (source === undefined) continue;
    kept.set(leaf, layered.has(name) ? oneLayer(source, layer) : source);
  }
  return kept;
}

function chooseMechanism({ mechanism: id, tensors }: TensorInputs): Mechanism {
  const wanted = id ?? mechanismOf(new Set(Object.keys(tensors)));
  const found = mechanisms.find((each) => each.id === wanted);
  if (found === undefined) {
    throw new Error(
      `There is no mechanism “${wanted}”; there are ${mechanisms.map((each) => each.id).join(', ')}.`,
    );
  }
  return found;
}

/** The mechanism that input names speak of. */
function mechanismOf(names: ReadonlySet<string>): string {
  if (names.has('S') || names.has('H')) {
    return names.has('U_a') ? 'bahdanau' : names.has('W_p') ? 'luong-local' : 'luong';
  }
  if (names.has('reward')) return 'hard';
  return [...names].some((name) => name.startsWith('W_')) ? 'multi-head' : 'scaled-dot-product';
}

/** `scaling: 8` means a divisor of 8. */
function spelledOut(parameters: ParameterValues): ParameterValues {
  const { scaling } = parameters;
  return typeof scaling === 'number' ? { ...parameters, scaling: 'number', divisor: scaling } : parameters;
}

function labels(count: number, words: readonly string[] | undefined): Labels {
  return words?.length === count ? { count, words } : { count };
}

function wordNotices(words: TensorInputs['words'], queries: number, keys: number): string[] {
  const sides = [
    { words: words?.query, count: queries, side: 'queries' },
    { words: words?.key, count: keys, side: 'keys' },
  ];
  return sides.flatMap((each) =>
    each.words !== undefined && each.words.length !== each.count
      ? [
          `${each.words.length} labels were found for ${each.count} ${each.side}; positions are shown instead.`,
        ]
      : [],
  );
}

/** "Multi-head attention · 6 layers × 12 heads · 15 × 15" */
export function subtitle(kind: string, layers: number, heads: number, queries: number, keys: number): string {
  return `${kind} · ${formatCount(layers, 'layer')} × ${formatCount(heads, 'head')} · ${queries} queries × ${keys} keys`;
}
