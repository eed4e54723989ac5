import { inputsOf, sorted, stepWithRole, type Role, type Value } from '../../../engine/graph.js';
import { sizeOf } from '../../../engine/tensor.js';
import type { Json } from '../../../formats/json-text.js';
import {
  CaptionModel,
  CtcModel,
  isEncoder,
  listOf,
  SpeechModel,
  typeOf,
  VisionModel,
  WritingModel,
  type OpenModel,
} from '../../../models/index.js';
import { isRecord } from '../../../common/values.js';
import type { Fact } from '../../../protocol.js';
import { audioFacts } from './audio-facts.js';
import { imageFacts } from './image-facts.js';
import type { Stack } from './parts.js';

/** "30,522" */
const grouped = (count: number): string => count.toLocaleString('en-US');

/** What a model is like, told from its graph wherever that shows it. */
export function factsOf(model: OpenModel, stacks: readonly Stack[]): Fact[] {
  const { layers, heads, width, checkpoint } = model;
  const decoder = isEncoder(model) ? undefined : model.decoder;
  const [first] = stacks;
  const layer = first === undefined ? undefined : inner(first);
  const size = layer?.step('query')?.shape.at(-1);
  const groups = layer?.step('key')?.shape[0];
  const facts: (readonly [string, string | undefined])[] = [
    ['Family', model.family],
    ['Class', textsOf(checkpoint.config.list('architectures')).join(', ')],
    [
      'Layers × heads',
      decoder === undefined
        ? `${layers} × ${heads}`
        : `encoder ${layers} × ${heads}, decoder ${decoder.layers} × ${decoder.heads}`,
    ],
    [
      'Key–value heads',
      groups === undefined || groups === heads ? undefined : `${groups}, shared by ${heads} of queries`,
    ],
    ['Hidden size (d_model)', grouped(width)],
    ['Head dimension (d_k)', size === undefined ? undefined : grouped(size)],
    ['Intermediate size (d_ff)', layer?.widest === undefined ? undefined : grouped(layer.widest)],
    ...(model instanceof VisionModel || model instanceof CaptionModel ? imageFacts(model) : []),
    ...(model instanceof SpeechModel ? audioFacts(model) : []),
    ...textFacts(model),
    [
      'Position encoding',
      {
        embedded: 'absolute, added to the embeddings',
        rotary: 'rotary (RoPE)',
        bias: 'relative, a bias on scores',
      }[model.positions],
    ],
    ['Normalization', layer?.norms],
    ['Activation', layer?.activation],
    ['Embeddings', isEncoder(model) ? undefined : tied(stacks)],
    ['Weights', weightsOf(model)],
  ];
  return facts.flatMap(([title, value]) => (value === undefined || value === '' ? [] : [{ title, value }]));
}

/** Of what it reads or writes of text. */
function textFacts(model: OpenModel): readonly (readonly [string, string])[] {
  if (model instanceof VisionModel) return [];
  if (model instanceof CtcModel) return [['Characters', grouped(model.vocabulary)]];
  const { vocabulary, limit } = model instanceof WritingModel ? model.decoder : model;
  return [
    ['Vocabulary', `${grouped(vocabulary)} tokens`],
    ['Context', `${grouped(limit)} tokens`],
  ];
}

/** What a layer's graph shows. */
function inner({ layers, hiddenStates }: Stack) {
  const [from, to] = hiddenStates;
  const steps = layers[0] ?? [];
  const step = (role: Role): Value | undefined => stepWithRole(steps, role);
  if (from === undefined || to === undefined) return undefined;
  const values = sorted([to], ({ origin }) => origin === from.origin);
  const names = values.flatMap(({ origin }) => (origin.kind === 'operation' ? [origin.operation.name] : []));
  const norm = names.find((name) => name.endsWith('-norm'));
  const isAfter = to.origin.kind === 'operation' && to.origin.operation.name === norm;
  const kind = norm === 'rms-norm' ? 'RMSNorm' : 'LayerNorm';
  const attended = new Set(sorted(steps.slice(-1)).map(({ origin }) => origin));
  const widths = values.flatMap((value) =>
    isLinear(value) && !attended.has(value.origin) ? [value.shape.at(-1) ?? 0] : [],
  );
  return {
    step,
    norms: norm === undefined ? undefined : `${kind}, ${isAfter ? 'post' : 'pre'}-norm`,
    activation: names.flatMap((name) => activations[name] ?? [])[0],
    widest: widths.length === 0 ? undefined : Math.max(...widths),
  };
}

