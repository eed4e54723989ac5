import { sorted, type Value } from '../../../engine/graph.js';
import { sizeOf } from '../../../engine/tensor.js';
import {
  CtcModel,
  isEncoder,
  ModelError,
  Reshaped,
  type VisionModel,
  WritingModel,
  type DecoderGraph,
  type OnnxModel,
  type OpenModel,
} from '../../../models/index.js';
import type { Platform } from '../../../platform/platform.js';
import type { LayerPicture, LayerStack, ModelDescription, ModelPage } from '../../../protocol.js';
import { collapsed } from '../../sources/onnx/run.js';
import { factsOf, tokenizerFacts } from './facts.js';
import { licenceIn } from './licence.js';
import { partsOf, type Stack } from './parts.js';
import { pictureOf } from './picture.js';

/** The most names of tensors that a page lists. */
const mostNames = 12;

interface PageStack extends Stack {
  readonly title: string;
  /** Of a decoder. */
  readonly cross?: { readonly layers: readonly (readonly Value[])[]; readonly memory: Value };
}

/** What a model is made of: told from headers and from the graph that would run; no weight is read. @param folder where it lies */
export async function describePage(
  platform: Platform,
  model: OpenModel,
  description: ModelDescription,
  folder: string,
): Promise<ModelPage> {
  const stacks = stacksOf(model);
  const { parts, read: sources } = partsOf(stacks);
  const read = new Set([...sources].map((source) => (source instanceof Reshaped ? source.source : source)));
  const { checkpoint } = model;
  const tensors = [...new Map([...checkpoint.tensors].map(([name, tensor]) => [tensor, name]))];
  const unused = tensors.filter(([tensor]) => !read.has(tensor));
  const count = (list: typeof tensors): number => list.reduce((sum, [{ shape }]) => sum + sizeOf(shape), 0);
  // Beside a model that reads images, it belongs to another half.
  const readsText = !isEncoder(model);
  const tokenizer = readsText ? await checkpoint.json('tokenizer.json') : undefined;
  const source =
    readsText && tokenizer === undefined
      ? await checkpoint.bytes('source.spm').catch(() => undefined)
      : undefined;
  return {
    model: description,
    facts: [...factsOf(model, stacks), ...(await licenceIn(platform, folder))],
    parts: readsText
      ? parts
      : parts.map((part) =>
          part.name === 'head'
            ? { ...part, title: model instanceof CtcModel ? 'Characters (CTC)' : 'Classifier' }
            : part,
        ),
    total: count(tensors),
    unused: { count: count(unused), names: unused.slice(0, mostNames).map(([, name]) => name) },
    tokenizer: tokenizerFacts(tokenizer, source !== undefined),
    stacks: stacks.map(({ title, layers }): LayerStack => ({ title, layers: layers.length })),
  };
}

/** What is told of an export: its graph is its own, and only attention is known in it. */
export async function describeExport(model: OnnxModel, description: ModelDescription): Promise<ModelPage> {
  const { attention, heads, width, limit, inputs, nodes } = model;
  const facts: readonly (readonly [string, string])[] = [
    ['Family', description.family],
    ['Graph', `${nodes.toLocaleString('en-US')} nodes`],
    ['Inputs', inputs.join(', ')],
    ['Attention', `${attention.length} places: ${collapsed(attention.map(({ title }) => title)).join(', ')}`],
    ['Told by', [...new Set(attention.map(({ operator }) => operator))].join(', ')],
    ['Heads', heads === 0 ? '' : String(heads)],
    ['Hidden size (d_model)', width === 0 ? '' : width.toLocaleString('en-US')],
    ['Context', limit === 0 ? '' : `${limit.toLocaleString('en-US')} tokens`],
    ['Weights', `${(description.size / 1e6).toFixed(1)} MB on disk`],
    ['Not told', 'parameters by part, the graph of a layer, head types: they are told of checkpoints'],
  ];
  return {
    model: description,
    facts: facts.flatMap(([title, value]) => (value === '' ? [] : [{ title, value }])),
    parts: [],
    total: 0,
    unused: { count: 0, names: [] },
    tokenizer:
      model.image === undefined && model.sound === undefined
        ? tokenizerFacts(await model.tokenizerDescription(), false)
        : [],
    stacks: [],
  };
}

