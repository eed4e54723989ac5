import { inputsOf, sorted, type Storage, type Value } from '../engine/graph.js';
import { formatShape, sizeOf, type Shape } from '../engine/tensor.js';
import { emitAttention } from './attention.js';
import { GraphBuilder } from './builder.js';
import { RunError } from './error.js';
import { findAttention } from './fuse.js';
import { elementSize, encodeModel, type OnnxType } from './onnx.js';

/** A graph as ONNX Runtime reads it: a few kilobytes, whatever the size of its weights. */
export interface CompiledGraph {
  /** A ModelProto. It says nothing about the extents of what is fed: 16 tokens and 512 give the same bytes. */
  readonly bytes: Uint8Array;
  /** What has to be given at each run, under the model's names. */
  readonly feeds: readonly Feed[];
  /** The model's name of each target, in the targets' order; the same value asked for twice has one name. */
  readonly outputs: readonly string[];
  /** Whether attention, where there is any, goes through its scores tile by tile. */
  readonly tiled: boolean;
  /** Which weights ONNX Runtime reads by itself; left out where there are none. */
  readonly weights?: Weights;
}

export interface Feed {
  readonly value: Value;
  readonly name: string;
  readonly type: 'float32' | 'int64';
}

export interface Weights {
  /** The folder of all files. */
  readonly folder: string;
  /** File → how many bytes it must have at least. */
  readonly files: ReadonlyMap<string, number>;
  /** What the weights take up in memory as float32, in bytes. */
  readonly size: number;
}

const storedTypes: Readonly<Record<Storage['dtype'], OnnxType>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
};

/** ONNX's number for float32, as Cast wants it. */
const toFloat32 = { to: 1 };

/**
 * Writes the graph behind `targets` as an ONNX model with these as its outputs, in float32. Parameters that lie plainly in the
 * files of one folder are read from there by ONNX Runtime itself; the numbers of others are fed.
 * @param isFed values whose numbers are given although they could be computed; nothing behind them is looked at
 * @throws RunError when a weight's storage does not fit its shape, or its file lies outside its folder.
 */
export function compile(
  targets: readonly Value[],
  isFed: (value: Value) => boolean = () => false,
): CompiledGraph {
  const builder = new GraphBuilder();
  const feeds: Feed[] = [];
  const weights = new WeightFiles();

  const feed = (value: Value): string => {
    const type = value.type === 'integer' ? 'int64' : 'float32';
    const name = builder.input(type, value.shape.length);
    feeds.push({ value, name, type });
    return name;
  };

  const weight = (shape: Shape, storage: Storage): string => {
    const type = storedTypes[storage.dtype];
    const { file, offset, length } = storage;
    const stored = builder.external(type, shape, { location: file, offset, length });
    return type === 'float32' ? stored : builder.node('Cast', [stored], toFloat32);
  };

  // A labelled value and its bare twin share their origin: it is the origin that is computed, once.
  const names = new Map<Value['origin'], string>();
  const nameOf = (value: Value): string => {
    const name = names.get(value.origin);
    if (name === undefined) throw new Error('A value was used before it was computed.');
    return name;
  };

  const place = (value: Value): string => {
    const { origin, shape } = value;
    if (isFed(value)) return feed(value);
    const fused = attentions.get(origin);
    if (fused !== undefined) return emitAttention(builder, fused, nameOf);
    switch (origin.kind) {
      case 'input':
      case 'positions':
        return feed(value);
      case 'parameter':
        if (sizeOf(shape) === 0 || origin.storage === undefined || !onDisk) return feed(value);
        weights.take(shape, origin.storage);
        return weight(shape, origin.storage);
      case 'operation':
        return origin.operation.onnx(builder, origin.inputs.map(nameOf));
    }
  };

  const order = sorted(targets, isFed);
  const asked = new Set(targets.map(({ origin }) => origin));
  const attentions = findAttention(order, (value) => asked.has(value.origin) || isFed(value));
  const needed = new Set(asked);
  for (const value of order.toReversed()) {
    if (!needed.has(value.origin) || isFed(value)) continue;
    const fused = attentions.get(value.origin);
    for (const from of fused === undefined ? inputsOf(value) : [fused.Q, fused.K, fused.V]) {
      needed.add(from.origin);
    }
  }
  const placed = order.filter(({ origin }) => needed.has(origin));
  const onDisk = inOneFolder(placed.filter((value) => !isFed(value)));
  for (const value of placed) {
    if (!names.has(value.origin)) names.set(value.origin, place(value));
  }

  // An output must be some node's own, and float32: a leaf that is asked for gets a node.
  const outputs = new Map<string, string>();
  const output = (target: Value): string => {
    const name = nameOf(target);
    const known = outputs.get(name);
    if (known !== undefined) return known;
    const isComputed = inputsOf(target).length > 0 && !isFed(target);
    const given =
      target.type === 'integer'
        ? builder.node('Cast', [name], toFloat32)
        : isComputed
          ? name
          : builder.node('Identity', [name]);
    outputs.set(name, given);
    return given;
  };
  const outputNames = targets.map(output);

  const found = weights.finish();
  return {
    bytes: encodeModel(builder.finish(outputNames)),
    feeds,
    outputs: outputNames,
    tiled: !placed.some((value) => !isFed(value) && isNormalised(value)),
    ...(found === undefined ? {} : { weights: found }),
  };
}

/** Whether a value is attention's weights, whole. */
function isNormalised({ origin }: Value): boolean {
  return origin.kind === 'operation' && ['softmax', 'sink-softmax'].includes(origin.operation.name);
}

/** Whether those parameters among these that lie plainly in files lie in a single folder, as ONNX Runtime wants them. */
function inOneFolder(values: readonly Value[]): boolean {
  const folders = new Set(
    values.flatMap(({ origin }) => (origin.kind === 'parameter' ? (origin.storage?.folder ?? []) : [])),
  );
  return folders.size === 1;
}

/** Gathers where a model's weights lie, and refuses what cannot be right. */
class WeightFiles {
  private folder: string | undefined;
  private readonly files = new Map<string, number>();
  private size = 0;

  /** Notes a weight that ONNX Runtime reads. */
  take(shape: Shape, { folder, file, offset, length, dtype }: Storage): void {
    if (!staysInside(file)) {
      throw new RunError(`A weight's file “${file}” lies outside its checkpoint's folder and is not read.`);
    }
    const needed = sizeOf(shape) * elementSize[storedTypes[dtype]];
    if (!Number.isSafeInteger(offset) || offset < 0 || length !== needed) {
      throw new RunError(
        `${file}: a ${dtype} weight of shape ${formatShape(shape)} takes ${needed} bytes, but ${length} at byte ${offset} are declared for it.`,
      );
    }
    this.folder = folder;
    this.files.set(file, Math.max(this.files.get(file) ?? 0, offset + length));
    this.size += sizeOf(shape) * elementSize.float32;
  }

  finish(): Weights | undefined {
    const { folder, files, size } = this;
    return folder === undefined ? undefined : { folder, files, size };
  }
}

/** Whether a file's name, taken from a checkpoint's index, leads to a place in or below its folder on every system. */
function staysInside(file: string): boolean {
  return (
    file !== '' &&
    !file.includes('\0') &&
    // From a root, or on a drive of its own.
    !/^(?:[\\/]|[a-z]:)/i.test(file) &&
    !file.split(/[\\/]/).includes('..')
  );
}
