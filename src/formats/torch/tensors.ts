import { sizeOf, stridesOf, type Region, type Shape, type TensorSource } from '../../engine/tensor.js';
import type { NamedTensor } from '../format.js';
import { isKind, type Pickled } from './pickle.js';
import { PlainTensor } from '../plain-tensor.js';
import { FormatError, type ByteSource } from '../source.js';
import { readBox, readStrided } from '../strided.js';
import { checkedShape, quoted } from '../untrusted.js';
import { numpyTensor, pickledArray, type PickledArray } from './numpy-arrays.js';
import { storageOf, type Saved, type StorageReference } from './saved.js';
import { namedTypes, type TorchType } from './types.js';

interface StoredTensor {
  readonly storage: StorageReference;
  /** Undefined for one that is not known. */
  readonly type: TorchType | undefined;
  /** What the type is called. */
  readonly typeName: string;
  /** In numbers, like the strides. */
  readonly offset: number;
  readonly shape: readonly unknown[];
  readonly strides: readonly unknown[];
  /** Whether its numbers are those of the storage with the other sign: PyTorch's negative bit. */
  readonly isNegative: boolean;
}

export type SavedTensor = StoredTensor | { readonly array: PickledArray };

/** Calls within calls: a parameter of a subclass of a view is three. */
const mostCalls = 8;

/** A tensor; the reason why something is none that can be read; undefined for what nobody takes for one. */
export function tensorOf(value: Pickled, depth = 0): SavedTensor | string | undefined {
  if (!isKind(value, 'call')) {
    return isKind(value, 'global') ? `is ${spelt(value.name)}, which is not loaded.` : undefined;
  }
  const array = pickledArray(value);
  if (array !== undefined) return { array };
  const { callee } = value;
  if (!isKind(callee, 'global')) return 'is something that Python would have to run.';
  const given = isKind(value.arguments, 'tuple') ? value.arguments.items : [];
  const [first, , third] = given;
  if (depth > mostCalls)
    return `would be made by ${spelt(callee.name)} within itself, which is never called.`;
  switch (callee.name) {
    case 'torch._utils._rebuild_parameter':
    case 'torch._utils._rebuild_parameter_with_state':
      return first === undefined ? 'is a parameter without numbers.' : tensorOf(first, depth + 1);
    // A tensor with attributes of its own, or of a class of its own: the numbers are those of the tensor within.
    case 'torch._tensor._rebuild_from_type':
    case 'torch._tensor._rebuild_from_type_v2': {
      if (first === undefined || third === undefined) return 'is a tensor without a place for its numbers.';
      return tensorOf({ kind: 'call', callee: first, arguments: third, entries: [] }, depth + 1);
    }
    // How tensors of devices without a storage (TPU, IPU) are saved.
    case 'torch._utils._rebuild_device_tensor_from_numpy':
    case 'torch._utils._rebuild_xla_tensor':
      return first === undefined ? 'is a tensor without numbers.' : tensorOf(first, depth + 1);
    case 'torch._utils._rebuild_tensor':
    case 'torch._utils._rebuild_tensor_v2':
    case 'torch._utils._rebuild_tensor_v3':
      return storedTensor(callee.name, given);
    case 'torch._utils._rebuild_qtensor':
      return 'is a quantised tensor, whose whole numbers are not its values; save its dequantize().';
    case 'torch._utils._rebuild_sparse_tensor':
    case 'torch._utils._rebuild_sparse_csr_tensor':
      return 'is a sparse tensor; save its to_dense().';
    case 'torch._utils._rebuild_nested_tensor':
      return 'is a nested tensor; save its to_padded_tensor(0.0).';
    case 'torch._utils._rebuild_meta_tensor_no_storage':
      return 'is a tensor on the meta device, which has no numbers.';
    default:
      return `would be made by ${spelt(callee.name)}, which is never called.`;
  }
}

/** A name as Python has it, fit for a message. */
function spelt(name: string): string {
  return quoted(name).slice(1, -1);
}

