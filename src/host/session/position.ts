import { nearestPosition } from '../../position.js';
import type { InspectionSummary, Picture, Position } from '../../protocol.js';
import type { EngineClient } from '../transports/client.js';

/** A matrix with more cells than this is asked for by the panel, in its own resolution. */
const mostCells = 512 * 512;
/** How long a result waits for its first picture, in milliseconds: about what it takes a page to ask for it. */
const patience = 100;

/**
 * The matrix that is looked at first in a new result, so that it comes with it: a page that had to ask for it would have it
 * a tenth of a second later. Undefined where it is large or takes long; the page asks for it then.
 */
export async function firstPicture(
  engine: Pick<EngineClient, 'request'>,
  summary: InspectionSummary,
  position: Position,
  signal: AbortSignal,
): Promise<Picture | undefined> {
  const { layer, head, step: name } = nearestPosition(summary, position);
  const step = summary.steps.find((each) => each.name === name);
  if (step === undefined || step.perQuery || step.rows.size * step.columns.size > mostCells) return undefined;
  const place = { inspection: summary.id, layer, head, step: name };
  const soon = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
  try {
    return { place, slice: await engine.request('slice', place, { signal: soon }) };
  } catch {
    // Whatever is wrong is told to the page when it asks.
    return undefined;
  }
}

/** The position at the head that tells most; the one that is given where none does. */
export async function tellingPosition(
  engine: Pick<EngineClient, 'request'>,
  { id }: InspectionSummary,
  position: Position,
  signal: AbortSignal,
): Promise<Position> {
  // Where it cannot be told, the first head is as good as any other.
  const found = await engine.request('tellingHead', { inspection: id }, { signal }).catch(() => null);
  return found === null ? position : { ...position, ...found };
}
