import { ModelError } from '../../../error.js';
import { SortedTokens } from './sorted-tokens.js';
import { bytesOf, type Vocabulary, type WordCutter, type WordToken } from './vocabulary.js';

/** How much less an unknown character scores than the least token: SentencePiece's kUnkPenalty. */
const UNKNOWN_PENALTY = 10;

/** The best way to reach a place of a word. */
interface Step {
  readonly score: number;
  readonly from: number;
  readonly id: number;
}

/**
 * Unigram (Kudo 2018): the tokens whose scores have the largest sum. A run of characters that are not in the vocabulary
 * is one unknown token, or is written byte by byte. Sums are taken in the order of the `tokenizers` library.
 */
export function unigram(
  vocabulary: Vocabulary,
  scores: readonly number[],
  unknown: number | undefined,
  toBytes: boolean,
  where: string,
): WordCutter {
  const tokens = new SortedTokens(vocabulary.ids);
  const unknownScore = scores.reduce((least, score) => Math.min(least, score), Infinity) - UNKNOWN_PENALTY;
  const needed = (): number => {
    if (unknown === undefined) throw new ModelError(`${where} has no token for what is unknown to it.`);
    return unknown;
  };
  return (characters) => {
    const best = bestSteps(characters, (visit, from, score) => {
      let single = false;
      tokens.at(characters, from, (id, to) => {
        visit({ score: (scores[id] ?? 0) + score, from, id }, to);
        single ||= to === from + 1;
      });
      if (!single) visit({ score: unknownScore + score, from, id: needed() }, from + 1);
    });
    const parts: { from: number; to: number; unknown: boolean }[] = [];
    for (let to = characters.length; to > 0;) {
      const { from, id } = best[to] ?? { from: to - 1, id: needed() };
      const after = parts.at(-1);
      if (id === unknown && after?.unknown === true) after.from = from;
      else parts.push({ from, to, unknown: id === unknown });
      to = from;
    }
    return parts.toReversed().flatMap(({ from, to }): WordToken[] => {
      const token = characters.slice(from, to).join('');
      const id = vocabulary.ids.get(token);
      if (id !== undefined) return [{ id, token, from, to }];
      const bytes = bytesOf(token);
      if (toBytes && bytes.every((byte) => vocabulary.ids.has(byte))) {
        return bytes.map((byte) => ({ id: vocabulary.ids.get(byte) ?? needed(), token: byte, from, to }));
      }
      return [{ id: needed(), token, from, to }];
    });
  };
}

function bestSteps(
  { length }: readonly string[],
  steps: (visit: (step: Step, to: number) => void, from: number, score: number) => void,
): readonly (Step | undefined)[] {
  const best: (Step | undefined)[] = Array.from({ length: length + 1 });
  const visit = (step: Step, to: number): void => {
    const known = best[to];
    if (known === undefined || step.score > known.score) best[to] = step;
  };
  for (let from = 0; from < length; from++) steps(visit, from, best[from]?.score ?? 0);
  return best;
}
