import { withDefaults, type Parameter, type ParameterValues } from '../../engine/mechanisms/index.js';
import { formatShape, ShapeError, type TensorSource } from '../../engine/tensor.js';
import type { QuestionSetting } from '../../protocol.js';
import type { Candidate } from './roles.js';

/** What the ones of a mask say, or that its numbers are added to scores. */
export type Meaning = 'keep' | 'drop' | 'add';

/** What a mask was taken for, and why. */
export interface MaskMeaning {
  readonly meaning: Meaning;
  /** The name that it has in the file. */
  readonly name: string;
  /** Ends a sentence: "as PyTorch’s key_padding_mask has it". */
  readonly because: string;
  /** Whether a matrix of it has a row for each sequence of a batch. */
  readonly perSequence?: boolean;
}

/** The parameter that says what an input's numbers mean. */
export const meaningParameters: Readonly<Record<string, string>> = {
  mask: 'givenMask',
  keep: 'keepMask',
  padding: 'padding',
};

/** What ones and zeros under a name mean to those who use it; undefined where makers differ. */
interface MaskName {
  readonly pattern: RegExp;
  readonly input: 'mask' | 'padding';
  readonly ones?: 'keep' | 'drop';
  readonly because: string;
  readonly perSequence?: boolean;
}

const maskNames: readonly MaskName[] = [
  {
    pattern: /^(src|tgt|memory|encoder|decoder|self_attn)?_?key_padding_mask$/,
    input: 'padding',
    ones: 'drop',
    because: 'as PyTorch’s nn.MultiheadAttention and nn.Transformer have a key_padding_mask',
  },
  {
    pattern: /^(encoder|decoder)_padding_mask$/,
    input: 'padding',
    ones: 'drop',
    because: 'as fairseq has it',
  },
  {
    pattern: /^(src|tgt|memory)_mask$/,
    input: 'mask',
    ones: 'drop',
    because: 'as PyTorch’s nn.Transformer has it',
  },
  {
    pattern: /^((encoder|decoder|cross)_)?attention_mask$/,
    input: 'mask',
    ones: 'keep',
    because: 'as transformers’ attention_mask',
    perSequence: true,
  },
  { pattern: /^keep(_mask)?$/, input: 'mask', ones: 'keep', because: 'as its name says' },
  {
    pattern: /^padding$/,
    input: 'padding',
    ones: 'keep',
    because: 'a padding mask has 1 for a real key here',
  },
  { pattern: /^padding_?mask$/, input: 'padding', because: '' },
  { pattern: /^(m|mask|attn_?mask|causal_?mask|bias_mask)$/, input: 'mask', because: '' },
];

/** Other names of inputs, whose numbers have one meaning alone. */
const otherNames: Readonly<Record<string, string>> = {
  past_key: 'past_K',
  past_keys: 'past_K',
  past_value: 'past_V',
  past_values: 'past_V',
  nonpad_kv_seqlen: 'lengths',
};

/** The last part of a name: "decoder.self_attn.attn_mask" → "attn_mask". */
function tailOf(name: string): string {
  return (
    name
      .toLowerCase()
      .split(/[./:\s-]+/)
      .at(-1) ?? ''
  );
}

/** The input that a mask’s name tells; undefined for what is no mask's name. */
export function maskInputOf(name: string): 'mask' | 'padding' | undefined {
  return maskNames.find(({ pattern }) => pattern.test(tailOf(name)))?.input;
}

/** Whether a matrix under this name has a row for each sequence of a batch, and not for each query. */
export function isPerSequence(name: string): boolean {
  return maskNames.find(({ pattern }) => pattern.test(tailOf(name)))?.perSequence === true;
}

/** A mask whose name and numbers leave two readings. */
export interface Unclear {
  readonly kind: 'unclear';
  readonly reason: string;
  /** The first queries and keys under either reading: █ for a key that takes part. */
  readonly pictures: Readonly<Record<'keep' | 'drop', string>>;
}

export type Read = { readonly kind: 'known'; readonly meaning: MaskMeaning } | Unclear;

/**
 * What a mask means by its name and its numbers. Numbers other than 0 and 1 are added to scores. Ones and zeros mean what the
 * name says; where makers differ, the reading that leaves every query something to attend to, if only one does.
 * @param told what a person has said of it, which counts where nothing else tells
 */
