import type { Encoding, Model } from '../../../models/index.js';
import { uniform } from './seed.js';

/** How many random tokens are repeated. */
const length = 48;
const seed = 2022;

/**
 * Random tokens, twice in a row, with the special ones around them that the model puts around a text (Olsson et al. 2022).
 * Undefined for a model that reads too few tokens.
 */
export async function repeatedTokens(model: Model, around: Encoding): Promise<Encoding | undefined> {
  const first = around.ranges.findIndex((range) => range !== null);
  const last = around.ranges.findLastIndex((range) => range !== null);
  const before = around.ids.slice(0, first);
  const after = around.ids.slice(last + 1);
  const count = Math.min(length, Math.floor((model.limit - before.length - after.length) / 2));
  if (count < 2 || first < 0) return undefined;
  const random = uniform(seed);
  const avoided = new Set([...before, ...after, ...(await model.addedTokens()).values()]);
  const drawn = new Set<number>();
  for (let tries = 0; drawn.size < count && tries < 100 * count; tries++) {
    const id = Math.floor(random() * model.vocabulary);
    if (!avoided.has(id)) drawn.add(id);
  }
  const ids = [...before, ...drawn, ...drawn, ...after];
  return {
    ids,
    tokens: ids.map((id) => `<${id}>`),
    // Those around it are in no text; the others stand for themselves.
    ranges: ids.map((_, at) =>
      at < before.length || at >= ids.length - after.length ? null : { start: at, end: at + 1 },
    ),
    unknown: [],
    total: ids.length,
  };
}
