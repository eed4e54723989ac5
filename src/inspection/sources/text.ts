import { truncated, unknownTokens } from '../core/truncated.js';
import { isCausal } from '../../engine/mechanisms/index.js';
import type { AttendParameters } from '../../engine/mechanisms/index.js';
import type { Value } from '../../engine/graph.js';
import { inMemory, type Tensor, type TensorSource } from '../../engine/tensor.js';
import type { Encoding, Model, ModelGraph, TextSorting } from '../../models/index.js';
import type { Intervention, Labels, Mark, Parameter, ParameterValues } from '../../protocol.js';
import type { Runtime } from '../../runtime/session.js';
import { capturable, keep } from '../run/capture.js';
import type { CausalGraph } from '../run/advance.js';
import { CausalRun } from '../run/causal-run.js';
import { formatCount } from '../../common/strings.js';
import { encoded } from '../run/encoded.js';
import { checkInterventions } from '../run/check-interventions.js';
import { growing, intervene, interventionNotices, isWhole } from '../run/interventions.js';
import { candidatesAfter, generate, settingsNotices } from '../run/generation.js';
import { withGradients } from '../run/gradients.js';
import {
  asksForClass,
  classGradients,
  classMeant,
  withClassGradients,
  withoutClass,
  type ClassTarget,
} from '../run/class-gradient.js';
import { readModelAttention, runModel } from '../run/model-run.js';
import { WeightBudget } from '../run/weight-budget.js';
import type { Preparation, Setting } from '../core/preparation.js';
import type { Task } from '../core/task.js';
import { sortedNotices } from './sorted-notices.js';
import { marksIn, textMedium } from '../core/marks.js';
import { languageModel, writtenBy, type ModelHandle } from '../core/models.js';
import { takeOver, type Source } from '../core/source.js';
import { continuationNotice } from '../../common/strings.js';
import { announced } from '../run/announced.js';
import type { Layer, Next, Subject } from '../core/subject.js';

/** What parameters say to a model. */
interface Reading {
  readonly described: readonly Parameter[];
  readonly attention: AttendParameters;
  readonly interventions: readonly Intervention[];
}

/** A model's graph, and what interventions set in it, for its own number of tokens. */
interface SetGraph extends ModelGraph {
  /** What the text is taken for, where the model sorts texts. // each (1, label) */
  readonly also?: readonly Value[];
  readonly set: ReadonlyMap<Value, Tensor>;
}

/** What a model was trained for beside reading: steps behind its last layer, the same whichever layer and head is shown. */
export interface TaskHead {
  /** Labelled, in reading order, from the last hidden states to what the model says. */
  readonly steps: readonly Value[];
  /** Numbers that they are fed. */
  readonly feeds: ReadonlyMap<Value, Tensor>;
  /** What else of them `conclude` is told. */
  readonly also?: readonly Value[];
  /** What the last step came to, said of what is shown. */
  conclude(subject: Subject, result: Tensor<Float32Array>, also: readonly Tensor<Float32Array>[]): Subject;
}

/** What is told to, and wanted of, a model that reads in both directions, beside its attention. */
export interface Beside {
  /** Whether a token is of a first or a second segment, as the model tells them apart. */
  readonly segments?: readonly number[];
  /** Which of the texts that were brought each token is of; the first where left out. */
  readonly texts?: readonly number[];
  /** Set where a second text was brought that the model does not read. */
  readonly unread?: true;
  /** Which of several attentions this is. */
  readonly attention?: string;
  head?(graph: ModelGraph): TaskHead;
}

/** Text, read by a model that reads, or goes on. */
export const textSource: Source = {
  id: 'text',
  async open({ material, by, continuation }, { models, runtime }) {
    if (material.kind !== 'text') return undefined;
    const { texts } = material;
    const model = languageModel(by?.model);
    if (model === undefined) return undefined;
    const beside: Beside = texts.length === 1 ? {} : { unread: true };
    const handle = await models.acquire(model);
    const preparation = await takeOver(
      handle,
      async () => new TextPreparation(handle, await encoded(handle.model, texts[0]), runtime, beside),
    );
    return { kind: 'preparation', preparation, ...writtenBy(handle, continuation) };
  },
};

