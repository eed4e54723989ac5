import type { Json } from '../../../formats/json-text.js';
import { isRecord } from '../../../common/values.js';

type JsonObject = { readonly [name: string]: Json };

/** Classes of transformers that take everything from tokenizer.json. */
const asItStands: ReadonlySet<string> = new Set(['PreTrainedTokenizerFast', 'TokenizersBackend']);

/**
 * A tokenizer.json with what tokenizer_config.json says otherwise, as far as transformers (5.24) heeds it.
 * What the settings leave out stays as it is.
 * @param settings tokenizer_config.json
 */
export function withSettings(description: JsonObject, settings: Json): JsonObject {
  if (!isRecord(settings)) return description;
  const added = withAddedTokens(description['added_tokens'], settings['added_tokens_decoder']);
  const changed: JsonObject = { ...description, ...(added === undefined ? {} : { added_tokens: added }) };
  const { tokenizer_class: of, add_prefix_space: prefixed } = settings;
  if (typeof of === 'string' && asItStands.has(of)) return changed;
  const bert = Object.fromEntries(
    Object.entries({
      lowercase: settings['do_lower_case'],
      strip_accents: settings['strip_accents'],
      handle_chinese_chars: settings['tokenize_chinese_chars'],
    }).flatMap(([name, value]): [string, Json][] =>
      typeof value === 'boolean' || (value === null && name === 'strip_accents') ? [[name, value]] : [],
    ),
  );
  return {
    ...changed,
    normalizer: changedParts(changed['normalizer'], 'BertNormalizer', bert),
    ...(typeof prefixed === 'boolean'
      ? {
          pre_tokenizer: changedParts(changed['pre_tokenizer'], 'ByteLevel', { add_prefix_space: prefixed }),
          post_processor: changedParts(changed['post_processor'], 'RobertaProcessing', {
            add_prefix_space: prefixed,
          }),
        }
      : {}),
  };
}

/** A part of a tokenizer, with other settings in those of one type. */
function changedParts(part: Json | undefined, type: string, settings: JsonObject): Json {
  if (!isRecord(part)) return part ?? null;
  if (part['type'] === type) return { ...part, ...settings };
  return Object.fromEntries(
    Object.entries(part).map(([name, value]): [string, Json] => [
      name,
      Array.isArray(value) && (name === 'pretokenizers' || name === 'normalizers')
        ? (value as readonly Json[]).map((each) => changedParts(each, type, settings)) // Only what Array.isArray takes away.
        : value,
    ]),
  );
}

/** What tokenizer_config.json says of an added token wins; undefined where it says nothing. */
function withAddedTokens(tokens: Json | undefined, decoder: Json | undefined): Json | undefined {
  if (!isRecord(decoder)) return undefined;
  const known = Array.isArray(tokens) ? (tokens as readonly Json[]) : []; // As above.
  const said = new Map(
    Object.entries(decoder).flatMap(([id, token]): [string, JsonObject][] => {
      const content = isRecord(token) ? token['content'] : undefined;
      return isRecord(token) && typeof content === 'string' ? [[content, { ...token, id: Number(id) }]] : [];
    }),
  );
  const contents = new Set(known.map((token) => (isRecord(token) ? token['content'] : undefined)));
  return [
    ...known.map((token) => {
      const content = isRecord(token) ? token['content'] : undefined;
      const own = typeof content === 'string' ? said.get(content) : undefined;
      return isRecord(token) && own !== undefined ? { ...token, ...own, id: token['id'] ?? null } : token;
    }),
    ...[...said].filter(([content]) => !contents.has(content)).map(([, token]) => token),
  ];
}
