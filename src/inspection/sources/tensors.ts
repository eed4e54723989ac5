import {
  mechanisms,
  ParameterError,
  withDefaults,
  withValues,
  type AttentionGraph,
  type Mechanism,
} from '../../engine/mechanisms/index.js';
import { sorted, type Value } from '../../engine/graph.js';
import {
  formatShape,
  inMemory,
  ShapeError,
  sizeOf,
  wholeOf,
  type Shape,
  type Tensor,
  type TensorSource,
} from '../../engine/tensor.js';
import type { Labels, Parameter, ParameterValues } from '../../protocol.js';
import type { Runtime } from '../../runtime/session.js';
import { capture, pair } from '../run/capture.js';
import { formatCount } from '../../common/strings.js';
import { withGradients, withoutGradients } from '../run/gradients.js';
import { checkInterventions } from '../run/check-interventions.js';
import { intervene, interventionNotices } from '../run/interventions.js';
import type { Preparation, Setting } from '../core/preparation.js';
import type { Source } from '../core/source.js';
import { axesControls, AxesPlan, type Arranged } from '../axes/plan.js';
import type { Task } from '../core/task.js';
import { ownValues } from './own-values.js';
import type { Layer, Subject } from '../core/subject.js';

/** Tensors under a mechanism's input names, and what to call the whole. */
export interface TensorInputs {
  readonly title: string;
  readonly tensors: Readonly<Record<string, TensorSource>>;
  /** By id; told from the names where left out. */
  readonly mechanism?: string | undefined;
  readonly words?: { readonly query?: readonly string[]; readonly key?: readonly string[] } | undefined;
  /** Words that are shown where there are as many as rows or columns, and nothing better is known. */
  readonly likelyWords?: { readonly query?: readonly string[]; readonly key?: readonly string[] };
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
  async open({ material, by }, { runtime }) {
    if (material.kind !== 'tensors') return undefined;
    const { tensors } = material;
    const inputs: TensorInputs = {
      title: Object.keys(tensors).join(', '),
      tensors: sourcesOf(tensors),
      mechanism: by?.mechanism,
    };
    return { kind: 'preparation', preparation: new TensorPreparation(inputs, runtime) };
  },
};

/** A source up to this many bytes is read once and kept; a larger one is read in parts each time. */
const keptBytes = 32 << 20;

