import { viewOf } from '../../formats/source.js';
import {
  AudioError,
  checkSound,
  tooShort,
  word,
  type Blocks,
  type Recording,
  type SampleRange,
} from './sound.js';

/** How one sample lies in the file. */
interface Encoding {
  /** "16 bits" */
  readonly title: string;
  readonly bytes: number;
  read(view: DataView, at: number, littleEndian: boolean): number;
}

/** What "fmt " says. */
interface Format {
  readonly encoding: Encoding;
  readonly rate: number;
  readonly channels: number;
}

/** Names of codings that stand in WAV files and are not read. */
const others: ReadonlyMap<number, string> = new Map([
  [0x02, 'Microsoft ADPCM'],
  [0x11, 'IMA ADPCM'],
  [0x31, 'GSM 6.10'],
  [0x50, 'MPEG'],
  [0x55, 'MP3'],
  [0x92, 'AC-3'],
  [0x161, 'Windows Media Audio'],
  [0xff, 'AAC'],
]);

const pcm = 1;
const float = 3;
const aLaw = 6;
const muLaw = 7;
const extensible = 0xfffe;

/** What follows the two bytes of a coding in the name of an extensible one: KSDATAFORMAT_SUBTYPE. */
const subtype = '000000001000800000aa00389b71';

/** Chunks that are passed before the samples; more are an attack. */
const maxChunks = 4096;

/**
 * WAV: whole numbers of 8, 16, 24 and 32 bits, floats of 32 and 64, µ-law and A-law (ITU-T G.711); RIFF, RIFX, RF64 and BW64.
 * Where the samples' size is not true, as of a recording that was cut or streamed, what is there is read, and said.
 * @throws AudioError
 */
export async function openWav(blocks: Blocks): Promise<Recording> {
  const { where } = blocks;
  const head = word(await blocks.all(0, 12), 0, 4);
  const littleEndian = head !== 'RIFX';
  const notes: string[] = [];
  let format: Format | undefined;
  let long: number | undefined;
  let at = 12;
  for (let count = 0; at + 8 <= blocks.size; count++) {
    if (count === maxChunks) throw new AudioError(`${where} has more than ${maxChunks} parts before its samples.`);
    const bytes = await blocks.all(at, 8);
    const name = word(bytes, 0, 4);
    const size = viewOf(bytes).getUint32(4, littleEndian);
    const body = at + 8;
    if (name === 'ds64') {
      const view = viewOf(await blocks.all(body, 16));
      long = Number(view.getBigUint64(8, littleEndian));
    } else if (name === 'fmt ') {
      format = formatOf(await blocks.some(body, Math.min(size, 40)), where, littleEndian);
    } else if (name === 'data') {
      if (format === undefined) {
        throw new AudioError(`${where} does not say how its samples are kept: there is no "fmt " before them.`);
      }
      return recording(blocks, format, { body, size, long, littleEndian, notes, head });
    }
    at = await after(blocks, body, size);
  }
  throw new AudioError(
    format === undefined
      ? `${where} begins like a WAV file, and holds neither a format nor samples. It is damaged or was not copied whole.`
      : `${where} holds no samples: there is no "data" in it. It is damaged or was not copied whole.`,
  );
}

/** Where the next chunk begins: at an even place, but for writers that forget it. */
async function after(blocks: Blocks, body: number, size: number): Promise<number> {
  const end = body + size;
  if (size % 2 === 0) return end;
  const named = (bytes: Uint8Array) => bytes.length === 4 && /^[ -~]{4}$/.test(word(bytes, 0, 4));
  return !named(await blocks.some(end + 1, 4)) && named(await blocks.some(end, 4)) ? end : end + 1;
}

