import { fromBytes, type ByteSource } from '../../formats/source.js';
import { behindId3, openFlac } from './flac.js';
import { openOpus } from './opus.js';
import { AudioError, Blocks, checkRange, word, type Recording } from './sound.js';
import { openWav } from './wav.js';

interface AudioFormat {
  readonly name: string;
  /** Whether bytes begin like a file of this format, behind tags. */
  begins(first: (at: number, length: number) => string): boolean;
  open(blocks: Blocks): Promise<Recording>;
}

const formats: readonly AudioFormat[] = [
  { name: 'WAV', begins: (first) => ['RIFF', 'RIFX', 'RF64', 'BW64'].includes(first(0, 4)) && first(8, 4) === 'WAVE', open: openWav },
  { name: 'FLAC', begins: (first) => first(0, 4) === 'fLaC', open: openFlac },
  { name: 'Ogg Opus', begins: (first) => first(0, 4) === 'OggS', open: openOpus },
];

/** What is known by its first bytes, and not read. */
const others: readonly { readonly name: string; begins(first: (at: number, length: number) => string): boolean }[] = [
  // A frame of layer III; tags before it were passed.
  { name: 'MP3', begins: (first) => /^\xff[\xe2\xe3\xf2\xf3\xfa\xfb]/.test(first(0, 2)) },
  { name: 'AAC', begins: (first) => /^\xff[\xf0\xf1\xf8\xf9]/.test(first(0, 2)) },
  { name: 'MPEG-4 (AAC, ALAC)', begins: (first) => first(4, 4) === 'ftyp' },
  { name: 'Matroska or WebM', begins: (first) => first(0, 4) === '\x1aE\xdf\xa3' },
  { name: 'AIFF', begins: (first) => first(0, 4) === 'FORM' && ['AIFF', 'AIFC'].includes(first(8, 4)) },
  { name: 'AU', begins: (first) => first(0, 4) === '.snd' },
  { name: 'Core Audio', begins: (first) => first(0, 4) === 'caff' },
  { name: 'AMR', begins: (first) => first(0, 5) === '#!AMR' },
  { name: 'Windows Media', begins: (first) => first(0, 4) === '\x30\x26\xb2\x75' },
];

/**
 * Opens a recording; what the file is called does not matter. Nothing is held of it but what is asked for.
 * @param where its name, to begin messages
 * @throws AudioError one sentence: it is empty, no recording, damaged, or of a kind that is not read
 */
export async function openAudio(source: ByteSource, where: string): Promise<Recording> {
  if (source.size === 0) throw new AudioError(`${where} is empty: there is no sound in it.`);
  const blocks = new Blocks(source, where);
  const tags = await behindId3(blocks);
  const bytes = await blocks.some(tags, 16);
  const first = (at: number, length: number) => word(bytes, at, length);
  const format = formats.find(({ begins }) => begins(first));
  if (format === undefined) {
    const other = others.find(({ begins }) => begins(first))?.name ?? (tags > 0 ? 'MP3' : undefined);
    const known = formats.map(({ name }) => name).join(', ');
    throw new AudioError(
      other === undefined
        ? `${where} is not a recording that can be read: it is none of ${known}.`
        : `${where} is ${other}; ${known} are read. Convert it first: ffmpeg -i IN -ar 16000 OUT.wav`,
    );
  }
  const recording = await format.open(blocks);
  let last: Promise<unknown> = Promise.resolve();
  return {
    ...recording,
    async read(range) {
      checkRange(where, recording, range);
      // Where a decoder is in the file is its own: it reads one part after the other, whoever asks.
      const turn = last.then(() => recording.read(range));
      last = turn.catch(() => undefined);
      return turn;
    },
  };
}

/** All of a recording. */
export interface DecodedAudio {
  readonly format: string;
  readonly rate: number;
  readonly channels: number;
  /** // each (sample) */
  readonly samples: readonly Float32Array[];
  /** In seconds. */
  readonly duration: number;
  readonly notes: readonly string[];
}

/**
 * The whole of a recording; one that is too long to be held is refused, and can be opened and read in parts.
 * @throws AudioError as `openAudio`
 */
export async function decodeAudio(bytes: Uint8Array, where: string): Promise<DecodedAudio> {
  const { format, rate, channels, length, notes, read } = await openAudio(fromBytes(where, bytes), where);
  return { format, rate, channels, samples: await read({ start: 0, end: length }), duration: length / rate, notes };
}
