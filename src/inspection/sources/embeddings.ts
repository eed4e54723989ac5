import { mechanisms, standardAttention, withValues, type Mechanism } from '../../engine/mechanisms/index.js';
import { parameter, type Value } from '../../engine/graph.js';
import { layerNorm } from '../../engine/ops/index.js';
import { inMemory, type Shape, type Tensor, type TensorSource } from '../../engine/tensor.js';
import { ModelError, type Encoding, type Model } from '../../models/index.js';
import type { Labels, Medium, ModelReference, Parameter, ParameterValues, Span } from '../../protocol.js';
import type { Runtime } from '../../runtime/session.js';
import type { Preparation, Setting } from '../core/preparation.js';
import type { Task } from '../core/task.js';
import { marksIn, textMedium } from '../core/marks.js';
import { exportPath, type LanguageModelReference, type ModelHandle } from '../core/models.js';
import { takeOver, type Source } from '../core/source.js';
import { ownValues } from './own-values.js';
import { identityMatrix, seededNormal } from './seeded.js';
import type { Subject } from '../core/subject.js';
import { mechanismParameter, TensorPreparation } from './tensors.js';

/** Words of a text, without the special tokens that only a model needs. */
interface Words {
  readonly ids: readonly number[];
  readonly tokens: readonly string[];
  readonly ranges: readonly Span[];
}

type VectorKind = 'words' | 'standardised';

/** What a mechanism's inputs are made of, where there is nothing but text. */
interface Material {
  /** Of the queries. // (query, model) */
  readonly queries: Tensor<Float32Array>;
  /** Of keys and values. // (key, model) */
  readonly keys: Tensor<Float32Array>;
  weight(name: string, shape: Shape): Tensor<Float32Array>;
}

/** Text, of which a mechanism reads the embeddings. */
export const embeddingsSource: Source = {
  id: 'embeddings',
  async open({ material, by }, { models, runtime }) {
    if (material.kind !== 'text' || by?.mechanism === undefined) return undefined;
    const mechanism = mechanismOf(by.mechanism);
    const [first, second] = material.texts;
    const preparation = await takeOver(
      await models.acquire(withEmbeddings(by.model)),
      async (handle) =>
        new EmbeddingPreparation(
          handle,
          await wordsOf(handle.model, first),
          second === undefined ? undefined : await wordsOf(handle.model, second),
          mechanism,
          runtime,
        ),
    );
    return { kind: 'preparation', preparation };
  },
};

/** @throws ModelError where there is none of that id */
function mechanismOf(id: string): Mechanism {
  const found = mechanisms.find((each) => each.id === id);
  if (found !== undefined) return found;
  const known = mechanisms.map((each) => each.id).join(', ');
  throw new ModelError(`There is no mechanism “${id}”; there are ${known}.`);
}

/** The model whose embeddings are read: date models and exports have none that can be told, and the notice says whose they are. */
function withEmbeddings(model: ModelReference = { kind: 'embedded' }): LanguageModelReference {
  return model.kind === 'dates' || exportPath(model) !== undefined ? { kind: 'embedded' } : model;
}

/**
 * Text run through a mechanism without a model: a model gives only its word vectors. Weights that the mechanism needs are
 * the identity, or drawn from a seed, and that is said.
 */
export class EmbeddingPreparation implements Preparation {
  constructor(
    private readonly handle: ModelHandle,
    private readonly keys: Words,
    /** The words of the queries, where these are not the same. */
    private readonly second: Words | undefined,
    private readonly first: Mechanism,
    private readonly runtime: Runtime,
  ) {}

