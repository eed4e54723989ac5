import { roomFor, sizeOf, wholeOf, type Shape } from '../engine/tensor.js';
import { elementTypes, type ElementType } from './dtypes.js';
import type { NamedTensor } from './format.js';
import { again, checkRange, FormatError, viewOf, type ByteSource } from './source.js';
import { readBox } from './strided.js';
import { checkByteLength, checkedShape, quoted } from './untrusted.js';

/** What CTranslate2 keeps in a model.bin. */
export interface Ctranslate2File {
  /** What the model is: "WhisperSpec". */
  readonly spec: string;
  /** By their names, "encoder/layer_0/ffn/linear_0/weight"; quantised ones as the numbers that they stand for. */
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  /** Settings among the weights: "encoder/num_heads". */
  readonly numbers: ReadonlyMap<string, number>;
  /** What is kept as a copy → what it is a copy of. */
  readonly aliases: ReadonlyMap<string, string>;
}

/** Of the format: with 4 came the types of numbers, with 6 their names. */
const versions = { from: 4, to: 6 };

const mostVariables = 1 << 17;

/** Bytes before the numbers of a variable that are read at once: its name, its shape, its type. */
const headBytes = 1 << 10;

/** By their numbers; `DataType` of CTranslate2's include/ctranslate2/types.h. */
const types: readonly { readonly name: string; readonly type: ElementType }[] = [
  { name: 'float32', type: elementTypes.float32 },
  { name: 'int8', type: elementTypes.int8 },
  { name: 'int16', type: elementTypes.int16 },
  { name: 'int32', type: elementTypes.int32 },
  { name: 'float16', type: elementTypes.float16 },
  { name: 'bfloat16', type: elementTypes.bfloat16 },
];

/** Whether bytes begin like a model.bin of CTranslate2: a version, then what the model is. */
export function isCtranslate2(head: Uint8Array): boolean {
  if (head.length < 8) return false;
  const view = viewOf(head);
  const length = view.getUint16(4, true);
  const [version, name] = [view.getUint32(0, true), head.subarray(6, 6 + length)];
  return (
    version >= 1 &&
    version < 64 &&
    name.length === length &&
    /^\w+Spec\0$/.test(new TextDecoder().decode(name))
  );
}

/**
 * Weights and settings of a model.bin of CTranslate2, checked against the file before anything is made for them.
 * Source: `ModelSpec._serialize` of CTranslate2's python/ctranslate2/specs/model_spec.py, 4.8.5.
 * @throws FormatError
 */
export async function openCtranslate2(source: ByteSource): Promise<Ctranslate2File> {
  const reader = new Reader(source);
  const version = await reader.uint32();
  if (version < versions.from || version > versions.to) {
    throw new FormatError(
      `${source.name} is a CTranslate2 model of the binary version ${version}; ${versions.from} to ${versions.to} are read. Convert the model again.`,
    );
  }
  const spec = await reader.text();
  await reader.uint32(); // of the specification, which the names of the weights follow
  const variables = new Map<string, Variable>();
  for (let left = await reader.count('variables'); left > 0; left--) {
    const variable = await reader.variable();
    if (variables.has(variable.name)) {
      throw new FormatError(`${source.name} holds two variables named ${quoted(variable.name)}. ${again}`);
    }
    variables.set(variable.name, variable);
  }
  const aliases = new Map<string, string>();
  for (let left = await reader.count('aliases'); left > 0; left--) {
    const [alias, name] = [await reader.text(), await reader.text()];
    const variable = variables.get(name);
    if (variable === undefined) {
      throw new FormatError(
        `${source.name}: ${quoted(alias)} stands for ${quoted(name)}, which is not there. ${again}`,
      );
    }
    variables.set(alias, variable);
    aliases.set(alias, name);
  }
  const numbers = new Map<string, number>();
  const tensors = new Map<string, NamedTensor>();
  for (const [name, variable] of variables) {
    if (variable.shape.length === 0) numbers.set(name, await valueOf(source, variable));
  }
  for (const [name, variable] of variables) {
    if (variable.shape.length === 0 || name.endsWith('_scale')) continue;
    tensors.set(
      name,
      await tensorOf(source, name, variable, variables.get(`${variable.name}_scale`), numbers),
    );
  }
  return { spec, tensors, numbers, aliases };
}

/** Where the numbers of a variable lie. */
interface Variable {
  readonly name: string;
  readonly where: string;
  readonly shape: Shape;
  readonly type: ElementType;
  readonly dtype: string;
  readonly offset: number;
}

class Reader {
  private at = 0;
  private kept: { readonly at: number; readonly bytes: Uint8Array } = { at: 0, bytes: new Uint8Array(0) };

