import { fileTypes } from '../file-types.js';
import type { Region, Shape } from '../engine/tensor.js';
import { sizeOf, stridesOf } from '../engine/tensor.js';
import { elementTypes, type ElementType } from './dtypes.js';
import type { Contents, Format, NamedTensor } from './format.js';
import { isKind, readPickle, type Pickled } from './pickle.js';
import { checkRange, FormatError, viewOf, type ByteSource } from './source.js';
import { readBox, readStrided } from './strided.js';
import { checkedShape, quoted } from './untrusted.js';
import { isZip, readZipDirectory } from './zip.js';

/** State dictionaries describe tensors; a thousand layers take less than a hundredth of it. */
const MAX_PICKLE_BYTES = 1 << 26;

/** Deeper than any state dictionary; what is deeper holds itself. */
const MAX_DEPTH = 32;

const MAX_VISITS = 1 << 20;

/** torch.serialization.MAGIC_NUMBER, as the pickle before torch 1.6 begins. */
const legacyStart = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

const storageTypes: ReadonlyMap<string, readonly [name: string, type: ElementType]> = new Map(
  (
    [
      ['Float', 'float32'],
      ['Half', 'float16'],
      ['BFloat16', 'bfloat16'],
      ['Double', 'float64'],
      ['Long', 'int64'],
      ['Int', 'int32'],
      ['Short', 'int16'],
      ['Char', 'int8'],
      ['Byte', 'uint8'],
      ['Bool', 'bool'],
    ] as const
  ).map(([storage, name]) => [`torch.${storage}Storage`, [name, elementTypes[name]]] as const),
);

/** What torch.save writes: a zip archive since torch 1.6, a row of pickles before. Pickles are read, never run. */
export const pytorch: Format = {
  id: 'pytorch',
  title: 'PyTorch file',
  extensions: fileTypes.pytorch,
  recognises: (head) => isArchive(head) || isLegacy(head),
  async open(_platform, source, signal) {
    const head = await source.read(0, Math.min(source.size, legacyStart.length));
    if (!isZip(head) && !isLegacy(head)) {
      throw new FormatError(`${source.name} is no PyTorch file of a kind that is read.`);
    }
    const saved = isZip(head) ? await openArchive(source) : await openLegacy(source);
    signal?.throwIfAborted();
    return contentsOf(source, saved);
  },
};

function isLegacy(head: Uint8Array): boolean {
  return legacyStart.every((byte, at) => head[at] === byte);
}

/** The first member of what torch.save writes is …/data.pkl; of an .npz it is an array. */
function isArchive(head: Uint8Array): boolean {
  if (!isZip(head) || head.length < 30) return false;
  const length = viewOf(head).getUint16(26, true);
  const name = new TextDecoder().decode(head.subarray(30, 30 + length));
  return name === 'data.pkl' || name.endsWith('/data.pkl');
}

/** The object that was saved, and where its storages lie. */
interface Saved {
  readonly root: Pickled;
  readonly littleEndian: boolean;
  /** A storage's key → its bytes' place in the file. */
  readonly storages: ReadonlyMap<string, { readonly offset: number; readonly bytes: number }>;
}

async function openArchive(source: ByteSource): Promise<Saved> {
  const entries = await readZipDirectory(source);
  const pickle = entries.find(({ name }) => name === 'data.pkl' || name.endsWith('/data.pkl'));
  if (pickle === undefined)
    throw new FormatError(`${source.name} is a zip archive without a PyTorch pickle.`);
  const folder = pickle.name.slice(0, -'data.pkl'.length);
  if (pickle.method !== 'stored' || pickle.bytes > MAX_PICKLE_BYTES) {
    throw new FormatError(
      `${source.name}: ${quoted(pickle.name)} has ${pickle.bytes} bytes; up to ${MAX_PICKLE_BYTES} are read, and not compressed.`,
    );
  }
  const order = entries.find(({ name }) => name === `${folder}byteorder`);
  const written =
    order === undefined || order.bytes > 16 ? 'little' : await textAt(source, order.offset, order.bytes);
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
    littleEndian: written.trim() !== 'big',
    storages,
  };
}

async function textAt(source: ByteSource, offset: number, length: number): Promise<string> {
  return new TextDecoder().decode(await source.read(offset, length));
}

/**
 * A magic number, a protocol, the writer's system, the object, its storages' keys; then each storage's length and numbers.
 * Source: torch/serialization.py, _legacy_save.
 */
async function openLegacy(source: ByteSource): Promise<Saved> {
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
    throw new FormatError(`${source.name} is no PyTorch file of a kind that is read.`);
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
  return { root, littleEndian, storages };
}

