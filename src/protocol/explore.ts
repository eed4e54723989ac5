import type { InspectionSummary, ParameterValues } from './inspection.js';
import type { Move, Moved, Position } from './panel.js';

/** The side panel's Explore view. */
export type ExploreState =
  | { readonly kind: 'none' }
  | { readonly kind: 'inspection'; readonly summary: InspectionSummary; readonly position: Position };

export type ExploreMethods = {
  ready: { params: null; result: ExploreState };
  change: { params: { parameters: ParameterValues }; result: null };
  /** Starts an inspection of the selection, for the empty state's button. */
  inspectSelection: { params: null; result: null };
};

export type ExploreReports = {
  position: Move;
};

export type ExploreNotices = {
  state: ExploreState;
  position: Moved;
};
