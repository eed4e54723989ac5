import {
  mechanisms,
  withDefaults,
  type Parameter,
  type ParameterValues,
} from '../../engine/mechanisms/index.js';
import { formatShape, ShapeError, type TensorSource } from '../../engine/tensor.js';
import type { QuestionSetting } from '../../protocol.js';
import { isPerSequence, maskNamed } from './mask-names.js';
import { look, type NumberKind, type Seen } from './mask-numbers.js';
import type { Candidate } from './roles.js';
import { isMask } from './unnamed-masks.js';

/** What the ones of a mask say, or that its numbers are added to scores. */
export type Meaning = 'keep' | 'drop' | 'add';

/** What a mask was taken for, and why. */
export interface MaskMeaning {
  readonly meaning: Meaning;
  /** The name that it has in the file. */
  readonly name: string;
  /** Ends a sentence: "as PyTorch’s key_padding_mask has it". */
  readonly because: string;
  /** What its numbers that mark keys are called: "1", "not 0". */
  readonly ones: string;
  /** Whether a matrix of it has a row for each sequence of a batch. */
  readonly perSequence?: boolean;
}

/** The parameter that says what an input's numbers mean. */
export const meaningParameters: Readonly<Record<string, string>> = {
  mask: 'givenMask',
  keep: 'keepMask',
  padding: 'padding',
};

/** The names of all inputs that there are. */
const inputNames: ReadonlySet<string> = new Set(
  mechanisms.flatMap(({ inputs }) => inputs.map(({ name }) => name)),
);

/** Other names of inputs, whose numbers have one meaning alone. */
const otherNames: Readonly<Record<string, string>> = {
  past_key: 'past_K',
  past_keys: 'past_K',
  past_value: 'past_V',
  past_values: 'past_V',
  nonpad_kv_seqlen: 'lengths',
};

/** A mask whose name and numbers leave two readings and more. */
export interface Unclear {
  readonly kind: 'unclear';
  readonly reason: string;
  readonly readings: readonly Meaning[];
  /** What the numbers that are not 0 are called: "1", "not 0". */
  readonly ones: string;
  readonly pictures: Seen['pictures'];
}

export type Read = { readonly kind: 'known'; readonly meaning: MaskMeaning } | Unclear;

/** A mask before it is known what it means. */
interface Unread {
  readonly name: string;
  readonly source: TensorSource;
  /** Undefined where nothing says of what kind its numbers are. */
  readonly kind?: NumberKind | undefined;
}

const otherwiseNothing = 'because otherwise some query could attend to nothing';

/**
 * What a mask means by its name and its numbers. What is far below 0 is added to scores, and so are numbers other than 0 and 1. Ones
 * and zeros mean what the name says, but where PyTorch would add them because they are of floating point; where makers differ, the
 * reading that leaves every query something to attend to, if only one does.
 * @param told what a person has said of it, which counts where nothing else tells
 */
export async function readMeaning(
  { name, source, kind }: Unread,
  told: Meaning | undefined,
  signal?: AbortSignal,
): Promise<Read> {
  const known = maskNamed(name);
  const seen = await look(source, signal);
  const { numbers, range, empties, allEmpty } = seen;
  const ones = numbers === 'large' || numbers === 'other' ? 'not 0' : '1';
  const take = (meaning: Meaning, because: string): Read => ({
    kind: 'known',
    meaning: { meaning, name, because, ones, ...(isPerSequence(name) ? { perSequence: true } : {}) },
  });
  if (numbers === 'additive')
    return take('add', `because its numbers are 0 and ${plain(range[0])}, as of masks that are added`);
  if (numbers === 'zeros' && kind !== 'boolean' && kind !== 'integer')
    return take('add', 'because all its numbers are 0, which takes nothing away');
  const isOther = numbers === 'other' || numbers === 'large';
  if (numbers === 'other' && (kind !== 'integer' || range[0] < 0))
    return take('add', 'because it has other numbers than 0 and 1');
  const mayBeAdded = isOther || (kind === 'floating' && (known === undefined || known.addsFloats === true));
  const own = known?.ones;
  if (own !== undefined && !mayBeAdded && !allEmpty[own]) return take(own, known?.because ?? '');
  const sides = (['keep', 'drop'] as const).filter((side) =>
    own === undefined ? !empties[side] : !allEmpty[side] && side === own,
  );
  const masking = sides.length > 0 || mayBeAdded ? sides : (['keep', 'drop'] as const);
  const readings: readonly Meaning[] = mayBeAdded ? [...masking, 'add'] : masking;
  const [first, ...others] = readings;
  if (first !== undefined && others.length === 0) return take(first, otherwiseNothing);
  if (numbers === 'binary' && range[0] === 1 && first === 'keep')
    return take('keep', 'because all its numbers are 1, which leaves nothing out');
  if (told !== undefined) return take(told, 'as you said');
  const adds = mayBeAdded || (kind === undefined && own === undefined);
  return {
    kind: 'unclear',
    reason: reasonFor(name, source, seen, adds),
    readings: adds && !mayBeAdded ? [...readings, 'add'] : readings,
    ones,
    pictures: seen.pictures,
  };
}

