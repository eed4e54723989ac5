import { readNumber } from './numbers.js';
import { RowSplitter, type Delimiter, type Row } from './rows.js';

const MAX_ROWS = 64;

export const delimiters: readonly Delimiter[] = [',', ';', '\t', ' '];

/** What stands between the columns, as people call it. */
export const delimiterNames: Readonly<Record<Delimiter, string>> = {
  ',': 'commas',
  ';': 'semicolons',
  '\t': 'tabs',
  ' ': 'spaces',
};

/**
 * What separates the columns: what the file's name says where that gives rows of numbers, else what does.
 * @param text the beginning of the file, of which the last line may be cut short
 */
export function delimiterOf(text: string, preferred: Delimiter, isWhole: boolean): Delimiter {
  const candidates = [preferred, ...delimiters.filter((each) => each !== preferred)];
  const start = firstLines(text);
  const ends = isWhole && start.length === text.length;
  const fits = candidates.map((delimiter) => {
    const rows = sample(start, delimiter, ends);
    // What is wrong with it as it is named is said when it is read, unless it is sound as something else.
    if (rows === undefined) return delimiter === preferred ? 1.5 : 0;
    return fitOf(rows, delimiter === preferred ? 1 : 2);
  });
  return candidates[fits.indexOf(Math.max(...fits))] ?? preferred;
}

/** 2 where every cell below the first row and right of the first column is a number, 1 where there are as many in every row. */
function fitOf(all: readonly Row[], leastWidth: number): number {
  const rows = all.filter(({ text: line }) => !line.startsWith('#'));
  const body = rows.length > 1 ? rows.slice(1) : rows;
  const width = body[0]?.cells.length ?? 0;
  if (width < leastWidth || body.some(({ cells }) => cells.length !== width)) return 0;
  const numbers = body.flatMap(({ cells }) => (width === 1 ? cells : cells.slice(1)));
  if (numbers.every((cell) => readNumber(cell) !== undefined)) return 2;
  return width > 1 ? 1 : 0;
}

function firstLines(text: string): string {
  let end = 0;
  for (let lines = 0; lines < MAX_ROWS; lines++) {
    const next = text.indexOf('\n', end);
    if (next < 0) return text;
    end = next + 1;
  }
  return text.slice(0, end);
}

function sample(text: string, delimiter: Delimiter, isWhole: boolean): Row[] | undefined {
  const splitter = new RowSplitter(delimiter, '');
  try {
    const rows = [...splitter.push(text)];
    return isWhole ? [...rows, ...splitter.finish()] : rows;
  } catch {
    return undefined;
  }
}
