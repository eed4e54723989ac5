import { CsvError, parse, type Parser } from 'csv-parse';
import { inMemory } from '../engine/tensor.js';
import type { Contents } from './format.js';
import { FormatError, type ByteSource } from './source.js';
import { quoted, stemOf } from './untrusted.js';

/** Parsing a million cells takes about a second; larger matrices belong in a binary file. */
const MAX_BYTES = 256 * 2 ** 20;

/** A row of 4096 numbers takes about 80 kB. */
const MAX_ROW_BYTES = 2 * 2 ** 20;

/** csv-parse reads a row anew when a chunk ends within it, so chunks are not much smaller than the longest row. */
const CHUNK_BYTES = 2 ** 20;

/** Numbers are gathered in blocks, so that no row is ever moved. */
const BLOCK = 2 ** 18;

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const INFINITY = /^([+-]?)inf(?:inity)?$/i;
const NOT_A_NUMBER = /^[+-]?nan$/i;

/**
 * One matrix (rows, columns) from text with a delimiter. A first row with words in it labels the columns, a first
 * column with words in it labels the rows; both become tokens.
 * @throws FormatError naming line and column of what is no number, and of a row of another length.
 */
export async function openDelimited(
  source: ByteSource,
  delimiter: ',' | '\t',
  signal?: AbortSignal,
): Promise<Contents> {
  if (source.size > MAX_BYTES) {
    throw new FormatError(
      `${source.name} has ${source.size} bytes; text is read up to ${MAX_BYTES}. Save it as .npy, which is read in parts.`,
    );
  }
  const matrix = new MatrixBuilder(source.name, delimiter);
  const parser = parse({
    delimiter,
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: delimiter === ',',
    // Tabs separate words as they are; quotation marks in them are words too.
    quote: delimiter === ',' ? '"' : null,
    max_record_size: MAX_ROW_BYTES,
  });
  try {
    await eachRow(
      parser,
      chunksOf(source),
      (row) => {
        matrix.add(row);
      },
      signal,
    );
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const reason = error.message.replaceAll(/\s+/g, ' ').slice(0, 200);
    throw new FormatError(`${source.name} cannot be read as rows of numbers: ${reason}.`, { cause: error });
  }
  return matrix.finish();
}

