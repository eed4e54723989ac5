import { FormatError } from '../source.js';

/** What stands between the columns; a space stands for any number of spaces and tabs. */
export type Delimiter = ',' | ';' | '\t' | ' ';

/** A row of 4096 numbers takes about 80 kB. */
const MAX_ROW_CHARACTERS = 2 * 2 ** 20;

/** No word or remark in a cell has more lines, or more characters over several. */
const MAX_CELL_LINES = 1000;
const MAX_CELL_CHARACTERS = 2 ** 17;

export interface Row {
  readonly cells: readonly string[];
  /** Where it begins, counted from 1. */
  readonly line: number;
  /** As it is written. */
  readonly text: string;
}

/** Cuts text, piece by piece, into rows and cells. Quotation marks are those of RFC 4180. */
export class RowSplitter {
  private rest = '';
  /** A row that goes on, for a quotation mark is open. */
  private open: { readonly text: string; readonly line: number } | undefined;

  constructor(
    private readonly delimiter: Delimiter,
    private readonly file: string,
    /** How many lines came before. */
    private line = 0,
  ) {}

  /** The rows that end within what has been given; empty lines are none. @throws FormatError */
  *push(piece: string): Generator<Row> {
    const text = this.rest + piece;
    let at = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
      const row = this.take(text.slice(at, end));
      if (row !== undefined) yield row;
      at = end + 1;
    }
    this.rest = text.slice(at);
    this.checkLength(this.rest.length + (this.open?.text.length ?? 0));
  }

  /** What is left at the end. @throws FormatError where a quotation mark is still open */
  *finish(): Generator<Row> {
    const row = this.take(this.rest);
    this.rest = '';
    if (row !== undefined) yield row;
    if (this.open !== undefined) {
      throw new FormatError(
        `${this.file} cannot be read as rows of numbers: the quotation mark in line ${this.open.line} is never closed.`,
      );
    }
  }

  private take(line: string): Row | undefined {
    this.line++;
    const { open } = this;
    const start = open?.line ?? this.line;
    const text = open === undefined ? line : `${open.text}\n${line}`;
    this.checkLength(text.length);
    if (open === undefined && (this.delimiter === '\t' ? text === '' : text.trim() === '')) return undefined;
    if (
      open !== undefined &&
      (this.line - open.line >= MAX_CELL_LINES || text.length > MAX_CELL_CHARACTERS)
    ) {
      throw new FormatError(
        `${this.file} cannot be read as rows of numbers: the quotation mark in line ${open.line} is not closed within ${MAX_CELL_LINES} lines and ${MAX_CELL_CHARACTERS} characters.`,
      );
    }
    const cells = this.split(text, start);
    this.open = cells === undefined ? { text, line: start } : undefined;
    return cells && { cells, line: start, text };
  }

  private checkLength(length: number): void {
    if (length <= MAX_ROW_CHARACTERS) return;
    throw new FormatError(
      `${this.file} cannot be read as rows of numbers: line ${this.open?.line ?? this.line + 1} has more than ${MAX_ROW_CHARACTERS} characters.`,
    );
  }

  /** Undefined where a quotation mark is open at the end. */
  private split(text: string, line: number): string[] | undefined {
    switch (this.delimiter) {
      case '\t':
        return text.split('\t').map(unquoted);
      case ' ':
        return text.match(/"(?:[^"]|"")*"(?=\s|$)|\S+/g)?.map(unquoted) ?? [];
      case ',':
      case ';':
        // A comment is no row: what is quoted in it does not matter.
        if (!text.includes('"') || text.startsWith('# ')) {
          return text.split(this.delimiter).map((cell) => cell.trim());
        }
        return this.splitQuoted(text, this.delimiter, line);
    }
  }

  private splitQuoted(text: string, delimiter: ',' | ';', line: number): string[] | undefined {
    const cells: string[] = [];
    for (let at = 0; ; at++) {
      while (text[at] === ' ') at++;
      if (text[at] === '"') {
        const end = closingQuote(text, at + 1);
        if (end === undefined) return undefined;
        cells.push(text.slice(at + 1, end).replaceAll('""', '"'));
        at = end + 1;
        while (text[at] === ' ') at++;
        if (at < text.length && text[at] !== delimiter) {
          throw new FormatError(
            `${this.file} cannot be read as rows of numbers: line ${line} has text behind a closing quotation mark.`,
          );
        }
      } else {
        const end = text.indexOf(delimiter, at);
        cells.push(text.slice(at, end < 0 ? text.length : end).trim());
        at = end < 0 ? text.length : end;
      }
      if (at >= text.length) return cells;
    }
  }
}

/** Where the quotation mark is that closes one; two in a row are one of the text's own. */
function closingQuote(text: string, from: number): number | undefined {
  for (let at = from; ; at += 2) {
    at = text.indexOf('"', at);
    if (at < 0) return undefined;
    if (text[at + 1] !== '"') return at;
  }
}

/** Between tabs and spaces a quotation mark may be a word; around a word, its own marks doubled, they are a writer's. */
function unquoted(cell: string): string {
  return cell.length > 2 && /^"(?:[^"]|"")*"$/.test(cell) ? cell.slice(1, -1).replaceAll('""', '"') : cell;
}
