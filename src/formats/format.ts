import type { TensorSource } from '../engine/tensor.js';
import type { Platform } from '../platform/platform.js';
import type { ByteSource } from './source.js';

/** A tensor inside a file, read in parts. Integers, booleans, halves and doubles are converted to float32 on the way. */
export interface NamedTensor extends TensorSource {
  /** The name inside the file; for a format with one unnamed tensor, the file's name without its extension. */
  readonly name: string;
  /** The type in the file, as the format spells it, for people to read: "float32", "F16", "<f8". */
  readonly dtype: string;
  /** Whether it was written as true and false, where the type does not say so; JSON has one kind of number besides, whichever there was. */
  readonly isBoolean?: boolean;
  /** What its first axes count, all but the rows and columns of its matrices, where the file says so: "layer", "head". */
  readonly axes?: readonly string[];
  /** Where the raw numbers lie, when they lie plainly, little-endian and row-major, in the file. */
  readonly storage?:
    { readonly offset: number; readonly length: number; readonly dtype: StorageType } | undefined;
}

export type StorageType = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL';

/** What a file holds: tensors, and the words that label their axes where it names them. */
export interface Contents {
  readonly tensors: readonly NamedTensor[];
  /** Labels found in the file: `tokens` for both axes, or `queryTokens` and `keyTokens`. */
  readonly tokens?: AxisTokens;
  /** Members of the file that hold no numbers that can be read, each with the reason as a sentence. */
  readonly skipped?: readonly { readonly name: string; readonly reason: string }[];
  /** What was taken for what, where the file does not say it itself: sentences that name the file. */
  readonly notices?: readonly string[];
}

/** The words along the query and the key axis. */
export interface AxisTokens {
  readonly query?: readonly string[];
  readonly key?: readonly string[];
}

/** A file format, one file each. */
export interface Format {
  readonly id: string;
  /** The format's name for people: "NumPy array". */
  readonly title: string;
  /** With the dot, lower case. */
  readonly extensions: readonly string[];
  /** Decides by the first bytes; undefined where the format has no magic number. */
  readonly recognises?: (head: Uint8Array) => boolean;
  /**
   * Reads headers and checks every size against the file before anything is allocated. The tensors read from
   * `source` later on, so it stays open until the caller is done with them.
   * @throws FormatError, one sentence naming file, tensor and reason; or the signal's reason once it is aborted.
   */
  open(platform: Platform, source: ByteSource, signal?: AbortSignal): Promise<Contents>;
}

/** A member of a file that cannot be read. Why is put into words when it is shown: there may be as many as the file has room for. */
export class LeftOut {
  /** @param say the reason, as a sentence, of a member of this name */
  constructor(
    readonly name: string,
    private readonly say: (name: string) => string,
  ) {}

  get reason(): string {
    return this.say(this.name);
  }
}
