/** A question and the text that is to answer it, with where they stand in the text that both were taken from. */
export interface Asked {
  readonly question: string;
  readonly context: string;
  /** Undefined where they come from another text. */
  readonly questionAt: number | undefined;
  readonly contextAt: number | undefined;
}

/** The marks that end questions, in several scripts. */
const questionMark = /[?？؟]["”’»)]*(?=\s|$)/u;
const sentenceEnd = /[.!…。！?？؟]["”’»)]*\s+|\n+/gu;

/**
 * Finds the question in a text: the first sentence that ends with a question mark. What comes after it is to answer it, or, where
 * nothing does, what comes before. Undefined where there is no question, or nothing else.
 */
export function splitQuestion(text: string): Asked | undefined {
  const found = questionMark.exec(text);
  if (found === null) return undefined;
  const end = found.index + found[0].length;
  const before = text.slice(0, found.index);
  const last = [...before.matchAll(sentenceEnd)].at(-1);
  const begin = last === undefined ? 0 : last.index + last[0].length;
  const question = text.slice(begin, end);
  const asked = (from: number, to: number): Asked | undefined => {
    const context = text.slice(from, to);
    const lead = context.length - context.trimStart().length;
    return context.trim() === ''
      ? undefined
      : { question, context: context.trim(), questionAt: begin, contextAt: from + lead };
  };
  return asked(end, text.length) ?? asked(0, begin);
}
