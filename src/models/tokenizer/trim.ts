import type { Json } from '../../formats/json-text.js';
import { isObject } from '../config.js';
import type { CharacterRange } from './aligned.js';

/** Takes the spaces that a token begins or ends with out of its range. */
export type Trimmer = (token: string, range: CharacterRange, first: boolean) => CharacterRange;

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
  return (token, range, first) =>
    trimming.reduce((each, step) => trimmed(token, each, first, step['add_prefix_space'] !== false), range);
}

function stepsOf(description: Json | undefined): { readonly [name: string]: Json }[] {
  if (!isObject(description)) return [];
  const { type, processors } = description;
  if (type !== 'Sequence') return [description];
  return Array.isArray(processors) ? (processors as readonly Json[]).flatMap(stepsOf) : []; // As above.
}

function trimmed(
  token: string,
  { start, end }: CharacterRange,
  first: boolean,
  prefixed: boolean,
): CharacterRange {
  let leading = spaces.exec(token)?.[0].length ?? 0;
  const trailing = spacesAtEnd.exec(token)?.[0].length ?? 0;
  // The space that was put before the whole text is not in the text.
  if (leading > 0 && prefixed && (first || start === 0)) leading--;
  const from = Math.min(start + leading, end);
  return { start: from, end: trailing > 0 && end >= trailing ? Math.max(end - trailing, from) : end };
}
