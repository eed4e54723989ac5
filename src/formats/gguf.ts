import { fileTypes } from '../file-types.js';
import { regionShape, sizeOf, stridesOf, type Region, type Shape, type Tensor } from '../engine/tensor.js';
import { elementTypes, type ElementType } from './dtypes.js';
import { LeftOut, type Contents, type Format, type NamedTensor } from './format.js';
import { isGguf, readGgufHeader, type GgufHeader, type MetadataValue } from './gguf-header.js';
import { PlainTensor, type PlainKind } from './plain-tensor.js';
import { quants, type Quant } from './quants/index.js';
import { again, FormatError, type ByteSource } from './source.js';
import { allocate, basesOf, checkRegion } from './strided.js';
import { checkedShape, quoted } from './untrusted.js';

const DEFAULT_ALIGNMENT = 32;
const MAX_ALIGNMENT = 1 << 20;

/** What is read of a tensor at once. */
const CHUNK_BYTES = 1 << 22;

const plainTypes: ReadonlyMap<number, { readonly name: string; readonly type: ElementType }> = new Map<
  number,
  { readonly name: string; readonly type: ElementType }
>([
  [0, { name: 'F32', type: elementTypes.float32 }],
  [1, { name: 'F16', type: elementTypes.float16 }],
  [24, { name: 'I8', type: elementTypes.int8 }],
  [25, { name: 'I16', type: elementTypes.int16 }],
  [26, { name: 'I32', type: elementTypes.int32 }],
  [27, { name: 'I64', type: elementTypes.int64 }],
  [28, { name: 'F64', type: elementTypes.float64 }],
  [30, { name: 'BF16', type: elementTypes.bfloat16 }],
]);

/** Types that are known by name only. */
const unreadable: ReadonlyMap<number, string> = new Map([
  [9, 'Q8_1'],
  [15, 'Q8_K'],
  [16, 'IQ2_XXS'],
  [17, 'IQ2_XS'],
  [18, 'IQ3_XXS'],
  [19, 'IQ1_S'],
  [20, 'IQ4_NL'],
  [21, 'IQ3_S'],
  [22, 'IQ2_S'],
  [23, 'IQ4_XS'],
  [29, 'IQ1_M'],
  [34, 'TQ1_0'],
  [35, 'TQ2_0'],
  [39, 'MXFP4'],
]);

/** What a GGUF file holds besides its tensors. */
export interface GgufContents extends Contents {
  readonly metadata: ReadonlyMap<string, MetadataValue>;
}

/** Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */
export const gguf: Format = {
  id: 'gguf',
  title: 'GGUF',
  extensions: fileTypes.gguf,
  recognises: isGguf,
  async open(_platform, source) {
    const { tensors, skipped } = await openGguf(source);
    const [first] = skipped ?? [];
    if (tensors.length === 0) throw new FormatError(first?.reason ?? `${source.name} holds no tensors.`);
    return { tensors, ...(first && skipped ? { skipped } : {}) };
  },
};

/**
 * Tensors and metadata of a GGUF file. Every size is checked against the file before anything is allocated.
 * @throws FormatError, one sentence naming file, tensor and reason
 */
export async function openGguf(source: ByteSource): Promise<GgufContents> {
  const header = await readGgufHeader(source);
  const alignment = alignmentOf(header, source.name);
  const dataAt = Math.ceil(header.end / alignment) * alignment;
  const tensors: NamedTensor[] = [];
  const skipped: LeftOut[] = [];
  const spans: { name: string; begin: number; end: number }[] = [];
  const describe = (name: string): string => `${source.name}: the tensor ${quoted(name)}`;
  const kinds = new Map<number, PlainKind>();
  const names = new Set<string>();
  for (const entry of header.entries) {
    const { name, type } = entry;
    if (names.has(name)) throw new FormatError(`${describe(name)} is there twice.`);
    names.add(name);
    const shape = checkedShape(entry.extents, () => describe(name));
    const quant = quants.get(type);
    const plain = plainTypes.get(type);
    if (quant === undefined && plain === undefined) {
      skipped.push(
        new LeftOut(name, () => `${describe(name)} has the type ${typeName(type)}, which cannot be read.`),
      );
      continue;
    }
    if (entry.offset % alignment !== 0) {
      throw new FormatError(
        `${describe(name)} begins at byte ${entry.offset} of the data, which is no multiple of ${alignment}.`,
      );
    }
    const begin = dataAt + entry.offset;
    const length =
      quant === undefined
        ? sizeOf(shape) * (plain?.type.bytes ?? 0)
        : blocksOf(shape, quant, () => describe(name)) * quant.bytes;
    if (!Number.isSafeInteger(begin + length) || begin + length > source.size) {
      throw new FormatError(
        `${describe(name)} needs ${length} bytes at byte ${begin}, but the file has ${source.size}. ${again}`,
      );
    }
    spans.push({ name, begin, end: begin + length });
    if (quant !== undefined) {
      tensors.push(quantised(source, { name, where: describe(name), shape, quant, offset: begin }));
    } else if (plain !== undefined) {
      const kind = kinds.get(type) ?? { source, type: plain.type, dtype: plain.name, describe };
      kinds.set(type, kind);
      tensors.push(new PlainTensor(name, shape, begin, kind));
    }
  }
  checkApart(spans, describe);
  return { tensors, metadata: header.metadata, ...(skipped.length > 0 ? { skipped } : {}) };
}