export async function readMeaning(
  name: string,
  input: string,
  source: TensorSource,
  told: Meaning | undefined,
  signal?: AbortSignal,
): Promise<Read> {
  const known = maskNames.find(({ pattern }) => pattern.test(tailOf(name)));
  const perSequence = known?.perSequence === true ? { perSequence: true } : {};
  const take = (meaning: Meaning, because: string): Read => ({
    kind: 'known',
    meaning: { meaning, name, because, ...perSequence },
  });
  const seen = await look(source, signal);
  if (!seen.isBinary) return take('add', 'because it has other numbers than 0 and 1');
  if (known?.ones !== undefined) return take(known.ones, known.because);
  if (input === 'keep') return take('keep', 'as its name says');
  const { keep, drop } = seen.empties;
  if (keep && !drop) return take('drop', 'because otherwise some query could attend to nothing');
  if (drop && !keep) return take('keep', 'because otherwise some query could attend to nothing');
  if (told !== undefined) return take(told, 'as you said');
  return {
    kind: 'unclear',
    reason: `Choose what the ones of ${name} ${formatShape(source.shape)} mean: nn.MultiheadAttention leaves such keys out, scaled_dot_product_attention and transformers keep them.`,
    pictures: seen.pictures,
  };
}

interface Seen {
  /** Nothing but zeros and ones, and at least one of these. */
  readonly isBinary: boolean;
  /** Whether a row has no key left, for either reading. */
  readonly empties: Readonly<Record<'keep' | 'drop', boolean>>;
  readonly pictures: Unclear['pictures'];
}

/** So many rows and columns are in a picture at most. */
const pictured = 8;

/** Goes through a mask, one entry of its first axis at a time. */
async function look(source: TensorSource, signal: AbortSignal | undefined): Promise<Seen> {
  const { shape } = source;
  const columns = shape.at(-1) ?? 1;
  const empties = { keep: false, drop: false };
  const rows: (readonly number[])[] = [];
  let ones = false;
  const rest = shape.slice(1).map((end) => ({ start: 0, end }));
  const all = shape.length < 2 ? 1 : (shape[0] ?? 0);
  for (let at = 0; at < all; at++) {
    signal?.throwIfAborted();
    const first = shape.length < 2 ? shape.map((end) => ({ start: 0, end })) : [{ start: at, end: at + 1 }];
    const { data } = await source.read([...first, ...rest]);
    for (let start = 0; start < data.length; start += columns) {
      const row = data.subarray(start, start + columns);
      if (!row.every((value) => value === 0 || value === 1)) {
        return { isBinary: false, empties, pictures: { keep: '', drop: '' } };
      }
      ones ||= row.includes(1);
      empties.keep ||= !row.includes(1);
      empties.drop ||= !row.includes(0);
      if (rows.length < pictured) rows.push([...row.subarray(0, pictured)]);
    }
  }
  const draw = (kept: 0 | 1): string =>
    rows.map((row) => row.map((value) => (value === kept ? '█' : '·')).join('')).join(' ');
  return { isBinary: ones, empties, pictures: { keep: draw(1), drop: draw(0) } };
}

/** The parameters with what the given masks mean as their defaults. */
export function withMeanings(
  parameters: readonly Parameter[],
  meanings: Readonly<Record<string, MaskMeaning>> = {},
): readonly Parameter[] {
  const defaults = Object.entries(meanings).flatMap(([input, { meaning }]) => {
    const parameter = meaningParameters[input] ?? '';
    return parameters.some(({ name }) => name === parameter) ? [[parameter, meaning] as const] : [];
  });
  return withDefaults(parameters, Object.fromEntries(defaults));
}

/** What given masks were taken for, and how queries stand among keys, each in a sentence. */
export function maskNotices(
  values: ParameterValues,
  { queries, keys }: { readonly queries: number; readonly keys: number },
  meanings: Readonly<Record<string, MaskMeaning>> = {},
): string[] {
  const taken = Object.entries(meanings).flatMap(([input, { meaning, name, because }]) => {
    const parameter = meaningParameters[input];
    const value = parameter === undefined ? undefined : values[parameter];
    if (parameter === undefined || value === undefined) return [];
    const what =
      value === 'off'
        ? 'is not applied'
        : value === 'add'
          ? 'is added to the scores'
          : value === 'keep'
            ? 'keeps the keys that are 1'
            : 'leaves out the keys that are 1';
    const why = value === meaning ? because : 'as was chosen';
    const which = name === 'mask' ? 'The mask' : `The mask ${name}`;
    return [`${which} ${what}, ${why}. Change it under Explore.`];
  });
  const { windowLeft = -1, windowRight = -1, queryPlaces = 'start' } = values;
  const isPlaced = values['causal'] === 'on' || windowLeft !== -1 || windowRight !== -1;
  if (!isPlaced || (queries === keys && queryPlaces === 'start')) return taken;
  const placed = {
    past: `The first of ${queries} queries stands behind the keys from before (past_K): masks by position count from there.`,
    end: `The last of ${queries} queries stands at the last valid key of ${keys}: masks by position are aligned to the end.`,
  };
  return [
    ...taken,
    queryPlaces === 'past' || queryPlaces === 'end'
      ? placed[queryPlaces]
      : `The first of ${queries} queries stands at the first of ${keys} keys: masks by position are aligned to the start, as PyTorch’s is_causal.`,
  ];
}