/** Key → bytes of one number, of every storage that an object names. */
function elementSizes(root: Pickled): Map<string, number> {
  const sizes = new Map<string, number>();
  const seen = new Set<Pickled>();
  const pending: Pickled[] = [root];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array || seen.has(value))
      continue;
    seen.add(value);
    const storage = storageOf(value);
    if (storage !== undefined) sizes.set(storage.key, storage.type?.[1].bytes ?? storage.bytes);
    else pending.push(...partsOf(value));
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

interface StorageReference {
  readonly key: string;
  /** "torch.FloatStorage" */
  readonly name: string;
  /** Undefined for numbers of a type that is not read. */
  readonly type: readonly [name: string, type: ElementType] | undefined;
  /** Of one number, where the type is not known. */
  readonly bytes: number;
}

/** ("storage", type, key, device, count, …) */
function storageOf(value: Pickled | undefined): StorageReference | undefined {
  if (!isKind(value, 'persistent') || !isKind(value.id, 'tuple')) return undefined;
  const [kind, type, key] = value.id.items;
  if (kind !== 'storage' || !isKind(type, 'global') || (typeof key !== 'string' && typeof key !== 'number')) {
    return undefined;
  }
  const bytes = /Complex(Float|Double)/.exec(type.name)?.[1] === 'Double' ? 16 : 8;
  return { key: String(key), name: type.name, type: storageTypes.get(type.name), bytes };
}

function get(value: Extract<Pickled, { kind: 'dict' }>, key: string): Pickled | undefined {
  return value.entries.find(([each]) => each === key)?.[1];
}

function contentsOf(source: ByteSource, saved: Saved): Contents {
  const tensors: NamedTensor[] = [];
  const skipped: { name: string; reason: string }[] = [];
  const skip = (name: string, reason: string): void => {
    skipped.push({ name, reason: `${source.name}: ${quoted(name)} ${reason}` });
  };
  // What is said once may stand in many places: it is visits that are counted, not tensors.
  let visits = 0;
  const visit = (name: string, value: Pickled, depth: number): void => {
    if (++visits > MAX_VISITS || depth > MAX_DEPTH) {
      throw new FormatError(`${source.name} holds more, or deeper, than any state dictionary.`);
    }
    const entries = entriesOf(value);
    if (entries !== undefined) {
      for (const [key, each] of entries) {
        const own = typeof key === 'string' || typeof key === 'number' ? String(key) : undefined;
        if (own === undefined) skip(name, 'has an entry without a name.');
        else visit(name === '' ? own : `${name}.${own}`, each, depth + 1);
      }
      return;
    }
    const tensor = tensorOf(value);
    const shown = name === '' ? 'tensor' : name;
    const held = typeof tensor === 'string' ? heldBy(value) : [];
    if (held.length > 0) {
      for (const [own, each] of held) visit(name === '' ? own : `${name}.${own}`, each, depth + 1);
    } else if (typeof tensor === 'string') skip(shown, tensor);
    else if (tensor !== undefined) {
      const read = place(source, saved, shown, tensor);
      if (typeof read === 'string') skip(shown, read);
      else tensors.push(read);
    }
  };
  visit('', saved.root, 0);
  const names = new Set(tensors.map(({ name }) => name));
  if (names.size !== tensors.length) throw new FormatError(`${source.name} holds two tensors of one name.`);
  if (tensors.length === 0) {
    throw new FormatError(skipped[0]?.reason ?? `${source.name} holds no tensors.`);
  }
  return { tensors, ...(skipped.length === 0 ? {} : { skipped }) };
}

/** Of what is a dictionary or a list, its entries. */
function entriesOf(value: Pickled): (readonly [Pickled, Pickled])[] | undefined {
  if (isKind(value, 'dict')) return value.entries;
  if (isKind(value, 'list') || isKind(value, 'tuple')) return value.items.map((item, at) => [at, item]);
  if (!isKind(value, 'call') || !isKind(value.callee, 'global')) return undefined;
  return value.callee.name === 'collections.OrderedDict' ? value.entries : undefined;
}

/**
 * What an object of a class that is not loaded holds, as far as that is tensors or lists of them: a dictionary of its own kind
 * (transformers' `ModelOutput`) its entries, any other its attributes or, as a named tuple has them, its items.
 */
