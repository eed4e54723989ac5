import { shortened } from '../common/strings.js';
import { isRecord } from '../common/values.js';
import { fileTypes } from '../file-types.js';
import { sizeOf, type Shape } from '../engine/tensor.js';
import { elementTypes, type ElementType } from './dtypes.js';
import { LeftOut, type Contents, type Format, type NamedTensor } from './format.js';
import { parseJson, type Json } from './json-text.js';
import { PlainTensor, type PlainKind } from './plain-tensor.js';
import { again, FormatError, viewOf, type ByteSource } from './source.js';
import { labelsFromText, tokenAxes, TokenCollector } from './tokens.js';
import { checkByteLength, checkedShape, quoted, utf8 } from './untrusted.js';

/** The reference implementation's own limit. */
const MAX_HEADER_BYTES = 100_000_000;

const LENGTH_BYTES = 8;

/** A header is an object of objects with lists of numbers; what else others put into it may lie deeper. */
const HEADER_DEPTH = 16;

/** Of tensors, or of metadata: the greatest checkpoints have a tenth of it. */
const MAX_NAMES = 1 << 19;

const NUMBER_TYPES: ReadonlyMap<string, ElementType> = new Map<string, ElementType>([
  ['BOOL', elementTypes.bool],
  ['U8', elementTypes.uint8],
  ['I8', elementTypes.int8],
  ['F8_E4M3', elementTypes.float8_e4m3],
  ['F8_E5M2', elementTypes.float8_e5m2],
  ['F8_E4M3FNUZ', elementTypes.float8_e4m3fnuz],
  ['F8_E5M2FNUZ', elementTypes.float8_e5m2fnuz],
  ['F8_E8M0', elementTypes.float8_e8m0fnu],
  ['U16', elementTypes.uint16],
  ['I16', elementTypes.int16],
  ['F16', elementTypes.float16],
  ['BF16', elementTypes.bfloat16],
  ['U32', elementTypes.uint32],
  ['I32', elementTypes.int32],
  ['F32', elementTypes.float32],
  ['U64', elementTypes.uint64],
  ['I64', elementTypes.int64],
  ['F64', elementTypes.float64],
]);

/** Why a type of the format does not become float32 number by number. */
const UNREADABLE_TYPES: ReadonlyMap<string, string> = new Map([
  ['C64', 'complex numbers; save its real part, its imaginary part or its abs()'],
  ['F4', 'numbers of four bits, two in a byte; save it as float32'],
  ['F6_E2M3', 'numbers of six bits; save it as float32'],
  ['F6_E3M2', 'numbers of six bits; save it as float32'],
]);

/** Source: https://github.com/huggingface/safetensors (format, and the checks of the reference implementation). */
export const safetensors: Format = {
  id: 'safetensors',
  title: 'safetensors',
  extensions: fileTypes.safetensors,
  recognises(head) {
    if (head.length < LENGTH_BYTES + 1) return false;
    const length = viewOf(head).getBigUint64(0, true);
    return length <= BigInt(MAX_HEADER_BYTES) && head[LENGTH_BYTES] === 0x7b; // {
  },
  async open(_platform, source) {
    const { header, dataAt } = await readHeader(source);
    const tokens = new TokenCollector();
    const spans: Span[] = [];
    const notices: string[] = [];
    for (const [name, value] of Object.entries(header)) {
      if (name === '__metadata__') notices.push(...readMetadata(value, tokens, source.name));
      else spans.push(readSpan(name, value, source.name));
    }
    if (spans.length === 0) throw new FormatError(`${source.name} holds no tensors: its header names none.`);
    checkSpans(spans, source.size - dataAt, source.name);
    return {
      ...tensorsOf(source, spans, dataAt),
      ...tokens.contents(),
      ...(notices.length === 0 ? {} : { notices }),
    };
  },
};