/**
 * A caller's tensors under the inputs' names, with what their masks mean.
 * @throws ShapeError where a mask has two readings, and the parameters do not say which it is
 */
export async function readMaskNames(
  given: Readonly<Record<string, TensorSource>>,
  parameters: ParameterValues,
  signal?: AbortSignal,
): Promise<{
  readonly tensors: Readonly<Record<string, TensorSource>>;
  readonly meanings: Readonly<Record<string, MaskMeaning>>;
}> {
  const tensors: Record<string, TensorSource> = {};
  const meanings: Record<string, MaskMeaning> = {};
  for (const [name, source] of Object.entries(given)) {
    const isInput = Object.hasOwn(meaningParameters, name);
    const input = isInput ? name : (maskInputOf(name) ?? otherNames[name] ?? name);
    if (Object.hasOwn(tensors, input)) {
      throw new ShapeError(`${name} is one more ${input}: give one of them.`);
    }
    tensors[input] = source;
    const parameter = meaningParameters[input];
    if (parameter === undefined) continue;
    const told = meaningIn(parameters[parameter]);
    // Under the inputs' own names, ones take part.
    const read: Read =
      isInput && name !== 'padding' && (await look(source, signal)).isBinary
        ? {
            kind: 'known',
            meaning: { meaning: 'keep', name, because: 'as ones and zeros do under this name' },
          }
        : await readMeaning(name, input, source, told, signal);
    if (read.kind === 'unclear') {
      throw new ShapeError(
        `${read.reason} Say it by the parameter ${parameter}: “keep” where 1 takes part, “drop” where 1 is left out.`,
      );
    }
    meanings[input] = read.meaning;
  }
  return { tensors, meanings };
}

function meaningIn(value: ParameterValues[string] | undefined): Meaning | undefined {
  return value === 'keep' || value === 'drop' || value === 'add' ? value : undefined;
}

/** A file's masks, each with what it means, or what has to be asked. */
export interface FileMasks {
  readonly meanings: Readonly<Record<string, MaskMeaning>>;
  readonly questions: readonly QuestionSetting[];
}

/**
 * What the masks among a file's tensors mean.
 * @param parameters what was said of them
 */
export async function readFileMasks(
  candidates: readonly Candidate[],
  tensors: Readonly<Record<string, TensorSource>>,
  parameters: ParameterValues,
  signal?: AbortSignal,
): Promise<FileMasks> {
  const meanings: Record<string, MaskMeaning> = {};
  const questions: QuestionSetting[] = [];
  for (const [input, tensor] of Object.entries(tensors)) {
    const candidate = candidates.find(({ source }) => source === tensor);
    const parameter = meaningParameters[input];
    if (candidate === undefined || parameter === undefined) continue;
    const { name, source } = candidate;
    // What is not applied needs no meaning.
    const value = parameters[parameter];
    const told = value === 'off' ? 'keep' : meaningIn(value);
    const read = await readMeaning(name, input, source, told, signal);
    if (read.kind === 'known') meanings[input] = read.meaning;
    else questions.push(questionOf(name, source, parameter, read));
  }
  return { meanings, questions };
}

function questionOf(
  name: string,
  { shape }: TensorSource,
  parameter: string,
  { reason, pictures }: Unclear,
): QuestionSetting {
  const titles = { keep: '1 takes part', drop: '1 is left out' } as const;
  return {
    parameter,
    title: `Meaning of ${name} ${formatShape(shape)}`,
    reason,
    choices: (['keep', 'drop'] as const).map((value) => ({
      value,
      title: titles[value],
      picture: pictures[value],
    })),
  };
}
