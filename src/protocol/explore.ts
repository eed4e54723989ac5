import type { InspectionSummary, ParameterValues } from './inspection.js';
import type { Position } from './panel.js';

/** The side panel's Explore view. */
export type ExploreState =
  | { readonly kind: 'none' }
  | { readonly kind: 'inspection'; readonly summary: ExploreSummary; readonly position: ExplorePosition };

/** What the controls need of an inspection: no labels and no steps, which may be thousands. */
export type ExploreSummary = Pick<
  InspectionSummary,
  'heads' | 'id' | 'layers' | 'mechanism' | 'parameters' | 'subtitle' | 'title'
>;

/** The controls know nothing of cells. */
export type ExplorePosition = Pick<Position, 'head' | 'layer'>;

export type ExploreMethods = {
  ready: { params: null; result: ExploreState };
  change: { params: { parameters: ParameterValues }; result: null };
  /** Starts an inspection of the selection, for the empty state's button. */
  inspectSelection: { params: null; result: null };
};

export type ExploreReports = {
  position: ExplorePosition;
};

export type ExploreNotices = {
  state: ExploreState;
  /** The panel has gone to another head. */
  position: ExplorePosition;
};
