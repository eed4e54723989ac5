/** Where an answer stands among the tokens, and how likely it is. */
export interface AnswerSpan {
  readonly first: number;
  readonly last: number;
  readonly probability: number;
}

export interface Answers {
  /** The likeliest first. */
  readonly spans: readonly AnswerSpan[];
  /** That the text does not answer: both ends at the first token, as in SQuAD 2 (Devlin et al. 2019, §4.3). */
  readonly none: number;
}

/** No answer is longer, in tokens. */
const longest = 30;

/**
 * The likeliest answers: softmax of beginnings and of ends over the tokens where one may be, and over the first; an answer's
 * probability is the product of its ends (Devlin et al. 2019, §4.2).
 * @param logits of beginnings and of ends // (n, 2)
 * @param isContext whether a token belongs to the text that answers
 */
export function answersIn(logits: Float32Array, isContext: readonly boolean[], count: number): Answers {
  const [starts, ends] = [0, 1].map((column) => shares(logits, column, isContext));
  const spans: AnswerSpan[] = [];
  const least = (): number => (spans.length < count ? 0 : (spans.at(-1)?.probability ?? 0));
  isContext.forEach((isStart, first) => {
    const start = starts?.[first] ?? 0;
    for (let last = first; isStart && last < Math.min(isContext.length, first + longest); last++) {
      const probability = start * (isContext[last] === true ? (ends?.[last] ?? 0) : 0);
      if (probability <= least()) continue;
      spans.push({ first, last, probability });
      spans.sort((a, b) => b.probability - a.probability);
      if (spans.length > count) spans.pop();
    }
  });
  return { spans, none: (starts?.[0] ?? 0) * (ends?.[0] ?? 0) };
}

function shares(logits: Float32Array, column: number, isContext: readonly boolean[]): number[] {
  const own = isContext.map((isOpen, at) =>
    isOpen || at === 0 ? (logits[2 * at + column] ?? -Infinity) : -Infinity,
  );
  const largest = Math.max(...own);
  const powers = own.map((logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
