import type { Contents } from '../format.js';
import { FormatError, type ByteSource } from '../source.js';
import { encodingOf, textOf } from './decoding.js';
import { MatrixBuilder } from './matrix.js';
import { RowSplitter } from './rows.js';
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
  const matrix = new MatrixBuilder(source.name, delimiter);
  for (const piece of [start, second]) for (const row of splitter.push(piece ?? '')) matrix.add(row);
  for await (const piece of pieces) for (const row of splitter.push(piece)) matrix.add(row);
  for (const row of splitter.finish()) matrix.add(row);
  const { notices: ofMatrix, ...contents } = matrix.finish();
  const all = [...notices, ...(ofMatrix ?? [])];
  return { ...contents, ...(all.length === 0 ? {} : { notices: all }) };
}

async function nextOf(pieces: AsyncGenerator<string>): Promise<string | undefined> {
  const next = await pieces.next();
  return next.done === true ? undefined : next.value;
}
