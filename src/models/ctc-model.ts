import type { Value } from '../engine/graph.js';
import { input } from '../engine/graph.js';
import type { AttendParameters } from '../engine/mechanisms/index.js';
import {
  waveformArchitectureOf,
  type WaveformArchitecture,
  type WaveformDescription,
  type WaveformGraph,
} from './architectures/speech/waveform.js';
import type { Checkpoint } from './checkpoint.js';
import { ModelError } from './error.js';
import { seeThrough } from './prefixes.js';
import { waveformInput, waveformSettings, type WaveformSettings } from './processors/audio/waveform.js';
import { ctcSettings, type CtcSettings } from './speech/ctc.js';
import { unusedNotice } from './unused.js';

/** A part of a recording as the model hears it. */
export interface WaveformRun extends WaveformGraph {
  /** // (sample, 1) */
  readonly samples: Value;
}

/** The most that is heard at once, in seconds: these models have no longest input, but attention over all of it has to be held. */
const longest = 30;

const extractorFile = 'preprocessor_config.json';

/** A checkpoint that hears samples, and writes a character for each moment: wav2vec 2.0, HuBERT. */
export class CtcModel {
  readonly name: string;
  readonly family: string;
  readonly layers: number;
  readonly heads: number;
  /** d_model */
  readonly width: number;
  /** Frames of the longest part that is heard. */
  readonly limit: number;
  /** Of the weights on disk, in bytes. */
  readonly size: number;
  readonly attention: AttendParameters;
  readonly positions: WaveformDescription['positions'];
  /** Characters that it tells apart. */
  readonly vocabulary: number;
  /** Whether it writes, rather than hears alone. */
  readonly writes: boolean;
  /** The most that is heard at once, in seconds. */
  readonly most: number;
  private readonly hop: number;
  private readonly span: number;
  private unused: readonly string[] | undefined;

  private constructor(
    readonly checkpoint: Checkpoint,
    private readonly architecture: WaveformArchitecture,
    /** How a recording is prepared for it. */
    readonly extractor: WaveformSettings,
    private readonly reading: readonly string[],
  ) {
    this.name = checkpoint.name;
    this.family = architecture.title;
    this.size = checkpoint.size;
    const description = architecture.describe(checkpoint.config);
    ({
      layers: this.layers,
      heads: this.heads,
      width: this.width,
      attention: this.attention,
      positions: this.positions,
      vocabulary: this.vocabulary,
      hop: this.hop,
      span: this.span,
    } = description);
    this.most = Math.min(longest, Math.floor(description.most / extractor.rate));
    this.writes = checkpoint.has('lm_head.weight');
    this.limit = this.framesOf(this.most * extractor.rate);
  }

  /**
   * Makes a model of a checkpoint, which it closes with itself; where that fails, it stays open.
   * @throws ModelError where it is of a family that is not known here, or its extractor's settings cannot be followed
   */
  static async of(checkpoint: Checkpoint): Promise<CtcModel> {
    const architecture = waveformArchitectureOf(checkpoint.config);
    const { attention, span } = architecture.describe(checkpoint.config);
    const seen = seeThrough(checkpoint, (each) => architecture.build(each, input([span, 1]), attention));
    const own = await checkpoint.json(extractorFile);
    const model = new CtcModel(
      seen.checkpoint,
      architecture,
      waveformSettings(own ?? {}, `${checkpoint.name}: ${extractorFile}`),
      [
        ...checkpoint.remarks,
        ...seen.remarks,
        ...(own === undefined
          ? [
              `There is no ${extractorFile} beside the model: recordings are prepared as Wav2Vec2FeatureExtractor does by itself, at 16000 samples a second, normalised.`,
            ]
          : []),
      ],
    );
    model.usual();
    return model;
  }

  /** Seconds from one frame to the next. */
  get frame(): number {
    return this.hop / this.extractor.rate;
  }

  /** The shortest part that is a frame, in samples. */
  get least(): number {
    return this.span;
  }

  framesOf(samples: number): number {
    return Math.max(0, Math.floor((samples - this.span) / this.hop) + 1);
  }

  /**
   * The graph for so many samples; the steps that prepare them stand first among those of the first layer.
   * @throws ModelError when a weight is missing or has the wrong shape, or there are too few samples, or too many
   */
  build(count: number, attention: AttendParameters = this.attention): WaveformRun {
    if (count < this.span) {
      throw new ModelError(
        `The part that was heard has ${count} samples; ${this.name} hears ${this.span} and more. Choose a longer one.`,
      );
    }
    const { samples, steps, heard } = waveformInput(this.extractor, count);
    const graph = this.architecture.build(this.checkpoint, heard, attention);
    const layers = graph.layers.map((own, layer) => (layer === 0 ? [...steps, ...own] : own));
    return { ...graph, layers, samples };
  }

  /** The graph for the longest part. @throws ModelError as `build` */
  usual(attention: AttendParameters = this.attention): WaveformGraph {
    const samples = (this.limit - 1) * this.hop + this.span;
    return this.architecture.build(this.checkpoint, input([samples, 1]), attention);
  }

  /** How its characters become text. @throws ModelError where there is no vocabulary beside it, or none that can be read */
  async characters(): Promise<CtcSettings> {
    const vocabulary = await this.checkpoint.json('vocab.json');
    if (vocabulary === undefined) {
      throw new ModelError(`${this.name} has no vocab.json, without which its characters are numbers.`);
    }
    return ctcSettings(
      {
        vocabulary,
        settings: await this.checkpoint.json('tokenizer_config.json'),
        special: await this.checkpoint.json('special_tokens_map.json'),
      },
      this.name,
    );
  }

  /** What a reader should know of the checkpoint, in sentences. */
  get remarks(): readonly string[] {
    if (this.unused === undefined) {
      const notice = unusedNotice(this.checkpoint.unread.filter((name) => !name.startsWith('lm_head.')));
      this.unused = notice === undefined ? [] : [notice];
    }
    return [...this.reading, ...this.unused];
  }

  /** Closes all files; graphs that were built can no longer read their weights. */
  dispose(): Promise<void> {
    return this.checkpoint.dispose();
  }
}
