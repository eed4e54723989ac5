import { again, FormatError, viewOf, type ByteSource } from './source.js';
import { checkedUint64, quoted, utf8 } from './untrusted.js';

/** A member of a zip archive whose headers agree with each other and with the file's length. */
export interface ZipEntry {
  readonly name: string;
  readonly method: 'stored' | 'deflated';
  readonly compressedBytes: number;
  /** The length once inflated, as the archive claims it. */
  readonly bytes: number;
  readonly crc: number;
  /** Where its (compressed) bytes begin in the file. */
  readonly offset: number;
}

const END = 0x06054b50;
const END_BYTES = 22;
const END64 = 0x06064b50;
const END64_BYTES = 56;
const LOCATOR64 = 0x07064b50;
const LOCATOR64_BYTES = 20;
const CENTRAL = 0x02014b50;
const CENTRAL_BYTES = 46;
const LOCAL = 0x04034b50;
const LOCAL_BYTES = 30;
const MAX_COMMENT_BYTES = 0xffff;
const ZIP64_EXTRA = 1;

/** More than a hundred thousand members, far more than arrays in any archive. */
const MAX_DIRECTORY_BYTES = 8 * 2 ** 20;

/** Deflate cannot do better than one bit for 129 bytes. */
const MAX_DEFLATE_RATIO = 1032;

/** Whether the bytes begin as a zip archive does, an empty one included. */
export function isZip(head: Uint8Array): boolean {
  const third = head[2];
  return (
    head[0] === 0x50 && head[1] === 0x4b && ((third === 3 && head[3] === 4) || (third === 5 && head[3] === 6))
  );
}

/**
 * The members of a zip archive, zip64 included. Nothing is inflated.
 * Source: PKWARE APPNOTE 6.3.10
 * @throws FormatError when the directory is damaged, when members overlap, share a name, are encrypted or
 *   compressed by other means than deflate, or claim more bytes than deflate can yield.
 */
export async function readZipDirectory(source: ByteSource): Promise<ZipEntry[]> {
  const directory = await locateDirectory(source);
  const bytes = await source.read(directory.offset, directory.length);
  const members = parseDirectory(bytes, directory.count, source.name);
  const entries: ZipEntry[] = [];
  const names = new Set<string>();
  for (const member of members) {
    if (names.has(member.name))
      throw new FormatError(`${source.name} holds two members named ${quoted(member.name)}.`);
    names.add(member.name);
    entries.push(await locate(source, member, directory.offset));
  }
  checkOverlaps(members, entries, source.name);
  return entries;
}

interface Directory {
  readonly offset: number;
  readonly length: number;
  readonly count: number;
}

async function locateDirectory(source: ByteSource): Promise<Directory> {
  const { name, size } = source;
  if (size < END_BYTES)
    throw new FormatError(`${name} has ${size} bytes, too few for a zip archive. ${again}`);
  // Most archives have no comment, which puts the record at the very end.
  const end = (await findEnd(source, END_BYTES)) ?? (await findEnd(source, END_BYTES + MAX_COMMENT_BYTES));
  if (!end) throw new FormatError(`${name} has no zip directory at its end. ${again}`);
  const { at: endAt, record } = end;
  const disks = [record.getUint16(4, true), record.getUint16(6, true)];
  if (disks.some((disk) => disk !== 0 && disk !== 0xffff)) {
    throw new FormatError(`${name} is one part of a zip archive in several files, which cannot be read.`);
  }
  let directory = {
    count: record.getUint16(10, true),
    length: record.getUint32(12, true),
    offset: record.getUint32(16, true),
  };
  let directoryEnd = endAt;
  const end64 = await readEnd64(source, endAt);
  if (end64) {
    directory = end64.directory;
    directoryEnd = end64.at;
  }
  const { offset, length, count } = directory;
  if (offset + length !== directoryEnd || length > MAX_DIRECTORY_BYTES || count * CENTRAL_BYTES > length) {
    throw new FormatError(
      `${name} claims a zip directory of ${count} members in ${length} bytes at byte ${offset}, which does not fit the file. ${again}`,
    );
  }
  return directory;
}

