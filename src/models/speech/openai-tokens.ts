import type { Json } from '../../formats/json-text.js';
import { englishVocabulary, suppressedIn } from './openai-suppressed.js';

/** Tokens that steer Whisper, by what they are called: "<|startoftranscript|>", "<|en|>", "<|0.00|>". */
export type SpecialTokens = (name: string) => number | undefined;

/** What a file in another form than Hugging Face's says of how its model writes. */
export interface WritingSaid {
  readonly suppressed: readonly number[];
  readonly suppressedFirst: readonly number[];
  readonly alignmentHeads?: readonly (readonly [layer: number, head: number])[];
}

/** In the order of their tokens, behind the one that begins a text: `LANGUAGES` of openai-whisper 20250625. */
const languages =
  'en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su yue'.split(
    ' ',
  );

/** Behind the languages. */
const steering = [
  '<|translate|>',
  '<|transcribe|>',
  '<|startoflm|>',
  '<|startofprev|>',
  '<|nospeech|>',
  '<|notimestamps|>',
];

/** Times from 0 to 30 s, in steps of 0.02 s. */
const times = 1501;

/** The latest time that may stand first, in steps: 1 s, as OpenAI's `DecodingOptions` have it. */
const latestFirst = 50;

/** As OpenAI's code and CTranslate2 tell it. */
function isMultilingual(vocabulary: number): boolean {
  return vocabulary >= englishVocabulary + 1;
}

/**
 * The numbers of the tokens that steer one of OpenAI's models, which its own code knows by the size of the vocabulary alone.
 * @returns undefined for a vocabulary of no size that OpenAI has
 */
export function openAiTokens(vocabulary: number): SpecialTokens | undefined {
  const isMany = isMultilingual(vocabulary);
  // All but the languages: words, what ends and begins a text, what steers, and times.
  const end = isMany ? 50_257 : 50_256;
  const count = vocabulary - end - 2 - steering.length - times;
  if (count < 99 || count > languages.length || (!isMany && count !== 99)) return undefined;
  const names = [
    '<|endoftext|>',
    '<|startoftranscript|>',
    ...languages.slice(0, count).map((each) => `<|${each}|>`),
    ...steering,
  ];
  return (name) => {
    const at = names.indexOf(name);
    return at < 0 ? undefined : end + at;
  };
}

/** What OpenAI's own code suppresses in one of its models; undefined for a vocabulary of no size that it has. */
export function openAiWriting(vocabulary: number): WritingSaid | undefined {
  const tokens = openAiTokens(vocabulary);
  const end = tokens?.('<|endoftext|>');
  if (tokens === undefined || end === undefined) return undefined;
  const never = [...steering.slice(0, -1), '<|startoftranscript|>'].flatMap((name) => tokens(name) ?? []);
  const { signs, space } = suppressedIn(isMultilingual(vocabulary));
  return { suppressed: [...signs, ...never].toSorted((a, b) => a - b), suppressedFirst: [space, end] };
}

/**
 * What generation_config.json would say of a Whisper that has none.
 * @returns undefined where there is no token that begins a text, or none that ends it
 */
export function generationOf(tokens: SpecialTokens, vocabulary: number, said: WritingSaid): Json | undefined {
  const [start, end] = [tokens('<|startoftranscript|>'), tokens('<|endoftext|>')];
  if (start === undefined || end === undefined) return undefined;
  const numbered = (names: readonly string[]): Record<string, number> =>
    Object.fromEntries(
      names.flatMap((name) => {
        const id = tokens(`<|${name.replaceAll(/[<|>]/g, '')}|>`);
        return id === undefined ? [] : [[name, id] as const];
      }),
    );
  const isMany = isMultilingual(vocabulary);
  return {
    decoder_start_token_id: start,
    eos_token_id: end,
    no_timestamps_token_id: tokens('<|notimestamps|>') ?? null,
    is_multilingual: isMany,
    // What knows English alone is told neither language nor task, though it has tokens of that name.
    ...(isMany
      ? {
          lang_to_id: numbered(languages.map((each) => `<|${each}|>`)),
          task_to_id: numbered(['transcribe', 'translate']),
        }
      : {}),
    suppress_tokens: said.suppressed,
    begin_suppress_tokens: said.suppressedFirst,
    max_initial_timestamp_index: latestFirst,
    ...(said.alignmentHeads === undefined ? {} : { alignment_heads: said.alignmentHeads }),
  };
}
