import { inMemory } from '../../engine/tensor.js';
import type { Contents } from '../format.js';
import { FormatError } from '../source.js';
import { quoted, stemOf } from '../untrusted.js';
import { DecimalMarks } from './decimal-marks.js';
import { isGrouped, readNumber } from './numbers.js';
import type { Delimiter, Row } from './rows.js';
import { structureOf, type Structure } from './structure.js';

/** Numbers are gathered in blocks, so that no row is ever moved. */
const BLOCK = 2 ** 18;

/** More rows than can be shown with labels: from here on a first column that was all numbers is one of numbers. */
const MAX_LABELS = 2 ** 20;

/** Takes the rows of a text, and tells at the end which are numbers and which are labels. */
export class MatrixBuilder {
  private first: Row | undefined;
  private width = 0;
  private secondLine = 0;
  /** Of the last row, and of those with a gap behind them. */
  private lastLine = 0;
  private readonly gaps: number[] = [];
  private endsEmpty = false;
  private readonly firstCells: string[] = [];
  private hasWords = false;
  private rows = 0;
  private readonly blocks: Float32Array[] = [];
  private used = BLOCK;
  private readonly marks: DecimalMarks;
  private comments = 0;
  /** The lines of the first two. */
  private readonly commentLines: number[] = [];
  private lastComment: Row | undefined;

  constructor(
    private readonly file: string,
    private readonly delimiter: Delimiter,
  ) {
    this.marks = new DecimalMarks(file, delimiter);
  }

  /** @throws FormatError where a cell is no number, or a row has another length */
  add(row: Row): void {
    if (this.first === undefined) {
      if (isRemark(row, this.delimiter)) this.comment(row);
      else this.first = row;
      return;
    }
    if (isComment(row, this.delimiter, this.rows > 0 ? this.width : undefined)) {
      this.comment(row);
      return;
    }
    if (this.rows === 0) {
      this.begin(this.first, row);
      this.secondLine = row.line;
      this.lastLine = this.first.line;
    }
    if (this.first !== row && row.line > this.lastLine + 1) this.gaps.push(this.lastLine);
    this.lastLine = row.line;
    const own = this.endsEmpty ? withoutEnd(row) : row;
    if (this.rows === 0) this.width = own.cells.length;
    this.addNumbers(own);
  }

  finish(): Contents {
    const { first } = this;
    if (first === undefined) throw new FormatError(`${this.file} holds no rows of numbers.`);
    if (this.rows === 0) this.width = first.cells.length;
    this.refuseGrouped(first.cells);
    this.refuseGrouped([first.cells[0] ?? '', ...this.firstCells]);
    const structure = structureOf({
      file: this.file,
      first,
      secondLine: this.secondLine,
      width: this.width,
      rows: this.rows,
      firstCells: this.firstCells,
      hasWords: this.hasWords,
      truthsAreNumbers: this.marks.hasTruths,
      row: (at) => this.rowAt(at),
    });
    if (!structure.hasHeader) this.checkFirst(first, structure.hasLabels);
    if (!structure.hasLabels) this.checkFirstColumn();
    this.marks.check();
    const notices = [...structure.notices, ...this.marks.notices()];
    const { columns, data, count } = this.assemble(first, structure);
    if (count === 0 || columns === 0) throw new FormatError(`${this.file} holds no rows of numbers.`);
    notices.push(...this.gapNotices(count, structure.hasHeader ? first.line : undefined));
    const query = structure.hasLabels
      ? [...(structure.hasHeader ? [] : [first.cells[0] ?? '']), ...this.firstCells]
      : undefined;
    const fromComment = structure.hasHeader ? undefined : this.labelsInComment(columns, structure.hasLabels);
    const key = structure.hasHeader ? this.header(first, columns) : fromComment?.labels;
    notices.push(...this.commentNotices(fromComment?.line));
    return {
      tensors: [{ name: stemOf(this.file), dtype: 'text', ...inMemory({ shape: [count, columns], data }) }],
      ...(query || key ? { tokens: { ...(query && { query }), ...(key && { key }) } } : {}),
      ...(notices.length === 0 ? {} : { notices }),
    };
  }

