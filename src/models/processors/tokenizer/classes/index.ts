import { isRecord } from '../../../../common/values.js';
import type { Json } from '../../../../formats/json-text.js';
import { utf8 } from '../../../../formats/untrusted.js';
import { listOf } from '../../../config.js';
import { ModelError } from '../../../error.js';
import { byteLevel, byteLevelTokens, type ByteLevelKind } from './byte-level.js';
import { bytePairs, bytePairTokens, plainPieces, type BytePairKind } from './byte-pairs.js';
import { finished, type Draft } from './draft.js';
import { m2m100Tokenizer } from './m2m100.js';
import { readSentencePiece } from './sentencepiece.js';
import {
  addedTokens,
  settingsIn,
  tokenOf,
  type JsonObject,
  type NamedTokens,
  type Settings,
  type SpecialToken,
} from './special-tokens.js';
import { withSettings } from './settings.js';
import { unigram, unigramTokens, type UnigramKind } from './unigram.js';
import type { TextTokenizer } from '../tokenizer.js';
import { wordPiece, wordPieceTokens } from './word-piece.js';

/** Files that a tokenizer is made of where there is no tokenizer.json; undefined for one that is not there. */
export interface VocabularyFiles {
  json(file: string): Promise<Json | undefined>;
  bytes(file: string): Promise<Uint8Array | undefined>;
}

export type Kind =
  | { readonly of: 'word-piece'; readonly kind: 'bert' | 'mpnet' }
  | { readonly of: 'byte-level'; readonly kind: ByteLevelKind }
  | { readonly of: 'unigram'; readonly kind: UnigramKind; readonly file: string }
  | { readonly of: 'byte-pairs'; readonly kind: BytePairKind; readonly file: string }
  | { readonly of: 'plain'; readonly file: string };

const plain: Kind = { of: 'plain', file: 'tokenizer.model' };
const file = 'sentencepiece.bpe.model';

/** What is made of each class, by its name without "Tokenizer" and "Fast". */
const classes: Readonly<Record<string, Kind>> = {
  Bert: { of: 'word-piece', kind: 'bert' },
  DistilBert: { of: 'word-piece', kind: 'bert' },
  Electra: { of: 'word-piece', kind: 'bert' },
  MobileBert: { of: 'word-piece', kind: 'bert' },
  ConvBert: { of: 'word-piece', kind: 'bert' },
  MPNet: { of: 'word-piece', kind: 'mpnet' },
  GPT2: { of: 'byte-level', kind: 'gpt2' },
  GPTNeoX: { of: 'byte-level', kind: 'gpt-neox' },
  CodeGen: { of: 'byte-level', kind: 'codegen' },
  Qwen2: { of: 'byte-level', kind: 'qwen2' },
  Roberta: { of: 'byte-level', kind: 'roberta' },
  Bart: { of: 'byte-level', kind: 'roberta' },
  Longformer: { of: 'byte-level', kind: 'roberta' },
  LED: { of: 'byte-level', kind: 'roberta' },
  T5: { of: 'unigram', kind: 't5', file: 'spiece.model' },
  MT5: { of: 'unigram', kind: 't5', file: 'spiece.model' },
  Albert: { of: 'unigram', kind: 'albert', file: 'spiece.model' },
  XLNet: { of: 'unigram', kind: 'xlnet', file: 'spiece.model' },
  Pegasus: { of: 'unigram', kind: 'pegasus', file: 'spiece.model' },
  XLMRoberta: { of: 'unigram', kind: 'xlm-roberta', file },
  Camembert: { of: 'unigram', kind: 'camembert', file },
  MBart: { of: 'unigram', kind: 'mbart', file },
  MBart50: { of: 'unigram', kind: 'mbart50', file },
  Nllb: { of: 'byte-pairs', kind: 'nllb', file },
  Llama: { of: 'byte-pairs', kind: 'llama', file: 'tokenizer.model' },
  Gemma: { of: 'byte-pairs', kind: 'gemma', file: 'tokenizer.model' },
};

