import type { Json } from '../../../../formats/json-text.js';
import { ModelError } from '../../../error.js';
import { isOn, namedAs, specials, type Draft, type Known } from './draft.js';
import { mbart50Languages, mbartLanguages } from './language-codes.js';
import type { SentencePiece } from './sentencepiece.js';
import {
  namedToken,
  specialToken,
  template,
  type NamedTokens,
  type Settings,
  type SpecialToken,
} from './special-tokens.js';

export type UnigramKind =
  't5' | 'xlm-roberta' | 'camembert' | 'albert' | 'xlnet' | 'pegasus' | 'mbart' | 'mbart50';

type Scored = readonly [token: string, score: number];

/** What makes a kind its own; all else is the same. */
interface Shape {
  readonly named: NamedTokens;
  /** The vocabulary, from the model's pieces. */
  readonly list: (
    pieces: readonly Scored[],
    name: (name: keyof NamedTokens) => string,
    settings: Settings,
  ) => Scored[];
  readonly unknown: (list: readonly Scored[], model: SentencePiece, settings: Settings) => number;
  readonly normalizer: (charsmap: Json | undefined, settings: Settings) => Json;
  /** Whether white space of all kinds parts words, and is lost. */
  readonly parts: boolean;
  readonly further?: (control: readonly SpecialToken[], settings: Settings) => readonly SpecialToken[];
  readonly around: (known: Known, settings: Settings) => Json;
}

const roberta = {
  bos_token: '<s>',
  eos_token: '</s>',
  unk_token: '<unk>',
  sep_token: '</s>',
  pad_token: '<pad>',
  cls_token: '<s>',
} as const;

/** The space before it goes with it. */
const mask = (token: string): NamedTokens => ({ mask_token: { token, as: { lstrip: true } } });

/** fairseq's four tokens first, then the pieces from the fourth on. */
const fairseq: Shape['list'] = (pieces, name) => [
  [name('bos_token'), 0],
  [name('pad_token'), 0],
  [name('eos_token'), 0],
  [name('unk_token'), 0],
  ...pieces.slice(3),
];

const table: Shape['normalizer'] = (charsmap) => charsmap ?? null;
const replace = (pattern: string, content: string): Json => ({
  type: 'Replace',
  pattern: { Regex: pattern },
  content,
});
const oneSpace = replace(' {2,}', ' ');
const steps = (normalizers: readonly (Json | undefined)[]): Json => ({
  type: 'Sequence',
  normalizers: normalizers.filter((step) => step !== undefined),
});

const quotes = (settings: Settings, keeps: boolean, lowers: boolean, charsmap: Json | undefined): Json =>
  steps([
    replace('``', '"'),
    replace("''", '"'),
    ...(keeps ? [] : [{ type: 'NFKD' }, { type: 'StripAccents' }]),
    ...(isOn(settings.values, 'do_lower_case', lowers) ? [{ type: 'Lowercase' }] : []),
    charsmap,
  ]);

const pairOfTwo: Shape['around'] = ({ text, numberOf }) => {
  const [begin, end] = [text('bos_token'), text('eos_token')];
  return template([begin, '$A', end], [begin, '$A', end, end, '$B', end], numberOf);
};

const language = ({ values }: Settings): string =>
  typeof values['src_lang'] === 'string' ? values['src_lang'] : 'en_XX';

const numberIn = ({ values }: Settings, name: string, standard: number): number => {
  const value = values[name];
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 10_000
    ? value
    : standard;
};

const extraIds = (settings: Settings): string[] =>
  Array.from({ length: numberIn(settings, 'extra_ids', 100) }, (_, at) => `<extra_id_${at}>`);

