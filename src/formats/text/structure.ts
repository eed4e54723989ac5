import { FormatError } from '../source.js';
import { quoted } from '../untrusted.js';
import { readNumber } from './numbers.js';
import type { Row } from './rows.js';

/** What is known of a table once it has been read. */
export interface Table {
  readonly file: string;
  readonly first: Row;
  readonly secondLine: number;
  /** Cells of every row but the first. */
  readonly width: number;
  /** Without the first. */
  readonly rows: number;
  /** Of these rows. */
  readonly firstCells: readonly string[];
  /** Whether one of them is no number. */
  readonly hasWords: boolean;
  readonly truthsAreNumbers: boolean;
  /** The numbers of one of these rows; NaN for words. */
  row(at: number): readonly number[];
}

export interface Structure {
  /** Whether the first row labels the columns. */
  readonly hasHeader: boolean;
  /** Whether the first column labels the rows. */
  readonly hasLabels: boolean;
  /** What was concluded from numbers alone. */
  readonly notices: readonly string[];
}

/** Rows of weights sum to 1, but for what was lost in writing them. */
const SUM_TOLERANCE = 2e-3;

/** Rows that are looked at where numbers have to tell. */
const MAX_PROBED = 256;

/** What writers call the first column, and never a token of a text with nothing but numbers for other tokens. */
const corners: ReadonlySet<string> = new Set([
  'token',
  'tokens',
  'word',
  'words',
  'query',
  'queries',
  'key',
  'keys',
  'index',
  'label',
  'labels',
  'name',
  'names',
  'id',
  'row',
  'rows',
  'unnamed: 0',
  'position',
  'pos',
  'time',
  'date',
  'year',
  '#',
]);

/**
 * Tells labels from numbers. Words say it where there are any: a first row with words labels columns, a first column with words
 * labels rows, whatever numbers, dates or "nan" stand among them. Where labels are numbers throughout, the sums of rows do, and
 * counting from 0 or 1.
 * @throws FormatError where the first row fits neither as a header nor as numbers
 */
export function structureOf(table: Table): Structure {
  const { first, width, rows, hasWords } = table;
  const cells = first.cells;
  const isWord = (text: string): boolean => {
    const read = readNumber(text);
    return read === undefined || (read.written === 'truth' && !table.truthsAreNumbers);
  };
  const [corner = '', ...others] = cells;
  const isRowOfNumbers = cells.some(isFraction) && cells.filter(isWord).every((cell) => missing.test(cell));
  const named = !isRowOfNumbers && others.some((cell) => cell !== '' && isWord(cell));
  refuseOtherNumbers(table);
  if (rows === 0) {
    return {
      hasHeader: false,
      hasLabels: others.length > 0 && readNumber(corner) === undefined,
      notices: [],
    };
  }
  if (cells.length !== width) {
    const anyWord = hasWords || cells.some((cell) => isWord(cell));
    if (cells.length === width - 1 && anyWord) return { hasHeader: true, hasLabels: true, notices: [] };
    throw new FormatError(
      anyWord
        ? `${table.file}: line ${first.line} has ${cells.length} column labels, but the rows have ${width} numbers.`
        : `${table.file}: line ${table.secondLine} has ${width} numbers, but the rows before it have ${cells.length}.`,
    );
  }
  if (corner === '') return { hasHeader: true, hasLabels: width > 1, notices: [] };
  if (width === 1) return { hasHeader: isWord(corner), hasLabels: false, notices: [] };
  const hasLabels = hasWords || labelledByNumbers(table, named || isWord(corner));
  const notices = hasLabels && !hasWords ? [numbersAsLabels(table)] : [];
  if (named) return { hasHeader: true, hasLabels, notices };
  const isHeader = headedByNumbers(table, hasLabels, isWord(corner));
  if (isHeader) notices.push(firstAsHeader(table));
  return { hasHeader: isHeader, hasLabels, notices };
}

