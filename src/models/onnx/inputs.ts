import type { OnnxValue } from '../../formats/onnx.js';
import { ModelError } from '../error.js';

/** What an input of a graph is fed, in one run over one text. */
export interface OnnxFeed {
  readonly type: 'int64' | 'int32' | 'float32' | 'float16' | 'bool';
  readonly shape: readonly number[];
  readonly data: readonly number[] | Float32Array;
}

/** By their number in `TensorProto.DataType`. */
const types: Readonly<Record<number, OnnxFeed['type']>> = {
  1: 'float32',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float16',
};

/** What is read of one text: its tokens, of which the last may be padding. */
export interface TokenInput {
  readonly ids: readonly number[];
  /** How many of them are the text’s own. */
  readonly real: number;
}

/** The inputs of a graph that reads text. */
export class TextInputs {
  /** How many tokens it reads, where it was exported for one number of them. */
  readonly fixed: number | undefined;

  /** @throws ModelError naming an input that is none of a model that reads text */
  constructor(
    private readonly inputs: readonly OnnxValue[],
    private readonly where: string,
  ) {
    const strange = inputs.find(({ name }) => name !== 'attention_mask');
    if (!inputs.some(({ name }) => name === 'input_ids')) throw this.strange(strange);
    for (const input of inputs) {
      if (this.numbersFor(input, { ids: [0], real: 1 }) === undefined) throw this.strange(input);
    }
    const extent = inputs.find(({ name }) => name === 'input_ids')?.shape?.[1];
    this.fixed = typeof extent === 'number' && extent > 0 ? extent : undefined;
    const hasMask = inputs.some(({ name }) => name === 'attention_mask');
    if (this.fixed !== undefined && !hasMask) {
      throw new ModelError(
        `${where} reads exactly ${this.fixed} tokens and takes no attention_mask, so that a shorter text cannot be told from its padding.`,
      );
    }
  }

  /** How many heads keep their keys between runs, as the inputs for these tell. */
  get pastHeads(): number | undefined {
    const past = this.inputs.find(({ name }) => isPast(name));
    const heads = past?.shape?.at(-3);
    return typeof heads === 'number' ? heads : undefined;
  }

  feeds(tokens: TokenInput): Map<string, OnnxFeed> {
    return new Map(
      this.inputs.map((input) => {
        const feed = this.numbersFor(input, tokens);
        if (feed === undefined) throw this.strange(input);
        return [input.name, feed];
      }),
    );
  }

  private numbersFor(
    { name, type: code, shape }: OnnxValue,
    { ids, real }: TokenInput,
  ): OnnxFeed | undefined {
    const type = types[code ?? 0];
    if (type === undefined) return undefined;
    const row = (data: readonly number[]): OnnxFeed => ({ type, shape: [1, data.length], data });
    switch (name) {
      case 'input_ids':
        return row(ids);
      case 'attention_mask':
        return row(ids.map((_, at) => (at < real ? 1 : 0)));
      case 'token_type_ids':
        return row(ids.map(() => 0));
      case 'position_ids':
        return row(ids.map((_, at) => at));
      case 'use_cache_branch':
        return { type, shape: [1], data: [0] };
      default:
        return isPast(name) && shape !== undefined ? this.nothing(name, type, shape) : undefined;
    }
  }

  /** Keys and values of earlier tokens, of which there are none. */
  private nothing(name: string, type: OnnxFeed['type'], shape: NonNullable<OnnxValue['shape']>): OnnxFeed {
    // (batch, head, past, feature), behind a 2 for keys and values together in GPT-2's older exports
    const batch = shape.length - 4;
    const extents = shape.map((extent, axis) => (axis === batch ? 1 : axis === batch + 2 ? 0 : extent));
    if (batch < 0 || !extents.every((extent) => typeof extent === 'number')) {
      throw new ModelError(`${this.where} does not say how large its input ${name} is.`);
    }
    return { type, shape: extents, data: [] };
  }

  private strange(input: OnnxValue | undefined): ModelError {
    if (input === undefined) return new ModelError(`${this.where} takes no input at all.`);
    const { name } = input;
    if (name === 'encoder_hidden_states' || name === 'encoder_attention_mask') {
      return new ModelError(
        `${this.where} is the half of an encoder–decoder model that writes, and wants ${name}: choose the encoder’s file, or the folder with the checkpoint that both were made from.`,
      );
    }
    return new ModelError(
      `${this.where} wants the input ${name}, which no text gives; models that read input_ids can be inspected.`,
    );
  }
}

function isPast(name: string): boolean {
  return name.startsWith('past');
}