const shapes: Readonly<Record<UnigramKind, Shape>> = {
  t5: {
    named: namedAs({ eos_token: '</s>', unk_token: '<unk>', pad_token: '<pad>' }),
    list: (pieces, _, settings) => [
      ...pieces,
      ...extraIds(settings)
        .toReversed()
        .map((token): Scored => [token, 0]),
    ],
    unknown: () => 2,
    normalizer: table,
    parts: true,
    further: (control, settings) => [...control, ...specials(extraIds(settings))],
    around: ({ text, numberOf }) => {
      const end = text('eos_token');
      return template(['$A', end], ['$A', end, '$B', end], numberOf);
    },
  },
  'xlm-roberta': {
    named: namedAs({ ...roberta, mask_token: '<mask>' }),
    list: (pieces, name, settings) => [...fairseq(pieces, name, settings), [name('mask_token'), 0]],
    unknown: () => 3,
    normalizer: table,
    parts: true,
    around: pairOfTwo,
  },
  camembert: {
    named: { ...namedAs(roberta), mask_token: { token: '<mask>', as: { lstrip: true, normalized: false } } },
    list: (pieces, name) => [
      ['<s>NOTUSED', 0],
      [name('pad_token'), 0],
      ['</s>NOTUSED', 0],
      [name('unk_token'), 0],
      ['<unk>NOTUSED', -100],
      ...pieces.slice(1),
      [name('mask_token'), 0],
    ],
    unknown: (list, _, settings) => Math.max(0, placeOf(list, settings, '<unk>')),
    normalizer: table,
    parts: true,
    around: pairOfTwo,
  },
  albert: {
    named: namedAs({
      bos_token: '[CLS]',
      eos_token: '[SEP]',
      unk_token: '<unk>',
      sep_token: '[SEP]',
      pad_token: '<pad>',
      cls_token: '[CLS]',
      mask_token: '[MASK]',
    }),
    list: (pieces) => [...pieces],
    unknown: () => 1,
    normalizer: (charsmap, settings) =>
      quotes(settings, isOn(settings.values, 'keep_accents', false), true, charsmap),
    parts: true,
    around: ({ text, numberOf }) => {
      const [begin, end] = [text('cls_token'), text('sep_token')];
      return template([begin, '$A', end], [begin, '$A', end, '$B:1', `${end}:1`], numberOf);
    },
  },
  xlnet: {
    named: {
      ...namedAs({
        bos_token: '<s>',
        eos_token: '</s>',
        unk_token: '<unk>',
        sep_token: '<sep>',
        pad_token: '<pad>',
        cls_token: '<cls>',
      }),
      ...mask('<mask>'),
    },
    list: (pieces) => [...pieces],
    unknown: (_, model) => model.unknown.id,
    normalizer: (charsmap, settings) => quotes(settings, false, false, charsmap),
    parts: true,
    around: ({ text, numberOf }) => {
      const [last, end] = [`${text('cls_token')}:2`, text('sep_token')];
      return template(['$A', end, last], ['$A', end, '$B:1', `${end}:1`, last], numberOf);
    },
  },
  pegasus: {
    named: namedAs({ pad_token: '<pad>', eos_token: '</s>', unk_token: '<unk>', mask_token: '<mask_2>' }),
    list: (pieces, name, settings) => {
      // The class gives its own names to the two, but the vocabulary is made by what the settings say alone.
      const word = 'mask_token' in settings.values ? name('mask_token') : '<mask_1>';
      const said = settings.values['mask_token_sent'];
      const sentence = typeof said === 'string' ? said : '<mask_2>';
      return [
        [name('pad_token'), 0],
        [name('eos_token'), 0],
        ...(word === '' ? [] : [[word, 0] as const]),
        ...(said === null || sentence === word ? [] : [[sentence, 0] as const]),
        ...unknowns(settings).map((token): Scored => [token, -100]),
        ...pieces.slice(2),
      ];
    },
    unknown: (list, _, settings) => placeOf(list, settings, '<unk>'),
    normalizer: (charsmap) => steps([charsmap ?? replace('\\n', ' '), oneSpace]),
    parts: false,
    further: (_, settings) => {
      const said = settings.values['mask_token_sent'];
      const sentence = said === null ? [] : [typeof said === 'string' ? said : '<mask_1>'];
      return specials([...sentence, ...unknowns(settings)]);
    },
    around: ({ text, numberOf }) => {
      const end = text('eos_token');
      return template(['$A', end], ['$A', '$B', end], numberOf);
    },
  },
  mbart: {
    named: { ...namedAs(roberta), ...mask('<mask>') },
    list: (pieces, name, settings) => [
      ...fairseq(pieces, name, settings),
      ...mbartLanguages.map((code): Scored => [code, 0]),
      [name('mask_token'), 0],
    ],
    unknown: () => 3,
    // Of the model's own table the class makes no use.
    normalizer: () => null,
    parts: true,
    further: (control) => [...specials(mbartLanguages), ...control],
    around({ text, numberOf }, settings) {
      const behind = [text('eos_token'), language(settings)];
      return template(['$A', ...behind], ['$A', '$B', ...behind], numberOf);
    },
  },
  mbart50: {
    named: {
      ...namedAs({ ...roberta }),
      // It has no parameter for this one.
      bos_token: {},
      ...mask('<mask>'),
    },
    list: (pieces, name) => [
      [name('cls_token'), 0],
      [name('pad_token'), 0],
      [name('eos_token'), 0],
      [name('unk_token'), 0],
      ...pieces.slice(3),
      ...mbart50Languages.map((code): Scored => [code, 0]),
      [name('mask_token'), 0],
    ],
    unknown: () => 3,
    normalizer: (charsmap) => steps([charsmap, oneSpace]),
    parts: false,
    further: (control) => [...control, ...specials(mbart50Languages)],
    around({ text, numberOf }, settings) {
      const [code, end] = [language(settings), text('eos_token')];
      return template([code, '$A', end], [code, '$A', '$B', end], numberOf);
    },
  },
};

