import type { Json } from '../../../../formats/json-text.js';
import { isOn, namedAs, type Draft } from './draft.js';
import type { SentencePiece } from './sentencepiece.js';
import {
  namedToken,
  specialToken,
  template,
  type JsonObject,
  type NamedTokens,
  type Settings,
  type SpecialToken,
  type TokenNumbers,
} from './special-tokens.js';

export type BytePairKind = 'llama' | 'gemma' | 'nllb';

export const bytePairTokens: Readonly<Record<BytePairKind, NamedTokens>> = {
  llama: namedAs({ bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>' }),
  gemma: namedAs({
    bos_token: '<bos>',
    eos_token: '<eos>',
    unk_token: '<unk>',
    pad_token: '<pad>',
    mask_token: '<mask>',
  }),
  nllb: {
    ...namedAs({
      bos_token: '<s>',
      eos_token: '</s>',
      unk_token: '<unk>',
      sep_token: '</s>',
      pad_token: '<pad>',
      cls_token: '<s>',
    }),
    mask_token: { token: '<mask>', as: { lstrip: true, normalized: true } },
  },
};

const replace = (pattern: Json, content: string): Json => ({ type: 'Replace', pattern, content });
const oneSpace = replace({ Regex: ' {2,}' }, ' ');
const toSpaces = replace({ String: '▁' }, ' ');
const withoutFirst: Json = { type: 'Strip', content: ' ', start: 1, stop: 0 };

const metaspace = (scheme: 'always' | 'first' | 'never', split: boolean): Json => ({
  type: 'Metaspace',
  replacement: '▁',
  prepend_scheme: scheme,
  split,
});

/** Merges of all pieces of which each is two others, by the number of what comes out. */
function mergesOf(numbers: TokenNumbers): [left: string, right: string][] {
  const merges: [string, string][] = [];
  for (const token of numbers.keys()) {
    let at = 0;
    for (const character of token) {
      at += character.length;
      const [left, right] = [token.slice(0, at), token.slice(at)];
      if (right !== '' && numbers.has(left) && numbers.has(right)) merges.push([left, right]);
    }
  }
  return merges;
}

/** Where Llama's class puts a space before text: at its beginning, with `legacy` behind every added token too. */
export function llamaSpaces(values: JsonObject): Json {
  const first = isOn(values, 'legacy', false) ? 'always' : 'first';
  return metaspace(isOn(values, 'add_prefix_space', true) ? first : 'never', false);
}

const controlIn = ({ pieces }: SentencePiece): SpecialToken[] =>
  pieces.flatMap(({ text, kind }) =>
    kind === 'control' || kind === 'user-defined'
      ? [specialToken(text, { normalized: false, special: kind === 'control' })]
      : [],
  );

/**
 * SentencePiece's BPE models by the classes that transformers (5.24) has for Llama, Gemma and NLLB: pieces join by their
 * numbers, not by their scores.
 * Source: tokenization_llama.py, tokenization_gemma.py, tokenization_nllb.py, convert_slow_tokenizer.py.
 */
export function bytePairs(model: SentencePiece, settings: Settings, kind: BytePairKind): Draft {
  const { values } = settings;
  const numbers = new Map(model.pieces.map(({ text }, id) => [text, id]));
  const pairs = {
    type: 'BPE',
    fuse_unk: true,
    vocab: Object.fromEntries(numbers),
    merges: mergesOf(numbers),
  };
  const common = { numbers, size: numbers.size, named: bytePairTokens[kind], further: controlIn(model) };
  const unknown = namedToken('unk_token', settings, bytePairTokens[kind])?.content ?? '<unk>';
  switch (kind) {
    case 'llama': {
      const prefixed = isOn(values, 'add_prefix_space', true);
      return {
        ...common,
        normalizer: null,
        pre_tokenizer: llamaSpaces(values),
        decoder: {
          type: 'Sequence',
          decoders: [
            toSpaces,
            { type: 'ByteFallback' },
            { type: 'Fuse' },
            ...(prefixed ? [withoutFirst] : []),
          ],
        },
        model: { ...pairs, byte_fallback: true },
      };
    }
    case 'gemma':
      return {
        ...common,
        normalizer: replace({ String: ' ' }, '▁'),
        pre_tokenizer: {
          type: 'Split',
          pattern: { String: ' ' },
          behavior: 'MergedWithPrevious',
          invert: false,
        },
        decoder: { type: 'Sequence', decoders: [toSpaces, { type: 'ByteFallback' }, { type: 'Fuse' }] },
        model: { ...pairs, unk_token: unknown, byte_fallback: true },
      };
    case 'nllb': {
      const list = [
        ...(['bos_token', 'pad_token', 'eos_token', 'unk_token'] as const).map(
          (name) => namedToken(name, settings, bytePairTokens.nllb)?.content ?? '',
        ),
        ...numbers.keys(),
      ];
      const own = new Map([...new Set(list)].map((token, id) => [token, id]));
      const { charsmap } = model;
      const code = typeof values['src_lang'] === 'string' ? values['src_lang'] : 'eng_Latn';
      return {
        ...common,
        numbers: own,
        size: own.size,
        normalizer:
          charsmap === ''
            ? null
            : {
                type: 'Sequence',
                normalizers: [{ type: 'Precompiled', precompiled_charsmap: charsmap }, oneSpace],
              },
        pre_tokenizer: metaspace('always', true),
        decoder: metaspace('always', true),
        model: { ...pairs, vocab: Object.fromEntries(own), unk_token: unknown },
        around({ text, numberOf }) {
          const end = text('eos_token');
          return isOn(values, 'legacy_behaviour', false)
            ? template(['$A', end, code], ['$A', '$B', end, code], numberOf)
            : template([code, '$A', end], [code, '$A', '$B', end], numberOf);
        },
      };
    }
  }
}

/**
 * A SentencePiece model with no class of its own, which follows the model's own settings.
 * Source: transformers 5.24, SpmConverter.build_tokenizer_from_spm_proto.
 */
export function plainPieces(model: SentencePiece, settings: Settings): Draft {
  const { pieces, byteFallback, charsmap, prefixes, tidies, escapes } = model;
  const legacy = isOn(settings.values, 'legacy', true);
  const names = renamed(model, settings);
  const isDefined = pieces.some(({ kind }) => kind === 'user-defined');
  const isPairs = model.kind !== 1;
  const numbers = new Map(names.map((text, id) => [text, id]));
  const normalizers: Json[] = [
    ...(charsmap === '' ? [] : [{ type: 'Precompiled', precompiled_charsmap: charsmap }]),
    ...(tidies ? [replace({ Regex: '\\A +| +\\z' }, ''), oneSpace] : []),
    ...(escapes ? [replace({ String: ' ' }, '▁')] : []),
    // A space that is put before the text is one more where it begins with one.
    ...(prefixes && legacy ? [replace({ Regex: '\\A▁' }, '▁▁')] : []),
  ];
  const defined = names
    .filter((_, id) => pieces[id]?.kind === 'user-defined')
    .toSorted((a, b) => Array.from(b).length - Array.from(a).length)
    .map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  const pretokenizers: Json[] = [
    ...(prefixes ? [metaspace(legacy ? 'always' : 'first', false)] : []),
    ...(isDefined
      ? [{ type: 'Split', pattern: { Regex: defined.join('|') }, behavior: 'Isolated', invert: false }]
      : []),
  ];
  const ends: Json[] = prefixes ? [{ type: 'Fuse' }, withoutFirst] : byteFallback ? [{ type: 'Fuse' }] : [];
  const special = (part: { readonly id: number; readonly text: string }): { token?: string } =>
    part.id < 0 ? {} : { token: part.text };
  return {
    normalizer: { type: 'Sequence', normalizers },
    pre_tokenizer: pretokenizers.length === 0 ? null : { type: 'Sequence', pretokenizers },
    decoder: {
      type: 'Sequence',
      decoders: [toSpaces, ...(byteFallback ? [{ type: 'ByteFallback' }] : []), ...ends],
    },
    model: isPairs
      ? {
          type: 'BPE',
          vocab: Object.fromEntries(numbers),
          merges: scoredMerges(model, names),
          unk_token: model.unknown.text,
          fuse_unk: true,
          byte_fallback: byteFallback,
          ignore_merges: isDefined,
        }
      : {
          type: 'Unigram',
          vocab: pieces.map(({ text, score }) => [text, score]),
          unk_id: model.unknown.id,
          byte_fallback: byteFallback,
        },
    numbers,
    size: numbers.size,
    named: {
      bos_token: special(model.begin),
      eos_token: special(model.end),
      unk_token: special(model.unknown),
    },
    // User-defined pieces are cut by the pre-tokeniser.
    further: controlIn(model).filter(({ special }) => special),
  };
}

/** Pieces may stand for tokens that were named later. */
function renamed({ pieces, kind }: SentencePiece, { added }: Settings): string[] {
  const texts = pieces.map(({ text }) => text);
  if (kind === 1 || added.size === 0) return texts;
  const kept = new Set(texts.filter((_, id) => !added.has(id)));
  return texts.map((text, id) => {
    const name = added.get(id)?.content;
    return name !== undefined && !kept.has(name) ? name : text;
  });
}

/** Merges of normal pieces, the best score first. */
function scoredMerges({ pieces }: SentencePiece, names: readonly string[]): [string, string][] {
  const normal = new Map(
    names.flatMap((text, id): [string, { score: number; id: number }][] => {
      const piece = pieces[id];
      return piece?.kind === 'normal' ? [[text, { score: piece.score, id }]] : [];
    }),
  );
  const ranked: { score: number; id: number; pair: [string, string] }[] = [];
  for (const [token, { score, id }] of normal) {
    let at = 0;
    for (const character of token) {
      at += character.length;
      const pair: [string, string] = [token.slice(0, at), token.slice(at)];
      if (normal.has(pair[0]) && normal.has(pair[1])) ranked.push({ score, id, pair });
    }
  }
  // Within a piece the shorter left part comes first, as it was found.
  ranked.sort((a, b) => b.score - a.score || a.id - b.id);
  return ranked.map(({ pair }) => pair);
}