/** The classes that transformers (5.24) has for model types: TOKENIZER_MAPPING_NAMES. None of their own: "". */
const registered: Readonly<Record<string, string>> = {
  albert: 'Albert',
  bart: 'Roberta',
  bert: 'Bert',
  camembert: 'Camembert',
  codegen: 'GPT2',
  distilbert: 'Bert',
  electra: 'Bert',
  gemma: 'Gemma',
  gemma2: 'Gemma',
  gemma3: 'Gemma',
  gemma3_text: 'Gemma',
  gpt2: 'GPT2',
  gpt_neo: 'GPT2',
  gpt_neox: 'GPTNeoX',
  gptj: 'GPT2',
  led: 'Roberta',
  longformer: 'Roberta',
  m2m_100: 'M2M100',
  mbart: 'MBart',
  mbart50: 'MBart50',
  mistral: '',
  mixtral: '',
  modernbert: '',
  mpnet: 'MPNet',
  mt5: 'T5',
  'nllb-moe': 'Nllb',
  opt: 'GPT2',
  pegasus: 'Pegasus',
  phi: 'GPT2',
  phi3: '',
  qwen2: 'Qwen2',
  qwen2_moe: 'Qwen2',
  qwen3: 'Qwen2',
  qwen3_moe: 'Qwen2',
  roberta: 'Roberta',
  'roberta-prelayernorm': 'Roberta',
  t5: 'T5',
  umt5: '',
  'xlm-roberta': 'XLMRoberta',
  'xlm-roberta-xl': '',
  xlnet: 'XLNet',
};

/** Model types whose class stands whatever their files name: MODELS_WITH_INCORRECT_HUB_TOKENIZER_CLASS. */
const overruled: ReadonlySet<string> = new Set(['qwen2', 'phi3', 'modernbert']);

/** The class that AutoTokenizer takes, by its name; empty for none of its own: transformers 5.24, tokenization_auto.py. */
function classOf(config: Json | undefined, settings: Json | undefined): string {
  const { model_type: type, tokenizer_class: told } = isRecord(config) ? config : {};
  const said = (isRecord(settings) ? settings['tokenizer_class'] : undefined) ?? told;
  const named = typeof said === 'string' ? said.replace(/Fast$/, '').replace(/Tokenizer$/, '') : undefined;
  const own = typeof type === 'string' && Object.hasOwn(registered, type) ? registered[type] : undefined;
  const differs = named !== undefined && own !== undefined && named !== own;
  const taken = differs
    ? own === '' || (typeof type === 'string' && overruled.has(type))
      ? own
      : named
    : (named ?? own ?? '');
  return taken === 'PreTrained' || taken === 'TokenizersBackend' ? '' : taken;
}

const kindOf = (name: string): Kind => (Object.hasOwn(classes, name) ? classes[name] : undefined) ?? plain;

/** The tokens that a class has where nothing else is said. */
function namedBy(kind: Kind): NamedTokens {
  switch (kind.of) {
    case 'word-piece':
      return wordPieceTokens[kind.kind];
    case 'byte-level':
      return byteLevelTokens[kind.kind];
    case 'byte-pairs':
      return bytePairTokens[kind.kind];
    case 'unigram':
      return unigramTokens(kind.kind);
    case 'plain':
      return {};
  }
}

