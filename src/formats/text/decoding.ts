import { FormatError, type ByteSource } from '../source.js';

const CHUNK_BYTES = 2 ** 20;

/** Enough to see in which bytes of a pair the zeros of UTF-16 stand. */
const HEAD_BYTES = 4096;

/** How the characters of a text are written, and what to say of it where it is not as it should be. */
export interface Encoding {
  readonly label: 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';
  readonly notice?: string;
}

/**
 * UTF-8, unless a byte order mark or zeros in every other byte say UTF-16; what is neither is Latin-1, as Windows extends it.
 * @throws FormatError when it is no text at all; the signal's reason
 */
export async function encodingOf(source: ByteSource, signal?: AbortSignal): Promise<Encoding> {
  const { name } = source;
  const head = await source.read(0, Math.min(HEAD_BYTES, source.size));
  const wide = wideness(head);
  if (wide !== undefined) return { label: wide, notice: `${name} is UTF-16 text, and was read as that.` };
  if (head.includes(0)) throw new FormatError(`${name} is no text: there are zero bytes in it.`);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const chunk of chunksOf(source, signal)) decoder.decode(chunk, { stream: true });
    decoder.decode();
    return { label: 'utf-8' };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return {
      label: 'windows-1252',
      notice: `${name} is not UTF-8 text, and was read as Latin-1 (Windows-1252).`,
    };
  }
}

function wideness(head: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  // Digits, delimiters and line ends have a zero in one byte of the two, and in the same.
  const pairs = head.length >> 1;
  let [even, odd] = [0, 0];
  for (let pair = 0; pair < pairs; pair++) {
    if (head[2 * pair] === 0) even++;
    if (head[2 * pair + 1] === 0) odd++;
  }
  if (odd > pairs / 2 && even < odd / 8) return 'utf-16le';
  if (even > pairs / 2 && odd < even / 8) return 'utf-16be';
  return undefined;
}

/** The text in pieces, without a byte order mark; lines end with "\n" only. */
export async function* textOf(
  source: ByteSource,
  { label }: Encoding,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  const decoder = new TextDecoder(label);
  // A carriage return at the end of a piece may have its line feed in the next.
  let held = '';
  for await (const chunk of chunksOf(source, signal)) {
    const text = held + decoder.decode(chunk, { stream: true });
    held = text.endsWith('\r') ? '\r' : '';
    yield withLineFeeds(held === '' ? text : text.slice(0, -1));
  }
  yield withLineFeeds(held + decoder.decode());
}

function withLineFeeds(text: string): string {
  return text.includes('\r') ? text.replaceAll(/\r\n?/g, '\n') : text;
}

async function* chunksOf(source: ByteSource, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.size; at += CHUNK_BYTES) {
    signal?.throwIfAborted();
    yield await source.read(at, Math.min(CHUNK_BYTES, source.size - at));
  }
  signal?.throwIfAborted();
}