  /** Empty lines and comments stand between matrices, unless they do behind every row. */
  private gapNotices(count: number, header: number | undefined): string[] {
    const gaps = this.gaps.filter((line) => line !== header);
    const [first] = gaps;
    if (first === undefined || gaps.length >= count - 1) return [];
    const parts = gaps.length + 1;
    return [
      `${this.file}: there is an empty line or a comment behind line ${first}, as between matrices: ${parts} parts were read as one matrix, one below the other. Save each in a file of its own where they are several.`,
    ];
  }

  /** Numbers alone are no labels, also where some are written in a way that is not read. @throws FormatError */
  private refuseGrouped(cells: readonly string[]): void {
    const grouped = cells.find(isGrouped);
    if (grouped === undefined) return;
    const isNumber = (text: string): boolean =>
      text.trim() === '' || isGrouped(text) || readNumber(text) !== undefined;
    // A corner may be a word; among words such a number is a token.
    if (!cells.slice(1).every(isNumber)) return;
    throw new FormatError(
      `${this.file}: ${quoted(grouped.trim())} has marks between its thousands, which are not read: write numbers without them, with a point before decimals.`,
    );
  }

  /** A first row that begins with "#" and has another number of cells than the second is a comment. */
  private begin(first: Row, second: Row): void {
    const difference = second.cells.length - first.cells.length;
    if (first.text.startsWith('#') && difference !== 0 && difference !== 1) {
      this.comment(first);
      this.first = second;
      return;
    }
    // Some writers put a delimiter behind the last number too.
    this.endsEmpty =
      second.cells.length > 1 &&
      second.cells.at(-1) === '' &&
      (difference === 1 || first.cells.at(-1) === '');
    if (this.endsEmpty && difference === 0) this.first = withoutEnd(first);
  }

  private comment(row: Row): void {
    this.comments++;
    if (this.commentLines.length < 2) this.commentLines.push(row.line);
    if (this.first === undefined) this.lastComment = row;
  }

  private addNumbers(row: Row): void {
    const { cells, line } = row;
    if (this.first === row) return;
    if (cells.length !== this.width) {
      const what = this.hasWords ? 'cells' : 'numbers';
      throw new FormatError(
        `${this.file}: line ${line} has ${cells.length} ${what}, but the rows before it have ${this.width}.`,
      );
    }
    for (const [column, text] of cells.entries()) {
      const read = readNumber(text);
      if (column === 0) {
        if (this.rows < MAX_LABELS) this.firstCells.push(text);
        if (read === undefined && (this.rows >= MAX_LABELS || this.width === 1)) {
          throw this.noNumber(row, column);
        }
        this.hasWords ||= read === undefined;
      } else if (read === undefined) throw this.noNumber(row, column);
      else this.marks.note(read.written, text, line, column);
      this.push(read?.value ?? NaN);
    }
    this.rows++;
  }

  private noNumber({ cells, line }: Row, column: number): FormatError {
    const text = cells[column] ?? '';
    const is = text === '' ? 'empty' : quoted(text);
    const hint = /^(?:n\/?a|null|none|-)?$/i.test(text) ? ' Write nan where there is none.' : '';
    return new FormatError(`${this.file}: line ${line}, column ${column + 1} is ${is}, not a number.${hint}`);
  }

  private checkFirst(first: Row, hasLabels: boolean): void {
    for (const [column, text] of first.cells.entries()) {
      if (column === 0 && hasLabels) continue;
      const read = readNumber(text);
      if (read === undefined) throw this.noNumber(first, column);
      this.marks.note(read.written, text, first.line, column);
    }
  }

