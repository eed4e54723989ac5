import { formatCount } from '../../common/strings.js';
import type { Value } from '../../engine/graph.js';
import { isCausal } from '../../engine/mechanisms/index.js';
import type { AttendParameters } from '../../engine/mechanisms/index.js';
import { inMemory, type Tensor } from '../../engine/tensor.js';
import type { VisionGraph, VisionModel } from '../../models/index.js';
import type { Intervention, Parameter, ParameterValues } from '../../protocol.js';
import type { Runtime } from '../../runtime/session.js';
import { imageLabels, leftOver, type ImageInput } from '../core/image-input.js';
import type { ModelHandle } from '../core/models.js';
import type { Preparation, Setting } from '../core/preparation.js';
import type { ClassScores, Layer, Subject } from '../core/subject.js';
import type { Task } from '../core/task.js';
import { capturable, keep } from '../run/capture.js';
import { checkInterventions } from '../run/check-interventions.js';
import {
  asksForClass,
  classGradients,
  classMeant,
  withClassGradients,
  withoutClass,
} from '../run/class-gradient.js';
import { withGradients } from '../run/gradients.js';
import { intervene, interventionNotices } from '../run/interventions.js';
import { readModelAttention, runModel } from '../run/model-run.js';
import { WeightBudget } from '../run/weight-budget.js';

/** What parameters say to a model. */
interface Reading {
  readonly described: readonly Parameter[];
  readonly attention: AttendParameters;
  readonly interventions: readonly Intervention[];
}

/** Vectors of what an image is compared with instead of a model's own classes. */
export interface Sorted {
  readonly labels: readonly string[];
  readonly independent: boolean;
  /** What scores come from, labelled. // (image, caption) */
  readonly cosines: Value;
  readonly logits: Value;
  /** Numbers that they are fed. */
  readonly feeds: ReadonlyMap<Value, Tensor>;
}

/** What is told to, and wanted of, a model for images beside its attention. */
export interface BesideImage {
  /** Set where a text was brought that the model does not read. */
  readonly unread?: true;
  /** Which of several attentions this is. */
  readonly attention?: string;
  sort?(last: Value): Sorted;
}

/** A graph, and what is made of its last hidden states where that is not its own. */
interface ReadGraph extends VisionGraph {
  readonly also: readonly Value[];
}

/** An image run through a model. */
export class ImagePreparation implements Preparation {
  private plain: Pick<VisionGraph, 'logits' | 'tokens'> | undefined;

  constructor(
    private readonly handle: ModelHandle<VisionModel>,
    private readonly input: ImageInput,
    private readonly runtime: Runtime,
    private readonly beside: BesideImage = {},
  ) {}

  async prepare({ parameters, interventions = [] }: Setting, task: Task): Promise<Subject> {
    const { model } = this.handle;
    const { processed } = this.input;
    const begun = performance.now();
    const { graph: own, sorted, reading } = this.read(parameters, interventions);
    const tokens = own.tokens.length;
    task.progress?.(`${model.name}: ${formatCount(tokens, 'token')}`, null);
    const { graph, feeds: set } = this.withSet(own, reading);
    const budget = new WeightBudget(graph, this.runtime.limits);
    const captured = graph.layers.flatMap(capturable);
    const { logits } = graph;
    const feeds = new Map([...own.inputsOf(processed), ...(sorted?.feeds ?? []), ...set]);
    let states: readonly Tensor<Float32Array>[] = [];
    const tensors = await runModel(
      {
        graph,
        targets: logits === undefined ? captured : [...captured, logits, ...graph.also],
        feeds,
        tokens,
        byLayer: budget.byLayer(tokens),
        interventions: reading.interventions,
        ...(logits !== undefined && asksForClass(parameters)
          ? {
              states: (kept) => {
                states = kept;
              },
            }
          : {}),
      },
      this.runtime,
      task,
    );
    const said = logits === undefined ? undefined : tensors[captured.length];
    const gradients =
      logits === undefined || said === undefined || states.length === 0
        ? undefined
        : await classGradients(
            { graph: { ...graph, logits }, states, feeds, index: classMeant(parameters, said) },
            this.runtime,
            task,
          );
    const forward = performance.now() - begun;
    const kept = new Map([
      ...keep(captured, tensors),
      ...[...feeds].map(([value, tensor]) => [value, inMemory(tensor)] as const),
    ]);
    const derived = graph.layers.map((steps, layer) =>
      said === undefined
        ? { ...withGradients(steps, parameters), given: new Map<Value, Tensor>() }
        : withClassGradients(
            steps,
            parameters,
            { labels: sorted?.labels ?? model.labels, logits: said, gradients },
            layer,
          ),
    );
    return {
      ...this.described(own),
      layers: derived.map(({ steps, given }): Layer => ({
        steps,
        kept: new Map([...kept, ...[...given].map(([value, tensor]) => [value, inMemory(tensor)] as const)]),
      })),
      parameters: [...reading.described, ...(derived[0]?.parameters ?? [])],
      notices: [
        ...budget.notices(model.name),
        ...this.notices(own, said !== undefined),
        ...interventionNotices(reading.interventions),
      ],
      interventions: reading.interventions,
      causal: isCausal(reading.attention.mask),
      forward,
      ...(said === undefined
        ? {}
        : { classes: this.classes(said.data, sorted, tensors[captured.length + 1]) }),
    };
  }

