import { isOn, namedAs, type Draft } from './draft.js';
import { namedToken, template, type JsonObject, type NamedTokens, type Settings } from './special-tokens.js';

const bert = namedAs({
  unk_token: '[UNK]',
  sep_token: '[SEP]',
  pad_token: '[PAD]',
  cls_token: '[CLS]',
  mask_token: '[MASK]',
});

const mpnet: NamedTokens = {
  ...namedAs({
    bos_token: '<s>',
    eos_token: '</s>',
    unk_token: '[UNK]',
    sep_token: '</s>',
    pad_token: '<pad>',
    cls_token: '<s>',
  }),
  mask_token: { token: '<mask>', as: { lstrip: true } },
};

export const wordPieceTokens = { bert, mpnet } as const;

/** The class's own, whatever a tokenizer.json has. */
export function bertNormalizer(values: JsonObject): JsonObject {
  return {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: isOn(values, 'tokenize_chinese_chars', true),
    strip_accents: typeof values['strip_accents'] === 'boolean' ? values['strip_accents'] : null,
    lowercase: isOn(values, 'do_lower_case', true),
  };
}

/**
 * WordPiece of a vocab.txt: BERT and what was trained as it was; MPNet frames texts as RoBERTa does.
 * Source: transformers 5.24, tokenization_bert.py, tokenization_mpnet.py.
 */
export function wordPiece(lines: readonly string[], settings: Settings, kind: 'bert' | 'mpnet'): Draft {
  const numbers = new Map(lines.map((line, id) => [line, id]));
  const { values } = settings;
  const named = wordPieceTokens[kind];
  return {
    normalizer: bertNormalizer(values),
    pre_tokenizer: { type: 'BertPreTokenizer' },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: namedToken('unk_token', settings, named)?.content ?? '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(numbers),
    },
    numbers,
    size: numbers.size,
    named,
    around({ text, numberOf }) {
      const [begin, end] = [text('cls_token'), text('sep_token')];
      return kind === 'mpnet'
        ? robertaProcessing(begin, end, numberOf, false)
        : template([begin, '$A', end], [begin, '$A', end, '$B:1', `${end}:1`], numberOf);
    },
  };
}

export function robertaProcessing(
  begin: string,
  end: string,
  numberOf: (token: string) => number | undefined,
  prefixed: boolean,
  trims = true,
): { [name: string]: string | boolean | [string, number] } {
  return {
    type: 'RobertaProcessing',
    sep: [end, numberOf(end) ?? 0],
    cls: [begin, numberOf(begin) ?? 0],
    trim_offsets: trims,
    add_prefix_space: prefixed,
  };
}
