/** Why somebody's numbers are not those of the formula, as far as it was found. */
export interface Diagnosis {
  /**
   * `agrees`: the formula as it stands gives their numbers. `explained`: another reading of it does. `unexplained`: none that was
   * tried; what comes nearest is listed.
   */
  readonly verdict: 'agrees' | 'explained' | 'unexplained';
  /** In one or two sentences. */
  readonly sentence: string;
  /** What was given, beside the formula as it stands. */
  readonly compared: readonly ComparedStep[];
  /** The name of the first step that differs from the formula; null where none does. */
  readonly from: string | null;
  /** The best first. Where the verdict is `explained`, those that give their numbers; else those that come nearest. */
  readonly explanations: readonly Explanation[];
  /** What was assumed, or left aside. */
  readonly notes: readonly string[];
}

/** Given numbers beside those of one step. */
export interface ComparedStep {
  /** What it was given as. */
  readonly given: GivenResult;
  /** The step that it was compared with: given scores may be those before or after scaling and masks. */
  readonly step: string;
  /** The largest absolute difference. */
  readonly error: number;
  /** The root of the mean squared difference, over that of their numbers. */
  readonly relative: number;
  /** Whether the difference is what rounding leaves, in the precision that their numbers are stored in. */
  readonly agrees: boolean;
}

export type GivenResult = 'scores' | 'weights' | 'output';

/** One reading of the formula. */
export interface Explanation {
  /** The value of the parameter `reading` under which its steps are shown. */
  readonly reading: string;
  /** "The scores are not scaled" */
  readonly title: string;
  /** Each change by its id and what it says: "no-scaling". */
  readonly slips: readonly { readonly id: string; readonly title: string }[];
  readonly fits: boolean;
  readonly compared: readonly ComparedStep[];
  /** The first step whose numbers it changes; null where it changes none that was compared. */
  readonly from: string | null;
}
