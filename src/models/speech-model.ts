import { isRecord } from '../common/values.js';
import { input, label, type Value } from '../engine/graph.js';
import type { AttendParameters } from '../engine/mechanisms/index.js';
import type { Tensor } from '../engine/tensor.js';
import type { Json } from '../formats/json-text.js';
import type { DecoderAttention, DecoderDescription, DecoderGraph } from './architectures/index.js';
import {
  speechArchitectureOf,
  type SpeechArchitecture,
  type SpeechDescription,
} from './architectures/speech/index.js';
import type { Checkpoint } from './checkpoint.js';
import { Config } from './config.js';
import { generationOf, type Generation } from './generation.js';
import { seeThrough } from './prefixes.js';
import {
  logMel,
  logMelNumbers,
  logMelSettings,
  type LogMelGraph,
  type LogMelSettings,
} from './processors/audio/index.js';
import type { Encoding, TextTokenizer } from './processors/tokenizer/tokenizer.js';
import { writingSettings, type WritingSettings } from './speech/writing.js';
import { WritingModel, type MemoryGraph } from './writing-model.js';

const extractorFile = 'preprocessor_config.json';

/** A recording as the encoder hears it. */
export interface HeardGraph extends MemoryGraph {
  /** The steps from samples to what the encoder reads. */
  readonly spectrogram: readonly Value[];
  /** The numbers of every input of the graph, and of the spectrogram, which is computed in double precision. */
  readonly feeds: ReadonlyMap<Value, Tensor>;
}

/** What was heard, at the model's rate, and its log-mel spectrogram. */
export interface Hearing {
  readonly samples: Float32Array;
  /** The steps of the spectrogram that are known, in double precision rounded; the last are the features. // each (frame, band) */
  readonly numbers: ReadonlyMap<Value, Tensor<Float32Array>>;
  /** // (frame, band) */
  readonly features: Tensor<Float32Array>;
}

/** A checkpoint that writes down what it hears: its feature extractor, both halves of its graph, and its tokenizer. */
export class SpeechModel extends WritingModel {
  readonly family: string;
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  /** Frames of the encoder. */
  readonly limit: number;
  readonly attention: AttendParameters;
  readonly positions: SpeechDescription['positions'];
  readonly decoder: DecoderDescription;
  /** Frames of the spectrogram that are one of the encoder. */
  readonly framesInOne: number;
  private graph: LogMelGraph | undefined;
  private settings: Promise<WritingSettings> | undefined;

  private constructor(
    checkpoint: Checkpoint,
    private readonly architecture: SpeechArchitecture,
    description: SpeechDescription,
    /** How a recording is prepared for it. */
    readonly extractor: LogMelSettings,
    reading: readonly string[],
  ) {
    super(checkpoint, reading);
    this.family = architecture.title;
    this.limit = Math.floor(description.frames / description.framesInOne);
    ({
      layers: this.layers,
      heads: this.heads,
      width: this.width,
      attention: this.attention,
      positions: this.positions,
      decoder: this.decoder,
      framesInOne: this.framesInOne,
    } = description);
  }

  /**
   * Makes a model of a checkpoint, which it closes with itself; where that fails, it stays open.
   * @throws ModelError where it is of a family that is not known here, or its extractor's settings cannot be followed
   */
  static async of(checkpoint: Checkpoint): Promise<SpeechModel> {
    const architecture = speechArchitectureOf(checkpoint.config);
    const description = architecture.describe(checkpoint.config);
    const { attention, decoder } = description;
    const extractor = await extractorIn(checkpoint, description);
    const shape = [Math.floor(extractor.settings.samples / extractor.settings.hop), extractor.settings.bands];
    const seen = seeThrough(checkpoint, (each) => {
      const heard = architecture.build(each, input(shape), attention).hiddenStates.at(-1);
      if (heard !== undefined) architecture.decoder.build(each, 1, heard, decoder.attention);
    });
    const model = new SpeechModel(seen.checkpoint, architecture, description, extractor.settings, [
      ...checkpoint.remarks,
      ...seen.remarks,
      ...extractor.remarks,
    ]);
    model.usual();
    return model;
  }

  /** The most that it hears at once, in seconds. */
  get most(): number {
    return this.extractor.samples / this.extractor.rate;
  }

  /** Seconds of one frame of the encoder. */
  get frame(): number {
    return (this.extractor.hop * this.framesInOne) / this.extractor.rate;
  }

  /** The spectrogram of what is heard. @param samples at the extractor's rate @throws ModelError where there are none, or too many */
  hear(samples: Float32Array): Hearing {
    const numbers = logMelNumbers(this.logMel, samples);
    const features = numbers.get(this.logMel.features);
    return { samples, numbers, features: features ?? { shape: [0, 0], data: new Float32Array() } };
  }

  /**
   * The half that hears, from samples on.
   * @throws ModelError when a weight is missing or has the wrong shape
   */
  build({ samples, numbers }: Hearing, attention: AttendParameters): HeardGraph {
    const { steps, features, inputsOf } = this.logMel;
    return {
      ...this.encoder(features, attention),
      spectrogram: steps,
      feeds: new Map([...inputsOf(samples), ...numbers]),
    };
  }