function heldBy(value: Pickled): (readonly [name: string, value: Pickled])[] {
  if (!isKind(value, 'call')) return [];
  const { entries, state, arguments: given } = value;
  const named = (list: readonly (readonly [Pickled, Pickled])[]): (readonly [string, Pickled])[] =>
    list.flatMap(([key, each]) => (typeof key === 'string' && mayHoldTensors(each) ? [[key, each]] : []));
  const own = named(entries);
  if (own.length > 0) return own;
  const attributes = isKind(state, 'dict') ? named(state.entries) : [];
  if (attributes.length > 0) return attributes;
  const items = isKind(given, 'tuple') ? given.items : [];
  return items.flatMap((item, at) => (mayHoldTensors(item) ? [[String(at), item]] : []));
}

/** Whether something is a tensor, or a container: what that holds is looked at when it is visited, for it may hold itself. */
function mayHoldTensors(value: Pickled): boolean {
  if (entriesOf(value) !== undefined || typeof tensorOf(value) === 'object') return true;
  return isKind(value, 'call') && (value.entries.length > 0 || isKind(value.state, 'dict'));
}

interface SavedTensor {
  readonly storage: StorageReference;
  /** In numbers, like the strides. */
  readonly offset: number;
  readonly shape: readonly unknown[];
  readonly strides: readonly unknown[];
}

/** A tensor; the reason why something is none that can be read; undefined for what nobody takes for one. */
function tensorOf(value: Pickled): SavedTensor | string | undefined {
  if (!isKind(value, 'call')) {
    return isKind(value, 'global') ? `is ${value.name}, which is not loaded.` : undefined;
  }
  if (!isKind(value.callee, 'global')) return 'is something that Python would have to run.';
  const given = isKind(value.arguments, 'tuple') ? value.arguments.items : [];
  switch (value.callee.name) {
    case 'torch._utils._rebuild_parameter':
    case 'torch._utils._rebuild_parameter_with_state':
      return given[0] === undefined ? 'is a parameter without numbers.' : tensorOf(given[0]);
    case 'torch._utils._rebuild_tensor':
    case 'torch._utils._rebuild_tensor_v2': {
      const [from, offset, shape, strides] = given;
      const storage = storageOf(from);
      if (
        storage === undefined ||
        typeof offset !== 'number' ||
        !isKind(shape, 'tuple') ||
        !isKind(strides, 'tuple')
      ) {
        return 'is a tensor without a place for its numbers.';
      }
      return { storage, offset, shape: shape.items, strides: strides.items };
    }
    default:
      return `would be made by ${value.callee.name}, which is never called.`;
  }
}

/** @throws FormatError when it reaches beyond its storage */
function place(source: ByteSource, saved: Saved, name: string, tensor: SavedTensor): NamedTensor | string {
  const where = `${source.name}: tensor ${quoted(name)}`;
  const { storage, offset } = tensor;
  if (storage.type === undefined) return `has numbers of ${storage.name}, which cannot be read.`;
  const [dtype, type] = storage.type;
  const shape = checkedShape(tensor.shape, where);
  const strides = checkedShape(tensor.strides, where);
  const held = saved.storages.get(storage.key);
  if (held === undefined)
    throw new FormatError(`${where} lies in a storage ${quoted(storage.key)} that is not there.`);
  const last =
    sizeOf(shape) === 0
      ? -1
      : shape.reduce((at, extent, axis) => at + (extent - 1) * (strides[axis] ?? 0), offset);
  if (
    strides.length !== shape.length ||
    !Number.isSafeInteger(offset) ||
    offset < 0 ||
    !Number.isSafeInteger(last) ||
    (last + 1) * type.bytes > held.bytes
  ) {
    throw new FormatError(
      `${where} reaches to number ${last + 1} of a storage that has ${Math.floor(held.bytes / type.bytes)}.`,
    );
  }
  const at = held.offset + offset * type.bytes;
  const layout = { where, shape, type, littleEndian: saved.littleEndian, order: 'c', offset: at } as const;
  if (!isPlain(shape, strides)) {
    return { name, dtype, shape, read: (region: Region) => readStrided(source, layout, strides, region) };
  }
  const length = sizeOf(shape) * type.bytes;
  return {
    name,
    dtype,
    shape,
    ...(type.storage === undefined || !saved.littleEndian
      ? {}
      : { storage: { offset: at, length, dtype: type.storage } }),
    read: (region: Region, into?: Float32Array) => readBox(source, layout, region, into),
  };
}

/** Whether the numbers lie one after the other, row by row. */
function isPlain(shape: Shape, strides: readonly number[]): boolean {
  const plain = stridesOf(shape);
  return sizeOf(shape) === 0 || shape.every((extent, axis) => extent === 1 || strides[axis] === plain[axis]);
}