/** Text run through a model. */
export class TextPreparation implements Preparation {
  /** What a model added to the text, and how many tokens the text had before. */
  private said = '';
  private readonly own: number;
  /** What is to be told of how it was added. */
  private settings: readonly string[] = [];
  private drawn = false;
  private budget: WeightBudget | undefined;
  private sorts: { readonly own: TextSorting | undefined } | undefined;

  constructor(
    private readonly handle: ModelHandle,
    /** Tokens, which may stand for no text. */
    private encoding: Encoding,
    private readonly runtime: Runtime,
    private readonly beside: Beside = {},
  ) {
    this.own = encoding.ids.length;
  }

  async prepare({ parameters, interventions = [] }: Setting, task: Task): Promise<Subject> {
    const { model } = this.handle;
    const { ids } = this.encoding;
    const reading = this.read(parameters, interventions);
    const { attention } = reading;
    task.progress?.(`${model.name}: ${ids.length} tokens`, null);
    const begun = performance.now();
    // A head behind the last layer is one of a model that reads in both directions, also where a reader masks what comes after.
    if (isCausal(attention.mask) && this.beside.head === undefined && this.sorting === undefined) {
      const build = (tokens: number): CausalGraph => this.build(tokens, reading);
      const budget = this.hold(build(1));
      const byLayer = (count: number): boolean => budget.byLayer(count);
      // A mean over all rows is another one as soon as there are more of them.
      const isGrowing = model.growing || reading.interventions.some(isWhole);
      const run = new CausalRun({ build, growing: isGrowing, byLayer }, this.runtime);
      await run.append(
        ids,
        announced(task, ids.length, () => run.bytesFor(ids.length)),
      );
      return this.causal(parameters, reading, run, performance.now() - begun);
    }
    const graph = this.build(ids.length, reading);
    const head = this.beside.head?.(graph);
    const result = head?.steps.at(-1);
    const targets = [...graph.layers.flatMap(capturable), ...(head?.steps.slice(0, 1) ?? [])];
    const wanted = result === undefined ? targets : [...targets, result, ...(head?.also ?? [])];
    const [logits] = graph.also ?? [];
    let states: readonly Tensor<Float32Array>[] = [];
    const feeds = new Map([...graph.feeds(ids, this.beside.segments), ...(head?.feeds ?? [])]);
    const tensors = await runModel(
      {
        graph,
        targets: logits === undefined ? wanted : [...wanted, logits],
        feeds,
        tokens: ids.length,
        byLayer: this.hold(graph).byLayer(ids.length),
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
    const verdict = logits === undefined ? undefined : tensors[wanted.length];
    const gradients =
      logits === undefined || verdict === undefined || states.length === 0
        ? undefined
        : await classGradients(
            {
              graph: { ...graph, logits },
              states,
              feeds: new Map([...feeds, ...graph.set]),
              index: classMeant(parameters, verdict),
            },
            this.runtime,
            task,
          );
    const forward = performance.now() - begun;
    const given = [...(head?.feeds ?? []), ...graph.set].map(
      ([value, tensor]) => [value, inMemory(tensor)] as const,
    );
    const sources = new Map([...keep(targets, tensors), ...given]);
    const subject = this.subject(
      parameters,
      reading,
      graph,
      () => sources,
      forward,
      verdict === undefined ? undefined : { logits: verdict, gradients },
    );
    const said = tensors[targets.length];
    if (head === undefined || said === undefined) return subject;
    const layers = subject.layers.map(({ steps, kept }) => ({ steps: [...steps, ...head.steps], kept }));
    return head.conclude({ ...subject, layers }, said, tensors.slice(targets.length + 1));
  }

  async dispose(): Promise<void> {
    await this.handle.release();
  }

  /** What was run by a model that never looks ahead, and how it goes on. */
  private causal(parameters: ParameterValues, reading: Reading, run: CausalRun, forward: number): Subject {
    const { model } = this.handle;
    const graph = this.build(run.ids.length, reading);
    const kept = run.kept(graph);
    const keptOf = (layer: number): ReadonlyMap<Value, TensorSource> => kept[layer] ?? new Map();
    const subject = this.subject(parameters, reading, graph, keptOf, forward);
    if (graph.logits === undefined) return subject;
    const next: Next = {
      rows: 'read',
      candidates: (query, count, task) => candidatesAfter(model, run, query, count, task),
      continueWith: async (request, halted, task) => {
        const begun = performance.now();
        const rules = { limit: model.limit, prompt: this.own };
        const said = await generate(model, run, request, halted, task, rules);
        this.drawn ||= said.drawn;
        this.settings = settingsNotices(await model.generation(), this.drawn);
        this.encoding = await extended(this.encoding, run.ids, model);
        this.said = await model.decode(run.ids.slice(this.own));
        // A window may reach as far as there are tokens, of which there are more now.
        const longer = this.read(parameters, reading.interventions);
        return { ...said, subject: this.causal(parameters, longer, run, performance.now() - begun) };
      },
    };
    return { ...subject, next };
  }

  private subject(
    parameters: ParameterValues,
    { described, attention, interventions }: Reading,
    graph: ModelGraph,
    sourcesOf: (layer: number) => ReadonlyMap<Value, TensorSource>,
    forward: number,
    verdict?: Omit<ClassTarget, 'labels'>,
  ): Subject {
    const { model } = this.handle;
    const { sorting } = this;
    const target =
      verdict === undefined || sorting === undefined || sorting.kind === 'number'
        ? undefined
        : { ...verdict, labels: sorting.labels };
    const derived = graph.layers.map((steps, layer) =>
      target === undefined
        ? { ...withGradients(steps, parameters), given: new Map<Value, Tensor>() }
        : withClassGradients(steps, parameters, target, layer),
    );
    const media = [...new Set([0, ...(this.beside.texts ?? [])])].map(textMedium);
    const labels = labelsOf(this.encoding, this.beside.texts);
    return {
      title: model.name,
      subtitle: `${model.family} · ${formatCount(model.layers, 'layer')} × ${formatCount(model.heads, 'head')} · ${formatCount(labels.count, 'token')}`,
      mechanism: { id: 'multi-head', title: 'Multi-head attention' },
      layers: derived.map(({ steps, given }, layer): Layer => {
        const own = [...given].map(([value, tensor]) => [value, inMemory(tensor)] as const);
        return { steps, kept: own.length === 0 ? sourcesOf(layer) : new Map([...sourcesOf(layer), ...own]) };
      }),
      heads: model.heads,
      media,
      queries: labels,
      keys: labels,
      parameters: [...described, ...(derived[0]?.parameters ?? [])],
      notices: [
        ...sortedNotices(model.name, sorting, verdict?.logits),
        ...this.notices(),
        ...interventionNotices(interventions),
      ],
      interventions,
      causal: isCausal(attention.mask),
      forward,
      ...(target === undefined
        ? {}
        : {
            classes: {
              labels: target.labels,
              logits: target.logits.data,
              ...(sorting?.kind === 'several' ? { independent: true as const } : {}),
            },
          }),
    };
  }

  private read(parameters: ParameterValues, interventions: readonly Intervention[]): Reading {
    const { model } = this.handle;
    const { length } = this.encoding.ids;
    const general = this.sorting === undefined ? parameters : withoutClass(parameters);
    const { described, attention } = readModelAttention(model, length, general);
    if (interventions.length === 0) return { described, attention, interventions };
    const graph = model.build(length, attention);
    // What a model added came after the values.
    const named = this.beside.attention;
    const known = {
      ...(length > this.own ? { openColumns: growing.both } : {}),
      ...(named === undefined ? {} : { attention: named }),
    };
    return {
      described,
      attention,
      interventions: checkInterventions(interventions, graph, model.heads, known),
    };
  }

  /** The model's graph with what is set in it. */
  private build(tokens: number, { attention, interventions }: Reading): SetGraph {
    const { model } = this.handle;
    const graph = model.build(tokens, attention);
    const own = this.sorting === undefined ? graph : { ...graph, also: [model.classLogits(graph)] };
    if (interventions.length === 0) return { ...own, set: new Map() };
    const set = intervene(own, interventions, model.heads, () => growing.both);
    const { feeds } = set;
    return {
      ...set.graph,
      feeds: (ids, segments) => new Map([...own.feeds(ids, segments), ...feeds(ids.length)]),
      set: feeds(tokens),
    };
  }

  /** What the model sorts the text into, where that is all that it is asked. */
  private get sorting(): TextSorting | undefined {
    if (this.beside.head !== undefined) return undefined;
    this.sorts ??= { own: this.handle.model.sorting };
    return this.sorts.own;
  }

  private hold(graph: Pick<ModelGraph, 'hiddenStates'>): WeightBudget {
    this.budget = new WeightBudget(graph, this.runtime.limits);
    return this.budget;
  }

  /** Whether the model would write, had its file what it takes. */
  private get isSilent(): boolean {
    const { decoder, attention, writes, embeds } = this.handle.model;
    if (this.sorting !== undefined) return false;
    return !writes && !embeds && (decoder !== undefined || attention.mask.kind === 'causal');
  }

  private notices(): string[] {
    const { ids } = this.encoding;
    const { model } = this.handle;
    return [
      ...(this.said === '' ? [] : [continuationNotice(this.said), ...this.settings]),
      ...(this.budget?.notices(model.name) ?? []),
      ...truncated(ids.length, this.encoding),
      ...model.remarks,
      ...unknownTokens(this.encoding),
      ...(model.answers && this.beside.head === undefined
        ? [
            `${model.name} points at answers: select a question together with the text that answers it, or the question first and the text as a second selection.`,
          ]
        : []),
      ...(model.embeds && this.beside.attention === undefined
        ? [
            `${model.name} reads texts to compare them with images: it says no next token, and nothing is compared here. Open an image with captions, one a line, to see both.`,
          ]
        : []),
      ...(this.isSilent && model.decoder !== undefined
        ? [
            `${model.name} has no language head: it cannot write, and its encoder alone is shown. Give a target as a second selection to see the decoder.`,
          ]
        : []),
      ...(this.isSilent && model.decoder === undefined
        ? [`${model.name} has no language head: no next token is offered.`]
        : []),
      ...(this.beside.unread === undefined
        ? []
        : [
            `${model.name} reads one text: the second selection was not used. An encoder–decoder model takes it as its target.`,
          ]),
    ];
  }
}

/** With the tokens that a model added; they have no place in the text that was inspected. */
async function extended(encoding: Encoding, ids: readonly number[], model: Model): Promise<Encoding> {
  const added = ids.slice(encoding.ids.length);
  const tokens = await Promise.all(added.map((id) => model.spell(id)));
  return {
    ids,
    tokens: [...encoding.tokens, ...tokens],
    ranges: [...encoding.ranges, ...added.map(() => null)],
    unknown: encoding.unknown,
    total: encoding.total + added.length,
    ...(encoding.more === undefined ? {} : { more: encoding.more }),
  };
}

function labelsOf({ tokens, ranges }: Encoding, texts?: readonly number[]): Labels {
  const marks = ranges.map(
    (range, at): Mark | null => marksIn(textMedium(texts?.[at] ?? 0), [range])[0] ?? null,
  );
  return { count: tokens.length, words: tokens, marks };
}
