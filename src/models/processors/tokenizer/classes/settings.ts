import { isRecord } from '../../../../common/values.js';
import type { Json } from '../../../../formats/json-text.js';
import { listOf, typeOf } from '../../../config.js';
import { isOn } from './draft.js';
import { llamaSpaces } from './byte-pairs.js';
import type { Kind } from './index.js';
import type { JsonObject } from './special-tokens.js';
import { bertNormalizer } from './word-piece.js';

/**
 * A tokenizer.json with what its class makes otherwise of the settings, or of what they leave out.
 * @param values tokenizer_config.json
 */
export function withSettings(description: JsonObject, values: JsonObject, kind: Kind): JsonObject {
  const { normalizer, pre_tokenizer: splits, post_processor: frames } = description;
  switch (kind.of) {
    case 'word-piece':
      return {
        ...description,
        normalizer: changedParts(normalizer, 'BertNormalizer', bertNormalizer(values)),
      };
    case 'byte-level': {
      const prefixed = { add_prefix_space: isOn(values, 'add_prefix_space', false) };
      return {
        ...description,
        pre_tokenizer: changedParts(splits, 'ByteLevel', prefixed),
        post_processor: changedParts(frames, 'RobertaProcessing', prefixed),
      };
    }
    case 'byte-pairs':
      // The class has spaces of its own, whichever way the file puts them before text.
      return kind.kind === 'llama' && hasSpaces(normalizer, splits)
        ? { ...description, normalizer: null, pre_tokenizer: llamaSpaces(values) }
        : description;
    case 'unigram':
    case 'plain':
      return withSaid(description, values);
  }
}

/** What settings say of a class that is not known here. */
function withSaid(description: JsonObject, values: JsonObject): JsonObject {
  const said = Object.entries({
    lowercase: values['do_lower_case'],
    strip_accents: values['strip_accents'],
    handle_chinese_chars: values['tokenize_chinese_chars'],
  }).flatMap(([name, value]): [string, Json][] =>
    typeof value === 'boolean' || (value === null && name === 'strip_accents') ? [[name, value]] : [],
  );
  return {
    ...description,
    normalizer: changedParts(description['normalizer'], 'BertNormalizer', Object.fromEntries(said)),
  };
}

/** Whether spaces are signs, put before the text: SentencePiece's way, in either of the two ways to write it. */
function hasSpaces(normalizer: Json | undefined, splits: Json | undefined): boolean {
  const types = [normalizer, splits].flatMap((part) =>
    isRecord(part) ? [part, ...listOf(part['normalizers']), ...listOf(part['pretokenizers'])] : [],
  );
  return types.some((part) => isRecord(part) && /^(?:Metaspace|Prepend)$/.test(typeOf(part)));
}

/** A part of a tokenizer, with other settings in those of one type. */
function changedParts(part: Json | undefined, type: string, settings: JsonObject): Json {
  if (!isRecord(part)) return part ?? null;
  if (part['type'] === type) return { ...part, ...settings };
  return Object.fromEntries(
    Object.entries(part).map(([name, value]): [string, Json] => [
      name,
      name === 'pretokenizers' || name === 'normalizers'
        ? listOf(value).map((each) => changedParts(each, type, settings))
        : value,
    ]),
  );
}
