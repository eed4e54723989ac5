import { formatCount, shortened } from '../../../common/strings.js';
import { input as leafInput, label, type Value } from '../../../engine/graph.js';
import { withValues } from '../../../engine/mechanisms/index.js';
import { concat } from '../../../engine/ops/index.js';
import { inMemory, type Tensor } from '../../../engine/tensor.js';
import { ModelError, type ImageTextPair, type VisionModel } from '../../../models/index.js';
import type { Labels, Parameter, ParameterValues } from '../../../protocol.js';
import type { Runtime } from '../../../runtime/session.js';
import { imageLabels, leftOver, type ImageInput } from '../../core/image-input.js';
import { marksIn, textMedium } from '../../core/marks.js';
import type { ModelHandle } from '../../core/models.js';
import type { Preparation, Setting } from '../../core/preparation.js';
import type { Layer, Subject } from '../../core/subject.js';
import type { Task } from '../../core/task.js';
import { truncated, unknownTokens } from '../../core/truncated.js';
import { InterventionError } from '../../run/check-interventions.js';
import { runModel } from '../../run/model-run.js';
import { WeightBudget } from '../../run/weight-budget.js';
import { withoutClass } from '../../run/class-gradient.js';
import { ImagePreparation, type Sorted } from '../image-preparation.js';
import { TextPreparation, type TaskHead } from '../text.js';
import { captionOf, stacked, type Caption, type CaptionReader, type CaptionStates } from './captions.js';
import { captionLeaf, compare, match } from './joint.js';
import { captionParameter, sideOf, sideParameter, type Side } from './parameters.js';

/** What the half that reads images makes of the image. */
interface ImageStates {
  /** // (n, model) */
  readonly last: Tensor<Float32Array>;
  /** // (1, feature) */
  readonly embedding: Tensor<Float32Array>;
}

/** What parameters say besides what they say to a half. */
interface Choice {
  readonly described: readonly Parameter[];
  readonly side: Side;
  readonly caption: Caption;
  /** Of the half that is shown. */
  readonly rest: ParameterValues;
}

const medium = textMedium(0);

/** An image and captions, read by both halves of a model that compares them. */
export class ContrastivePreparation implements Preparation {
  private seen: Promise<ImageStates> | undefined;

  constructor(
    private readonly handle: ModelHandle<VisionModel>,
    private readonly input: ImageInput,
    private readonly reader: CaptionReader,
    private readonly runtime: Runtime,
  ) {}

  async prepare({ parameters, interventions = [] }: Setting, task: Task): Promise<Subject> {
    const { described, side, caption, rest } = this.read(parameters);
    const states = await this.reader.all(task);
    const setting = { parameters: rest, interventions };
    if (interventions.length > 0 && (side === 'match' || side === 'pooling')) {
      throw new InterventionError(
        `Steps are set in the attention of ${this.handle.model.name} to the image or to the caption; what is behind their last layers is shown as they give it. Take back what is set, or choose one of these.`,
      );
    }
    const subject = await this.shown(side, caption, states, setting, task);
    return {
      ...subject,
      media: [this.input.medium, medium],
      pictures: new Map([[this.input.medium.id, this.input.picture]]),
      parameters: [...described, ...subject.parameters],
      // What the half that reads texts says of its caption, it says itself.
      notices: [...this.notices(subject, side === 'text' ? caption : undefined), ...subject.notices],
    };
  }

  async dispose(): Promise<void> {
    this.seen = undefined;
    await this.handle.release();
  }

  private get pair(): ImageTextPair {
    return this.reader.pair;
  }

  private shown(
    side: Side,
    caption: Caption,
    states: readonly CaptionStates[],
    setting: Setting,
    task: Task,
  ): Promise<Subject> {
    switch (side) {
      case 'image':
        return this.imageSide(states, setting, task);
      case 'text':
        return this.textSide(caption, states, setting, task);
      case 'pooling':
        return this.pooling(states, task);
      case 'match':
        return this.match(caption, states, task);
    }
  }

