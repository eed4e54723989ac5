import type {
  Alignment,
  AlignmentHead,
  AudioMedium,
  HeadRank,
  Interval,
  Labels,
  Mark,
  Samples,
  SamplesRequest,
  Spectrogram,
  SpectrogramRequest,
  Step,
  Waveform,
  WaveformRequest,
} from '../../../src/protocol.js';
import type { Attention } from './attention.js';

/** A recording of made-up words, each a tone of its own. */
export interface Recording {
  /** In seconds. */
  readonly duration: number;
  readonly heard: Interval;
  readonly most: number;
  /** How far the beginnings of frames are apart, in seconds. */
  readonly pitch: number;
  /** Whether the model was given silence up to the most that it hears. */
  readonly padded?: true;
  /** What is said; the queries are the words' tokens behind the beginning's, or the frames themselves where left out. */
  readonly said?: readonly { readonly text: string; readonly start: number; readonly end: number }[];
  readonly heads?: readonly AlignmentHead[];
  readonly notices?: readonly string[];
}

/** Before the first word. */
export const beginning = ['<|startoftranscript|>', '<|en|>', '<|transcribe|>', '<|notimestamps|>'];
const rate = 16_000;
const bands = 80;
const [lowest, highest] = [40, 7800];

export function frameCount({ heard, pitch, padded, most }: Recording): number {
  return Math.round((padded === true ? most : heard.end - heard.start) / pitch);
}

export function queryCount(recording: Recording): number {
  return recording.said === undefined ? frameCount(recording) : beginning.length + recording.said.length + 1;
}

export function audioMedium({ duration, heard, most }: Recording): AudioMedium {
  return { id: 'audio-0', kind: 'audio', name: 'numbers.wav', duration, heard, most };
}

export function frameLabels(recording: Recording): Labels {
  const { heard, pitch } = recording;
  const count = frameCount(recording);
  return {
    count,
    // Frames of the silence stand for nothing in the recording.
    marks: Array.from({ length: count }, (_, at): Mark | null => {
      const start = heard.start + at * pitch;
      const end = Math.min(heard.end, start + pitch);
      return start < heard.end - 1e-9 ? { medium: 'audio-0', kind: 'interval', start, end } : null;
    }),
  };
}

export function tokenLabels(recording: Recording): Labels {
  const { said } = recording;
  if (said === undefined) return frameLabels(recording);
  const words = [...beginning, ...said.map(({ text }) => text), '<|endoftext|>'];
  return { count: words.length, words };
}

/** What a run with other parameters hears, and aligns with. */
export function heardWith(
  recording: Recording,
  values: Readonly<Record<string, string | number>>,
): Recording {
  const { from, to, alignmentHeads } = values;
  const heads = String(alignmentHeads ?? '')
    .split(',')
    .flatMap((each) => {
      const [layer = NaN, head = NaN] = each.trim().split('.').map(Number);
      return each.trim() === '' ? [] : [{ layer, head }];
    });
  return {
    ...recording,
    ...(typeof from === 'number' && typeof to === 'number' ? { heard: { start: from, end: to } } : {}),
    ...(heads.length > 0 ? { heads } : {}),
  };
}

export const alignmentMean: Omit<Step, 'rows' | 'columns'> = {
  name: 'alignment_mean',
  title: 'Mean of the heads',
  tex: '\\bar{M}',
  symbol: '\\bar{M}',
  note: 'All tokens, those at the beginning and the end too.',
  scale: 'signed',
  perHead: false,
  perQuery: false,
  phase: 'task',
};

/** Answers what is asked of a recording. */
export class Heard {
  constructor(
    readonly recording: Recording,
    private readonly attention: Attention,
    private readonly revision: number,
  ) {}

  get heads(): readonly AlignmentHead[] {
    return this.recording.heads ?? [{ layer: 0, head: 0 }];
  }

  /** −1 to 1, at a moment of the recording. */
  sample(time: number): number {
    const said = this.recording.said ?? tones;
    const at = said.findIndex(({ start, end }) => time >= start && time < end);
    const word = said[at];
    if (word === undefined) return 0.004 * Math.sin(2 * Math.PI * 50 * time);
    const along = (time - word.start) / (word.end - word.start);
    return 0.6 * Math.sin(Math.PI * along) * Math.sin(2 * Math.PI * toneOf(at) * time);
  }