  override usual(attention: AttendParameters = this.attention): MemoryGraph {
    const { samples, hop, bands } = this.extractor;
    const features = label(input([Math.floor(samples / hop), bands]), {
      name: 'features',
      symbol: 'X^{\\text{mel}}',
      axes: ['frame', 'feature'],
    });
    return this.encoder(features, attention);
  }

  override buildDecoder(tokens: number, memory: Value, attention: DecoderAttention): DecoderGraph {
    return this.architecture.decoder.build(this.checkpoint, tokens, memory, attention);
  }

  /** How it writes down what it hears. @throws ModelError where the tokens that begin and end a text are not said */
  writing(): Promise<WritingSettings> {
    this.settings ??= this.said().then(({ own, config }) =>
      writingSettings(own, config, this.decoder.vocabulary),
    );
    return this.settings;
  }

  /** What generation follows of any family's settings; what is Whisper's alone is in `writing`. */
  override async generation(): Promise<Generation> {
    const { own, config } = await this.said();
    const general = isRecord(own)
      ? Object.fromEntries(Object.entries(own).filter(([name]) => !ofWriting.has(name)))
      : undefined;
    return generationOf(general, config, this.decoder.vocabulary);
  }

  /** The tokens of a text alone: nothing stands around them; how many that are no text stood in it, and are left out. @throws ModelError as `encodeTarget` */
  async encodeText(text: string): Promise<Pick<Encoding, 'ids' | 'ranges'> & { readonly left: number }> {
    const { end } = await this.writing();
    const encoding = await this.text.encodeWritten(text, Infinity, this.decoder.vocabulary);
    const own = encoding.ids.flatMap((id, at) => (id < end ? [at] : []));
    return {
      ids: own.map((at) => encoding.ids[at] ?? end),
      ranges: own.map((at) => encoding.ranges[at] ?? null),
      left: encoding.ids.filter((id, at) => id >= end && encoding.ranges[at] !== null).length,
    };
  }

  /** The token behind which stands what was said before; undefined where there is none. @throws ModelError as `tokenizer` */
  async previous(): Promise<number | undefined> {
    const { own } = await this.said();
    const said = isRecord(own) ? own['prev_sot_token_id'] : undefined;
    if (typeof said === 'number' && said >= 0 && said < this.decoder.vocabulary) return said;
    return (await this.tokenizer()).added.get('<|startofprev|>');
  }

  /** What cuts and spells. @throws ModelError when there is no tokenizer that can be read */
  tokenizer(): Promise<TextTokenizer> {
    return this.text.opened();
  }

  /** The text alone: without times, languages and tasks. */
  override async decode(ids: readonly number[]): Promise<string> {
    const { end } = await this.writing();
    // Whisper's tokens for anything else than text are numbered from the end of a text on.
    return super.decode(ids.filter((id) => id < end));
  }

  private async said(): Promise<{ readonly own: Json | undefined; readonly config: Config }> {
    const own = await this.checkpoint.json('generation_config.json');
    const config = (await this.checkpoint.json('config.json')) ?? {};
    return { own, config: Config.of(config, `${this.name}: config.json`) };
  }

  private encoder(features: Value, attention: AttendParameters): MemoryGraph {
    const { layers, hiddenStates } = this.architecture.build(this.checkpoint, features, attention);
    return { layers, hiddenStates, memory: hiddenStates.at(-1) ?? features };
  }

  private get logMel(): LogMelGraph {
    this.graph ??= logMel(this.extractor);
    return this.graph;
  }
}

/** Settings that only the family's own `generate` follows, and `writing` reads. */
const ofWriting: ReadonlySet<string> = new Set([
  ...['alignment_heads', 'forced_decoder_ids', 'is_multilingual', 'lang_to_id', 'language', 'task'],
  ...['max_initial_timestamp_index', 'no_timestamps_token_id', 'prev_sot_token_id', 'return_timestamps'],
  ...['task_to_id', 'median_filter_width'],
]);

/** The extractor beside a checkpoint, or what its family has by itself. @throws ModelError */
async function extractorIn(
  checkpoint: Checkpoint,
  { frames, bands }: SpeechDescription,
): Promise<{ readonly settings: LogMelSettings; readonly remarks: readonly string[] }> {
  const { name } = checkpoint;
  const own = await checkpoint.json(extractorFile);
  if (own !== undefined) return { settings: logMelSettings(own, `${name}: ${extractorFile}`), remarks: [] };
  // Newer checkpoints say it in one file with what else prepares their inputs.
  const processor = await checkpoint.json('processor_config.json');
  const part = isRecord(processor) ? processor['feature_extractor'] : undefined;
  if (part !== undefined) {
    return { settings: logMelSettings(part, `${name}: processor_config.json`), remarks: [] };
  }
  const usual = logMelSettings({ feature_size: bands }, name);
  const settings = { ...usual, samples: frames * usual.hop };
  return {
    settings,
    remarks: [
      `There is no ${extractorFile} beside the model: recordings are prepared as WhisperFeatureExtractor does by itself, with ${bands} bands and ${settings.samples / settings.rate} s at a time, as config.json says.`,
    ],
  };
}
