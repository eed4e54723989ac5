import type { InspectionSummary, Span } from '../../../src/protocol.js';

/** How many weights are pooled before something is shown of them: some tenths of a second. */
const mostAtOnce = 2 ** 27;

/** The layers whose thumbnails are asked for together, the one that is shown among the first. */
export function partsOf(
  { layers, heads, queries, keys }: Pick<InspectionSummary, 'layers' | 'heads' | 'queries' | 'keys'>,
  shown: number,
): Span[] {
  const weights = heads * queries.count * keys.count;
  const atOnce = Math.max(1, Math.floor(mostAtOnce / Math.max(1, weights)));
  const parts = Array.from({ length: Math.ceil(layers / atOnce) }, (_, part) => ({
    start: part * atOnce,
    end: Math.min(layers, (part + 1) * atOnce),
  }));
  const first = Math.floor(shown / atOnce);
  return [...parts.slice(first), ...parts.slice(0, first)];
}
