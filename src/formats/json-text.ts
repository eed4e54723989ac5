import { jsonFault } from './json-fault.js';
import { FormatError } from './source.js';
import { quoted } from './untrusted.js';

/** What JSON holds. Objects have their members as own properties, also one called `__proto__`. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export interface JsonLimits {
  /** Arrays and objects within each other, at most. */
  readonly maxDepth: number;
  /** Arrays, objects and members of objects together, at most; each costs tens of bytes once parsed. */
  readonly maxParts?: number;
  /** Members of one object, at most. */
  readonly maxNames?: number;
  /** Reads NaN, Infinity and -Infinity, which Python writes, as the strings "NaN", "Infinity" and "-Infinity". */
  readonly pythonNumbers?: boolean;
}

const DEFAULT_MAX_PARTS = 4_000_000;

/** Vocabularies have a quarter of it. */
const DEFAULT_MAX_NAMES = 1 << 20;

/**
 * Parses JSON that may be hostile: depth, number of values and repeated names are checked before anything is built.
 * @param where what is parsed, to begin a message.
 * @throws FormatError when it is no JSON or exceeds the limits.
 */
export function parseJson(text: string, where: string, limits: JsonLimits): Json {
  const sound = scan(text, where, limits);
  try {
    return JSON.parse(sound) as Json; // JSON.parse yields nothing but what the type says.
  } catch (error) {
    const fault = jsonFault(text, limits.pythonNumbers === true, endOfString);
    throw new FormatError(`${where} is not valid JSON: ${fault ?? 'it is too large to be parsed'}.`, {
      cause: error,
    });
  }
}

/** Replaced numbers are joined into text in batches, so that millions of them cost no more than their text. */
const BATCH = 1 << 16;

const enum Code {
  Quote = 0x22,
  Comma = 0x2c,
  Minus = 0x2d,
  UpperI = 0x49,
  UpperN = 0x4e,
  OpenArray = 0x5b,
  Backslash = 0x5c,
  CloseArray = 0x5d,
  OpenObject = 0x7b,
  CloseObject = 0x7d,
}

/** Walks over the text once, without recursion; returns it, with the numbers JSON lacks quoted if that is asked for. */
function scan(text: string, where: string, limits: JsonLimits): string {
  const { maxParts = DEFAULT_MAX_PARTS, maxNames = DEFAULT_MAX_NAMES } = limits;
  // For each open bracket: the names seen so far in an object, undefined in an array.
  const open: (Set<string> | undefined)[] = [];
  let parts = 0;
  let nameNext = false;
  const count = () => {
    if (++parts > maxParts)
      throw new FormatError(`${where} holds more than ${maxParts} lists, too many to read.`);
  };
  const sound = new Replacer(text);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    switch (code) {
      case Code.OpenArray:
      case Code.OpenObject:
        count();
        nameNext = code === Code.OpenObject;
        open.push(nameNext ? new Set() : undefined);
        if (open.length > limits.maxDepth) {
          throw new FormatError(`${where} is nested deeper than ${limits.maxDepth} at character ${at}.`);
        }
        break;
      case Code.CloseArray:
      case Code.CloseObject:
        open.pop();
        nameNext = false;
        break;
      case Code.Comma:
        nameNext = open.at(-1) !== undefined;
        if (nameNext) count();
        break;
      case Code.Quote: {
        const end = endOfString(text, at);
        if (nameNext) {
          const names = open.at(-1);
          addName(text.slice(at, end), names, where);
          if (names !== undefined && names.size > maxNames) {
            throw new FormatError(
              `${where} names more than ${maxNames} things in one object, too many to read.`,
            );
          }
        }
        nameNext = false;
        at = end - 1;
        break;
      }
      case Code.UpperI:
      case Code.UpperN: {
        if (limits.pythonNumbers !== true) break;
        const number = code === Code.UpperI ? 'Infinity' : 'NaN';
        if (!text.startsWith(number, at)) break;
        const signed = code === Code.UpperI && text.charCodeAt(at - 1) === Code.Minus;
        sound.quote(signed ? at - 1 : at, at + number.length);
        at += number.length - 1;
        break;
      }
    }
  }
  return sound.finish();
}

/** Puts parts of a text in quotes. */
class Replacer {
  private pieces: string[] = [];
  private copied = 0;
  constructor(private readonly text: string) {}

  quote(start: number, end: number): void {
    this.pieces.push(this.text.slice(this.copied, start), `"${this.text.slice(start, end)}"`);
    this.copied = end;
    if (this.pieces.length > BATCH) this.pieces = [this.pieces.join('')];
  }

  finish(): string {
    if (this.copied === 0) return this.text;
    this.pieces.push(this.text.slice(this.copied));
    return this.pieces.join('');
  }
}

/** The character after a string that begins at `at`; the text's end when it is never closed. */
function endOfString(text: string, at: number): number {
  for (let end = at + 1; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code === Code.Backslash) end++;
    else if (code === Code.Quote) return end + 1;
  }
  return text.length;
}

function addName(literal: string, names: Set<string> | undefined, where: string): void {
  let name: unknown;
  try {
    name = JSON.parse(literal);
  } catch {
    return; // The parser proper will say what is wrong with it.
  }
  if (typeof name !== 'string') return;
  if (names?.has(name)) throw new FormatError(`${where} names ${quoted(name)} twice.`);
  names?.add(name);
}
