import { broad } from './broad.js';
import { classToken } from './class-token.js';
import { duplicateToken } from './duplicate-token.js';
import { globalPatches } from './global-patches.js';
import { induction } from './induction.js';
import { localPatches } from './local-patches.js';
import { nearPatches } from './near-patches.js';
import { nextToken } from './next-token.js';
import type { HeadType } from './head-type.js';
import { patchColumn } from './patch-column.js';
import { patchRow } from './patch-row.js';
import { previousToken } from './previous-token.js';
import { register } from './register.js';
import { samePatch } from './same-patch.js';
import { sameToken } from './same-token.js';
import { sink } from './sink.js';

/** Every head type there is, in the order in which they are shown. */
export const headTypes: readonly HeadType[] = [
  previousToken,
  nextToken,
  sameToken,
  sink,
  broad,
  induction,
  duplicateToken,
  samePatch,
  nearPatches,
  patchRow,
  patchColumn,
  classToken,
  register,
  localPatches,
  globalPatches,
];

/**
 * What a head does most: of the types whose threshold its score reaches, the one whose score lies farthest on the way from
 * there to 1; undefined where there is none.
 * @param scores by the type's name; NaN where it could not be told
 */
export function strongest(scores: ReadonlyMap<string, number>): HeadType | undefined {
  let found: HeadType | undefined;
  let most = -1;
  for (const type of headTypes) {
    const score = scores.get(type.name) ?? Number.NaN;
    const way = (score - type.threshold) / (1 - type.threshold);
    if (score >= type.threshold && way > most) [found, most] = [type, way];
  }
  return found;
}

export type { HeadType, PatchTokens, ProbeTokens } from './head-type.js';
