import { part, rewritten, type Aligned } from './aligned.js';

/** Longer ones are looked at character by character. In bytes, as SentencePiece's port in `tokenizers` has it. */
const LONGEST_GRAPHEME = 5;

/**
 * SentencePiece's normalisation: a table of what becomes of which bytes (Kudo & Richardson 2018, §3.2), a double-array
 * trie (Aoe 1989) and the texts that its leaves point at, each with a zero behind it.
 */
export class CharacterTable {
  private readonly units: Uint32Array;
  private readonly texts: Uint8Array;
  private readonly known = new Map<string, string | null>();
  private readonly graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
  private readonly encoder = new TextEncoder();
  private readonly decoder = new TextDecoder();

  /** @throws RangeError when the bytes are no such table */
  constructor(base64: string) {
    const bytes = Buffer.from(base64, 'base64');
    const size = bytes.length >= 4 ? bytes.readUInt32LE(0) : 0;
    if (size === 0 || size % 4 !== 0 || size > bytes.length - 4) {
      throw new RangeError(
        `its table of characters has ${bytes.length} bytes, which do not hold the ${size} bytes of trie that they announce`,
      );
    }
    this.units = Uint32Array.from({ length: size / 4 }, (_, at) => bytes.readUInt32LE(4 + 4 * at));
    this.texts = bytes.subarray(4 + size);
  }

  normalize(text: Aligned): Aligned {
    const result: { character: string; takes: number }[] = [];
    let leading = 0; // characters that went before anything stood
    const put = (characters: readonly string[], takes: number): void => {
      characters.forEach((character, at) => {
        result.push({ character, takes: at < takes ? 1 : 0 });
      });
      const last = result.at(-1);
      const further = Math.max(0, takes - characters.length);
      if (last === undefined) leading += further;
      else last.takes += further;
    };
    for (const { segment } of this.graphemes.segment(text.characters.join(''))) {
      const characters = Array.from(segment);
      const whole =
        this.encoder.encode(segment).length <= LONGEST_GRAPHEME ? this.replacementOf(segment) : null;
      if (whole !== null) {
        put(Array.from(whole), characters.length);
        continue;
      }
      for (const character of characters) put(Array.from(this.replacementOf(character) ?? character), 1);
    }
    return rewritten(part(text, leading, text.characters.length), result);
  }

  /** What the shortest entry that `text` begins with puts in its place; null where there is none. */
  private replacementOf(text: string): string | null {
    const known = this.known.get(text);
    if (known !== undefined) return known;
    const found = this.lookUp(this.encoder.encode(text));
    this.known.set(text, found);
    return found;
  }

  private lookUp(key: Uint8Array): string | null {
    let node = offsetOf(this.units[0] ?? 0);
    for (const byte of key) {
      if (byte === 0) return null;
      node ^= byte;
      const unit = this.units[node];
      if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return null;
      node ^= offsetOf(unit);
      if ((unit >>> 8) & 1) return this.textAt((this.units[node] ?? 0) & 0x7fffffff);
    }
    return null;
  }

  private textAt(start: number): string {
    const end = this.texts.indexOf(0, start);
    return this.decoder.decode(this.texts.subarray(start, end < 0 ? this.texts.length : end));
  }
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & (1 << 9)) >>> 6);
}