  private read(parameters: ParameterValues): Choice {
    const { captions } = this.reader;
    const offered = [sideParameter(this.pair.space.pooling !== undefined), ...captionParameter(captions)];
    const names = new Set(offered.map(({ name }) => name));
    const split = (own: boolean): ParameterValues =>
      Object.fromEntries(Object.entries(parameters).filter(([name]) => names.has(name) === own));
    const { caption: wanted, ...others } = split(true);
    const described = withValues(
      offered,
      captions.length < 2 || wanted === undefined ? others : { ...others, caption: wanted },
    );
    const values = Object.fromEntries(described.map(({ name, value }) => [name, value]));
    const side = sideOf(values['attention']);
    const caption = captions[Number(values['caption'] ?? 0)];
    if (caption === undefined) throw new ModelError('There is no such caption.');
    return { described, side, caption, rest: side === 'image' ? split(false) : ofNoClass(split(false)) };
  }

  /** The image among itself, and how well captions fit it. */
  private imageSide(states: readonly CaptionStates[], setting: Setting, task: Task): Promise<Subject> {
    const shown = new ImagePreparation(this.handle, this.input, this.runtime, {
      attention: 'image',
      sort: (last) => this.sorted(last, states),
    });
    return shown.prepare(setting, task);
  }

  private sorted(last: Value, states: readonly CaptionStates[]): Sorted {
    const { space } = this.pair;
    const leaf = captionLeaf(states.length, space.width);
    const { cosines, logits } = compare(this.pair, space.image(last), leaf);
    return {
      labels: this.labels,
      independent: space.independent,
      cosines,
      logits,
      feeds: new Map([[leaf, this.embeddings(states)]]),
    };
  }

  /** One caption among itself, and how well all of them fit the image. */
  private async textSide(
    caption: Caption,
    states: readonly CaptionStates[],
    setting: Setting,
    task: Task,
  ): Promise<Subject> {
    const { text } = this.pair;
    const { identity } = this.handle;
    const { embedding } = await this.image(task);
    const half = { model: text, identity, release: () => Promise.resolve() };
    const shown = new TextPreparation(half, caption.encoding, this.runtime, {
      attention: 'text',
      head: ({ hiddenStates }) => this.textHead(hiddenStates.at(-1), caption, states, embedding),
    });
    const subject = await shown.prepare(setting, task);
    return {
      ...subject,
      title: `“${shortened(caption.text, 40)}” · ${this.handle.model.name}`,
      subtitle: subject.subtitle,
    };
  }

  private textHead(
    last: Value | undefined,
    caption: Caption,
    states: readonly CaptionStates[],
    embedding: Tensor<Float32Array>,
  ): TaskHead {
    if (last === undefined) throw new ModelError(`${this.pair.text.name} has no layer.`);
    const { width } = this.pair.space;
    const place = this.reader.captions.indexOf(caption);
    const feeds = new Map<Value, Tensor>();
    const others = (name: string, symbol: string, of: readonly CaptionStates[]): readonly Value[] => {
      if (of.length === 0) return [];
      const leaf = label(leafInput([of.length, width]), { name, symbol, axes: ['caption', 'feature'] });
      feeds.set(leaf, this.embeddings(of));
      return [leaf];
    };
    const hidden = label(last, {
      name: 'hidden',
      symbol: 'H',
      element: 'h',
      axes: ['query', 'model'],
      given: true,
      step: {
        title: 'Last hidden states',
        note: 'One row per token: what the last layer gives, whichever layer is looked at above.',
        scale: 'signed',
        phase: 'match',
      },
    }); // (query, model)
    const own = captionOf(this.pair, hidden, caption.read); // (1, feature)
    const rows = [
      ...others('captions_before', 'E_<', states.slice(0, place)),
      own,
      ...others('captions_after', 'E_>', states.slice(place + 1)),
    ];
    const captions = label(rows.length === 1 ? own : concat(rows, 'rows'), {
      name: 'captions',
      symbol: 'E',
      element: 'e',
      axes: ['caption', 'feature'],
      step: {
        title: 'Captions in the joint space',
        note: `The projected state of token ${caption.read} stands for all of this caption; the others are as they were read.`,
        scale: 'signed',
        phase: 'match',
      },
    }); // (caption, feature)
    const leaf = label(leafInput([1, width]), {
      name: 'image',
      symbol: 'v',
      axes: ['image', 'feature'],
      given: true,
    });
    feeds.set(leaf, embedding);
    const { image, cosines, logits, probabilities } = compare(this.pair, leaf, captions);
    feeds.set(image, embedding);
    return {
      steps: [hidden, captions, image, cosines, logits, probabilities],
      feeds,
      also: [cosines, logits],
      conclude: (subject, _, [similarities, said]) => ({
        ...subject,
        ...(said === undefined || similarities === undefined
          ? {}
          : { classes: this.classes(said.data, similarities.data) }),
      }),
    };
  }