function formatOf(bytes: Uint8Array, where: string, littleEndian: boolean): Format {
  if (bytes.length < 16) throw tooShort(where);
  const view = viewOf(bytes);
  let coding = view.getUint16(0, littleEndian);
  const channels = view.getUint16(2, littleEndian);
  const rate = view.getUint32(4, littleEndian);
  const block = view.getUint16(12, littleEndian);
  const bits = view.getUint16(14, littleEndian);
  if (coding === extensible) {
    if (bytes.length < 40) throw tooShort(where);
    const rest = [...bytes.subarray(26, 40)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    if (!littleEndian || rest !== subtype) {
      throw new AudioError(`${where} keeps its samples in a coding of its own, which is not read.`);
    }
    coding = view.getUint16(24, littleEndian);
  }
  checkSound(where, { rate, channels, length: 1 });
  // A sample stands at the upper end of its bytes, so that their number tells how large it is.
  const bytesEach = block > 0 && block % channels === 0 ? block / channels : Math.ceil(bits / 8);
  const encoding = encodingOf(coding, bytesEach);
  if (encoding === undefined || bits > 8 * bytesEach) {
    const name = others.get(coding);
    throw new AudioError(
      name !== undefined
        ? `${where} is a WAV file that holds ${name}, which is not read. Convert it to 16 bits first: ffmpeg -i IN.wav -c:a pcm_s16le OUT.wav`
        : `${where} keeps its samples as coding ${coding} with ${bits} bits in ${bytesEach} bytes, which is not read.`,
    );
  }
  return { encoding, rate, channels };
}

function encodingOf(coding: number, bytes: number): Encoding | undefined {
  const found = encodings.get(`${coding} ${bytes}`);
  return found === undefined ? undefined : { ...found, bytes };
}

const encodings: ReadonlyMap<string, Omit<Encoding, 'bytes'>> = new Map([
  [`${pcm} 1`, { title: '8 bits', read: (view, at) => (view.getUint8(at) - 128) / 128 }],
  [`${pcm} 2`, { title: '16 bits', read: (view, at, little) => view.getInt16(at, little) / 2 ** 15 }],
  [`${pcm} 3`, { title: '24 bits', read: (view, at, little) => int24(view, at, little) / 2 ** 23 }],
  [`${pcm} 4`, { title: '32 bits', read: (view, at, little) => view.getInt32(at, little) / 2 ** 31 }],
  [`${float} 4`, { title: '32-bit floats', read: (view, at, little) => view.getFloat32(at, little) }],
  [`${float} 8`, { title: '64-bit floats', read: (view, at, little) => view.getFloat64(at, little) }],
  [`${aLaw} 1`, { title: 'A-law', read: (view, at) => fromALaw(view.getUint8(at)) / 2 ** 15 }],
  [`${muLaw} 1`, { title: 'µ-law', read: (view, at) => fromMuLaw(view.getUint8(at)) / 2 ** 15 }],
]);

function int24(view: DataView, at: number, little: boolean): number {
  const upper = view.getInt8(little ? at + 2 : at);
  return upper * 2 ** 16 + view.getUint8(at + 1) * 2 ** 8 + view.getUint8(little ? at : at + 2);
}

/** ITU-T G.711, as 16 bits. */
function fromMuLaw(byte: number): number {
  const turned = ~byte & 0xff;
  const size = ((((turned & 0x0f) << 3) + 0x84) << ((turned & 0x70) >> 4)) - 0x84;
  return (turned & 0x80) === 0 ? size : -size;
}

/** ITU-T G.711, as 16 bits. */
function fromALaw(byte: number): number {
  const turned = byte ^ 0x55;
  const step = (turned & 0x70) >> 4;
  const low = ((turned & 0x0f) << 4) + 8;
  const size = step === 0 ? low : (low + 0x100) << (step - 1);
  return (turned & 0x80) === 0 ? -size : size;
}

/** Whether a part with a name and a size that fits begins here. */
async function isChunk(blocks: Blocks, at: number): Promise<boolean> {
  const bytes = await blocks.some(at, 8);
  return (
    bytes.length === 8 &&
    /^[ -~]{4}$/.test(word(bytes, 0, 4)) &&
    at + 8 + viewOf(bytes).getUint32(4, true) <= blocks.size
  );
}

interface Data {
  readonly body: number;
  readonly size: number;
  /** What "ds64" says instead. */
  readonly long: number | undefined;
  readonly littleEndian: boolean;
  readonly notes: string[];
  readonly head: string;
}

/** What stands for a size that was not known, or does not fit. */
const unknownSizes: ReadonlySet<number> = new Set([0, 0xffffffff]);

async function recording(
  blocks: Blocks,
  { encoding, rate, channels }: Format,
  data: Data,
): Promise<Recording> {
  const { where } = blocks;
  const { body, littleEndian, notes } = data;
  const frame = encoding.bytes * channels;
  const left = blocks.size - body;
  const isLong = data.head === 'RF64' || data.head === 'BW64';
  const claimed = isLong && data.size === 0xffffffff && data.long !== undefined ? data.long : data.size;
  let bytes = claimed;
  if (claimed > left || (claimed === 0 && left > 0 && !(await isChunk(blocks, body)))) {
    bytes = left;
    // What a writer that cannot go back leaves is no sign of damage.
    notes.push(
      unknownSizes.has(claimed)
        ? 'The file does not say how long it is; it is read to its end.'
        : `The file claims ${claimed} bytes of samples and has ${left}; what is there is read.`,
    );
  }
  const length = Math.floor(bytes / frame);
  if (bytes % frame !== 0) notes.push('The last sample is not whole, and is left out.');
  checkSound(where, { rate, channels, length });
  return {
    format: `WAV, ${encoding.title}`,
    rate,
    channels,
    length,
    notes,

    async read({ start, end }: SampleRange) {
      const out = Array.from({ length: channels }, () => new Float32Array(end - start)); // each (sample)
      const some = Math.max(1, Math.floor(2 ** 20 / frame));
      for (let from = start; from < end; from += some) {
        const to = Math.min(end, from + some);
        const view = viewOf(await blocks.all(body + from * frame, (to - from) * frame));
        out.forEach((samples, channel) => {
          for (let at = from; at < to; at++) {
            const value = encoding.read(view, (at - from) * frame + channel * encoding.bytes, littleEndian);
            if (!Number.isFinite(value)) throw new AudioError(`${where} has samples that are no numbers.`);
            samples[at - start] = value;
          }
        });
      }
      return out;
    },
  };
}
