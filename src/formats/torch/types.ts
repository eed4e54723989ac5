import { elementTypes, type ElementType } from '../dtypes.js';

/** A type of numbers: its name in PyTorch, and how it is read; undefined where it does not become float32 number by number. */
export interface TorchType {
  readonly name: string;
  /** Of one number. */
  readonly bytes: number;
  readonly type: ElementType | undefined;
}

function read(name: keyof typeof elementTypes | 'float8_e4m3fn', element: ElementType): TorchType {
  return { name, bytes: element.bytes, type: element };
}

function unread(name: string, bytes: number): TorchType {
  return { name, bytes, type: undefined };
}

/** By the class of their storage, as `_rebuild_tensor_v2` has them. Source: torch/storage.py. */
export const storageTypes: ReadonlyMap<string, TorchType> = new Map([
  ['torch.FloatStorage', read('float32', elementTypes.float32)],
  ['torch.HalfStorage', read('float16', elementTypes.float16)],
  ['torch.BFloat16Storage', read('bfloat16', elementTypes.bfloat16)],
  ['torch.DoubleStorage', read('float64', elementTypes.float64)],
  ['torch.LongStorage', read('int64', elementTypes.int64)],
  ['torch.IntStorage', read('int32', elementTypes.int32)],
  ['torch.ShortStorage', read('int16', elementTypes.int16)],
  ['torch.CharStorage', read('int8', elementTypes.int8)],
  ['torch.ByteStorage', read('uint8', elementTypes.uint8)],
  ['torch.BoolStorage', read('bool', elementTypes.bool)],
  ['torch.ComplexFloatStorage', unread('complex64', 8)],
  ['torch.ComplexDoubleStorage', unread('complex128', 16)],
  ['torch.QInt8Storage', unread('qint8', 1)],
  ['torch.QUInt8Storage', unread('quint8', 1)],
  ['torch.QInt32Storage', unread('qint32', 4)],
  ['torch.QUInt4x2Storage', unread('quint4x2', 1)],
  ['torch.QUInt2x4Storage', unread('quint2x4', 1)],
]);

/** Bytes without a type of their own: `_rebuild_tensor_v3` says the type beside them. */
export const untyped = 'torch.storage.UntypedStorage';

/** By the name of the type itself, as `_rebuild_tensor_v3` has them. */
export const namedTypes: ReadonlyMap<string, TorchType> = new Map(
  [
    ...[...storageTypes.values()],
    read('float8_e4m3fn', elementTypes.float8_e4m3),
    read('float8_e5m2', elementTypes.float8_e5m2),
    read('float8_e4m3fnuz', elementTypes.float8_e4m3fnuz),
    read('float8_e5m2fnuz', elementTypes.float8_e5m2fnuz),
    read('float8_e8m0fnu', elementTypes.float8_e8m0fnu),
    read('uint16', elementTypes.uint16),
    read('uint32', elementTypes.uint32),
    read('uint64', elementTypes.uint64),
    unread('complex32', 4),
  ].map((each) => [`torch.${each.name}`, each] as const),
);
