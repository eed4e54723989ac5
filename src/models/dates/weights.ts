import { parameter, type Value } from '../../engine/graph.js';
import { layerNorm, transpose } from '../../engine/ops/index.js';
import { formatShape, type Shape } from '../../engine/tensor.js';
import type { NamedTensor } from '../../formats/format.js';
import { safetensors } from '../../formats/safetensors.js';
import type { ByteSource } from '../../formats/source.js';
import { quoted } from '../../formats/untrusted.js';
import type { Platform } from '../../platform/platform.js';
import { storageOf } from '../checkpoint.js';
import { ModelError } from '../error.js';
import { reasonOf } from '../../common/values.js';
import type { CheckpointFolder } from '../folder.js';

/** The weights of a date model under PyTorch’s names; they stay on disk. */
export class DateWeights {
  private constructor(
    /** The file's name, to begin a message. */
    private readonly where: string,
    private readonly tensors: ReadonlyMap<string, NamedTensor>,
    private readonly place: Awaited<ReturnType<CheckpointFolder['locate']>>,
    private readonly source: ByteSource,
  ) {}

  /** @throws ModelError when the file is missing or damaged */
  static async open(platform: Platform, folder: CheckpointFolder, file: string): Promise<DateWeights> {
    const where = `${folder.name}: ${file}`;
    const fail = (error: unknown): never => {
      throw new ModelError(`${where} cannot be read: ${reasonOf(error)}`, { cause: error });
    };
    const source = await folder.open(file).catch(fail);
    try {
      const { tensors } = await safetensors.open(platform, source);
      const place = await folder.locate(file);
      return new DateWeights(where, new Map(tensors.map((each) => [each.name, each])), place, source);
    } catch (error) {
      await source.close();
      return fail(error);
    }
  }

  /** In bytes. */
  get size(): number {
    return this.source.size;
  }

  /**
   * A weight as a leaf of a graph.
   * @throws ModelError when it is missing or has another shape
   */
  weight(name: string, shape: Shape): Value {
    const tensor = this.tensors.get(name);
    if (tensor === undefined) throw new ModelError(`${this.where} lacks the tensor ${quoted(name)}.`);
    if (formatShape(tensor.shape) !== formatShape(shape)) {
      throw new ModelError(
        `${this.where}: the tensor ${quoted(name)} has the shape ${formatShape(tensor.shape)} instead of ${formatShape(shape)}.`,
      );
    }
    return parameter(tensor, storageOf(tensor, this.place));
  }

  /** A linear layer; PyTorch keeps its weight as (out, in). */
  linear(name: string, from: number, to: number): { readonly weight: Value; readonly bias: Value } {
    return {
      weight: transpose(this.weight(`${name}.weight`, [to, from])), // (from, to)
      bias: this.weight(`${name}.bias`, [to]), // (to)
    };
  }

  /** A layer norm with PyTorch's standard ε. */
  norm(name: string, width: number): (value: Value) => Value {
    const weight = this.weight(`${name}.weight`, [width]);
    const bias = this.weight(`${name}.bias`, [width]);
    return (value) => layerNorm(value, weight, bias, 1e-5);
  }

  close(): Promise<void> {
    return this.source.close();
  }
}
