import type { Contents } from '../format.js';
import { FormatError, type ByteSource } from '../source.js';
import { encodingOf, textOf } from './decoding.js';
import { MatrixBuilder } from './matrix.js';
import { ExportedTable, leadingIndices } from './exported.js';
import { RowSplitter, type Row } from './rows.js';
import { delimiterNames, delimiterOf, delimiters } from './sniffing.js';

/** Parsing a million cells takes about a second; larger matrices belong in a binary file. */
const MAX_BYTES = 256 * 2 ** 20;

/** How spreadsheets are told the delimiter, in a line of its own. */
const TOLD_DELIMITER = /^sep=(.)\n/;

/**
 * One matrix (rows, columns) from text with a delimiter. A header row and a column of labels are told from numbers by their
 * structure (matrix.ts); both become tokens. What the file's name does not say (encoding, other delimiters, decimal commas,
 * labels that are numbers) is said as a notice.
 * @throws FormatError naming line and column of what is no number, and of a row of another length.
 */
export async function openDelimited(
  source: ByteSource,
  preferred: ',' | '\t',
  signal?: AbortSignal,
): Promise<Contents> {
  if (source.size > MAX_BYTES) {
    throw new FormatError(
      `${source.name} has ${source.size} bytes; text is read up to ${MAX_BYTES}. Save it as .npy, which is read in parts.`,
    );
  }
  const encoding = await encodingOf(source, signal);
  const notices = encoding.notice === undefined ? [] : [encoding.notice];
  const pieces = textOf(source, encoding, signal);
  const first = await nextOf(pieces);
  const second = await nextOf(pieces);
  const told = TOLD_DELIMITER.exec(first ?? '');
  const start = (first ?? '').slice(told?.[0].length ?? 0);
  const delimiter =
    delimiters.find((each) => each === told?.[1]) ??
    delimiterOf(start, preferred, second === undefined || second === '');
  if (delimiter !== preferred) {
    notices.push(
      `${source.name} has its columns separated by ${delimiterNames[delimiter]}, and was read so.`,
    );
  }
  const splitter = new RowSplitter(delimiter, source.name, told === null ? 0 : 1);
  let table: MatrixBuilder | ExportedTable | undefined;
  const add = (row: Row): void => {
    if (table !== undefined) {
      table.add(row);
      return;
    }
    const indices = leadingIndices(row);
    if (indices > 0) {
      table = new ExportedTable(source.name, row, indices);
      return;
    }
    table = new MatrixBuilder(source.name, delimiter);
    table.add(row);
  };
  for (const piece of [start, second]) for (const row of splitter.push(piece ?? '')) add(row);
  for await (const piece of pieces) for (const row of splitter.push(piece)) add(row);
  for (const row of splitter.finish()) add(row);
  if (table === undefined) throw new FormatError(`${source.name} holds no rows of numbers.`);
  const { notices: ofMatrix, ...contents } = table.finish();
  const all = [...notices, ...(ofMatrix ?? [])];
  return { ...contents, ...(all.length === 0 ? {} : { notices: all }) };
}

async function nextOf(pieces: AsyncGenerator<string>): Promise<string | undefined> {
  const next = await pieces.next();
  return next.done === true ? undefined : next.value;
}