/** The last record among the last `within` bytes whose comment reaches exactly to the end of the file. */
async function findEnd(
  source: ByteSource,
  within: number,
): Promise<{ at: number; record: DataView } | undefined> {
  const length = Math.min(source.size, within);
  const tail = viewOf(await source.read(source.size - length, length));
  for (let at = length - END_BYTES; at >= 0; at--) {
    if (tail.getUint32(at, true) === END && tail.getUint16(at + 20, true) === length - END_BYTES - at) {
      return {
        at: source.size - length + at,
        record: new DataView(tail.buffer, tail.byteOffset + at, END_BYTES),
      };
    }
  }
  return undefined;
}

async function readEnd64(
  source: ByteSource,
  endAt: number,
): Promise<{ at: number; directory: Directory } | undefined> {
  if (endAt < LOCATOR64_BYTES + END64_BYTES) return undefined;
  const locator = viewOf(await source.read(endAt - LOCATOR64_BYTES, LOCATOR64_BYTES));
  if (locator.getUint32(0, true) !== LOCATOR64) return undefined;
  const at = checkedUint64(locator, 8, `${source.name}: the place of the zip64 directory`);
  if (at + END64_BYTES > endAt - LOCATOR64_BYTES) {
    throw new FormatError(
      `${source.name} claims a zip64 directory at byte ${at}, which does not fit the file. ${again}`,
    );
  }
  const record = viewOf(await source.read(at, END64_BYTES));
  if (record.getUint32(0, true) !== END64) {
    throw new FormatError(
      `${source.name} has no zip64 directory at byte ${at}, where it says there is one. ${again}`,
    );
  }
  const what = `${source.name}: the zip64 directory's`;
  return {
    at,
    directory: {
      count: checkedUint64(record, 32, `${what} number of members`),
      length: checkedUint64(record, 40, `${what} length`),
      offset: checkedUint64(record, 48, `${what} place`),
    },
  };
}

/** What the central directory says of one member. */
interface Member extends Omit<ZipEntry, 'offset'> {
  readonly headerAt: number;
}

function parseDirectory(bytes: Uint8Array, count: number, file: string): Member[] {
  const view = viewOf(bytes);
  const members: Member[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_BYTES > bytes.length || view.getUint32(at, true) !== CENTRAL) {
      throw new FormatError(
        `${file} has a damaged zip directory: member ${i + 1} of ${count} is not where it should be. ${again}`,
      );
    }
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) =>
      view.getUint16(at + field, true),
    );
    const nameEnd = at + CENTRAL_BYTES + (nameBytes ?? 0);
    const extraEnd = nameEnd + (extraBytes ?? 0);
    const end = extraEnd + (commentBytes ?? 0);
    if (end > bytes.length)
      throw new FormatError(`${file} has a zip directory that ends within member ${i + 1}. ${again}`);
    members.push(
      parseMember(
        view,
        at,
        bytes.subarray(at + CENTRAL_BYTES, nameEnd),
        bytes.subarray(nameEnd, extraEnd),
        file,
      ),
    );
    at = end;
  }
  if (at !== bytes.length)
    throw new FormatError(`${file} has a zip directory longer than its ${count} members. ${again}`);
  return members;
}

