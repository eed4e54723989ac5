/** Where an answer stands among the tokens, the last one included, and how likely it is. */
export interface AnswerSpan {
  readonly first: number;
  readonly last: number;
  /** How likely it begins at the first token, and ends at the last. */
  readonly start: number;
  readonly end: number;
  /** Their product. */
  readonly probability: number;
}

/** No answer is longer, in tokens. */
const longest = 30;

/**
 * The likeliest answers, each as likely as its start times its end (Devlin et al. 2019, §4.2); of equally likely ones the first.
 * @param probabilities of starts, then of ends // (2, n)
 * @param isContext whether a token belongs to the text that answers
 */
export function likeliestSpans(
  probabilities: Float32Array,
  isContext: readonly boolean[],
  count: number,
): readonly AnswerSpan[] {
  const tokens = isContext.length;
  const spans: AnswerSpan[] = [];
  isContext.forEach((mayStart, first) => {
    const start = probabilities[first] ?? 0;
    for (let last = first; mayStart && last < Math.min(tokens, first + longest); last++) {
      if (isContext[last] !== true) continue;
      const end = probabilities[tokens + last] ?? 0;
      const probability = start * end;
      if (spans.length === count && probability <= (spans.at(-1)?.probability ?? 0)) continue;
      const place = spans.findIndex((other) => other.probability < probability);
      spans.splice(place < 0 ? spans.length : place, 0, { first, last, start, end, probability });
      if (spans.length > count) spans.pop();
    }
  });
  return spans;
}
