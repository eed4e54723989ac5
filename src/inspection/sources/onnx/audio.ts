import { stableKey } from '../../../common/values.js';
import { ModelError, type OnnxModel } from '../../../models/index.js';
import {
  logMel,
  logMelFeatures,
  logMelSettings,
  type LogMelGraph,
  type LogMelSettings,
} from '../../../models/processors/audio/index.js';
import type { Interval, Labels, Mark, Parameter, ParameterValues } from '../../../protocol.js';
import { audioId, spectrogramOf } from '../../core/audio-input.js';
import type { BroughtRecording } from '../../core/recording.js';
import { partIn, partParameters } from '../sequence/audio-parameters.js';
import type { ExportReading, ReadyInput } from './reading.js';

interface HeardPart {
  readonly heard: Interval;
  /** // (frame, band) */
  readonly features: ReturnType<typeof logMelFeatures>;
  readonly notes: readonly string[];
}

/** A recording, heard by an export: the encoder of a Whisper. */
export class ExportSound implements ExportReading {
  readonly controls: readonly Parameter[];
  private readonly graph: LogMelGraph;
  private last: { readonly key: string; readonly part: Promise<HeardPart> } | undefined;

  private constructor(
    private readonly model: OnnxModel,
    private readonly recording: BroughtRecording,
    private readonly settings: LogMelSettings,
    private readonly reading: readonly string[],
    private readonly hasText: boolean,
  ) {
    this.controls = partParameters({}, recording.duration, this.most);
    this.graph = logMel(settings);
  }

  /** @throws ModelError where its extractor's settings cannot be followed, or are another model's */
  static async of(model: OnnxModel, recording: BroughtRecording, hasText: boolean): Promise<ExportSound> {
    const own = await model.extractor();
    const { bands, frames } = model.sound ?? {};
    if (own !== undefined) {
      const settings = logMelSettings(own, `${model.name}: preprocessor_config.json`);
      const made = Math.floor(settings.samples / settings.hop);
      if ((bands ?? settings.bands) !== settings.bands || (frames ?? made) !== made) {
        throw new ModelError(
          `${model.name} reads ${frames ?? 'any number of'} frames of ${bands ?? 'any number of'} mel bands, and preprocessor_config.json beside it makes ${made} of ${settings.bands}: they do not belong together.`,
        );
      }
      return new ExportSound(model, recording, settings, [], hasText);
    }
    const usual = logMelSettings({ feature_size: bands ?? 80 }, model.name);
    const settings = frames === undefined ? usual : { ...usual, samples: frames * usual.hop };
    return new ExportSound(
      model,
      recording,
      settings,
      [
        `No preprocessor_config.json lies beside ${model.name}: recordings are prepared as WhisperFeatureExtractor does by itself, with ${settings.bands} bands and ${settings.samples / settings.rate} s at a time.`,
      ],
      hasText,
    );
  }

  private get most(): number {
    return this.settings.samples / this.settings.rate;
  }

  async input(values: ParameterValues): Promise<ReadyInput> {
    const { key, part } = this.hear(values);
    const { features } = await part;
    const [frames = 0, bands = 0] = features.shape;
    const turned = new Float32Array(features.data.length); // (band, frame)
    for (let frame = 0; frame < frames; frame++) {
      for (let band = 0; band < bands; band++)
        turned[band * frames + frame] = features.data[frame * bands + band] ?? 0;
    }
    return { key, input: { bands, frames, features: turned } };
  }

  async describe(
    sides: Parameters<ExportReading['describe']>[0],
    _: Parameters<ExportReading['describe']>[1],
    values: ParameterValues,
  ): ReturnType<ExportReading['describe']> {
    const { model, recording, settings } = this;
    const { heard, features, notes } = await this.hear(values).part;
    const { name, duration } = recording;
    const rest = this.most - (heard.end - heard.start);
    return {
      title: `${name} · ${model.title}`,
      size: `${(heard.end - heard.start).toFixed(2)} s (${sides.keys} frames)`,
      media: [{ id: audioId, kind: 'audio', name, duration, heard, most: this.most }],
      sound: {
        medium: audioId,
        waveform: (part, columns, task) => recording.waveform(part, columns, task),
        samples: (part) => recording.samples(part),
        spectrogram: (part, columns) =>
          spectrogramOf(
            { features },
            { heard, step: settings.hop / settings.rate, bands: settings.bands },
            part,
            columns,
          ),
      },
      queries: this.labels(sides.queries, heard),
      keys: this.labels(sides.keys, heard),
      notices: [
        ...this.reading,
        ...(heard.start > 0.005 || heard.end < duration - 0.005
          ? [
              `Of ${name} (${duration.toFixed(2)} s) the part from ${heard.start.toFixed(2)} s to ${heard.end.toFixed(2)} s was heard; ${model.name} hears ${this.most} s at once. Change “From” and “To” for another part.`,
            ]
          : []),
        ...(rest > 0.005
          ? [
              `${rest.toFixed(2)} s of silence were put behind the sound: ${model.name} always reads ${this.most} s, and attends to the silence too.`,
            ]
          : []),
        ...notes,
        `${sides.keys} positions are taken for ${sides.keys} frames of ${(this.most / sides.keys).toFixed(3)} s each, one after the other.`,
        ...(this.hasText ? [`${model.name} reads no text: the transcript that was given is not used.`] : []),
      ],
    };
  }

  dispose(): Promise<void> {
    return this.recording.close();
  }

  private hear(values: ParameterValues): { readonly key: string; readonly part: Promise<HeardPart> } {
    const wanted = partIn(values, this.recording.duration, this.most);
    const end = Math.min(wanted.end, wanted.start + this.most);
    const key = stableKey([wanted.start, end]);
    if (this.last?.key === key) return this.last;
    const part = this.hearPart({ start: wanted.start, end });
    const last = { key, part };
    this.last = last;
    part.catch(() => {
      if (this.last === last) this.last = undefined;
    });
    return last;
  }

  private async hearPart(wanted: Interval): Promise<HeardPart> {
    const { rate, samples: most } = this.settings;
    const { samples, start, end, notes } = await this.recording.hear(rate, wanted);
    return {
      heard: { start, end },
      features: logMelFeatures(this.graph, samples.subarray(0, most)),
      notes,
    };
  }

  /** Positions share what is heard at once equally. */
  private labels(count: number, { start, end }: Interval): Labels {
    const frame = this.most / count;
    const times = Array.from({ length: count }, (_, at) => at * frame);
    const heard = end - start;
    return {
      count,
      words: times.map((at) => `${(start + at).toFixed(2)} s${at < heard ? '' : ' (silence)'}`),
      marks: times.map((at): Mark | null =>
        at < heard
          ? { medium: audioId, kind: 'interval', start: start + at, end: Math.min(end, start + at + frame) }
          : null,
      ),
    };
  }
}
