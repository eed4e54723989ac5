import type { Json } from '../../../formats/json-text.js';
import { typeOf } from '../../config.js';
import { isRecord } from '../../../common/values.js';
import { byteCharacters } from './byte-characters.js';

/** A token as people read it, in place of the signs that a vocabulary writes spaces and bytes with. */
export type Legible = (token: string) => string;

/** @param parts what tokenizer.json says text goes through, which is where those signs come from */
export function legibleBy(parts: { readonly [name: string]: Json }): Legible {
  const steps = [...stepsOf(parts['pre_tokenizer']), ...stepsOf(parts['normalizer'])];
  return (token) => steps.reduce((text, step) => step(text), token);
}

function stepsOf(part: Json | undefined): readonly Legible[] {
  if (!isRecord(part)) return [];
  const { pattern, content, replacement = '▁' } = part;
  switch (typeOf(part)) {
    case 'ByteLevel':
      return [fromBytes];
    case 'Metaspace':
      return spaces(replacement);
    case 'Replace':
      return isRecord(pattern) && pattern['String'] === ' ' ? spaces(content) : [];
    case 'Sequence':
      return [...listOf(part['normalizers']), ...listOf(part['pretokenizers'])].flatMap(stepsOf);
    default:
      return [];
  }
}

function listOf(parts: Json | undefined): readonly Json[] {
  return Array.isArray(parts) ? (parts as readonly Json[]) : []; // Only what Array.isArray takes away.
}

function spaces(sign: Json | undefined): readonly Legible[] {
  return typeof sign === 'string' && sign.trim() !== '' ? [(token) => token.replaceAll(sign, ' ')] : [];
}

const bytes = new Map(byteCharacters.map((character, byte) => [character, byte]));

/** Bytes that are no whole character are written as SentencePiece writes them: "<0xF0>". */
function fromBytes(token: string): string {
  const written = Array.from(token, (character) => bytes.get(character));
  const known = Uint8Array.from(written.filter((byte) => byte !== undefined));
  if (known.length < written.length) return token;
  let text = '';
  for (let at = 0; at < known.length;) {
    const character = characterAt(known, at);
    const [byte = 0] = known.subarray(at);
    text += character ?? `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
    at += character === undefined ? 1 : encoder.encode(character).length;
  }
  return text;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The character that begins at a byte; undefined where none does, or not all of it is there. */
function characterAt(all: Uint8Array, at: number): string | undefined {
  const [byte = 0] = all.subarray(at);
  const length = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
  try {
    return decoder.decode(all.subarray(at, at + length));
  } catch {
    return undefined;
  }
}