function reasonFor(name: string, { shape }: TensorSource, { numbers, range }: Seen, adds: boolean): string {
  const what = `${name} ${formatShape(shape)}`;
  if (numbers === 'large' || numbers === 'other')
    return `Choose what the numbers of ${what} mean, which are between ${plain(range[0])} and ${plain(range[1])}: they may mark keys, or be added to scores.`;
  const added = adds ? '; of floating-point numbers, PyTorch adds them to the scores' : '';
  return `Choose what the ones of ${what} mean: nn.MultiheadAttention leaves such keys out, scaled_dot_product_attention and transformers keep them${added}.`;
}

/** A number as people write it: "−∞", "−10000", "−3.403e+38". */
function plain(value: number): string {
  const size = Math.abs(value);
  const text =
    size === Infinity
      ? '∞'
      : size >= 1e6
        ? Number(size.toPrecision(4)).toExponential()
        : String(Number(size.toPrecision(6)));
  return value < 0 ? `−${text}` : text;
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
  const taken = Object.entries(meanings).flatMap(([input, { meaning, name, because, ones }]) => {
    const parameter = meaningParameters[input];
    const value = parameter === undefined ? undefined : values[parameter];
    if (parameter === undefined || value === undefined) return [];
    const what =
      value === 'off'
        ? 'is not applied'
        : value === 'add'
          ? 'is added to the scores'
          : value === 'keep'
            ? `keeps the keys that are ${ones}`
            : `leaves out the keys that are ${ones}`;
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
    const first = isInput ? name : await inputOf(name, source, signal);
    // Of two masks the other is one that is kept apart.
    const isSecond = first === 'mask' && Object.hasOwn(tensors, 'mask') && !Object.hasOwn(given, 'keep');
    const input = isSecond ? 'keep' : first;
    if (Object.hasOwn(tensors, input)) {
      throw new ShapeError(`${name} is one more ${first}: give one of them.`);
    }
    tensors[input] = source;
    const parameter = meaningParameters[input];
    if (parameter === undefined) continue;
    const told = meaningIn(parameters[parameter]);
    // Under the inputs' own names, ones take part.
    const read: Read =
      isInput && name !== 'padding' && (await look(source, signal)).numbers === 'binary'
        ? {
            kind: 'known',
            meaning: { meaning: 'keep', name, ones: '1', because: 'as ones and zeros do under this name' },
          }
        : await readMeaning({ name, source }, told, signal);
    if (read.kind === 'unclear') {
      const choices = read.readings.map((each) => `“${each}” where ${titlesFor(read.ones)[each]}`);
      throw new ShapeError(`${read.reason} Say it by the parameter ${parameter}: ${choices.join(', ')}.`);
    }
    meanings[input] = read.meaning;
  }
  return { tensors, meanings };
}

/** The input that a tensor's name says it is; a mask of nobody's name is told by its numbers. */
async function inputOf(name: string, source: TensorSource, signal: AbortSignal | undefined): Promise<string> {
  const named = maskNamed(name)?.input ?? otherNames[name];
  if (named !== undefined || inputNames.has(name)) return named ?? name;
  return (await isMask(name, source, signal)) ? 'mask' : name;
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
    const { name, source, kind } = candidate;
    // What is not applied needs no meaning.
    const value = parameters[parameter];
    const told = value === 'off' ? 'keep' : meaningIn(value);
    const read = await readMeaning({ name, source, kind }, told, signal);
    if (read.kind === 'known') meanings[input] = read.meaning;
    else questions.push(questionOf(name, source, parameter, read));
  }
  return { meanings, questions };
}

function questionOf(
  name: string,
  { shape }: TensorSource,
  parameter: string,
  { reason, readings, ones, pictures }: Unclear,
): QuestionSetting {
  const titles = titlesFor(ones);
  return {
    parameter,
    title: `Meaning of ${name} ${formatShape(shape)}`,
    reason,
    choices: readings.map((value) => ({ value, title: titles[value], picture: pictures[value] })),
  };
}

function titlesFor(ones: string): Readonly<Record<Meaning, string>> {
  const what = ones === '1' ? '1' : 'what is not 0';
  return { keep: `${what} takes part`, drop: `${what} is left out`, add: 'it is added to the scores' };
}
