import { quoted } from '../untrusted.js';
import { isKind, readPickle, type Pickled } from './pickle.js';
import { checkRange, FormatError, viewOf, type ByteSource } from '../source.js';
import { readZipDirectory, type ZipEntry } from '../zip.js';
import { storageTypes, untyped, type TorchType } from './types.js';

/** State dictionaries describe tensors; a thousand layers take less than a hundredth of it. */
const MAX_PICKLE_BYTES = 1 << 26;

/** The object that was saved, and where its storages lie. */
export interface Saved {
  readonly root: Pickled;
  /** How long its pickle is, in bytes. */
  readonly length: number;
  readonly littleEndian: boolean;
  /** A storage's key → its bytes' place in the file. */
  readonly storages: ReadonlyMap<string, { readonly offset: number; readonly bytes: number }>;
}

/** What a zip archive of PyTorch is besides what torch.save writes, by a member that only it has, and what to do instead. */
const otherArchives: readonly (readonly [member: RegExp, what: (name: string) => string])[] = [
  [
    /^(?:[^/]+\/)?(?:constants\.pkl|code\/.*)$/,
    (name) =>
      `is a TorchScript program (torch.jit.save), not a file of tensors: save its weights with torch.save(torch.jit.load(${name}).state_dict(), "weights.pt")`,
  ],
  [
    /^(?:[^/]+\/)?(?:archive_format|models\/[^/]+\.json|serialized_exported_program\.json)$/,
    (name) =>
      `is an exported program (torch.export.save), not a file of tensors: save its weights with torch.save(torch.export.load(${name}).state_dict, "weights.pt")`,
  ],
  [
    /^(?:[^/]+\/)?\.data\/extern_modules$/,
    () =>
      'is a package of code (torch.package), which is never run: save the tensors in it with torch.save, such as a state_dict()',
  ],
];

/** What torch.save has written since 1.6. @throws FormatError */
export async function openArchive(source: ByteSource): Promise<Saved> {
  const entries = await readZipDirectory(source);
  const other = otherArchives.find(([member]) => entries.some(({ name }) => member.test(name)));
  if (other !== undefined) throw new FormatError(`${source.name} ${other[1](quoted(source.name))}.`);
  const pickle = entries.find(({ name }) => name === 'data.pkl' || name.endsWith('/data.pkl'));
  if (pickle === undefined) {
    throw new FormatError(
      `${source.name} is a zip archive without a PyTorch pickle: torch.save writes a data.pkl into it.`,
    );
  }
  if (pickle.method !== 'stored' || pickle.bytes > MAX_PICKLE_BYTES) {
    throw new FormatError(
      `${source.name}: ${quoted(pickle.name)} has ${pickle.bytes} bytes; up to ${MAX_PICKLE_BYTES} are read, and not compressed.`,
    );
  }
  const folder = pickle.name.slice(0, -'data.pkl'.length);
  const order = entries.find(({ name }) => name === `${folder}byteorder`);
  const written = order === undefined || order.bytes > 16 ? 'little' : await textAt(source, order);
  const bytes = await source.read(pickle.offset, pickle.bytes);
  const storages = new Map(
    entries.flatMap(({ name, offset, bytes: length, method }) =>
      name.startsWith(`${folder}data/`) && method === 'stored'
        ? [[name.slice(`${folder}data/`.length), { offset, bytes: length }] as const]
        : [],
    ),
  );
  return {
    root: readPickle(bytes, 0, source.name).value,
    length: bytes.length,
    littleEndian: written.trim() !== 'big',
    storages,
  };
}

async function textAt(source: ByteSource, { offset, bytes }: ZipEntry): Promise<string> {
  return new TextDecoder().decode(await source.read(offset, bytes));
}

/**
 * A magic number, a protocol, the writer's system, the object, its storages' keys; then each storage's length and numbers.
 * Source: torch/serialization.py, _legacy_save.
 * @throws FormatError
 */
export async function openLegacy(source: ByteSource): Promise<Saved> {
  const bytes = await source.read(0, Math.min(source.size, MAX_PICKLE_BYTES));
  const values: Pickled[] = [];
  let at = 0;
  for (let count = 0; count < 5; count++) {
    const read = readPickle(bytes, at, source.name);
    values.push(read.value);
    at = read.end;
  }
  const [, protocol, system, root, keys] = values;
  if (protocol !== 1001 || root === undefined || !isKind(keys, 'list')) {
    throw new FormatError(
      `${source.name} begins as PyTorch files before 1.6 do, but is none of protocol 1001: save it again with torch.save.`,
    );
  }
  const littleEndian = !isKind(system, 'dict') || get(system, 'little_endian') !== false;
  const sizes = elementSizes(root);
  const storages = new Map<string, { offset: number; bytes: number }>();
  for (const key of keys.items) {
    const name = typeof key === 'string' || typeof key === 'number' ? String(key) : '';
    const count = viewOf(await source.read(at, 8)).getBigInt64(0, littleEndian);
    const size = sizes.get(name);
    if (size === undefined || count < 0n || count > BigInt(source.size)) {
      throw new FormatError(
        `${source.name}: the storage ${quoted(name)} of ${count} numbers is of no known type.`,
      );
    }
    const length = Number(count) * size;
    checkRange(source, at + 8, length);
    storages.set(name, { offset: at + 8, bytes: length });
    at += 8 + length;
  }
  return { root, length: bytes.length, littleEndian, storages };
}

/** Key → bytes of one number, of every storage of a known type that an object names. */
function elementSizes(root: Pickled): Map<string, number> {
  const sizes = new Map<string, number>();
  const seen = new Set<Pickled>();
  const pending: Pickled[] = [root];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array || seen.has(value))
      continue;
    seen.add(value);
    const storage = storageOf(value);
    if (storage === undefined) for (const part of partsOf(value)) pending.push(part);
    else if (storage.isUntyped) sizes.set(storage.key, 1);
    else if (storage.type !== undefined) sizes.set(storage.key, storage.type.bytes);
  }
  return sizes;
}

function partsOf(value: Extract<Pickled, { kind: string }>): Pickled[] {
  switch (value.kind) {
    case 'list':
    case 'tuple':
    case 'set':
      return value.items;
    case 'dict':
      return value.entries.flat();
    case 'call':
      return [value.arguments, ...(value.state === undefined ? [] : [value.state]), ...value.entries.flat()];
    case 'persistent':
    case 'global':
      return [];
  }
}

export interface StorageReference {
  readonly key: string;
  /** "torch.FloatStorage" */
  readonly name: string;
  /** Undefined for bytes without a type, and for a type that is not known. */
  readonly type: TorchType | undefined;
  readonly isUntyped: boolean;
}

/** ("storage", type, key, device, count, …) */
export function storageOf(value: Pickled | undefined): StorageReference | undefined {
  if (!isKind(value, 'persistent') || !isKind(value.id, 'tuple')) return undefined;
  const [kind, type, key] = value.id.items;
  if (kind !== 'storage' || !isKind(type, 'global') || (typeof key !== 'string' && typeof key !== 'number')) {
    return undefined;
  }
  const { name } = type;
  return {
    key: String(key),
    name,
    type: storageTypes.get(name),
    isUntyped: name === untyped || name === 'torch.UntypedStorage',
  };
}

function get(value: Extract<Pickled, { kind: 'dict' }>, key: string): Pickled | undefined {
  return value.entries.find(([each]) => each === key)?.[1];
}
