import { broad } from './broad.js';
import { duplicateToken } from './duplicate-token.js';
import { induction } from './induction.js';
import { nextToken } from './next-token.js';
import type { Pattern } from './pattern.js';
import { previousToken } from './previous-token.js';
import { sameToken } from './same-token.js';
import { sink } from './sink.js';

/** Every pattern there is, in the order in which they are shown. */
export const patterns: readonly Pattern[] = [
  previousToken,
  nextToken,
  sameToken,
  sink,
  broad,
  induction,
  duplicateToken,
];

/**
 * The pattern that a head shows most: of those whose threshold its score reaches, the one that has come farthest from there
 * to 1; undefined where there is none.
 * @param scores by the pattern's name; NaN where it could not be seen
 */
export function strongest(scores: ReadonlyMap<string, number>): Pattern | undefined {
  let found: Pattern | undefined;
  let most = -1;
  for (const pattern of patterns) {
    const score = scores.get(pattern.name) ?? Number.NaN;
    const way = (score - pattern.threshold) / (1 - pattern.threshold);
    if (score >= pattern.threshold && way > most) [found, most] = [pattern, way];
  }
  return found;
}

export type { Pattern, PatternTokens } from './pattern.js';
