import { placeNumber } from '../../../src/common/counting.js';
import type { AudioMedium, InspectionSummary, Interval, Step } from '../../../src/protocol.js';
import { findStep, isPairwise } from '../../../src/drawing/labels.js';
import type { PanelView } from '../../panel.js';
import type { Cell } from '../../draw/viewport.js';
import type { Frames } from './frames.js';
import { extentOf, framesBefore, framesOf } from './frames.js';
import { soundStrings } from './strings.js';

/** The stages of an alignment are steps of these names; the last that has a row for each token is what its path is seen on. */
const stages = 'alignment_';
const meanStage = `${stages}mean`;

/** The matrix that lies along the time axis: its columns are frames. */
export interface TimedMatrix {
  readonly step: Step;
  readonly frames: Frames;
  /** Where its rows are frames too. */
  readonly rowFrames: Frames | null;
  /** Attention as the model computed it, what alignment made of all its heads, a stage on the way, or something else. */
  readonly kind: 'attention' | 'alignment' | 'stage' | 'other';
  readonly picked: Cell | null;
}

/** What of an inspection is shown along the time axis now. */
export interface Shown {
  readonly summary: InspectionSummary;
  readonly medium: AudioMedium;
  /** Null where nothing that is open lies on the recording. */
  readonly matrix: TimedMatrix | null;
  /** All of the time axis: what was heard, and what the model padded it with. */
  readonly extent: Interval;
  readonly layer: number;
  readonly head: number;
}

export function audioOf({ media }: InspectionSummary): AudioMedium | undefined {
  return media.find((medium) => medium.kind === 'audio');
}

export function alignmentStep(summary: InspectionSummary): Step | undefined {
  const step = summary.aligns === true ? findStep(summary, meanStage) : undefined;
  return step !== undefined && isPairwise(step) ? step : undefined;
}

export function weightsStep(summary: InspectionSummary): Step | undefined {
  return summary.steps.find((each) => each.role === 'weights' && isPairwise(each));
}

const known = new WeakMap<InspectionSummary, { keys: Frames | null; queries: Frames | null }>();

/** Looking through the marks of thousands of frames with each pan would take long. */
function sidesOf(
  summary: InspectionSummary,
  medium: AudioMedium,
): { keys: Frames | null; queries: Frames | null } {
  const sides = known.get(summary) ?? {
    keys: framesOf(summary.keys, medium),
    queries: framesOf(summary.queries, medium),
  };
  known.set(summary, sides);
  return sides;
}

/** Null where no recording was brought. */
export function shownIn({ content, position }: PanelView): Shown | null {
  if (content.kind !== 'inspection') return null;
  const { summary } = content;
  const medium = audioOf(summary);
  if (medium === undefined) return null;
  const { keys, queries } = sidesOf(summary, medium);
  const open = findStep(summary, position.step);
  // A stage that leaves out tokens has rows that are not the queries: its labels would be others'.
  const isOpen = open !== undefined && isPairwise(open) && open.rows.size === summary.queries.count;
  const step = isOpen ? open : weightsStep(summary);
  const { heard } = medium;
  const { layer, head } = position;
  const common = { summary, medium, layer, head };
  // What was cropped has fewer columns.
  const count = Math.min(keys?.count ?? 0, (step?.columns.size ?? 0) - (keys?.first ?? 0));
  if (keys === null || step === undefined || count < 1) return { ...common, matrix: null, extent: heard };
  const all = extentOf(keys);
  return {
    ...common,
    matrix: {
      step,
      frames: { ...keys, count },
      rowFrames: queries,
      kind: kindOf(summary, step),
      picked: isOpen ? (position.cell ?? null) : null,
    },
    extent: { start: Math.min(heard.start, all.start), end: Math.max(heard.end, all.end) },
  };
}

function kindOf(summary: InspectionSummary, step: Step): TimedMatrix['kind'] {
  if (step === alignmentStep(summary)) return 'alignment';
  if (summary.aligns === true && step.name.startsWith(stages)) return 'stage';
  return step === weightsStep(summary) ? 'attention' : 'other';
}

/** How many rows are seen at first: of frames, those that were heard. */
export function homeRows({ matrix, medium }: Shown): number {
  if (matrix === null) return 1;
  const { rowFrames, step } = matrix;
  if (rowFrames === null || rowFrames.first > 0) return step.rows.size;
  return Math.min(step.rows.size, framesBefore(rowFrames, medium.heard.end));
}

/** What the matrix is called, so that attention and what alignment made of it never share a name. */
export function captionOf({ summary, matrix, layer, head }: Shown, heads: number | null): string {
  if (matrix === null) return '';
  const { step, kind } = matrix;
  if (kind === 'alignment') return soundStrings.alignment(heads);
  // Of a stage that is of no one head, and of no one layer, the title says all.
  if (!step.perHead) return kind === 'stage' ? step.title : soundStrings.captionLayer(step.title, layer);
  return summary.heads > 1 || summary.layers > 1
    ? soundStrings.captionHead(step.title, layer, head)
    : step.title;
}

/** "2.3": how a head is named in a list, as people count. */
export function headTitle(layer: number, head: number): string {
  return `${placeNumber(layer)}.${placeNumber(head)}`;
}
