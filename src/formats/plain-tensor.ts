import type { Region, Shape, Tensor } from '../engine/tensor.js';
import { sizeOf } from '../engine/tensor.js';
import type { ElementType } from './dtypes.js';
import type { NamedTensor } from './format.js';
import type { ByteSource } from './source.js';
import { readBox } from './strided.js';

/** What the tensors of one type in one file have in common. */
export interface PlainKind {
  readonly source: ByteSource;
  readonly type: ElementType;
  /** The type as the format spells it. */
  readonly dtype: string;
  /** What a tensor is, to begin a message. */
  readonly describe: (name: string) => string;
}

/** Numbers that lie one after the other, little-endian and row by row. Small: a file may hold hundreds of thousands. */
export class PlainTensor implements NamedTensor {
  /** @param offset the byte of the file at which the first number begins */
  constructor(
    readonly name: string,
    readonly shape: Shape,
    private readonly offset: number,
    private readonly kind: PlainKind,
  ) {}

  get dtype(): string {
    return this.kind.dtype;
  }

  get storage(): NonNullable<NamedTensor['storage']> | undefined {
    const { storage: dtype, bytes } = this.kind.type;
    return dtype === undefined
      ? undefined
      : { offset: this.offset, length: sizeOf(this.shape) * bytes, dtype };
  }

  read(region: Region, into?: Float32Array): Promise<Tensor<Float32Array>> {
    const { shape, offset, kind } = this;
    const where = kind.describe(this.name);
    const layout = { where, shape, type: kind.type, littleEndian: true, order: 'c', offset } as const;
    return readBox(kind.source, layout, region, into);
  }
}