  /** The attention by which the image half makes one vector of all patches. */
  private async pooling(states: readonly CaptionStates[], task: Task): Promise<Subject> {
    const { space } = this.pair;
    const begun = performance.now();
    const { last } = await this.image(task);
    const leaf = label(leafInput(last.shape), {
      name: 'X',
      symbol: 'X',
      axes: ['key', 'model'],
      given: true,
    });
    const found = space.pooling?.(leaf);
    if (found === undefined) throw new ModelError(`${this.handle.model.name} does not pool by attention.`);
    const kept = new Map([[leaf, last], ...sameLeaf(found.steps, leaf).map((step) => [step, last] as const)]);
    return {
      ...this.general(begun),
      subtitle: `${this.handle.model.family} · pooling of the last layer’s states · ${formatCount(found.heads, 'head')}`,
      mechanism: { id: 'multi-head', title: 'Multi-head attention' },
      layers: [layerOf(found.steps, kept)],
      heads: found.heads,
      queries: { count: 1, words: ['[POOL]'] },
      keys: this.patches(),
      classes: await this.comparison(states, task),
    };
  }

  /** Each token of a caption beside each of the image. */
  private async match(caption: Caption, states: readonly CaptionStates[], task: Task): Promise<Subject> {
    const { model } = this.handle;
    const begun = performance.now();
    const { last, embedding } = await this.image(task);
    const own = states[this.reader.captions.indexOf(caption)];
    if (own === undefined) throw new ModelError('There is no such caption.');
    const { words, patches, steps } = match(this.pair, { words: own.last.shape, patches: last.shape });
    const captions = captionLeaf(states.length, this.pair.space.width);
    const leaf = label(leafInput(embedding.shape), {
      name: 'image',
      symbol: 'v',
      axes: ['image', 'feature'],
      given: true,
    });
    const { image, cosines, logits, probabilities } = compare(this.pair, leaf, captions);
    const kept = new Map<Value, Tensor>([
      [words, own.last],
      [patches, last],
      [captions, this.embeddings(states)],
      [leaf, embedding],
      [image, embedding],
    ]);
    const { encoding } = caption;
    const queries: Labels = {
      count: encoding.ids.length,
      words: encoding.tokens,
      marks: marksIn(medium, encoding.ranges),
    };
    return {
      ...this.general(begun),
      title: `“${shortened(caption.text, 40)}” beside ${this.input.medium.name} · ${model.name}`,
      subtitle: `${model.family} · similarity of words and patches, not attention · ${formatCount(queries.count, 'token')} × ${formatCount(last.shape[0] ?? 0, 'image token')}`,
      mechanism: { id: 'similarity', title: 'Similarity in the joint space (not attention)' },
      // What is shown first where nothing else is asked for stands last.
      layers: [layerOf([captions, image, cosines, logits, probabilities, ...steps], kept)],
      heads: 1,
      queries,
      keys: this.patches(),
      classes: await this.comparison(states, task),
    };
  }

  /** What is alike where nothing of a half is run anew. */
  private general(begun: number): Pick<Subject, 'forward' | 'media' | 'notices' | 'parameters' | 'title'> {
    const { model } = this.handle;
    return {
      title: `${this.input.medium.name} · ${model.name}`,
      media: [this.input.medium, medium],
      parameters: [],
      notices: [
        ...this.input.notices,
        ...leftOver(this.input, model.build(this.input.processed), model.patch),
        ...model.remarks,
      ],
      forward: performance.now() - begun,
    };
  }

  private patches(): Labels {
    const { model } = this.handle;
    return imageLabels(this.input, model.build(this.input.processed), model.patch);
  }

  /** How well captions fit the image, as the model was trained. */
  private async comparison(
    states: readonly CaptionStates[],
    task: Task,
  ): Promise<NonNullable<Subject['classes']>> {
    const { embedding } = await this.image(task);
    const leaf = leafInput(embedding.shape); // (1, feature)
    const captions = captionLeaf(states.length, this.pair.space.width);
    const { cosines, logits } = compare(this.pair, leaf, captions);
    const feeds = new Map<Value, Tensor>([
      [leaf, embedding],
      [captions, this.embeddings(states)],
    ]);
    const [similarities, said] = await this.runtime.run([cosines, logits], feeds, task);
    if (similarities === undefined || said === undefined) throw new Error('Nothing was compared.');
    return this.classes(said.data, similarities.data);
  }