/** What R and spreadsheets write where there is no number. */
const missing = /^\s*(na|n\/a|#n\/a|null|none|-+|\?)?\s*$/i;

function isFraction(text: string): boolean {
  const value = readNumber(text)?.value;
  return value !== undefined && Number.isFinite(value) && !Number.isInteger(value);
}

/** Percentages, complex numbers, Fortran's exponents: no words, but no numbers that are read either. */
const OTHER_NUMBER = /^\(?[+-]?[\d.,]+(?:\s*%|(?:[+-][\d.]+(?:e[+-]?\d+)?)?j\)?|d[+-]?\d+)$/i;

/** @throws FormatError where all that would be a label is a number that is written in another way */
function refuseOtherNumbers({ file, first, firstCells, width }: Table): void {
  const columns = width > 1 ? firstCells : [];
  for (const cells of [first.cells, columns]) {
    const words = cells.filter((text) => text !== '' && readNumber(text) === undefined);
    const [word] = words;
    if (word !== undefined && words.every((text) => OTHER_NUMBER.test(text))) {
      throw new FormatError(
        `${file} has ${quoted(word)} where a plain number is expected: write percentages as fractions, complex numbers as their real part or magnitude, and exponents with an e.`,
      );
    }
  }
}

/** Whether a first column of numbers labels the rows. */
function labelledByNumbers(table: Table, isHeaded: boolean): boolean {
  const [corner = '', ...others] = table.first.cells;
  const labels = table.firstCells;
  if (isHeaded && isSame(others, labels)) return true;
  const sums = sumsOf(table);
  if (sums.whole || !labels.every((text) => isLabelLike(text))) return false;
  if (isHeaded) return sums.behindFirst || corners.has(corner.trim().toLowerCase());
  return sums.behindFirst && isCount(labels.map(Number)) && table.rows > 1;
}

/** Whether a first row without words, but perhaps in its first cell, labels the columns. */
function headedByNumbers(table: Table, hasLabels: boolean, cornerIsWord: boolean): boolean {
  if (cornerIsWord && !hasLabels) return true;
  const [corner = ''] = table.first.cells;
  const cells = hasLabels ? table.first.cells.slice(1) : table.first.cells;
  if (hasLabels && isSame(cells, table.firstCells)) return true;
  const numbers = cells.map((text) => readNumber(text)?.value ?? NaN);
  const isSum = isOne(numbers.reduce((sum, value) => sum + value, 0));
  const sums = sumsOf(table);
  const bodyIsWeights = hasLabels ? sums.behindFirst : sums.whole;
  if ((isSum && bodyIsWeights) || numbers.some((value) => !Number.isInteger(value))) return false;
  const counts = isCount(numbers) && numbers.length > 2;
  if (cornerIsWord) return bodyIsWeights || counts || corners.has(corner.trim().toLowerCase());
  if (hasLabels) return false;
  const areNames = new Set(numbers).size === numbers.length && numbers.some((value) => value > 1);
  return (bodyIsWeights && areNames && table.rows > 1) || (counts && fractions(table));
}

function isSame(cells: readonly string[], labels: readonly string[]): boolean {
  return cells.length === labels.length && cells.every((text, at) => text === labels[at]);
}

/** A whole number may be a token, and so may "nan". */
function isLabelLike(text: string): boolean {
  const written = readNumber(text)?.written;
  return written === 'whole' || written === 'other';
}

/** Whether the rows are weights: with their first number, or without it. */
function sumsOf(table: Table): { readonly whole: boolean; readonly behindFirst: boolean } {
  let [whole, behindFirst] = [true, true];
  for (const row of probed(table)) {
    const sum = row.slice(1).reduce((total, value) => total + value, 0);
    behindFirst &&= isOne(sum);
    whole &&= isOne(sum + (row[0] ?? NaN));
  }
  return { whole, behindFirst };
}

function isOne(sum: number): boolean {
  return Math.abs(sum - 1) <= SUM_TOLERANCE;
}

/** Whether every row has a fraction in it. */
function fractions(table: Table): boolean {
  return probed(table).every((row) => row.some((value) => !Number.isInteger(value)));
}

function probed(table: Table): (readonly number[])[] {
  return Array.from({ length: Math.min(table.rows, MAX_PROBED) }, (_, at) => table.row(at));
}

function isCount(numbers: readonly number[]): boolean {
  const [start = NaN] = numbers;
  return (start === 0 || start === 1) && numbers.every((value, at) => value === start + at);
}

function numbersAsLabels({ file, firstCells }: Table): string {
  return `${file}: the numbers of the first column (${shown(firstCells)}) were read as labels of the rows.`;
}

function firstAsHeader({ file, first }: Table): string {
  return `${file}: line ${first.line} (${shown(first.cells)}) was read as labels of the columns.`;
}

function shown(cells: readonly string[]): string {
  const some = cells.slice(0, 3).map((cell) => (readNumber(cell) === undefined ? quoted(cell) : cell));
  return cells.length > 3 ? `${some.join(', ')}, …` : some.join(', ');
}
