import { isRecord } from '../../common/values.js';
import { isCtranslate2, openCtranslate2, type Ctranslate2File } from '../../formats/ctranslate2.js';
import type { NamedTensor } from '../../formats/format.js';
import type { Json } from '../../formats/json-text.js';
import type { ByteSource } from '../../formats/source.js';
import { quoted, utf8 } from '../../formats/untrusted.js';
import type { CheckpointParts } from '../checkpoint.js';
import { Config, listOf } from '../config.js';
import { ModelError } from '../error.js';
import { readBytes, readJson, type CheckpointFolder } from '../folder.js';
import { rowsOf } from '../gguf/derived.js';
import { generationOf, openAiWriting, type WritingSaid } from '../speech/openai-tokens.js';
import type { Weight } from '../weight-files.js';
import { partsOf } from './names.js';

/** The file of weights. */
export const ctranslate2File = 'model.bin';

const maxBytes = 1 << 27;

/** `Activation` of CTranslate2 → what config.json calls it. */
const activations: readonly string[] = ['relu', 'gelu_new', 'silu', 'gelu', 'quick_gelu', 'tanh', 'sigmoid'];

/**
 * Opens a folder of CTranslate2 (as faster-whisper reads them) under the names and settings of Hugging Face's form. Weights are taken apart
 * and dequantised when they are read.
 * @param sources what was opened, also where it fails
 * @returns undefined where its model.bin is another program's
 * @throws ModelError or FormatError where it is damaged, or no Whisper
 */
export async function openCtranslate2Folder(
  folder: CheckpointFolder,
  files: ReadonlySet<string>,
  sources: ByteSource[],
): Promise<CheckpointParts | undefined> {
  const source = await folder.open(ctranslate2File);
  sources.push(source);
  if (!isCtranslate2(await source.read(0, Math.min(source.size, 256)))) return undefined;
  const file = await openCtranslate2(source);
  if (file.spec !== 'WhisperSpec') {
    throw new ModelError(
      `${folder.name} holds a model of CTranslate2 of the kind ${quoted(file.spec)}; of its models Whisper ("WhisperSpec") can be read. Open the model that it was converted from.`,
    );
  }
  if (file.aliases.get('decoder/projection/weight') !== 'decoder/embeddings/weight') {
    throw new ModelError(
      `${folder.name}: ${ctranslate2File} writes with other vectors than it reads ("decoder/projection/weight" is not "decoder/embeddings/weight"), which no Whisper does.`,
    );
  }
  const place = await folder.locate(ctranslate2File);
  const weights = new Map<string, Weight>();
  const variables = new Map<string, string>();
  for (const [variable, tensor] of file.tensors) {
    if (file.aliases.has(variable)) continue;
    const parts = partsOf(variable);
    // What is known by no name is said to be left out.
    if (parts.length === 0) weights.set(variable, { tensor, file: ctranslate2File, place });
    for (const { name, part, of } of parts) {
      weights.set(name, { tensor: partOf(tensor, part, of), file: ctranslate2File, place });
      variables.set(name, variable);
    }
  }
  const said = files.has('config.json') ? await readJson(folder, 'config.json', maxBytes) : {};
  const config = Config.ofClass(settingsOf(file, folder.name), `${folder.name}: ${ctranslate2File}`);
  const vocabulary = config.count('vocab_size', { from: 1, to: 1 << 24 });
  const tokens = await tokensIn(folder, files);
  const writing = writingIn(said) ?? openAiWriting(vocabulary);
  return {
    name: folder.name,
    config,
    settings: `the other weights of ${ctranslate2File}`,
    tokenizer: 'tokenizer.json',
    weights,
    sources,
    remarks: [
      ...quantised(file),
      ...(writing === undefined
        ? [
            `Neither config.json nor the size of the vocabulary says what ${folder.name} never writes: nothing is suppressed.`,
          ]
        : []),
    ],
    nameOf: (name) => variables.get(name) ?? name,
    async json(name) {
      const present = new Set(await folder.list());
      if (name === 'config.json') return undefined;
      if (present.has(name)) return readJson(folder, name, maxBytes);
      if (name === 'preprocessor_config.json') return extractorOf(config);
      return name === 'generation_config.json'
        ? generationOf(
            (text) => tokens.get(text),
            vocabulary,
            writing ?? { suppressed: [], suppressedFirst: [] },
          )
        : undefined;
    },
    async bytes(name) {
      const present = new Set(await folder.list());
      return present.has(name) ? readBytes(folder, name, maxBytes) : undefined;
    },
  };
}

/** One of several weights that lie one behind another, where its numbers lie too. */
function partOf(tensor: NamedTensor, part: number, of: number): NamedTensor {
  const rows = (tensor.shape[0] ?? 0) / of;
  // What does not divide is refused with its shape where the graph is built.
  if (of === 1 || !Number.isInteger(rows)) return tensor;
  const { storage } = tensor;
  return {
    ...rowsOf(tensor, part * rows, (part + 1) * rows),
    ...(storage === undefined
      ? {}
      : {
          storage: {
            ...storage,
            offset: storage.offset + (part * storage.length) / of,
            length: storage.length / of,
          },
        }),
  };
}

