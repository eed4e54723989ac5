import type { InspectionSummary, Step } from '../../../src/protocol.js';
import type { Cell } from '../../draw/viewport.js';
import { findStep, isPairwise } from '../../../src/drawing/labels.js';
import type { PanelView } from '../../panel.js';
import type { Patches } from './patches.js';
import { patchesOf } from './patches.js';
import type { Settings } from './settings.js';

/** What of an inspection lies over its image now. */
export interface Shown {
  readonly summary: InspectionSummary;
  /** Of query × key numbers: the one that is open, else the weights, or what there is where nothing attends. */
  readonly step: Step;
  readonly direction: Settings['direction'];
  /** Whether either direction lies on the image. */
  readonly directions: boolean;
  /** The side that lies on the image. */
  readonly patches: Patches;
  /** The other side, where its tokens are patches too. */
  readonly sources: Patches | null;
  /** The query whose row, or the key whose column, is shown. */
  readonly source: number;
  readonly picked: Cell | null;
}

const known = new WeakMap<InspectionSummary, { keys: Patches | null; queries: Patches | null }>();

/** The patches of both sides; reading them anew each time would take long where they are many. */
function sidesOf(summary: InspectionSummary): { keys: Patches | null; queries: Patches | null } {
  const sides = known.get(summary) ?? {
    keys: patchesOf(summary, 'keys'),
    queries: patchesOf(summary, 'queries'),
  };
  known.set(summary, sides);
  return sides;
}

/** Whether an inspection has anything that lies on an image. */
export function liesOnImage(summary: InspectionSummary): boolean {
  const { keys, queries } = sidesOf(summary);
  return keys !== null || queries !== null;
}

/** Null where nothing lies on an image. */
export function shownIn({ content, position, chosen }: PanelView, settings: Settings): Shown | null {
  if (content.kind !== 'inspection') return null;
  const { summary } = content;
  const { keys, queries } = sidesOf(summary);
  const direction = queries !== null && (keys === null || settings.direction === 'column') ? 'column' : 'row';
  const [patches, sources] = direction === 'row' ? [keys, queries] : [queries, keys];
  const open = findStep(summary, position.step);
  const isOpen = open !== undefined && isPairwise(open);
  const step = isOpen
    ? open
    : (summary.steps.find((each) => each.role === 'weights' && isPairwise(each)) ??
      summary.steps.find(isPairwise));
  if (patches === null || step === undefined) return null;
  return {
    summary,
    step,
    direction,
    directions: keys !== null && queries !== null,
    patches,
    sources,
    source: chosen[direction === 'row' ? 'query' : 'key'],
    picked: isOpen ? (position.cell ?? null) : null,
  };
}

/** The cell of what is shown and one of the labels on its other side. */
export function cellOf({ direction, source }: Shown, index: number): Cell {
  return direction === 'row' ? { row: source, column: index } : { row: index, column: source };
}