  constructor(private readonly source: ByteSource) {}

  async uint32(): Promise<number> {
    return viewOf(await this.bytes(4)).getUint32(0, true);
  }

  async count(what: string): Promise<number> {
    const count = await this.uint32();
    if (count <= mostVariables) return count;
    throw new FormatError(`${this.source.name} claims ${count} ${what}; no model has as many. ${again}`);
  }

  /** Bytes until a zero, which their length counts. */
  async text(): Promise<string> {
    const length = viewOf(await this.bytes(2)).getUint16(0, true);
    const bytes = await this.bytes(length);
    if (length < 1 || bytes[length - 1] !== 0) {
      throw new FormatError(`${this.source.name} has a name without an end at byte ${this.at}. ${again}`);
    }
    return new TextDecoder().decode(bytes.subarray(0, length - 1));
  }

  async variable(): Promise<Variable> {
    const { source } = this;
    const name = await this.text();
    const where = `${source.name}: the variable ${quoted(name)}`;
    const [rank = 0] = await this.bytes(1);
    const extents: number[] = [];
    for (let axis = 0; axis < rank; axis++) extents.push(await this.uint32());
    const shape = checkedShape(extents, where);
    const [code = 0] = await this.bytes(1);
    const known = types[code];
    if (known === undefined)
      throw new FormatError(`${where} has numbers of the unknown type ${code}. ${again}`);
    const length = await this.uint32();
    checkByteLength(shape, known.type.bytes, length, where);
    const offset = this.at;
    checkRange(source, offset, length);
    this.at += length;
    return { name, where, shape, type: known.type, dtype: known.name, offset };
  }

  private async bytes(length: number): Promise<Uint8Array> {
    const { source, at } = this;
    checkRange(source, at, length);
    if (at < this.kept.at || at + length > this.kept.at + this.kept.bytes.length) {
      const bytes = await source.read(at, Math.min(Math.max(length, headBytes), source.size - at));
      this.kept = { at, bytes };
    }
    this.at += length;
    return this.kept.bytes.subarray(at - this.kept.at, at - this.kept.at + length);
  }
}

/** A variable that is a number by itself. */
async function valueOf(source: ByteSource, { type, offset }: Variable): Promise<number> {
  const out = new Float32Array(1);
  type.decode(viewOf(await source.read(offset, type.bytes)), 0, 1, true, out, 0);
  return out[0] ?? NaN;
}

async function tensorOf(
  source: ByteSource,
  name: string,
  variable: Variable,
  scale: Variable | undefined,
  numbers: ReadonlyMap<string, number>,
): Promise<NamedTensor> {
  const { where, shape, type, dtype, offset } = variable;
  const layout = { where, shape, type, littleEndian: true, order: 'c', offset } as const;
  if (scale === undefined) {
    if (dtype.startsWith('int') && name.endsWith('/weight')) throw unknownScheme(variable, dtype);
    const { storage } = type;
    const length = sizeOf(shape) * type.bytes;
    return {
      name,
      dtype,
      shape,
      ...(storage === undefined ? {} : { storage: { offset, length, dtype: storage } }),
      read: (region, into) => readBox(source, layout, region, into),
    };
  }
  const rows = shape[0] ?? 1;
  const scales = await scalesOf(source, scale, numbers);
  if ((dtype !== 'int8' && dtype !== 'int16') || (scales.length !== 1 && scales.length !== rows)) {
    throw unknownScheme(variable, `${dtype} of ${rows} rows with ${scales.length} scales`);
  }
  return {
    name,
    dtype,
    shape,
    async read(region, into) {
      const box = await readBox(source, layout, region);
      const [{ start, end } = { start: 0, end: 1 }] = region;
      const width = box.data.length / Math.max(1, end - start);
      const out = roomFor(box.data.length, into);
      for (const [at, value] of box.data.entries()) {
        const row = scales.length === 1 ? 0 : start + Math.floor(at / width);
        out[at] = value / (scales[row] ?? NaN);
      }
      return { shape: box.shape, data: out };
    },
  };
}

function unknownScheme({ where }: Variable, what: string): FormatError {
  return new FormatError(
    `${where} is quantised in a way that is not read: ${what}. Convert the model again, as float16.`,
  );
}

/** What the numbers of a row, or all of them, were multiplied with before they were rounded. */
async function scalesOf(
  source: ByteSource,
  { name, where, shape, type, offset }: Variable,
  numbers: ReadonlyMap<string, number>,
): Promise<ArrayLike<number>> {
  const single = numbers.get(name);
  if (single !== undefined) return [single];
  const layout = { where, shape, type, littleEndian: true, order: 'c', offset } as const;
  return (await readBox(source, layout, wholeOf(shape))).data;
}