/** A tokenizer.json with what the files beside it say otherwise, as far as transformers (5.24) heeds them. */
export async function withFiles(description: JsonObject, files: VocabularyFiles): Promise<JsonObject> {
  const [config, said] = await Promise.all([files.json('config.json'), files.json('tokenizer_config.json')]);
  const own = listOf(description['added_tokens']).flatMap((each): [number, SpecialToken][] => {
    const token = tokenOf(each);
    const id = isRecord(each) ? each['id'] : undefined;
    return token !== undefined && typeof id === 'number' ? [[id, token]] : [];
  });
  const settings = await settingsIn((each) => files.json(each), new Map(own));
  const name = classOf(config, said);
  const kind = kindOf(name);
  const { model } = description;
  const vocabulary = isRecord(model) ? model['vocab'] : undefined;
  const numbers = new Map(
    isRecord(vocabulary)
      ? Object.entries(vocabulary).flatMap(([token, id]): [string, number][] =>
          typeof id === 'number' ? [[token, id]] : [],
        )
      : listOf(vocabulary).flatMap((each, id): [string, number][] => {
          const [token] = listOf(each);
          return typeof token === 'string' ? [[token, id]] : [];
        }),
  );
  const size = Math.max(numbers.size, ...own.map(([id]) => id + 1));
  for (const [id, { content }] of own) numbers.set(content, id);
  const further = listOf(settings.values['extra_special_tokens']).flatMap((each) => tokenOf(each) ?? []);
  const told = new Set([...settings.added.values()].map(({ content }) => content));
  const kept = new Map([...own.filter(([, { content }]) => !told.has(content)), ...settings.added]);
  const added = addedTokens(numbers, size, { ...settings, added: kept }, namedBy(kind), further);
  const changed = { ...description, added_tokens: added.map((token) => ({ ...token })) };
  return name === '' ? changed : withSettings(changed, settings.values, kind);
}

/**
 * What tokenizer.json would say of a tokenizer that is given by its vocabulary, as transformers (5.24) builds it.
 * @returns undefined where the model is of no kind whose files are known here, or they are not there
 */
export async function describeFiles(files: VocabularyFiles, name: string): Promise<JsonObject | undefined> {
  const [config, said] = await Promise.all([files.json('config.json'), files.json('tokenizer_config.json')]);
  const settings = await settingsIn((each) => files.json(each));
  const draft = await draftOf(kindOf(classOf(config, said)), files, settings, name);
  return draft && finished(draft, settings);
}

/** M2M-100's tokenizer, which is no one's that tokenizer.json could describe; undefined where it is another. */
export async function openM2m100(files: VocabularyFiles, name: string): Promise<TextTokenizer | undefined> {
  const [config, said] = await Promise.all([files.json('config.json'), files.json('tokenizer_config.json')]);
  if (classOf(config, said) !== 'M2M100') return undefined;
  const [pieces, vocabulary] = await Promise.all([files.bytes(file), files.json('vocab.json')]);
  if (pieces === undefined || vocabulary === undefined) return undefined;
  return m2m100Tokenizer(pieces, vocabulary, await settingsIn((each) => files.json(each)), name);
}

async function draftOf(
  kind: Kind,
  files: VocabularyFiles,
  settings: Settings,
  name: string,
): Promise<Draft | undefined> {
  switch (kind.of) {
    case 'word-piece': {
      const list = await files.bytes('vocab.txt');
      return list && wordPiece(linesOf(list, `${name}: vocab.txt`), settings, kind.kind);
    }
    case 'byte-level': {
      const [vocabulary, merges] = await Promise.all([files.json('vocab.json'), files.bytes('merges.txt')]);
      return isRecord(vocabulary) && merges
        ? byteLevel(vocabulary, linesOf(merges, `${name}: merges.txt`), settings, kind.kind)
        : undefined;
    }
    case 'unigram':
    case 'byte-pairs':
    case 'plain': {
      const bytes = await files.bytes(kind.file);
      if (bytes === undefined) return undefined;
      const where = `${name}: ${kind.file}`;
      const model = readSentencePiece(bytes, where);
      if (kind.of === 'unigram') return unigram(model, settings, kind.kind, where);
      return kind.of === 'plain' ? plainPieces(model, settings) : bytePairs(model, settings, kind.kind);
    }
  }
}

function linesOf(bytes: Uint8Array, where: string): string[] {
  const text = utf8(bytes);
  if (text === undefined) throw new ModelError(`${where} is not text in UTF-8.`);
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