  async dispose(): Promise<void> {
    await this.handle.release();
  }

  /** What is the same whatever is set. */
  private described(
    graph: VisionGraph,
  ): Pick<Subject, 'heads' | 'keys' | 'mechanism' | 'media' | 'pictures' | 'queries' | 'subtitle' | 'title'> {
    const { model } = this.handle;
    const { medium, picture } = this.input;
    const labels = imageLabels(this.input, graph, model.patch);
    const size = `${formatCount(model.layers, 'layer')} × ${formatCount(model.heads, 'head')}`;
    const { rows, columns } = graph.grid;
    return {
      title: `${medium.name} · ${model.name}`,
      subtitle: `${model.family} · ${size} · ${formatCount(labels.count, 'token')} (${columns} × ${rows} patches)`,
      mechanism: { id: 'multi-head', title: 'Multi-head attention' },
      heads: model.heads,
      media: [medium],
      pictures: new Map([[medium.id, picture]]),
      queries: labels,
      keys: labels,
    };
  }

  private classes(
    logits: Float32Array,
    sorted: Sorted | undefined,
    cosines: Tensor<Float32Array> | undefined,
  ): ClassScores {
    const { labels, independent } = sorted ?? this.handle.model;
    return {
      labels,
      logits,
      ...(independent ? { independent } : {}),
      ...(sorted === undefined || cosines === undefined ? {} : { similarities: cosines.data }),
    };
  }

  /** A model's graph, and what is said of an image by what was brought with it. */
  private sorted(graph: VisionGraph): { readonly graph: ReadGraph; readonly sorted: Sorted | undefined } {
    const last = graph.hiddenStates.at(-1);
    const sorted = last === undefined ? undefined : this.beside.sort?.(last);
    if (sorted === undefined) return { graph: { ...graph, also: [] }, sorted };
    return { graph: { ...graph, logits: sorted.logits, also: [sorted.cosines] }, sorted };
  }

  private read(
    parameters: ParameterValues,
    interventions: readonly Intervention[],
  ): { readonly graph: ReadGraph; readonly sorted: Sorted | undefined; readonly reading: Reading } {
    const { model } = this.handle;
    const { processed } = this.input;
    // How many tokens there are, and whether they are sorted, is known of a graph alone.
    this.plain ??= this.sorted(model.build(processed)).graph;
    const { tokens, logits } = this.plain;
    const general = logits === undefined ? parameters : withoutClass(parameters);
    const { described, attention } = readModelAttention(model, tokens.length, general);
    const { graph, sorted } = this.sorted(model.build(processed, attention));
    const known = this.beside.attention === undefined ? {} : { attention: this.beside.attention };
    return {
      graph,
      sorted,
      reading: {
        described,
        attention,
        interventions: checkInterventions(interventions, graph, model.heads, known),
      },
    };
  }

  /** The model's graph with what is set in it. */
  private withSet(
    graph: ReadGraph,
    { interventions }: Reading,
  ): { readonly graph: ReadGraph; readonly feeds: ReadonlyMap<Value, Tensor> } {
    if (interventions.length === 0) return { graph, feeds: new Map() };
    const set = intervene(graph, interventions, this.handle.model.heads);
    return { graph: set.graph, feeds: set.feeds(graph.tokens.length) };
  }

  private notices(graph: VisionGraph, sorts: boolean): readonly string[] {
    const { model } = this.handle;
    return [
      ...this.input.notices,
      ...leftOver(this.input, graph, model.patch),
      ...(graph.interpolated
        ? [
            `${model.name} was trained on another grid of patches: its positions are interpolated for ${graph.grid.columns} × ${graph.grid.rows}, as its family does.`,
          ]
        : []),
      ...(sorts && model.independent && this.beside.sort === undefined
        ? [
            'An image may be of several classes: each has a probability of its own (sigmoid), which do not add up to 1.',
          ]
        : []),
      ...model.remarks,
      ...(model.comparesTexts && this.beside.sort === undefined
        ? [
            `${model.name} reads texts as well: give captions with the image, one a line, to compare it with them.`,
          ]
        : []),
      ...(this.beside.unread === true
        ? [`${model.name} writes nothing about images: the text that was given with the image is not used.`]
        : []),
    ];
  }
}