  private classes(logits: Float32Array, similarities: Float32Array): NonNullable<Subject['classes']> {
    const { independent } = this.pair.space;
    return { labels: this.labels, logits, similarities, ...(independent ? { independent } : {}) };
  }

  private get labels(): readonly string[] {
    return this.reader.captions.map(({ text }) => text);
  }

  private embeddings(states: readonly CaptionStates[]): Tensor<Float32Array> {
    return stacked(
      states.map(({ embedding }) => embedding),
      this.pair.space.width,
    );
  }

  private image(task: Task): Promise<ImageStates> {
    if (this.seen !== undefined) return this.seen;
    const seen = this.readImage(task);
    this.seen = seen;
    seen.catch(() => {
      this.seen = undefined;
    });
    return seen;
  }

  private async readImage(task: Task): Promise<ImageStates> {
    const { model } = this.handle;
    const { processed } = this.input;
    const graph = model.build(processed);
    const hidden = graph.hiddenStates.at(-1);
    if (hidden === undefined) throw new ModelError(`${model.name} has no layer.`);
    const tokens = graph.tokens.length;
    task.progress?.(`${model.name}: ${formatCount(tokens, 'token')}`, null);
    const byLayer = new WeightBudget(graph, this.runtime.limits).byLayer(tokens);
    const targets = [hidden, this.pair.space.image(hidden)];
    const [last, embedding] = await runModel(
      { graph, targets, feeds: graph.inputsOf(processed), tokens, byLayer, interventions: [] },
      this.runtime,
      task,
    );
    if (last === undefined || embedding === undefined) throw new Error('The image gave no vector.');
    return { last, embedding };
  }

  private notices({ classes }: Subject, told: Caption | undefined): readonly string[] {
    const { space, text } = this.pair;
    const { captions } = this.reader;
    const bias = space.independent ? ', plus logit_bias' : '';
    const how = space.independent
      ? 'each has a probability of its own (sigmoid)'
      : 'the probabilities are the softmax over the captions that were given';
    const fit = captions.map(({ text: said }, at) => ({ said, cosine: classes?.similarities?.[at] ?? NaN }));
    const best = fit.reduce<(typeof fit)[number] | undefined>(
      (most, each) => (most === undefined || each.cosine > most.cosine ? each : most),
      undefined,
    );
    return [
      ...(best === undefined
        ? []
        : [
            `Compared with ${formatCount(captions.length, 'caption')}, one a line: the image is most similar to “${shortened(best.said, 60)}” (cosine ${best.cosine.toFixed(4)}). A caption’s logit is exp(logit_scale) times its cosine${bias}; ${how}.`,
          ]),
      ...captions.flatMap((caption, at) => {
        const { encoding, read } = caption;
        const which = captions.length < 2 ? 'The caption' : `Caption ${at + 1}`;
        const losses =
          caption === told ? [] : [...truncated(encoding.ids.length, encoding), ...unknownTokens(encoding)];
        return [
          ...losses.map((loss) => `${which}: ${loss}`),
          ...(!space.independent && read === 0
            ? [
                `${which} has no token that ends it by the settings of ${text.name} (eos_token_id): as transformers has it, its first token stands for it.`,
              ]
            : []),
        ];
      }),
    ];
  }
}

/** Parameter values without those for the gradient of a class, which there is none of. */
function ofNoClass(values: ParameterValues): ParameterValues {
  const { gradient, ...rest } = withoutClass(values);
  return gradient === undefined || gradient === 'class' ? rest : { ...rest, gradient };
}

/** The steps that are a leaf under another name. */
function sameLeaf(steps: readonly Value[], { origin }: Value): readonly Value[] {
  return steps.filter((step) => step.origin === origin);
}

function layerOf(steps: readonly Value[], kept: ReadonlyMap<Value, Tensor>): Layer {
  return {
    steps,
    kept: new Map([...kept].map(([value, tensor]) => [value, inMemory(tensor)] as const)),
  };
}
