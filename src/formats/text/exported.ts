import { inMemory, sizeOf } from '../../engine/tensor.js';
import type { AxisTokens, Contents } from '../format.js';
import { FormatError } from '../source.js';
import { quoted, stemOf } from '../untrusted.js';
import { readNumber } from './numbers.js';
import type { Row } from './rows.js';

/** What the leading columns of an exported table count. */
const leading: ReadonlySet<string> = new Set(['layer', 'head']);

/**
 * How many of a header's columns are indices of matrices, where it is that of a table that this extension has exported:
 * "layer,head,query,0 The,1 cat"; 0 for every other table.
 */
export function leadingIndices(header: Row): number {
  const { cells } = header;
  const count = cells.findIndex((cell) => !leading.has(cell));
  const columns = cells.slice(count + 1);
  const isExport =
    count > 0 &&
    /^[a-z]+$/.test(cells[count] ?? '') &&
    columns.length > 0 &&
    columns.every((cell, at) => cell.startsWith(`${at} `));
  return isExport ? count : 0;
}

/** Takes the rows of an exported table of several matrices: the indices of a row's matrix, its label, its numbers. */
export class ExportedTable {
  private readonly blocks: Float32Array[] = [];
  private readonly rowLabels: string[] = [];
  private readonly indices: number[][] = [];
  private readonly width: number;

  constructor(
    private readonly file: string,
    private readonly header: Row,
    private readonly count: number,
  ) {
    this.width = header.cells.length - count - 1;
  }

  /** @throws FormatError where a cell is no number, or a row has another length */
  add({ cells, line }: Row): void {
    if (cells.length !== this.header.cells.length) {
      throw new FormatError(
        `${this.file}: line ${line} has ${cells.length} cells, but its header has ${this.header.cells.length}.`,
      );
    }
    const numbers = cells.map((cell, at) => (at === this.count ? 0 : this.numberIn(cell, line, at + 1)));
    this.indices.push(numbers.slice(0, this.count));
    this.rowLabels.push(cells[this.count] ?? '');
    this.blocks.push(Float32Array.from(numbers.slice(this.count + 1)));
  }

  /** @throws FormatError where the rows are not those of whole matrices in their order */
  finish(): Contents {
    const { indices, width, file, count } = this;
    if (indices.length === 0) throw new FormatError(`${file} holds no rows of numbers.`);
    const extents = Array.from({ length: count }, (_, axis) => {
      const seen = indices.map((index) => index[axis] ?? 0);
      return Math.max(...new Set(seen)) + 1;
    });
    const rows = indices.length / sizeOf(extents);
    const inOrder =
      Number.isInteger(rows) &&
      indices.every((index, at) => {
        const matrix = index.reduce((place, value, axis) => place * (extents[axis] ?? 1) + value, 0);
        return matrix === Math.floor(at / rows) && this.rowLabels[at] === this.rowLabels[at % rows];
      });
    if (!inOrder) {
      throw new FormatError(
        `${file} has the columns ${this.header.cells.slice(0, count).map(quoted).join(' and ')}, but not the rows of a whole matrix for each, in their order from 0: sort the rows, or leave these columns out.`,
      );
    }
    const data = new Float32Array(indices.length * width);
    this.blocks.forEach((block, row) => {
      data.set(block, row * width);
    });
    const shape = [...extents, rows, width];
    const axes = this.header.cells.slice(0, count);
    const tokens = this.tokens(rows);
    return {
      tensors: [{ name: stemOf(file), dtype: 'text', axes, ...inMemory({ shape, data }) }],
      ...(tokens === undefined ? {} : { tokens }),
    };
  }

  /** Words behind their places; where there were none, the axis stands in their place. */
  private tokens(rows: number): AxisTokens | undefined {
    const strip = (labels: readonly string[]): readonly string[] | undefined => {
      const words = labels.map((label, at) =>
        label.startsWith(`${at} `) ? label.slice(`${at} `.length) : label,
      );
      return words.length > 1 && new Set(words).size === 1 && /^(query|key)$/.test(words[0] ?? '')
        ? undefined
        : words;
    };
    const query = strip(this.rowLabels.slice(0, rows));
    const key = strip(this.header.cells.slice(this.count + 1));
    if (query === undefined && key === undefined) return undefined;
    return { ...(query && { query }), ...(key && { key }) };
  }

  private numberIn(cell: string, line: number, column: number): number {
    const value = readNumber(cell)?.value;
    const isIndex = column <= this.count;
    if (value !== undefined && (!isIndex || (Number.isInteger(value) && value >= 0 && value < 1e5)))
      return value;
    throw new FormatError(
      `${this.file}: line ${line}, column ${column}: ${quoted(cell)} is no ${isIndex ? 'index' : 'number'}.`,
    );
  }
}