  private checkFirstColumn(): void {
    for (const [at, text] of this.firstCells.entries()) {
      const read = readNumber(text);
      if (read !== undefined) this.marks.note(read.written, text, (this.first?.line ?? 0) + at + 1, 0);
    }
  }

  private push(value: number): void {
    if (this.used === BLOCK) {
      this.blocks.push(new Float32Array(BLOCK));
      this.used = 0;
    }
    const block = this.blocks.at(-1);
    if (block) block[this.used++] = value;
  }

  private rowAt(row: number): number[] {
    return Array.from({ length: this.width }, (_, column) => {
      const at = row * this.width + column;
      return this.blocks[Math.floor(at / BLOCK)]?.[at % BLOCK] ?? NaN;
    });
  }

  private assemble(
    first: Row,
    { hasHeader, hasLabels }: Structure,
  ): { readonly columns: number; readonly count: number; readonly data: Float32Array } {
    const skip = hasLabels ? 1 : 0;
    const columns = this.width - skip;
    const count = this.rows + (hasHeader ? 0 : 1);
    const data = new Float32Array(count * columns);
    let to = 0;
    if (!hasHeader) {
      for (const text of first.cells.slice(skip)) data[to++] = readNumber(text)?.value ?? NaN;
    }
    for (let at = 0, column = 0; at < this.rows * this.width; at++, column = (column + 1) % this.width) {
      if (column >= skip) data[to++] = this.blocks[Math.floor(at / BLOCK)]?.[at % BLOCK] ?? NaN;
    }
    return { columns, count, data };
  }

  private header({ cells }: Row, columns: number): readonly string[] {
    return cells.length === columns ? cells : cells.slice(1);
  }

  /** What stands above the numbers behind a "#", where it is as many words as there are columns, as numpy.savetxt writes a header. */
  private labelsInComment(
    columns: number,
    hasLabels: boolean,
  ): { readonly labels: readonly string[]; readonly line: number } | undefined {
    if (this.lastComment === undefined) return undefined;
    const { text, line } = this.lastComment;
    const cells = text.replace(/^#+\s*/, '').split(this.delimiter === ' ' ? /\s+/ : this.delimiter);
    const labels = hasLabels && cells.length === columns + 1 ? cells.slice(1) : cells;
    return labels.length === columns && columns > 1
      ? { labels: labels.map((each) => each.trim()), line }
      : undefined;
  }

  private commentNotices(used: number | undefined): string[] {
    const left = this.comments - (used === undefined ? 0 : 1);
    const line = left === 0 ? undefined : this.commentLines.find((each) => each !== used);
    return [
      ...(used === undefined
        ? []
        : [`${this.file}: line ${used}, a comment, was read as the labels of the columns.`]),
      ...(line === undefined
        ? []
        : [
            left === 1
              ? `${this.file}: line ${line}, a comment, was left out.`
              : `${this.file}: ${left} lines from line ${line} on are comments, and were left out.`,
          ]),
    ];
  }
}

function withoutEnd(row: Row): Row {
  return row.cells.at(-1) === '' ? { ...row, cells: row.cells.slice(0, -1) } : row;
}

/** A line that can be neither a header nor numbers: "# " and words, as numpy.savetxt writes them. */
function isRemark({ text, cells }: Row, delimiter: Delimiter): boolean {
  return /^#\s+\S/.test(text) && (delimiter === ' ' || cells[0] !== '#');
}

/** A line below the first that begins with "#" and is no row of numbers with that for a label. */
function isComment(row: Row, delimiter: Delimiter, width: number | undefined): boolean {
  if (!row.text.startsWith('#')) return false;
  if (isRemark(row, delimiter)) return true;
  const isRow =
    row.cells.length > 1 &&
    (width === undefined || row.cells.length === width) &&
    row.cells.slice(1).every((cell) => readNumber(cell) !== undefined);
  return !isRow;
}