/** What config.json would say: sizes are those of the weights. @throws ModelError where one is missing */
function settingsOf({ tensors, numbers }: Ctranslate2File, folder: string): Json {
  const sizes = (name: string, rank: number): readonly number[] => {
    const { shape } = tensors.get(name) ?? {};
    if (shape?.length === rank) return shape;
    throw new ModelError(
      `${folder}: ${ctranslate2File} ${shape === undefined ? 'lacks the variable' : 'has another shape than a Whisper for'} ${quoted(name)}.`,
    );
  };
  const number = (name: string): number => {
    const value = numbers.get(name);
    if (value !== undefined) return value;
    throw new ModelError(`${folder}: ${ctranslate2File} does not say ${quoted(name)}.`);
  };
  const layersOf = (side: string): number => {
    let count = 0;
    while (tensors.has(`${side}/layer_${count}/self_attention/linear_0/weight`)) count++;
    return count;
  };
  const [vocabulary = 0, width = 0] = sizes('decoder/embeddings/weight', 2);
  const [, bands = 0] = sizes('encoder/conv1/weight', 3);
  const inner = (side: string): number => sizes(`${side}/layer_0/ffn/linear_0/weight`, 2)[0] ?? 0;
  const scaled = numbers.get('decoder/scale_embeddings') ?? 0;
  const norms = numbers.get('decoder/pre_norm') ?? 1;
  if (scaled !== 0 || norms !== 1) {
    throw new ModelError(
      `${folder}: ${ctranslate2File} scales its embeddings, or normalises behind attention, which no Whisper does.`,
    );
  }
  return {
    model_type: 'whisper',
    d_model: width,
    vocab_size: vocabulary,
    num_mel_bins: bands,
    max_source_positions: sizes('encoder/position_encodings/encodings', 2)[0] ?? 0,
    max_target_positions: sizes('decoder/position_encodings/encodings', 2)[0] ?? 0,
    encoder_layers: layersOf('encoder'),
    decoder_layers: layersOf('decoder'),
    encoder_attention_heads: number('encoder/num_heads'),
    decoder_attention_heads: number('decoder/num_heads'),
    encoder_ffn_dim: inner('encoder'),
    decoder_ffn_dim: inner('decoder'),
    activation_function: activations[numbers.get('decoder/activation') ?? 3] ?? null,
  };
}

/** By what they are called. @throws ModelError where the file is no list of words */
async function tokensIn(
  folder: CheckpointFolder,
  files: ReadonlySet<string>,
): Promise<ReadonlyMap<string, number>> {
  const numbered = (words: readonly unknown[]): ReadonlyMap<string, number> =>
    new Map(words.flatMap((word, id) => (typeof word === 'string' ? [[word, id] as const] : [])));
  if (files.has('vocabulary.json')) {
    return numbered(listOf(await readJson(folder, 'vocabulary.json', maxBytes)));
  }
  if (!files.has('vocabulary.txt')) return new Map();
  const text = utf8(await readBytes(folder, 'vocabulary.txt', maxBytes));
  if (text === undefined) throw new ModelError(`${folder.name}: vocabulary.txt is not text in UTF-8.`);
  return numbered(text.split('\n'));
}

function writingIn(config: Json): WritingSaid | undefined {
  if (!isRecord(config)) return undefined;
  const { suppress_ids: never, suppress_ids_begin: first, alignment_heads: heads } = config;
  if (never === undefined && first === undefined) return undefined;
  const ids = (value: Json | undefined): number[] => listOf(value).filter((each) => typeof each === 'number');
  const pairs = listOf(heads).flatMap((pair): (readonly [number, number])[] => {
    const [layer, head] = listOf(pair);
    return typeof layer === 'number' && typeof head === 'number' ? [[layer, head]] : [];
  });
  return {
    suppressed: ids(never),
    suppressedFirst: ids(first),
    ...(pairs.length === 0 ? {} : { alignmentHeads: pairs }),
  };
}

/** As faster-whisper has it where nothing is said, for as many bands as the model reads. */
function extractorOf(config: Config): Json {
  return {
    feature_size: config.raw('num_mel_bins') ?? null,
    chunk_length: Number(config.raw('max_source_positions')) / 50,
  };
}

/** What is known of the numbers being rounded. */
function quantised({ tensors }: Ctranslate2File): readonly string[] {
  const types = new Set([...tensors].map(([, { dtype }]) => dtype).filter((each) => each.startsWith('int')));
  return types.size === 0
    ? []
    : [
        `The weights are kept as ${[...types].join(' and ')} and were read as the numbers that they stand for; CTranslate2 itself rounds what it multiplies with them too, unless it is told to compute in float32.`,
      ];
}
