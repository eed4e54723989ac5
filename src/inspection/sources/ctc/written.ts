import {
  heardCharacters,
  textOf,
  type CtcSettings,
  type HeardCharacter,
} from '../../../models/speech/ctc.js';
import type { Aligner } from '../../core/subject.js';

/** What a model wrote of a recording, character by character. */
export interface Written {
  readonly text: string;
  /** Each between two spaces. */
  readonly words: readonly { readonly text: string; readonly start: number; readonly end: number }[];
  /** The character that a frame was heard as, or undefined for one that says nothing new. */
  at(frame: number): string | undefined;
}

/** @param ids the likeliest character of every frame */
export function writtenBy(settings: CtcSettings, ids: readonly number[]): Written {
  const heard = heardCharacters(settings, ids);
  const words: HeardCharacter[][] = [[]];
  for (const each of heard) {
    if (each.text === settings.space) words.push([]);
    else words.at(-1)?.push(each);
  }
  const byFrame = new Map(
    heard.flatMap(({ text, start, end }) =>
      Array.from({ length: end - start }, (_, at) => [start + at, text === ' ' ? '␣' : text] as const),
    ),
  );
  return {
    text: textOf(settings, heard),
    words: words.flatMap((characters) => {
      const [first, last] = [characters[0], characters.at(-1)];
      if (first === undefined || last === undefined) return [];
      return [{ text: textOf(settings, characters), start: first.start, end: last.end }];
    }),
    at: (frame) => byFrame.get(frame),
  };
}

/** When words were written, which is when they were heard: no attention has a part in it. */
export function ctcAligner(
  written: Written,
  { frames, start, frame }: { readonly frames: number; readonly start: number; readonly frame: number },
): Aligner {
  const timeOf = (at: number): number => start + at * frame;
  const rows = Array.from({ length: frames }, (_, at) => at);
  return {
    align: () =>
      Promise.resolve({
        words: written.words.map((word) => ({
          text: ` ${word.text}`,
          start: timeOf(word.start),
          end: timeOf(word.end),
          rows: { start: word.start, end: word.end },
        })),
        path: { rows: Uint32Array.from(rows), times: Float64Array.from(rows, timeOf) },
        heads: [],
        notices: [
          'Times are those of the frames at which characters were written (CTC), which may lie a little beside where they sound; no attention has a part in them.',
        ],
      }),
    // Nothing here attends from text to sound.
    rank: () => Promise.resolve([]),
  };
}