  async prepare({ parameters, interventions }: Setting, task: Task): Promise<Subject> {
    const { handle, runtime, keys, second, first } = this;
    const begun = performance.now();
    const choice = mechanismParameter(first, [first, ...mechanisms.filter((each) => each !== first)]);
    const [chosen = choice] = withValues([choice], pick(parameters, [choice]));
    const mechanism = mechanisms.find(({ id }) => id === chosen.value) ?? first;
    const own = ownParameters(mechanism);
    const settings = withValues(own, pick(parameters, own));
    const values = Object.fromEntries(settings.map(({ name, value }) => [name, value]));
    const kind: VectorKind = values['vectors'] === 'standardised' ? 'standardised' : 'words';

    const keyVectors = await this.vectors(keys, kind, task);
    const material: Material = {
      keys: keyVectors,
      queries: second === undefined ? keyVectors : await this.vectors(second, kind, task),
      weight: (name, shape) =>
        values['weightValues'] === 'seeded'
          ? seededNormal(shape, seedOf(values['weightSeed'], name), 1 / Math.sqrt(shape[0] ?? 1))
          : shape.length === 1
            ? { shape, data: new Float32Array(shape[0] ?? 0).fill(1) }
            : identityMatrix(shape),
    };
    const tensors = inputsOf(mechanism, material, values);
    const inner = new TensorPreparation(
      { title: handle.model.name, tensors: sources(tensors), mechanism: mechanism.id },
      runtime,
    );
    const outer = new Set([...own.map(({ name }) => name), 'mechanism']);
    const ofInner = innerValues(mechanism, material, parameters);
    const setting = { parameters: { ...ofInner, mechanism: mechanism.id }, interventions };
    const subject = await inner.prepare(setting, task);
    return {
      ...subject,
      title: `Embeddings of ${handle.model.name}`,
      media: second === undefined ? [textMedium(0)] : [textMedium(0), textMedium(1)],
      queries: second === undefined ? labelsOf(keys, textMedium(0)) : labelsOf(second, textMedium(1)),
      keys: labelsOf(keys, textMedium(0)),
      parameters: [chosen, ...settings, ...subject.parameters.filter(({ name }) => !outer.has(name))],
      notices: [
        noteOf(mechanism, tensors, handle.model.name, kind, second !== undefined, values),
        ...subject.notices,
      ],
      forward: performance.now() - begun,
    };
  }

  async dispose(): Promise<void> {
    await this.handle.release();
  }

  /** A row for each word. // (n, model) */
  private async vectors(words: Words, kind: VectorKind, task: Task): Promise<Tensor<Float32Array>> {
    const graph = this.handle.model.build(words.ids.length, standardAttention);
    const target = kind === 'words' ? graph.words : standardised(graph.words);
    const [vectors] = await this.runtime.run([target], graph.feeds(words.ids), task);
    if (vectors === undefined) throw new ModelError(`${this.handle.model.name} gave no word vectors.`);
    return vectors;
  }
}

async function wordsOf(model: Model, text: string): Promise<Words> {
  if (text.trim() === '') throw new ModelError('There is no text to inspect: it is empty.');
  const encoding: Encoding = await model.encode(text);
  const ids: number[] = [];
  const tokens: string[] = [];
  const ranges: Span[] = [];
  encoding.ranges.forEach((range, at) => {
    const [id, token] = [encoding.ids[at], encoding.tokens[at]];
    if (range === null || id === undefined || token === undefined) return;
    ids.push(id);
    tokens.push(token);
    ranges.push(range);
  });
  if (ids.length === 0) throw new ModelError('The tokenizer made no word of this text.');
  return { ids, tokens, ranges };
}

/** Each vector with mean 0 and variance 1, as a layer of a Transformer reads it. */
function standardised(words: Value): Value {
  const width = words.shape.at(-1) ?? 0;
  const constant = (value: number): Value =>
    parameter(inMemory({ shape: [width], data: new Float32Array(width).fill(value) }));
  return layerNorm(words, constant(1), constant(0), 1e-12);
}

/** The columns that seeded projections have, as many as a head of a small Transformer. */
const hidden = 64;

/** A mechanism's inputs from words alone. */
function inputsOf(
  mechanism: Mechanism,
  { queries, keys, weight }: Material,
  values: ParameterValues,
): Record<string, Tensor<Float32Array>> {
  const width = keys.shape[1] ?? 0;
  const columns = values['weightValues'] === 'seeded' ? hidden : width;
  const has = (name: string): boolean => mechanism.inputs.some((each) => each.name === name);
  if (has('W_Q')) {
    const weights = ['W_Q', 'W_K', 'W_V', 'W_O'].map((name) => [name, weight(name, [width, width])] as const);
    const inputs = queries === keys ? { X: keys } : { Xq: queries, Xkv: keys };
    return { ...inputs, ...Object.fromEntries(weights) };
  }
  if (!has('S')) return { Q: queries, K: keys, V: keys };
  const states = { S: queries, H: keys };
  if (has('U_a')) {
    return {
      ...states,
      W_a: weight('W_a', [width, columns]),
      U_a: weight('U_a', [width, columns]),
      v_a: weight('v_a', [columns]),
    };
  }
  const score = values['score'];
  const compared =
    score === 'concat'
      ? { W_a: weight('W_a', [2 * width, columns]), v_a: weight('v_a', [columns]) }
      : score === 'general'
        ? { W_a: weight('W_a', [width, width]) }
        : {};
  const placed = has('W_p') ? { W_p: weight('W_p', [width, columns]), v_p: weight('v_p', [columns]) } : {};
  return { ...states, ...compared, ...placed, W_c: weight('W_c', [2 * width, width]) };
}