  waveform({ start, end, columns }: WaveformRequest): Waveform {
    const [minimum, maximum] = [new Float32Array(columns), new Float32Array(columns)];
    const each = (end - start) / columns;
    for (let column = 0; column < columns; column += 1) {
      let [least, most] = [Infinity, -Infinity];
      for (let part = 0; part < 24; part += 1) {
        const value = this.sample(start + (column + part / 24) * each);
        least = Math.min(least, value);
        most = Math.max(most, value);
      }
      minimum[column] = least;
      maximum[column] = most;
    }
    return { revision: this.revision, minimum, maximum };
  }

  spectrogram({ start, end, columns: wanted }: SpectrogramRequest): Spectrogram {
    const columns = Math.max(1, Math.min(wanted, Math.ceil((end - start) * 100)));
    const data = new Float32Array(bands * columns); // (band, column)
    const said = this.recording.said ?? tones;
    for (let column = 0; column < columns; column += 1) {
      const time = start + ((column + 0.5) / columns) * (end - start);
      const at = said.findIndex((word) => time >= word.start && time < word.end);
      for (let band = 0; band < bands; band += 1) {
        const far =
          at < 0 ? 99 : Math.min(...[1, 2, 3].map((times) => Math.abs(band - times * bandOf(at)) * times));
        data[band * columns + column] = -1 + 2.4 * Math.exp(-far / 4) + 0.1 * Math.sin(band + 7 * column);
      }
    }
    return { revision: this.revision, bands, columns, data, lowest, highest };
  }

  samples({ start, end }: SamplesRequest): Samples {
    if (end - start > 30) throw new Error('At most 30 seconds are played at once.');
    const count = Math.round((end - start) * rate);
    return { rate, data: Float32Array.from({ length: count }, (_, at) => this.sample(start + at / rate)) };
  }

  alignment(): Alignment {
    const { said = [], heard, pitch, notices = [] } = this.recording;
    const first = beginning.length;
    const rows: number[] = [];
    const times: number[] = [];
    said.forEach(({ start, end }, at) => {
      const until = said[at + 1]?.start ?? Math.max(end, heard.end);
      for (let time = start; time < until - 1e-9; time += pitch) {
        rows.push(first + at);
        times.push(time);
      }
    });
    return {
      revision: this.revision,
      words: said.map((word, at) => ({ ...word, rows: { start: first + at, end: first + at + 1 } })),
      path: { rows: Uint32Array.from(rows), times: Float64Array.from(times) },
      heads: this.heads,
      notices,
    };
  }

  rankHeads(): HeadRank[] {
    const { layers, heads } = this.attention.size;
    const all = Array.from({ length: layers * heads }, (_, at) => ({
      layer: Math.floor(at / heads),
      head: at % heads,
    }));
    const used = (place: AlignmentHead): boolean =>
      this.heads.some(({ layer, head }) => layer === place.layer && head === place.head);
    return all
      .map((place) => ({
        ...place,
        share: ((7 * place.layer + 5 * place.head + 4) % 11) / 11,
        used: used(place),
      }))
      .toSorted((a, b) => b.share - a.share);
  }

  /** A row of what alignment makes of its heads: each frame’s weights around their mean over tokens. */
  meanRow(row: number): Float32Array {
    const { queries, keys } = this.attention.size;
    const out = new Float32Array(keys);
    for (const { layer, head } of this.heads) {
      const all = Array.from({ length: queries }, (_, at) => this.attention.row('weights', layer, head, at));
      for (let key = 0; key < keys; key += 1) {
        const column = all.map((weights) => weights[key] ?? 0);
        const mean = column.reduce((sum, value) => sum + value, 0) / queries;
        const spread = Math.sqrt(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / queries);
        out[key] = (out[key] ?? 0) + ((column[row] ?? 0) - mean) / spread / this.heads.length;
      }
    }
    return out;
  }
}

const tones = [
  { start: 0.2, end: 0.8 },
  { start: 1.1, end: 1.9 },
];

function toneOf(at: number): number {
  return 180 + 90 * (at % 7);
}

function bandOf(at: number): number {
  return 8 + 3 * (at % 7);
}
