import type { Value } from '../engine/graph.js';
import type { AttendParameters } from '../engine/mechanisms/index.js';
import type { DecoderAttention, DecoderDescription, DecoderGraph } from './architectures/index.js';
import type { Checkpoint } from './checkpoint.js';
import type { Generation } from './generation.js';
import type { Encoding } from './processors/tokenizer/tokenizer.js';
import { TextSide } from './text-side.js';
import { unusedNotice } from './unused.js';

/** What all layers of the half that reads give, and what the other half attends to. */
export interface MemoryGraph {
  /** For each layer the labelled steps of its attention, in reading order. */
  readonly layers: readonly (readonly Value[])[];
  /** // each (m, model) */
  readonly hiddenStates: readonly Value[];
  /** // (m, model) */
  readonly memory: Value;
}

/** A checkpoint that writes about something else than text: an image, or a recording. */
export abstract class WritingModel {
  readonly name: string;
  /** Of the weights on disk, in bytes. */
  readonly size: number;
  /** All checkpoints of these kinds have a head that says words. */
  readonly writes = true;
  /** What people call it: "ViT + GPT-2", "Whisper". */
  abstract readonly family: string;
  /** Of the half that reads, as all that is not said of the decoder. */
  abstract readonly layers: number;
  abstract readonly heads: number;
  /** d_model */
  abstract readonly width: number;
  /** The most keys of its attention, m, or those of what is usual. */
  abstract readonly limit: number;
  /** The attention of the half that reads, as it was trained. */
  abstract readonly attention: AttendParameters;
  abstract readonly decoder: DecoderDescription;
  protected readonly text: TextSide;
  private unused: readonly string[] | undefined;

  protected constructor(
    /** Where its weights and settings come from. */
    readonly checkpoint: Checkpoint,
    private readonly reading: readonly string[],
  ) {
    this.name = checkpoint.name;
    this.size = checkpoint.size;
    this.text = new TextSide(checkpoint, checkpoint.name);
  }

  /** The half that reads, for what it was trained on. @throws ModelError when a weight is missing or has the wrong shape */
  abstract usual(attention?: AttendParameters): MemoryGraph;

  /**
   * The half that writes.
   * @param tokens how many it has read
   * @param memory of the half that reads // (m, model)
   * @throws ModelError when a weight is missing or has the wrong shape, or there are more tokens than the limit
   */
  abstract buildDecoder(tokens: number, memory: Value, attention: DecoderAttention): DecoderGraph;

  /** What its `generate` follows. @throws ModelError */
  abstract generation(): Promise<Generation>;

  /** A text that the model is to have written, as tokens. @throws ModelError when there is no tokenizer that can be read, or it does not fit the model */
  encodeTarget(text: string): Promise<Encoding> {
    const { limit, vocabulary } = this.decoder;
    return this.text.encodeWritten(text, limit, vocabulary);
  }

  /** The text that tokens that were written stand for. @throws ModelError as `encodeTarget` */
  decode(ids: readonly number[]): Promise<string> {
    return this.text.decode(ids);
  }

  /** A token that was written, in readable form. @throws ModelError as `encodeTarget` */
  spell(id: number): Promise<string> {
    return this.text.spell(id);
  }

  /** As `spell`, but in the vocabulary's own spelling. @throws ModelError as `encodeTarget` */
  entry(id: number): Promise<string> {
    return this.text.entry(id);
  }

  /** What a reader should know of the checkpoint, in sentences: how it was read, what of it is not used. @throws ModelError as `usual` */
  get remarks(): readonly string[] {
    if (this.unused === undefined) {
      this.buildDecoder(1, this.usual().memory, this.decoder.attention);
      const notice = unusedNotice(this.checkpoint.unread);
      this.unused = notice === undefined ? [] : [notice];
    }
    return [...this.reading, ...this.unused];
  }

  /** Closes all files; graphs that were built can no longer read their weights. */
  dispose(): Promise<void> {
    return this.checkpoint.dispose();
  }
}