/** The values for the mechanism itself, without those for the text around it. */
function innerValues(chosen: Mechanism, material: Material, parameters: ParameterValues): ParameterValues {
  const shapeOnly: Material = { ...material, weight: (_, shape) => ({ shape, data: new Float32Array() }) };
  const controlsOf = (mechanism: Mechanism): readonly Parameter[] => {
    const tensors = Object.entries(inputsOf(mechanism, shapeOnly, parameters));
    return mechanism.parameters(Object.fromEntries(tensors.map(([name, { shape }]) => [name, shape])));
  };
  const everywhere = mechanisms.flatMap((each) => [...ownParameters(each), ...controlsOf(each)]);
  return ownValues(controlsOf(chosen), ['mechanism', ...everywhere.map(({ name }) => name)], parameters);
}

/** The controls that text without a model has beside the mechanism’s own. */
function ownParameters(mechanism: Mechanism): readonly Parameter[] {
  const needsWeights = mechanism.inputs.some(({ name }) => name === 'W_Q' || name === 'W_a');
  return [
    {
      kind: 'choice',
      name: 'vectors',
      title: 'Vectors',
      note: 'The word vectors as they are, or each brought to mean 0 and variance 1, as a Transformer’s layer reads them.',
      value: 'words',
      default: 'words',
      choices: [
        { value: 'words', title: 'Raw' },
        { value: 'standardised', title: 'Standardised' },
      ],
    },
    ...(needsWeights ? weightParameters : []),
    ...(mechanism.inputs.some(({ name }) => name === 'W_c') ? [scoreChoice] : []),
  ];
}

const weightParameters: readonly Parameter[] = [
  {
    kind: 'choice',
    name: 'weightValues',
    title: 'Weights',
    note: 'What stands in for trained weight matrices: the identity, or normal numbers from a seed.',
    value: 'identity',
    default: 'identity',
    choices: [
      { value: 'identity', title: 'Identity' },
      { value: 'seeded', title: 'Seeded' },
    ],
  },
  {
    kind: 'number',
    name: 'weightSeed',
    title: 'Weights’ seed',
    note: 'The same seed gives the same weights.',
    when: { parameter: 'weightValues', is: ['seeded'] },
    value: 1,
    default: 1,
    minimum: 0,
    maximum: 2 ** 31 - 1,
    step: 1,
  },
];

/** As the mechanism's own, but with every score: its weights are made to fit. */
const scoreChoice: Parameter = {
  kind: 'choice',
  name: 'score',
  title: 'Score',
  note: 'How a query’s state is compared with a key’s: sᵀh, sᵀW_a h, or v_aᵀ tanh(W_a[s; h]).',
  value: 'dot',
  default: 'dot',
  choices: [
    { value: 'dot', title: 'Dot' },
    { value: 'general', title: 'General' },
    { value: 'concat', title: 'Concat' },
  ],
};

function pick(values: ParameterValues, parameters: readonly Parameter[]): ParameterValues {
  const names = new Set(parameters.map(({ name }) => name));
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.has(name)));
}

/** Every weight has a seed of its own. */
function seedOf(seed: ParameterValues[string] | undefined, name: string): number {
  const own = [...name].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 65_521, 7);
  return (Number(seed ?? 1) * 65_521 + own) % 2 ** 31;
}

function sources(tensors: Record<string, Tensor<Float32Array>>): Record<string, TensorSource> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, inMemory(tensor)]));
}

function labelsOf({ tokens, ranges }: Words, medium: Medium): Labels {
  return { count: tokens.length, words: tokens, marks: marksIn(medium, ranges) };
}

/** Says plainly what the numbers are made of. */
function noteOf(
  mechanism: Mechanism,
  tensors: Record<string, unknown>,
  model: string,
  kind: VectorKind,
  two: boolean,
  values: ParameterValues,
): string {
  const vectors = `${kind === 'words' ? 'word vectors' : 'word vectors, standardised,'} of ${model}`;
  const sides = two ? 'Queries are the second selection’s' : 'Queries, keys and values are all the same';
  const names = Object.keys(tensors).filter((name) => /^[WUv]_/.test(name));
  const how =
    values['weightValues'] === 'seeded'
      ? `normal numbers from seed ${values['weightSeed'] ?? 1}`
      : 'the identity (vectors: ones)';
  const weights =
    names.length === 0
      ? 'no projections are used'
      : `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} ${how}, not trained`;
  return `No model has run: ${mechanism.title} reads the ${vectors}. ${sides}; ${weights}.`;
}