/** Feeds a parser, and hands on its rows. @throws what `take` throws, the parser's CsvError, the signal's reason */
async function eachRow(
  parser: Parser,
  chunks: AsyncIterable<Uint8Array>,
  take: (row: Row) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  let refused: { readonly reason: unknown } | undefined;
  parser.on('data', (row: Row) => {
    if (refused !== undefined) return;
    try {
      take(row);
    } catch (reason) {
      refused = { reason };
    }
  });
  const ended = new Promise<void>((resolve, reject) => {
    parser.once('end', resolve).once('error', reject);
  });
  // A write that fails says the same, and earlier.
  ended.catch(() => undefined);
  // In a browser the parser takes text, or bytes of a kind of its own. A byte order mark is its own affair.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    const text = decoder.decode(chunk, { stream: true });
    await new Promise<void>((resolve, reject) => {
      parser.write(text, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
    if (refused !== undefined) throw refused.reason;
  }
  parser.end(decoder.decode());
  await ended;
  if (refused !== undefined) throw refused.reason;
}

/** The file's bytes, as long as lines end: csv-parse bounds the text of a row, but not its number of empty cells. */
async function* chunksOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  let lineStart = 0;
  for (let at = 0; at < source.size; at += CHUNK_BYTES) {
    const chunk = await source.read(at, Math.min(CHUNK_BYTES, source.size - at));
    const lineEnd = Math.max(chunk.lastIndexOf(0x0a), chunk.lastIndexOf(0x0d));
    if (lineEnd >= 0) lineStart = at + lineEnd;
    if (at + chunk.length - lineStart > MAX_ROW_BYTES) {
      throw new FormatError(
        `${source.name} cannot be read as rows of numbers: the line at byte ${lineStart} has more than ${MAX_ROW_BYTES} bytes.`,
      );
    }
    yield chunk;
  }
}

/** A row as csv-parse gives it with `info`. */
interface Row {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/** Tells labels from numbers by the first two rows, then takes numbers only. */
class MatrixBuilder {
  private first: Row | undefined;
  private layout: { readonly labelled: boolean; readonly columns: number } | undefined;
  private columnLabels: readonly string[] | undefined;
  private readonly rowLabels: string[] = [];
  private readonly blocks: Float32Array[] = [];
  private used = BLOCK;
  private rows = 0;

  constructor(
    private readonly file: string,
    private readonly delimiter: ',' | '\t',
  ) {}

  add(row: Row): void {
    if (this.layout) this.addNumbers(row, this.layout);
    else if (this.first) this.decide(this.first, row);
    else this.first = row;
  }

  finish(): Contents {
    if (this.first && !this.layout) this.decide(this.first, undefined);
    const columns = this.layout?.columns ?? 0;
    if (this.rows === 0 || columns === 0) throw new FormatError(`${this.file} holds no rows of numbers.`);
    const data = new Float32Array(this.rows * columns);
    this.blocks.forEach((block, i) => data.set(block.subarray(0, data.length - i * BLOCK), i * BLOCK));
    const query = this.layout?.labelled === true ? this.rowLabels : undefined;
    const key = this.columnLabels;
    return {
      tensors: [
        { name: stemOf(this.file), dtype: 'text', ...inMemory({ shape: [this.rows, columns], data }) },
      ],
      ...(query || key ? { tokens: { ...(query && { query }), ...(key && { key }) } } : {}),
    };
  }

  private decide(first: Row, second: Row | undefined): void {
    const [corner = '', ...others] = first.record;
    const secondStart = second?.record[0] ?? '';
    const labelsBelow = second !== undefined && parseNumber(secondStart) === undefined;
    // Words beyond the first cell are column labels. A word in the first cell alone labels either the first row,
    // when the second row has one too, or the first column.
    const cornerIsWord = parseNumber(corner) === undefined;
    const headed =
      second !== undefined &&
      (others.some((cell) => parseNumber(cell) === undefined && cell !== '') ||
        (cornerIsWord && (corner === '' || !labelsBelow)) ||
        first.record.length === second.record.length - 1);
    const labelled = headed
      ? labelsBelow || corner === '' || first.record.length === (second?.record.length ?? 0) - 1
      : cornerIsWord && others.length > 0;
    const widest = (headed ? second : first)?.record.length ?? 0;
    const columns = widest - (labelled ? 1 : 0);
    this.layout = { labelled, columns };
    if (headed) this.columnLabels = this.headerLabels(first, columns, labelled);
    else this.addNumbers(first, this.layout);
    if (second) this.addNumbers(second, this.layout);
  }

  private headerLabels(row: Row, columns: number, labelled: boolean): readonly string[] {
    const cells = labelled && row.record.length === columns + 1 ? row.record.slice(1) : row.record;
    if (cells.length !== columns) {
      throw new FormatError(
        `${this.file}: line ${row.info.lines} has ${cells.length} column labels, but the rows have ${columns} numbers.${this.hint(row)}`,
      );
    }
    return cells;
  }

  private addNumbers(row: Row, layout: { readonly labelled: boolean; readonly columns: number }): void {
    const skip = layout.labelled ? 1 : 0;
    const count = row.record.length - skip;
    if (count !== layout.columns) {
      throw new FormatError(
        `${this.file}: line ${row.info.lines} has ${count} numbers, but the rows before it have ${layout.columns}.`,
      );
    }
    if (layout.labelled) this.rowLabels.push(row.record[0] ?? '');
    for (let column = 0; column < count; column++) {
      const text = row.record[column + skip] ?? '';
      const value = parseNumber(text);
      if (value === undefined) {
        const is = text === '' ? 'empty' : quoted(text);
        throw new FormatError(
          `${this.file}: line ${row.info.lines}, column ${column + skip + 1} is ${is}, not a number.${this.hint(row)}`,
        );
      }
      this.push(value);
    }
    this.rows++;
  }

  private push(value: number): void {
    if (this.used === BLOCK) {
      this.blocks.push(new Float32Array(BLOCK));
      this.used = 0;
    }
    const block = this.blocks.at(-1);
    if (block) block[this.used++] = value;
  }

  /** What people from half the world will have meant, which is said rather than guessed. */
  private hint(row: Row): string {
    const cells = row.record;
    if (cells.length === 1 && cells[0]?.includes(';') === true) {
      return ` Columns must be separated by ${this.delimiter === ',' ? 'commas' : 'tabs'}, not semicolons.`;
    }
    if (this.delimiter === '\t' && cells.some((cell) => /^[+-]?\d+,\d+$/.test(cell))) {
      return ' Decimals must be written with a point.';
    }
    return '';
  }
}

function parseNumber(text: string): number | undefined {
  const trimmed = text.trim();
  if (NUMBER.test(trimmed)) return Number(trimmed);
  if (NOT_A_NUMBER.test(trimmed)) return NaN;
  const infinite = INFINITY.exec(trimmed);
  return infinite ? (infinite[1] === '-' ? -Infinity : Infinity) : undefined;
}