/** PEGASUS's tokens that were masked in ways of which nothing came. */
function unknowns(settings: Settings): string[] {
  return Array.from(
    { length: Math.max(0, numberIn(settings, 'offset', 103) - 2) },
    (_, at) => `<unk_${at + 2}>`,
  );
}

export const unigramTokens = (kind: UnigramKind): NamedTokens => shapes[kind].named;

function placeOf(list: readonly Scored[], settings: Settings, standard: string): number {
  const token = namedToken('unk_token', settings, namedAs({ unk_token: standard }))?.content;
  return list.findIndex(([text]) => text === token);
}

/**
 * SentencePiece's Unigram models with the vocabularies that their classes make of them.
 * Source: transformers 5.24, convert_slow_tokenizer.py and the tokenization_*.py of each.
 * @throws ModelError where there is no token for what is unknown
 */
export function unigram(model: SentencePiece, settings: Settings, kind: UnigramKind, where: string): Draft {
  const shape = shapes[kind];
  const { charsmap } = model;
  const name = (attribute: keyof NamedTokens): string =>
    namedToken(attribute, settings, shape.named)?.content ?? '';
  const list = shape.list(
    model.pieces.map(({ text, score }): Scored => [text, score]),
    name,
    settings,
  );
  const unknown = shape.unknown(list, model, settings);
  if (list[unknown] === undefined) {
    throw new ModelError(`${where} has no piece for what it does not know.`);
  }
  const prefixed =
    !['xlm-roberta', 'camembert', 'albert'].includes(kind) || isOn(settings.values, 'add_prefix_space', true);
  const spaced = {
    type: 'Metaspace',
    replacement: '▁',
    prepend_scheme: prefixed ? 'always' : 'never',
    split: true,
  };
  const control = model.pieces.flatMap(({ text, kind: of }) =>
    of === 'control' || of === 'user-defined'
      ? [specialToken(text, { normalized: false, special: of === 'control' })]
      : [],
  );
  return {
    normalizer: shape.normalizer(
      charsmap === '' ? undefined : { type: 'Precompiled', precompiled_charsmap: charsmap },
      settings,
    ),
    pre_tokenizer: shape.parts
      ? { type: 'Sequence', pretokenizers: [{ type: 'WhitespaceSplit' }, spaced] }
      : spaced,
    decoder: spaced,
    model: { type: 'Unigram', unk_id: unknown, vocab: list.map(([token, score]) => [token, score]) },
    numbers: new Map(list.map(([token], id) => [token, id])),
    size: list.length,
    named: shape.named,
    further: shape.further?.(control, settings) ?? control,
    around: (known) => shape.around(known, settings),
  };
}