function typeName(type: number): string {
  return unreadable.get(type) ?? `with the unknown number ${type}`;
}

function alignmentOf({ metadata }: GgufHeader, file: string): number {
  const alignment = metadata.get('general.alignment') ?? DEFAULT_ALIGNMENT;
  if (
    typeof alignment !== 'number' ||
    !Number.isInteger(alignment) ||
    alignment < 1 ||
    alignment > MAX_ALIGNMENT
  ) {
    throw new FormatError(
      `${file} aligns its tensors to ${quoted(String(alignment))} bytes, which makes no sense.`,
    );
  }
  return alignment;
}

/** How many blocks a tensor consists of: rows are made of whole ones. */
function blocksOf(shape: Shape, quant: Quant, where: () => string): number {
  const columns = shape.at(-1) ?? 1;
  if (columns % quant.numbers !== 0) {
    throw new FormatError(
      `${where()} has rows of ${columns} numbers, but ${quant.name} keeps them in blocks of ${quant.numbers}.`,
    );
  }
  return sizeOf(shape) / quant.numbers;
}

/** @throws FormatError where two tensors share bytes */
function checkApart(
  spans: readonly { name: string; begin: number; end: number }[],
  describe: (name: string) => string,
): void {
  let end = 0;
  for (const span of spans.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (span.begin < end) {
      throw new FormatError(
        `${describe(span.name)} overlaps the tensor before it: it begins at byte ${span.begin} instead of ${end}. ${again}`,
      );
    }
    end = span.end;
  }
}

interface Quantised {
  readonly name: string;
  readonly where: string;
  readonly shape: Shape;
  readonly quant: Quant;
  readonly offset: number;
}

function quantised(source: ByteSource, tensor: Quantised): NamedTensor {
  const { name, shape, quant } = tensor;
  return { name, dtype: quant.name, shape, read: (region, into) => readBlocks(source, tensor, region, into) };
}

/** The numbers of a region, from the blocks that hold them and no others. */
async function readBlocks(
  source: ByteSource,
  tensor: Quantised,
  region: Region,
  into?: Float32Array,
): Promise<Tensor<Float32Array>> {
  const { shape, quant, offset } = tensor;
  checkRegion(tensor, region);
  const outShape = regionShape(region);
  const out = allocate(tensor, outShape, into);
  if (out.length === 0) return { shape: outShape, data: out };
  const columns = shape.at(-1) ?? 1;
  const range = region.at(-1) ?? { start: 0, end: 1 };
  const first = Math.floor(range.start / quant.numbers);
  const blocks = Math.ceil(range.end / quant.numbers) - first;
  const perRow = columns / quant.numbers;
  const whole = blocks === perRow && range.end - range.start === columns;
  const atOnce = whole ? Math.max(1, Math.floor(CHUNK_BYTES / (perRow * quant.bytes))) : 1;
  const width = range.end - range.start;
  const scratch = whole ? out : new Float32Array(blocks * quant.numbers);
  const [rows, ...outer] = region.slice(0, -1).toReversed();
  const { start, end } = rows ?? { start: 0, end: 1 };
  const strides = stridesOf(shape.slice(0, -1)); // in rows
  const matrices = outer.toReversed().map((each, axis) => ({
    start: each.start,
    count: each.end - each.start,
    stride: strides[axis] ?? 1,
  }));
  let to = 0;
  for (const base of basesOf(matrices)) {
    for (let done = start; done < end; done += atOnce) {
      const count = Math.min(atOnce, end - done);
      const at = offset + ((base + done) * perRow + first) * quant.bytes;
      const bytes = await source.read(at, count * blocks * quant.bytes);
      quant.dequantise(bytes, count * blocks, scratch, whole ? to : 0);
      if (!whole) {
        const skip = range.start - first * quant.numbers;
        out.set(scratch.subarray(skip, skip + width), to);
      }
      to += count * width;
    }
  }
  return { shape: outShape, data: out };
}
