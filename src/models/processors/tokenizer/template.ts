import type { Json } from '../../../formats/json-text.js';
import { quoted } from '../../../formats/untrusted.js';
import { isRecord } from '../../../common/values.js';
import { ModelError } from '../../error.js';
import { typeOf } from '../../config.js';

type JsonObject = { readonly [name: string]: Json };

/** What stands in the model's input: one of the texts, or a special token. */
export type Slot =
  | { readonly kind: 'text'; readonly which: 0 | 1; readonly segment: number }
  | { readonly kind: 'special'; readonly token: string; readonly id: number; readonly segment: number };

/** How one text, or two, are put together for the model. */
export interface Template {
  readonly single: readonly Slot[];
  /** Undefined where nothing says how two texts are put together. */
  readonly pair: readonly Slot[] | undefined;
}

const bare: Template = { single: [{ kind: 'text', which: 0, segment: 0 }], pair: undefined };

/**
 * The post-processor of a tokenizer.json, as the `tokenizers` library has it.
 * @throws ModelError naming what is not known
 */
export function templateOf(description: Json | undefined, where: string): Template {
  if (description === null || description === undefined) return bare;
  if (!isRecord(description)) throw new ModelError(`${where} has a post-processor that is not an object.`);
  const type = typeOf(description);
  switch (type) {
    case 'ByteLevel':
      return bare;
    case 'BertProcessing':
      return around(description, where, false);
    case 'RobertaProcessing':
      return around(description, where, true);
    case 'TemplateProcessing':
      return fromTemplate(description, where);
    case 'Sequence': {
      const steps = Array.isArray(description['processors'])
        ? (description['processors'] as readonly Json[])
        : []; // Only what Array.isArray takes away.
      const templates = steps.map((step) => templateOf(step, where)).filter((each) => each !== bare);
      if (templates.length > 1) {
        throw new ModelError(
          `${where} puts the text into ${templates.length} templates, one after another; only one can be followed.`,
        );
      }
      return templates[0] ?? bare;
    }
    default:
      throw new ModelError(
        `${where} has a post-processor of the type ${quoted(type ?? '')}; known are BertProcessing, ByteLevel, RobertaProcessing, Sequence and TemplateProcessing.`,
      );
  }
}

/** [CLS] A [SEP] B [SEP], or RoBERTa's <s> A </s> </s> B </s>, which has no segments. */
function around(description: JsonObject, where: string, roberta: boolean): Template {
  const special = (name: string, segment: number): Slot => {
    const [token, id] = Array.isArray(description[name]) ? (description[name] as readonly Json[]) : []; // As above.
    if (typeof token !== 'string' || typeof id !== 'number' || !Number.isSafeInteger(id)) {
      throw new ModelError(
        `${where} has a post-processor whose ${quoted(name)} is not a token and its number.`,
      );
    }
    return { kind: 'special', token, id, segment };
  };
  const second = roberta ? 0 : 1;
  const single: Slot[] = [special('cls', 0), { kind: 'text', which: 0, segment: 0 }, special('sep', 0)];
  return {
    single,
    pair: [
      ...single,
      ...(roberta ? [special('sep', 0)] : []),
      { kind: 'text', which: 1, segment: second },
      special('sep', second),
    ],
  };
}

function fromTemplate(description: JsonObject, where: string): Template {
  const known = isRecord(description['special_tokens']) ? description['special_tokens'] : {};
  const slots = (name: string): Slot[] => {
    const list = Array.isArray(description[name]) ? (description[name] as readonly Json[]) : []; // As above.
    return list.flatMap((item): Slot[] => {
      if (!isRecord(item)) throw new ModelError(`${where} has a template that cannot be read.`);
      const { SpecialToken: special, Sequence: text } = item;
      if (isRecord(text)) {
        return [{ kind: 'text', which: text['id'] === 'B' ? 1 : 0, segment: wholeOf(text['type_id']) }];
      }
      const id = isRecord(special) ? special['id'] : undefined;
      const of = typeof id === 'string' ? known[id] : undefined;
      const [ids, tokens] = isRecord(of) ? [of['ids'], of['tokens']] : [];
      if (!isRecord(special) || !Array.isArray(ids) || !Array.isArray(tokens)) {
        throw new ModelError(
          `${where} has a template with the token ${quoted(JSON.stringify(id ?? null))}, which it does not describe.`,
        );
      }
      return (ids as readonly Json[]).map((each, at) => ({
        kind: 'special',
        token: textOf((tokens as readonly Json[])[at]),
        id: checkedId(each, where),
        segment: wholeOf(special['type_id']),
      }));
    });
  };
  const [single, pair] = [slots('single'), slots('pair')];
  const times = (list: readonly Slot[], which: 0 | 1): number =>
    list.filter((slot) => slot.kind === 'text' && slot.which === which).length;
  if (times(single, 0) !== 1 || times(single, 1) !== 0) {
    throw new ModelError(
      `${where} puts the text into a template that is not known: the text stands in it ${times(single, 0)} times.`,
    );
  }
  return { single, pair: times(pair, 0) === 1 && times(pair, 1) === 1 ? pair : undefined };
}

/** @throws ModelError where it is no whole number */
function checkedId(value: Json, where: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new ModelError(
    `${where} has a template with a token whose number is ${quoted(JSON.stringify(value))}, which is no whole number.`,
  );
}

const wholeOf = (value: Json | undefined): number => (typeof value === 'number' ? value : 0);
const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