/** A mechanism with the tensors that are its inputs. */
interface Candidate {
  readonly mechanism: Mechanism;
  readonly sources: ReadonlyMap<string, TensorSource>;
  /** The inputs whose first axis is layers. */
  readonly layered: ReadonlySet<string>;
}

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
    const { mechanism, sources, layered } = choose(candidates, parameters['mechanism']);
    const count = layerCount(sources, layered);
    const shapes = shapesOf(sources, layered);
    const own = this.withStandards(mechanism.parameters(shapes));
    const described = withValues(
      own,
      spelledOut(
        ownValues(own, [...axesControls, ...everyControl(candidates)], withoutGradients(parameters)),
      ),
    );
    const values = Object.fromEntries(described.map(({ name, value }) => [name, value]));
    const graph = mechanism.build(shapes, values);
    // Layers are alike but for their numbers, and for what is set in them.
    const plain = { layers: Array.from({ length: count }, () => graph.steps) };
    const made = checkInterventions(interventions, plain, graph.heads);
    const layers: Layer[] = [];
    let ofGradients: readonly Parameter[] = [];
    for (let index = 0; index < count; index++) {
      task.signal?.throwIfAborted();
      if (count > 1) task.progress?.(`Layer ${index + 1} of ${count}`, index / count);
      const own = made.filter(({ layer }) => layer === index).map((each) => ({ ...each, layer: 0 }));
      const set = intervene({ layers: [graph.steps] }, own, graph.heads);
      const { steps, parameters: controls } = withGradients(set.graph.layers.flat(), parameters);
      ofGradients = controls;
      const kept = keptOf(graph, sources, layered, index);
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

  /** The controls with what the file says of them as their defaults. */
  private withStandards(parameters: readonly Parameter[]): readonly Parameter[] {
    const { standards = {} } = this.given;
    const fits = Object.entries(standards).filter(([name, value]) =>
      parameters.some(
        (each) =>
          each.name === name &&
          (each.kind === 'number' || each.choices.some((choice) => choice.value === String(value))),
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
    return plan.arrange(parameters);
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
    const fitted = new Map(
      [...arranged].map(([name, source]) => [
        name,
        unread.has(name) ? withoutOnes(this.first, name, source) : source,
      ]),
    );
    const tensors = await nameMask(fitted, signal);
    const layeredIn = (mechanism: Mechanism, sources: Candidate['sources']): Set<string> =>
      new Set(
        [...sources].flatMap(([name, source]) => {
          const first =
            arranged.has(name) && !unread.has(name) ? told.has(name) : isLayered(mechanism, name, source);
          return first ? [name] : [];
        }),
      );
    const own = { mechanism: this.first, sources: tensors, layered: layeredIn(this.first, tensors) };
    // Which mechanism was meant decides how tensors without heads are read: the others are offered on the same terms.
    const others = mechanisms
      .filter((mechanism) => mechanism !== this.first)
      .map((mechanism): Candidate => {
        const known = new Set(mechanism.inputs.map(({ name }) => name));
        const sources = new Map([...tensors].filter(([name]) => known.has(name)));
        return { mechanism, sources, layered: layeredIn(mechanism, sources) };
      })
      .filter(canBuild);
    return [own, ...others];
  }
}

function canBuild({ mechanism, sources, layered }: Candidate): boolean {
  if (sources.size === 0) return false;
  const shapes = shapesOf(sources, layered);
  try {
    const values = mechanism.parameters(shapes).map(({ name, value }) => [name, value] as const);
    mechanism.build(shapes, Object.fromEntries(values));
    return true;
  } catch (error) {
    if (error instanceof ShapeError || error instanceof ParameterError) return false;
    throw error;
  }
}

function shapesOf(
  sources: Candidate['sources'],
  layered: Candidate['layered'],
): Readonly<Record<string, Shape>> {
  return Object.fromEntries(
    [...sources].map(([name, { shape }]) => [name, layered.has(name) ? shape.slice(1) : shape]),
  );
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

/** The names of all controls that any of the mechanisms has for these tensors. */
function everyControl(candidates: readonly Candidate[]): string[] {
  const own = candidates.flatMap(({ mechanism, sources, layered }) =>
    mechanism.parameters(shapesOf(sources, layered)),
  );
  return ['mechanism', ...own.map(({ name }) => name)];
}

/** The leaves of one layer and where their numbers are. */
function keptOf(
  graph: AttentionGraph,
  sources: Candidate['sources'],
  layered: Candidate['layered'],
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

/** A mask of zeros and ones says which keys are kept; anything else is added to the scores as it is. */
async function nameMask(
  sources: ReadonlyMap<string, TensorSource>,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, TensorSource>> {
  const mask = sources.get('mask');
  if (mask === undefined || !(await isBinary(mask, signal))) return sources;
  return new Map([...sources].map(([name, source]) => [name === 'mask' ? 'keep' : name, source]));
}

/** Whether there is nothing but zeros and ones in a tensor, and at least one of these. */
async function isBinary(source: TensorSource, signal: AbortSignal | undefined): Promise<boolean> {
  let ones = false;
  const whole = wholeOf(source.shape);
  const [first = { start: 0, end: 0 }, ...rest] = whole;
  for (let start = first.start; start < first.end; start++) {
    signal?.throwIfAborted();
    const { data } = await source.read([{ start, end: start + 1 }, ...rest]);
    if (!data.every((value) => value === 0 || value === 1)) return false;
    ones ||= data.includes(1);
  }
  return ones;
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

function mostAxes(mechanism: Mechanism, name: string): number {
  const axes = mechanism.inputs.find((each) => each.name === name)?.axes ?? [];
  return Math.max(...axes.map((each) => each.length));
}

function isLayered(mechanism: Mechanism, name: string, source: TensorSource): boolean {
  return source.shape.length === mostAxes(mechanism, name) + 1;
}

function layerCount(sources: Candidate['sources'], layered: Candidate['layered']): number {
  const several = [...sources].filter(([name]) => layered.has(name));
  const counts = new Map(several.map(([name, source]) => [source.shape[0] ?? 0, name]));
  if (counts.size > 1) {
    const each = several.map(([name, source]) => `${name} has ${source.shape[0]}`).join(', ');
    throw new ShapeError(`The inputs do not have the same number of layers: ${each}.`);
  }
  const [count = 1] = counts.keys();
  if (count < 1) throw new ShapeError('There is no layer in these tensors: their first axis is empty.');
  return count;
}

/** Leading axes of 1 that are too many for the mechanism, such as a batch of one, are taken off. */
function withoutOnes(mechanism: Mechanism, name: string, source: TensorSource): TensorSource {
  const most = mostAxes(mechanism, name) + 1;
  let taken = 0;
  while (source.shape.length - taken > most && source.shape[taken] === 1) taken++;
  if (source.shape.length - taken > most) {
    throw new ShapeError(
      `${name} has ${source.shape.length} axes, ${formatShape(source.shape)}; at most ${most} can be read.`,
    );
  }
  if (taken === 0) return source;
  const ones = source.shape.slice(0, taken).map(() => ({ start: 0, end: 1 }));
  return {
    shape: source.shape.slice(taken),
    read: (region) =>
      source.read([...ones, ...region]).then(({ data, shape }) => ({ data, shape: shape.slice(taken) })),
  };
}

function oneLayer(source: TensorSource, layer: number): TensorSource {
  return {
    shape: source.shape.slice(1),
    read: (region) =>
      source
        .read([{ start: layer, end: layer + 1 }, ...region])
        .then(({ data, shape }) => ({ data, shape: shape.slice(1) })),
  };
}

/** Reads a small source once, when it is first needed. */
function keepSmall(source: TensorSource): TensorSource {
  if (sizeOf(source.shape) * 4 > keptBytes) return source;
  let kept: Promise<TensorSource> | undefined;
  return {
    shape: source.shape,
    async read(region) {
      kept ??= source.read(wholeOf(source.shape)).then(inMemory);
      return (await kept).read(region);
    },
  };
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

/** Tensors that a caller holds in memory. @throws ShapeError where data and shape do not agree. */
function sourcesOf(
  tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>>,
): Record<string, TensorSource> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => {
      checkTensor(name, tensor);
      return [name, inMemory(tensor)];
    }),
  );
}

function checkTensor(
  name: string,
  { shape, data }: { readonly shape: Shape; readonly data: Tensor['data'] },
): void {
  if (!(data instanceof Float32Array)) throw new ShapeError(`${name} has no Float32Array of numbers.`);
  if (!Array.isArray(shape) || shape.some((extent_) => !Number.isSafeInteger(extent_) || extent_ < 0)) {
    throw new ShapeError(`${name} has no shape of whole numbers.`);
  }
  if (sizeOf(shape) !== data.length) {
    throw new ShapeError(
      `${name} has shape ${formatShape(shape)}, ${sizeOf(shape)} numbers, but ${data.length} were given.`,
    );
  }
}