const activations: Readonly<Record<string, string>> = { gelu: 'GELU', silu: 'SiLU', relu: 'ReLU' };

/** A product with a weight, of token vectors. */
function isLinear({ origin, label, shape }: Value): boolean {
  return (
    origin.kind === 'operation' &&
    origin.operation.name === 'matmul' &&
    label?.step === undefined &&
    shape.length === 2
  );
}

/** Whether a language head reads the word vectors again. */
function tied(stacks: readonly Stack[]): string | undefined {
  const logits = stacks.flatMap((stack) => stack.logits ?? [])[0];
  const embeddings = stacks.flatMap(({ hiddenStates }) => hiddenStates[0] ?? []);
  if (logits === undefined) return undefined;
  const tables = (value: Value): Set<unknown> =>
    new Set(sorted([value]).flatMap(({ origin }) => (origin.kind === 'parameter' ? [origin.source] : [])));
  const words = new Set(embeddings.flatMap((each) => [...tables(each)]));
  return isHeadOf(logits, words) ? 'tied with the LM head' : 'not tied with the LM head';
}

function isHeadOf(logits: Value, words: ReadonlySet<unknown>): boolean {
  for (let value: Value | undefined = logits; value !== undefined; value = inputsOf(value)[0]) {
    const { origin } = value;
    if (origin.kind !== 'operation' || origin.operation.name !== 'matmul') continue;
    const [, weight] = origin.inputs;
    return (
      weight !== undefined &&
      sorted([weight]).some((each) => each.origin.kind === 'parameter' && words.has(each.origin.source))
    );
  }
  return false;
}

/** "22.7 million in float16, 45.1 MB" */
function weightsOf({ checkpoint, size }: OpenModel): string {
  const byType = new Map<string, number>();
  for (const { dtype, shape } of checkpoint.tensors.values()) {
    byType.set(dtype, (byType.get(dtype) ?? 0) + sizeOf(shape));
  }
  const types = [...byType].toSorted(([, a], [, b]) => b - a).map(([dtype]) => dtype);
  return `${types.join(', ')}; ${(size / 1e6).toFixed(1)} MB on disk`;
}

/** What tokenizer.json says of how text is cut. */
export function tokenizerFacts(description: Json | undefined, source: boolean): Fact[] {
  if (!isRecord(description)) {
    return source ? [{ title: 'Model', value: 'SentencePiece (source.spm, vocab.json)' }] : [];
  }
  const model = description['model'] ?? null;
  const vocabulary = isRecord(model) ? model['vocab'] : undefined;
  const size = isRecord(vocabulary) ? Object.keys(vocabulary).length : listOf(vocabulary).length;
  const added = listOf(description['added_tokens']).flatMap((token) =>
    isRecord(token) && token['special'] === true && typeof token['content'] === 'string'
      ? [token['content']]
      : [],
  );
  const shown = added.slice(0, 8).join('  ');
  const facts: [string, string][] = [
    ['Model', isRecord(model) ? typeOf(model) || 'WordPiece or BPE' : ''],
    ['Vocabulary size', size === 0 ? '' : grouped(size)],
    ['Normalizer', typesIn(description['normalizer'], 'normalizers')],
    ['Pre-tokenizer', typesIn(description['pre_tokenizer'], 'pretokenizers')],
    ['Special tokens', added.length > 8 ? `${shown}  … ${added.length} in all` : shown],
  ];
  return facts.flatMap(([title, value]) => (value === '' ? [] : [{ title, value }]));
}

function typesIn(part: Json | undefined, members: string): string {
  if (!isRecord(part)) return 'none';
  const inside = listOf(part[members]).flatMap((each) => (isRecord(each) ? [typeOf(each)] : []));
  return (inside.length > 0 ? inside : [typeOf(part)]).join(', ');
}

function textsOf(values: readonly Json[]): string[] {
  return values.filter((value) => typeof value === 'string');
}
