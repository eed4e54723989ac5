import { sentenceStarts } from './sentences.js';

/** A question and the text that is to answer it, with where they stand in the text that both were taken from. */
export interface Asked {
  readonly question: string;
  readonly context: string;
  readonly questionAt: number;
  readonly contextAt: number;
  /** What told them apart: a question mark, or, where there is none, the end of the first line. */
  readonly by: 'mark' | 'line';
  /** Whether the context stands before the question. */
  readonly isBefore: boolean;
}

const closing = '["”’»)\\]]*';
/** The marks that end questions, in several scripts; wide ones need no blank behind them, but an address may hold a “?”. */
const questionMark = new RegExp(`(?:[?؟]${closing}(?=\\s|$)|？[」』）”’]*)`, 'u');

/**
 * Finds the question in a text: the first sentence that ends with a question mark, all of the line where the line ends with it; where
 * there is none, the first line of several. What comes after it is to answer it, or, where nothing does, what comes before. Undefined
 * where there is no question, or nothing else.
 */
export function splitQuestion(text: string): Asked | undefined {
  const found = questionMark.exec(text);
  if (found === null) return splitLine(text);
  const end = found.index + found[0].length;
  const line = text.lastIndexOf('\n', found.index) + 1;
  const isLast = /^[^\S\n]*(?:\n|$)/.test(text.slice(end));
  const within = line + (sentenceStarts(text.slice(line, end)).at(-1) ?? 0);
  return (
    // Nothing is cut within a line that is a question.
    (isLast ? asked(text, [line, end], [end, text.length]) : undefined) ??
    (isLast ? asked(text, [line, end], [0, line]) : undefined) ??
    asked(text, [within, end], [end, text.length]) ??
    asked(text, [within, end], [0, within])
  );
}

function splitLine(text: string): Asked | undefined {
  const lead = text.length - text.trimStart().length;
  const end = text.indexOf('\n', lead);
  const split = end < 0 ? undefined : asked(text, [lead, end], [end, text.length]);
  return split && { ...split, by: 'line' };
}

type Part = readonly [start: number, end: number];

/** Undefined where one of the two is blank. */
function asked(text: string, question: Part, context: Part): Asked | undefined {
  const [ask, answer] = [trimmed(text, question), trimmed(text, context)];
  if (ask.text === '' || answer.text === '') return undefined;
  return {
    question: ask.text,
    questionAt: ask.start,
    context: answer.text,
    contextAt: answer.start,
    by: 'mark',
    isBefore: context[0] < question[0],
  };
}

function trimmed(text: string, [start, end]: Part): { readonly text: string; readonly start: number } {
  const part = text.slice(start, end);
  return { text: part.trim(), start: start + part.length - part.trimStart().length };
}