/** @throws ModelError where there is no such layer */
export function layerPicture(
  model: OpenModel,
  place: { readonly stack: number; readonly layer: number },
): LayerPicture {
  const stack = stacksOf(model)[place.stack];
  const steps = stack?.layers[place.layer];
  const [from, to] = [stack?.hiddenStates[place.layer], stack?.hiddenStates[place.layer + 1]];
  if (stack === undefined || steps === undefined || from === undefined || to === undefined) {
    throw new ModelError(`${model.name} has no such layer.`);
  }
  const crossSteps = stack.cross?.layers[place.layer];
  return pictureOf({
    from,
    to,
    steps,
    ...lengthsOf(model, stack),
    ...(stack.cross === undefined || crossSteps === undefined
      ? {}
      : { cross: { steps: crossSteps, memory: stack.cross.memory } }),
  });
}

/** How many tokens a stack was built for, and what it attends to has. */
function lengthsOf(
  model: OpenModel,
  { cross }: PageStack,
): { readonly tokens: number; readonly source?: number } {
  if (!(model instanceof WritingModel)) return { tokens: tokensOf(model) };
  return cross === undefined ? { tokens: model.limit } : { tokens: tokensOf(model), source: model.limit };
}

function stacksOf(model: OpenModel): PageStack[] {
  if (isEncoder(model)) return [{ title: 'Layers', ...model.usual() }];
  const tokens = tokensOf(model);
  if (model instanceof WritingModel) return writingStacks(model, tokens);
  // A source is one token longer than its target, so that their extents can be told apart.
  const source = model.decoder === undefined ? tokens : Math.min(tokens + 1, model.limit);
  const encoder = model.build(source, model.attention);
  const { decoder } = model;
  if (decoder === undefined) return [{ title: 'Layers', ...encoder }];
  const memory = encoder.hiddenStates.at(-1);
  if (memory === undefined) return [{ title: 'Encoder', ...encoder }];
  return [
    { title: 'Encoder', ...encoder },
    writingStack(model.buildDecoder(tokens, memory, decoder.attention), memory),
  ];
}

function writingStacks(model: WritingModel, tokens: number): PageStack[] {
  const encoder = model.usual();
  const { memory } = encoder;
  return [
    { title: 'Encoder', ...encoder },
    writingStack(model.buildDecoder(tokens, memory, model.decoder.attention), memory),
  ];
}

function writingStack({ layers, hiddenStates, logits, cross }: DecoderGraph, memory: Value): PageStack {
  return { title: 'Decoder', layers, hiddenStates, logits, cross: { layers: cross, memory } };
}

/** How many lengths are tried. */
const tried = 64;

/** A length that, like the next one, is no other extent of the graph: it is shown as n, and the next, of a source, as m. */
function tokensOf(model: OpenModel): number {
  // An image becomes as many as there are patches in it, a recording as many as there are frames.
  if (isEncoder(model)) return model.limit;
  const others = extentsOf(model);
  const written = model.decoder?.limit ?? model.limit;
  const most = Math.max(1, (model instanceof WritingModel ? written : Math.min(model.limit, written)) - 1);
  const lengths = Array.from({ length: Math.min(tried, most) }, (_, at) => at + 1);
  return lengths.find((tokens) => !others.has(tokens) && !others.has(tokens + 1)) ?? most;
}

/** Every extent of a model's graph for one token. */
function extentsOf(model: Exclude<OpenModel, CtcModel | VisionModel>): ReadonlySet<number> {
  const { hiddenStates } = model instanceof WritingModel ? model.usual() : model.build(1, model.attention);
  const memory = model instanceof WritingModel ? model.usual().memory : hiddenStates.at(-1);
  const written =
    model.decoder === undefined || memory === undefined
      ? []
      : model.buildDecoder(1, memory, model.decoder.attention).hiddenStates;
  return new Set(sorted([...hiddenStates, ...written]).flatMap(({ shape }) => shape));
}