/** Source: torch/_utils.py. */
function storedTensor(rebuilt: string, given: readonly Pickled[]): StoredTensor | string {
  const [from, offset, shape, strides, , , ...rest] = given;
  const storage = storageOf(from);
  if (
    storage === undefined ||
    typeof offset !== 'number' ||
    !isKind(shape, 'tuple') ||
    !isKind(strides, 'tuple')
  ) {
    return 'is a tensor without a place for its numbers.';
  }
  const typed = rebuilt.endsWith('_v3') ? rest.shift() : undefined;
  const [metadata] = rest;
  const flags = isKind(metadata, 'dict') ? metadata.entries : [];
  const unknown = flags.find(([flag]) => flag !== 'neg' && flag !== 'conj');
  if (unknown !== undefined) {
    const [flag] = unknown;
    return `has the property ${typeof flag === 'string' ? quoted(flag) : 'of an unknown name'}, which is not read; save its clone().`;
  }
  const isNegative = flags.some(([flag, isSet]) => flag === 'neg' && isSet === true);
  const place = { storage, offset, shape: shape.items, strides: strides.items, isNegative };
  if (!rebuilt.endsWith('_v3')) return { ...place, type: storage.type, typeName: storage.name };
  if (!isKind(typed, 'global')) return 'is a tensor without a type.';
  return { ...place, type: namedTypes.get(typed.name), typeName: typed.name };
}

/** Places tensors in their file. What stands in many places is looked at once. */
export class Placer {
  private readonly placed = new Map<Pickled, NamedTensor | string>();

  constructor(
    private readonly source: ByteSource,
    private readonly saved: Saved,
  ) {}

  /**
   * The tensor in its file, or the reason why its numbers cannot be read.
   * @param value what the tensor was read from
   * @throws FormatError when it reaches beyond its storage
   */
  place(name: string, value: Pickled, tensor: SavedTensor): NamedTensor | string {
    const known = this.placed.get(value);
    if (typeof known === 'string') return known;
    if (known !== undefined) return new SameTensor(name, known);
    const placed = place(this.source, this.saved, name, tensor);
    this.placed.set(value, placed);
    return placed;
  }
}

/** A tensor under another name. */
class SameTensor implements NamedTensor {
  constructor(
    readonly name: string,
    private readonly of: NamedTensor,
  ) {}

  get dtype(): string {
    return this.of.dtype;
  }

  get shape(): Shape {
    return this.of.shape;
  }

  get storage(): NamedTensor['storage'] {
    return this.of.storage;
  }

  read(region: Region, into?: Float32Array): ReturnType<NamedTensor['read']> {
    return this.of.read(region, into);
  }
}

function place(source: ByteSource, saved: Saved, name: string, tensor: SavedTensor): NamedTensor | string {
  const where = `${source.name}: tensor ${quoted(name)}`;
  if ('array' in tensor) return numpyTensor(tensor.array, name, where);
  const { storage, offset } = tensor;
  const { name: dtype = '', type, bytes = 0 } = tensor.type ?? {};
  if (type === undefined) {
    return dtype.startsWith('complex')
      ? `has complex numbers (${dtype}); save its real part, its imaginary part or its abs().`
      : `has numbers of ${spelt(tensor.typeName)}, which cannot be read; save its float().`;
  }
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
    (last + 1) * bytes > held.bytes
  ) {
    throw new FormatError(
      `${where} reaches to number ${last + 1} of a storage that has ${Math.floor(held.bytes / bytes)}.`,
    );
  }
  const at = held.offset + offset * bytes;
  const layout = { where, shape, type, littleEndian: saved.littleEndian, order: 'c', offset: at } as const;
  const isPlain = isRowMajor(shape, strides);
  if (isPlain && saved.littleEndian && !tensor.isNegative) {
    const describe = (own: string): string => `${source.name}: tensor ${quoted(own)}`;
    return new PlainTensor(name, shape, at, { source, type, dtype, describe });
  }
  const read: TensorSource['read'] = isPlain
    ? (region: Region, into?: Float32Array) => readBox(source, layout, region, into)
    : (region: Region) => readStrided(source, layout, strides, region);
  if (tensor.isNegative) return { name, dtype, shape, read: negated(read) };
  return { name, dtype, shape, read };
}

function negated(read: TensorSource['read']): TensorSource['read'] {
  return async (region, into) => {
    const { shape, data } = await read(region, into);
    return { shape, data: data.map((value) => -value) };
  };
}

/** Whether the numbers lie one after the other, row by row. */
function isRowMajor(shape: Shape, strides: readonly number[]): boolean {
  const plain = stridesOf(shape);
  return sizeOf(shape) === 0 || shape.every((extent, axis) => extent === 1 || strides[axis] === plain[axis]);
}
