import { viewOf } from '../../../formats/source.js';
import { part, rewritten, type Aligned } from './aligned.js';
import { fromBase64 } from './base64.js';

/** Of the entries of SentencePiece’s own tables none has more characters. */
const LONGEST_ENTRY = 8;

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
  private readonly bytes = new Map<string, Uint8Array>();
  private readonly graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
  private readonly encoder = new TextEncoder();
  private readonly decoder = new TextDecoder();

  /**
   * @param longest whether the longest entry counts wherever one begins, as in SentencePiece itself; its port in `tokenizers`
   *   looks at graphemes
   * @throws RangeError when the bytes are no such table
   */
  constructor(
    base64: string,
    private readonly longest = false,
  ) {
    const bytes = fromBase64(base64);
    const view = viewOf(bytes);
    const size = bytes.length >= 4 ? view.getUint32(0, true) : 0;
    if (size === 0 || size % 4 !== 0 || size > bytes.length - 4) {
      throw new RangeError(
        `its table of characters has ${bytes.length} bytes, which do not hold the ${size} bytes of trie that they announce`,
      );
    }
    this.units = Uint32Array.from({ length: size / 4 }, (_, at) => view.getUint32(4 + 4 * at, true));
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
    if (this.longest) {
      for (let at = 0; at < text.characters.length;) {
        const { replacement, takes } = this.longestAt(text.characters, at);
        put(Array.from(replacement), takes);
        at += takes;
      }
      return rewritten(part(text, leading, text.characters.length), result);
    }
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

  /** What stands for the longest entry that begins at a place; where none does, the character is left as it is. */
  private longestAt(
    characters: readonly string[],
    at: number,
  ): { readonly replacement: string; readonly takes: number } {
    let node = offsetOf(this.units[0] ?? 0);
    let found: { readonly node: number; readonly takes: number } | undefined;
    const end = Math.min(characters.length, at + LONGEST_ENTRY);
    for (let next = at; next < end; next++) {
      const reached = this.walk(this.bytesOf(characters[next] ?? ''), node, () => false);
      if (reached === null) break;
      ({ node } = reached);
      if (((reached.unit >>> 8) & 1) === 1) found = { node, takes: next + 1 - at };
    }
    return found === undefined
      ? { replacement: characters[at] ?? '', takes: 1 }
      : { replacement: this.leafAt(found.node), takes: found.takes };
  }

  private bytesOf(character: string): Uint8Array {
    const known = this.bytes.get(character);
    if (known !== undefined) return known;
    const bytes = this.encoder.encode(character);
    this.bytes.set(character, bytes);
    return bytes;
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
    const root = offsetOf(this.units[0] ?? 0);
    const end = this.walk(key, root, (unit) => ((unit >>> 8) & 1) === 1);
    return end === null || ((end.unit >>> 8) & 1) === 0 ? null : this.leafAt(end.node);
  }

  /** Goes down the trie from a node by bytes, to their end or where it is told to stop; null where there is no way. */
  private walk(
    key: Uint8Array,
    from: number,
    stops: (unit: number) => boolean,
  ): { readonly unit: number; readonly node: number } | null {
    let node = from;
    let unit = 0;
    for (const byte of key) {
      if (byte === 0) return null;
      node ^= byte;
      const next = this.units[node];
      if (next === undefined || (next & 0x800000ff) >>> 0 !== byte) return null;
      node ^= offsetOf(next);
      unit = next;
      if (stops(unit)) break;
    }
    return { unit, node };
  }

  private leafAt(node: number): string {
    return this.textAt((this.units[node] ?? 0) & 0x7fffffff);
  }

  private textAt(start: number): string {
    const end = this.texts.indexOf(0, start);
    return this.decoder.decode(this.texts.subarray(start, end < 0 ? this.texts.length : end));
  }
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & (1 << 9)) >>> 6);
}
