/** A file of an archive that is to be written. */
export interface ZipMember {
  readonly name: string;
  /** Exactly. */
  readonly size: number;
  write(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** What does not fit four bytes stands in a record of its own, of eight. */
const wide = 0xffffffff;
/** 1 January 1980: the same numbers make the same file. */
const date = 0x21;
/** Names are UTF-8, and the checksum stands behind the bytes. */
const flags = 0x808;

/**
 * Members one after the other, stored as they are. Their checksums are known only when they have been written, so they stand
 * behind them. Source: PKWARE APPNOTE 6.3.10
 * @param from from how many bytes on sizes and places are written in the form of zip64
 * @throws Error where a member has other bytes than it said
 */
export async function* zipBytes(
  members: readonly ZipMember[],
  signal: AbortSignal,
  from: number = wide,
): AsyncGenerator<Uint8Array> {
  let offset = 0;
  const entries: Uint8Array[] = [];
  for (const member of members) {
    const start = localHeader(member, from);
    const at = offset;
    yield start;
    let crc = 0;
    let size = 0;
    for await (const bytes of member.write(signal)) {
      crc = crc32(bytes, crc);
      size += bytes.length;
      yield bytes;
    }
    if (size !== member.size) throw new Error(`${member.name} has ${size} bytes, not ${member.size}.`);
    const end = descriptor(member, crc, from);
    yield end;
    offset += start.length + size + end.length;
    entries.push(centralHeader(member, crc, at, from));
  }
  yield* entries;
  yield directoryEnd(
    entries.length,
    entries.reduce((sum, { length }) => sum + length, 0),
    offset,
    from,
  );
}

/** How many bytes the archive has. */
export function zipSize(members: readonly ZipMember[], from: number = wide): number {
  let offset = 0;
  let directory = 0;
  for (const member of members) {
    directory += centralHeader(member, 0, offset, from).length;
    offset += localHeader(member, from).length + member.size + descriptor(member, 0, from).length;
  }
  return offset + directory + directoryEnd(members.length, directory, offset, from).length;
}

/** Little-endian fields of 2, 4 or 8 bytes, and bytes as they are. */
function record(...fields: readonly (readonly [bytes: 2 | 4 | 8, value: number] | Uint8Array)[]): Uint8Array {
  const length = fields.reduce((sum, each) => sum + (each instanceof Uint8Array ? each.length : each[0]), 0);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const each of fields) {
    if (each instanceof Uint8Array) {
      bytes.set(each, at);
      at += each.length;
      continue;
    }
    const [size, value] = each;
    if (size === 2) view.setUint16(at, value, true);
    else if (size === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += size;
  }
  return bytes;
}

const nameOf = ({ name }: ZipMember): Uint8Array => new TextEncoder().encode(name);

function localHeader(member: ZipMember, from: number): Uint8Array {
  const name = nameOf(member);
  const isWide = member.size >= from;
  const size = isWide ? wide : member.size;
  const extra = isWide ? record([2, 1], [2, 16], [8, member.size], [8, member.size]) : new Uint8Array();
  return record(
    ...([
      [4, 0x04034b50],
      [2, isWide ? 45 : 20],
      [2, flags],
      [2, 0],
      [2, 0],
      [2, date],
    ] as const),
    ...([
      [4, 0],
      [4, size],
      [4, size],
      [2, name.length],
      [2, extra.length],
    ] as const),
    name,
    extra,
  );
}

function descriptor({ size }: ZipMember, crc: number, from: number): Uint8Array {
  const bytes = size >= from ? 8 : 4;
  return record([4, 0x08074b50], [4, crc], [bytes, size], [bytes, size]);
}

function centralHeader(member: ZipMember, crc: number, at: number, from: number): Uint8Array {
  const name = nameOf(member);
  const [large, far] = [member.size >= from, at >= from];
  const size = large ? wide : member.size;
  const fields = record(
    ...(large
      ? ([
          [8, member.size],
          [8, member.size],
        ] as const)
      : []),
    ...(far ? ([[8, at]] as const) : []),
  );
  const extra = fields.length === 0 ? fields : record([2, 1], [2, fields.length], fields);
  const version = large || far ? 45 : 20;
  return record(
    ...([
      [4, 0x02014b50],
      [2, version],
      [2, version],
      [2, flags],
      [2, 0],
      [2, 0],
      [2, date],
    ] as const),
    ...([
      [4, crc],
      [4, size],
      [4, size],
      [2, name.length],
      [2, extra.length],
    ] as const),
    ...([
      [2, 0],
      [2, 0],
      [2, 0],
      [4, 0],
      [4, far ? wide : at],
    ] as const),
    name,
    extra,
  );
}

function directoryEnd(count: number, length: number, at: number, from: number): Uint8Array {
  const isWide = at >= from;
  const end = record(
    ...([
      [4, 0x06054b50],
      [2, 0],
      [2, 0],
      [2, count],
      [2, count],
    ] as const),
    ...([
      [4, length],
      [4, isWide ? wide : at],
      [2, 0],
    ] as const),
  );
  if (!isWide) return end;
  return record(
    ...([
      [4, 0x06064b50],
      [8, 44],
      [2, 45],
      [2, 45],
      [4, 0],
      [4, 0],
    ] as const),
    ...([
      [8, count],
      [8, count],
      [8, length],
      [8, at],
    ] as const),
    ...([
      [4, 0x07064b50],
      [4, 0],
      [8, at + length],
      [4, 1],
    ] as const),
    end,
  );
}

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = (rest & 1) === 0 ? rest >>> 1 : (rest >>> 1) ^ 0xedb88320;
  return rest;
});

/** The checksum of zip archives, gone on with from `before`. Node has its own only from 20.15 on, a browser none. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] ?? 0);
  return ~crc >>> 0;
}
