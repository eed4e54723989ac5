/** What a model that points at answers says of a question and a text. */
export interface Answers {
  readonly question: string;
  /** The likeliest first; none where the text leaves nothing to point at. */
  readonly spans: readonly Answer[];
  /** How likely it is that the text holds no answer: both ends at the first token. */
  readonly none: number;
}

/** A part of the text. */
export interface Answer {
  /** Its tokens among the queries, the last one included. */
  readonly first: number;
  readonly last: number;
  readonly text: string;
  /** How likely an answer begins at the first token, and ends at the last. */
  readonly start: number;
  readonly end: number;
  /** Their product. */
  readonly probability: number;
}
