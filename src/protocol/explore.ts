import type { InspectionSummary, ParameterValues } from './inspection.js';
import type { Move, Moved, Position } from './panel.js';

/** The side panel's Explore view. */
export type ExploreState =
  | { readonly kind: 'none' }
  | { readonly kind: 'inspection'; readonly summary: ExploreSummary; readonly position: Position };

/** What the controls need of an inspection: no labels and no steps, which may be thousands. */
export type ExploreSummary = Pick<
  InspectionSummary,
  'heads' | 'id' | 'layers' | 'mechanism' | 'parameters' | 'subtitle' | 'title'
>;

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