function parseMember(
  view: DataView,
  at: number,
  nameBytes: Uint8Array,
  extra: Uint8Array,
  file: string,
): Member {
  const flags = view.getUint16(at + 8, true);
  const name = (flags & 0x800) === 0 ? new TextDecoder('latin1').decode(nameBytes) : utf8(nameBytes);
  if (name === undefined) throw new FormatError(`${file} has a member whose name is not UTF-8. ${again}`);
  const where = `${file}: member ${quoted(name)}`;
  if ((flags & 0x2041) !== 0) throw new FormatError(`${where} is encrypted, which cannot be read.`);
  const code = view.getUint16(at + 10, true);
  if (code !== 0 && code !== 8) {
    throw new FormatError(
      `${where} is compressed by method ${code}; only stored and deflated members can be read.`,
    );
  }
  const sizes = memberSizes(view, at, extra, where);
  const method = code === 0 ? 'stored' : 'deflated';
  if (method === 'stored' && sizes.bytes !== sizes.compressedBytes) {
    throw new FormatError(
      `${where} is stored but claims ${sizes.bytes} bytes in ${sizes.compressedBytes}. ${again}`,
    );
  }
  if (sizes.bytes > sizes.compressedBytes * MAX_DEFLATE_RATIO) {
    throw new FormatError(
      `${where} claims ${sizes.bytes} bytes in ${sizes.compressedBytes} compressed ones, which is impossible. ${again}`,
    );
  }
  return { name, method, crc: view.getUint32(at + 16, true), ...sizes };
}

/** Sizes and place, from the zip64 extra field where the plain ones are all ones. */
function memberSizes(
  view: DataView,
  at: number,
  extra: Uint8Array,
  where: string,
): { compressedBytes: number; bytes: number; headerAt: number } {
  const wide = zip64Extra(extra);
  let wideAt = 0;
  const value = (field: number, what: string): number => {
    const plain = view.getUint32(at + field, true);
    if (plain !== 0xffffffff) return plain;
    if (!wide || wideAt + 8 > wide.byteLength) throw new FormatError(`${where} lacks its zip64 ${what}.`);
    wideAt += 8;
    return checkedUint64(wide, wideAt - 8, `${where}: its ${what}`);
  };
  // The order is that of the extra field, not that of the header.
  const bytes = value(24, 'length');
  const compressedBytes = value(20, 'compressed length');
  const headerAt = value(42, 'place');
  return { bytes, compressedBytes, headerAt };
}

function zip64Extra(extra: Uint8Array): DataView | undefined {
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length;) {
    const length = view.getUint16(at + 2, true);
    if (at + 4 + length > extra.length) return undefined;
    if (view.getUint16(at, true) === ZIP64_EXTRA) return viewOf(extra.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return undefined;
}

/** Finds a member's bytes behind its local header, which must lie before the directory and bear the same name. */
async function locate(source: ByteSource, member: Member, limit: number): Promise<ZipEntry> {
  const where = `${source.name}: member ${quoted(member.name)}`;
  const { headerAt, ...entry } = member;
  const outside = new FormatError(`${where} lies outside the archive. ${again}`);
  if (headerAt + LOCAL_BYTES > limit) throw outside;
  const local = viewOf(await source.read(headerAt, LOCAL_BYTES));
  if (local.getUint32(0, true) !== LOCAL)
    throw new FormatError(`${where} is not where the directory says. ${again}`);
  const nameBytes = local.getUint16(26, true);
  const offset = headerAt + LOCAL_BYTES + nameBytes + local.getUint16(28, true);
  if (offset + entry.compressedBytes > limit) throw outside;
  return { ...entry, offset };
}

/** Members that share bytes are how a small archive claims to hold petabytes. */
function checkOverlaps(members: readonly Member[], entries: readonly ZipEntry[], file: string): void {
  const spans = entries
    .map((entry, i) => ({
      name: entry.name,
      start: members[i]?.headerAt ?? 0,
      end: entry.offset + entry.compressedBytes,
    }))
    .sort((a, b) => a.start - b.start);
  spans.forEach((span, i) => {
    const next = spans[i + 1];
    if (next && next.start < span.end) {
      throw new FormatError(
        `${file}: members ${quoted(span.name)} and ${quoted(next.name)} overlap. ${again}`,
      );
    }
  });
}
