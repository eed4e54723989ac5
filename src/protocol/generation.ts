import type { InspectionSummary } from './inspection.js';

/** How the next token is chosen from what the model says of all. */
export interface Sampling {
  /** The likeliest, or drawn. */
  readonly method: 'greedy' | 'sample';
  /** Logits are divided by it before they become probabilities; above 0. */
  readonly temperature: number;
  /** Drawn among the fewest tokens whose probabilities come to at least this (Holtzman et al. 2020); 1 for all. */
  readonly topP: number;
  /** Draws are the same for the same seed. */
  readonly seed: number;
}

export interface ContinueRequest {
  readonly inspection: string;
  /** How many more at most; it ends earlier where the model says that the text is over. */
  readonly tokens: number;
  /** Where left out: the likeliest, temperature 1, all tokens, seed 0. */
  readonly sampling?: Partial<Sampling>;
}

/** Why no more came. `end`: the model said so; `limit`: it reads no more tokens; `halted`: somebody said so. */
export type Ending = 'length' | 'end' | 'limit' | 'halted';

/** What a model said of its own: enough to have the same again, however it was chosen. */
export interface GeneratedTokens {
  readonly ids: readonly number[];
  /** Why no more came after the last. */
  readonly ending: Ending;
  /** Whether some of them were drawn. */
  readonly drawn: boolean;
}

/** What was said, by a model as it was then: its path, and when its files were written. */
export interface Continuation extends GeneratedTokens {
  readonly by: string;
}

export interface ContinueResult {
  /** Of the inspection with the new tokens; its revision has grown. */
  readonly summary: InspectionSummary;
  readonly ending: Ending;
  /** What was said, as text. */
  readonly text: string;
}

/** A token that a model may say next. */
export interface Candidate {
  readonly id: number;
  /** As the vocabulary spells it: "Ġthe". */
  readonly token: string;
  /** What it stands for in a text: " the". */
  readonly text: string;
  readonly logit: number;
  /** Softmax over the whole vocabulary, at temperature 1. */
  readonly probability: number;
}

export interface CandidatesRequest {
  readonly inspection: string;
  /** The row of the queries after which the next token comes. */
  readonly query: number;
  /** How many of the likeliest are wanted. */
  readonly count: number;
}

/** What a model says of the token after one of its queries, as it ran. */
export interface Candidates {
  readonly revision: number;
  readonly query: number;
  /** The likeliest first. */
  readonly candidates: readonly Candidate[];
  /** The token that does stand there, where there is one, and how many are likelier. */
  readonly actual?: Candidate & { readonly rank: number };
  /** Of all tokens' probabilities together, in nats. */
  readonly entropy: number;
}
