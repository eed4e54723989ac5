import type { Json } from '../../../formats/json-text.js';
import { isRecord } from '../../../common/values.js';
import type { CharacterRange } from './aligned.js';

/**
 * Takes the spaces that a token begins or ends with out of its range.
 * @param surface the token, as its vocabulary or the text writes it
 * @param first whether no token of the text comes before it
 */
export type Trimmer = (
  surface: string,
  range: CharacterRange,
  first: boolean,
  text: string,
) => CharacterRange;

/** A space, as byte-level vocabularies write it. */
const spaces = /^[Ġ\p{White_Space}]*/u;
const spacesAtEnd = /[Ġ\p{White_Space}]*$/u;

/** What a tokenizer.json's post-processor does to ranges, as the `tokenizers` library has it. */
export function trimmerOf(description: Json | undefined): Trimmer {
  const trimming = stepsOf(description).filter(
    (step) =>
      (step['type'] === 'ByteLevel' || step['type'] === 'RobertaProcessing') &&
      step['trim_offsets'] !== false,
  );
  return (surface, range, first, text) =>
    trimming.reduce(
      (each, step) => trimmed(surface, each, first, step['add_prefix_space'] !== false, text),
      range,
    );
}

function stepsOf(description: Json | undefined): { readonly [name: string]: Json }[] {
  if (!isRecord(description)) return [];
  const { type, processors } = description;
  if (type !== 'Sequence') return [description];
  return Array.isArray(processors) ? (processors as readonly Json[]).flatMap(stepsOf) : []; // As above.
}

function trimmed(
  surface: string,
  { start, end }: CharacterRange,
  first: boolean,
  prefixed: boolean,
  text: string,
): CharacterRange {
  let leading = spaces.exec(surface)?.[0].length ?? 0;
  const trailing = spacesAtEnd.exec(surface)?.[0].length ?? 0;
  // A single space at the beginning was put there, and is not in the text.
  if (leading === 1 && prefixed && (first || start === 0)) leading = 0;
  const from = Math.min(moved(text, start, leading) ?? end, end);
  return { start: from, end: Math.max(moved(text, end, -trailing) ?? end, from) };
}

/** The place that is so many characters (code points) away; undefined outside the text. */
function moved(text: string, from: number, characters: number): number | undefined {
  let at = from;
  for (let left = Math.abs(characters); left > 0; left--) {
    const before = characters < 0 ? at - 1 : at;
    if (before < 0 || before >= text.length) return undefined;
    const isPair =
      characters < 0
        ? before > 0 && (text.codePointAt(before - 1) ?? 0) > 0xffff
        : (text.codePointAt(at) ?? 0) > 0xffff;
    at += Math.sign(characters) * (isPair ? 2 : 1);
  }
  return at;
}