/** What the header says of one tensor. */
interface Span {
  readonly name: string;
  readonly dtype: string;
  readonly shape: Shape;
  /** Bytes, counted from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

async function readHeader(
  source: ByteSource,
): Promise<{ header: { readonly [name: string]: Json }; dataAt: number }> {
  const { name, size } = source;
  if (size < LENGTH_BYTES)
    throw new FormatError(`${name} has ${size} bytes, too few for a safetensors file. ${again}`);
  const claimed = viewOf(await source.read(0, LENGTH_BYTES)).getBigUint64(0, true);
  if (claimed > BigInt(Math.min(MAX_HEADER_BYTES, size - LENGTH_BYTES))) {
    throw new FormatError(
      `${name} claims a header of ${claimed} bytes, but the file has ${size} and a header may have ${MAX_HEADER_BYTES}. ${again}`,
    );
  }
  const length = Number(claimed);
  const bytes = await source.read(LENGTH_BYTES, length);
  const text = utf8(bytes);
  if (text === undefined || bytes[0] !== 0x7b) {
    throw new FormatError(`${name} has a header that is not a JSON object in UTF-8. ${again}`);
  }
  const header = parseJson(text, `${name}: its header`, { maxDepth: HEADER_DEPTH, maxNames: MAX_NAMES });
  if (!isRecord(header)) throw new FormatError(`${name} has a header that is not a JSON object.`);
  return { header, dataAt: LENGTH_BYTES + length };
}

/**
 * Labels are kept in the metadata as a JSON list or as Python's, since metadata may only hold strings.
 * @returns what is wrong with it: the tensors can be read all the same
 */
function readMetadata(metadata: Json, tokens: TokenCollector, file: string): string[] {
  if (metadata === null) return [];
  if (!isRecord(metadata)) return [`${file}: "__metadata__" is not an object, and was not read.`];
  const notices: string[] = [];
  for (const [name, value] of Object.entries(metadata)) {
    const axes = tokenAxes(name);
    // Checkpoints also count the tokens they were trained on: "tokens": "300B".
    if (!axes || typeof value !== 'string' || !/^\s*[[(]/.test(value)) continue;
    try {
      tokens.add(axes, labelsFromText(value, `${file}: the metadata ${quoted(name)}`));
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      notices.push(`${error.message} It was left out.`);
    }
  }
  return notices;
}

function readSpan(name: string, value: Json, file: string): Span {
  if (!isRecord(value))
    throw new FormatError(
      `${whereIn(file, name)} is not described by an object with a dtype, a shape and data_offsets. ${again}`,
    );
  // Other fields are no concern of a reader, as in the reference implementation.
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Array.isArray(shape) || !Array.isArray(offsets)) {
    throw new FormatError(
      `${whereIn(file, name)} is not described by a dtype, a shape and data_offsets. ${again}`,
    );
  }
  const [begin, end, ...more] = offsets as readonly unknown[]; // Only what Array.isArray takes away.
  if (!isOffset(begin) || !isOffset(end) || more.length > 0 || begin > end) {
    throw new FormatError(
      `${whereIn(file, name)} has the data_offsets ${shortened(JSON.stringify(offsets), 60)}, which make no sense. ${again}`,
    );
  }
  return { name, dtype, shape: checkedShape(shape, () => whereIn(file, name)), begin, end };
}

function isOffset(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** The tensors must lie one after the other and fill the file, as the reference implementation demands. */
function checkSpans(spans: readonly Span[], available: number, file: string): void {
  let end = 0;
  for (const span of spans.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (span.begin !== end) {
      const fault =
        span.begin < end ? 'overlaps the tensor before it' : 'leaves a gap after the tensor before it';
      throw new FormatError(
        `${whereIn(file, span.name)} ${fault}: it begins at byte ${span.begin} instead of ${end}. ${again}`,
      );
    }
    end = span.end;
  }
  if (end !== available) {
    throw new FormatError(
      `${file} claims ${end} bytes of tensors, but ${available} bytes follow its header. ${again}`,
    );
  }
}

function tensorsOf(source: ByteSource, spans: readonly Span[], dataAt: number): Contents {
  const tensors: NamedTensor[] = [];
  const skipped: LeftOut[] = [];
  const describe = (name: string): string => whereIn(source.name, name);
  const kinds = new Map<string, PlainKind>();
  for (const { name, dtype, shape, begin, end } of spans) {
    const type = NUMBER_TYPES.get(dtype);
    if (type === undefined) {
      const known = UNREADABLE_TYPES.get(dtype);
      skipped.push(
        new LeftOut(name, () =>
          known === undefined
            ? `${describe(name)} has the type ${quoted(dtype)}, which cannot be read; save it as F32.`
            : `${describe(name)} has the type ${quoted(dtype)}: ${known}.`,
        ),
      );
      continue;
    }
    if (sizeOf(shape) * type.bytes !== end - begin) {
      checkByteLength(shape, type.bytes, end - begin, describe(name));
    }
    const kind = kinds.get(dtype) ?? { source, type, dtype, describe };
    kinds.set(dtype, kind);
    tensors.push(new PlainTensor(name, shape, dataAt + begin, kind));
  }
  const [first] = skipped;
  if (first && tensors.length === 0) throw new FormatError(first.reason);
  return { tensors, ...(first ? { skipped } : {}) };
}

function whereIn(file: string, name: string): string {
  return `${file}: tensor ${quoted(name)}`;
}
