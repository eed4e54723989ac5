import type { Json } from '../../../formats/json-text.js';
import { quoted } from '../../../formats/untrusted.js';
import { isRecord } from '../../../common/values.js';
import { ModelError } from '../../error.js';

type JsonObject = { readonly [name: string]: Json };

/** No vocabulary has more tokens, and no token a greater number. */
const MAX_TOKENS = 1 << 24;

/** No token of a known vocabulary has a tenth of it, in UTF-16 units. */
export const MAX_TOKEN_LENGTH = 1 << 11;

/**
 * A tokenizer.json whose model can be given to the library: its parts are of the kind that they have to be.
 * @returns the description, with null for parts that it leaves out
 * @throws ModelError naming the first part that is not
 */
export function checked(description: JsonObject, where: string): JsonObject {
  const model = description['model'];
  const fail = (what: string): never => {
    throw new ModelError(`${where} ${what}.`);
  };
  if (!isRecord(model)) return fail('describes no tokenizer: it has no "model"');
  const { vocab, merges } = model;
  const type = model['type'] ?? impliedType(model);
  if (type !== 'WordPiece' && type !== 'BPE' && type !== 'Unigram' && type !== 'WordLevel') {
    return fail(
      `describes no tokenizer that is known: its model has the type ${quotedJson(type)}; known are WordPiece, WordLevel, BPE and Unigram`,
    );
  }
  if (type === 'Unigram') checkScored(vocab, model['unk_id'], fail);
  else if (isRecord(vocab)) checkVocabulary(vocab, fail);
  else return fail('has no "vocab" in its model that gives each token its number');
  if (type === 'BPE') checkMerges(merges, fail);
  const added = description['added_tokens'] ?? [];
  if (!Array.isArray(added)) return fail('has "added_tokens" that are not a list');
  (added as readonly Json[]).forEach((token, at) => {
    if (isRecord(token) && typeof token['content'] === 'string') checkLength(token['content'], fail);
    if (!isRecord(token) || !isNumber(token['id']) || typeof token['content'] !== 'string') {
      fail(`has an added token, the ${at + 1}., without a number below ${MAX_TOKENS} or without its text`);
    }
  });
  return {
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    ...description,
    model: { ...model, type },
    added_tokens: added,
  };
}

/** Older files leave the type out; what a model has tells. */
function impliedType({ vocab, merges, max_input_chars_per_word: most }: JsonObject): string {
  if (merges !== undefined) return 'BPE';
  if (Array.isArray(vocab)) return 'Unigram';
  return most === undefined ? 'WordLevel' : 'WordPiece';
}

/** @throws ModelError with the file before it and a full stop behind it */
export type Fail = (what: string) => never;

function checkVocabulary(vocabulary: JsonObject, fail: Fail): void {
  for (const [token, id] of Object.entries(vocabulary)) {
    checkLength(token, fail);
    if (!isNumber(id)) {
      fail(
        `gives the token ${quoted(token)} the number ${quotedJson(id)}, which is no whole number below ${MAX_TOKENS}`,
      );
    }
  }
}

function checkLength(token: string, fail: Fail): void {
  if (token.length <= MAX_TOKEN_LENGTH) return;
  fail(
    `has the token ${quoted(token)} of ${token.length} characters, more than the ${MAX_TOKEN_LENGTH} that are looked for`,
  );
}

function checkScored(vocabulary: Json | undefined, unknown: Json | undefined, fail: Fail): void {
  if (!Array.isArray(vocabulary) || vocabulary.length === 0) {
    fail('has no "vocab" in its model that gives each token its score');
    return;
  }
  const list = vocabulary as readonly Json[]; // Only what Array.isArray takes away.
  list.forEach((entry, at) => {
    const [token, score] = Array.isArray(entry) ? (entry as readonly Json[]) : [];
    if (typeof token !== 'string' || typeof score !== 'number') {
      fail(`has no token with a score at place ${at} of its vocabulary`);
    } else checkLength(token, fail);
  });
  if (unknown !== null && unknown !== undefined && !(isNumber(unknown) && unknown < list.length)) {
    fail(`has its unknown token at place ${quotedJson(unknown)} of a vocabulary of ${list.length} tokens`);
  }
}

function checkMerges(merges: Json | undefined, fail: Fail): void {
  if (!Array.isArray(merges)) {
    fail('has no "merges" in its model');
    return;
  }
  (merges as readonly Json[]).forEach((merge, at) => {
    const pair = typeof merge === 'string' ? merge.split(' ') : merge;
    if (!Array.isArray(pair) || pair.length !== 2 || !pair.every((each) => typeof each === 'string')) {
      fail(`has a merge, the ${at + 1}., that is not of two tokens`);
    }
  });
}

function isNumber(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < MAX_TOKENS;
}

function quotedJson(value: Json): string {
  return quoted(typeof value === 'string' ? value : JSON.stringify(value));
}
