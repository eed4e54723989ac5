/** A value of the Python literals that headers and lists of labels are made of; a list or tuple is an array, a dict a Map. */
export type PythonValue =
  string | number | boolean | null | readonly PythonValue[] | ReadonlyMap<string, PythonValue>;

/** Says what was wrong and at which character; the caller adds the file. */
export class PythonSyntaxError extends Error {
  override readonly name = 'PythonSyntaxError';
}

/** Nested deeper, a structured dtype is not one that anybody wrote. */
const MAX_DEPTH = 32;

const TOKEN =
  /\s*(?:([[\](){},:])|(-?\d+)[lL]?\b|[uUbB]?('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")|([A-Za-z_]+))/y;

/**
 * Reads a dict, list, tuple, string, integer, True, False or None as Python's `repr` writes them. Nothing is evaluated.
 * @throws PythonSyntaxError on anything else, on a repeated key, and on nesting beyond 32.
 */
export function parsePythonLiteral(text: string): PythonValue {
  const tokens = new Tokens(text);
  const value = parseValue(tokens, tokens.next(), 0);
  tokens.end();
  return value;
}

const ESCAPE = /\\(?:([\\'"abfnrtv])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3}))/g;

const CONTROLS: ReadonlyMap<string, string> = new Map([
  ['a', '\u0007'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
]);

/** What a string's escapes stand for; one that Python does not know stays as it is written. */
function unescaped(text: string): string {
  return text.replaceAll(
    ESCAPE,
    (whole, character?: string, two?: string, four?: string, eight?: string, octal?: string) => {
      if (character !== undefined) return CONTROLS.get(character) ?? character;
      const code =
        octal === undefined ? Number.parseInt(two ?? four ?? eight ?? '', 16) : Number.parseInt(octal, 8);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}

type Token = { readonly kind: 'mark' | 'word' | 'string' | 'integer'; readonly text: string };

class Tokens {
  private at = 0;
  constructor(private readonly text: string) {}

  next(): Token {
    TOKEN.lastIndex = this.at;
    const match = TOKEN.exec(this.text);
    if (!match) throw this.unexpected();
    this.at = TOKEN.lastIndex;
    const [, mark, integer, string, word] = match;
    if (mark !== undefined) return { kind: 'mark', text: mark };
    if (integer !== undefined) return { kind: 'integer', text: integer };
    if (word !== undefined) return { kind: 'word', text: word };
    return { kind: 'string', text: unescaped((string ?? '').slice(1, -1)) };
  }

  end(): void {
    if (this.text.slice(this.at).trim() !== '') throw this.unexpected();
  }

  unexpected(): PythonSyntaxError {
    return new PythonSyntaxError(`what stands at character ${this.at} is not a Python literal`);
  }
}

function parseValue(tokens: Tokens, token: Token, depth: number): PythonValue {
  if (depth > MAX_DEPTH) throw new PythonSyntaxError(`it is nested deeper than ${MAX_DEPTH}`);
  switch (token.kind) {
    case 'string':
      return token.text;
    case 'integer':
      return Number(token.text);
    case 'word':
      if (token.text === 'True') return true;
      if (token.text === 'False') return false;
      if (token.text === 'None') return null;
      throw tokens.unexpected();
    case 'mark':
      if (token.text === '{') return parseDict(tokens, depth);
      if (token.text === '(') return parseSequence(tokens, ')', depth);
      if (token.text === '[') return parseSequence(tokens, ']', depth);
      throw tokens.unexpected();
  }
}

function parseSequence(tokens: Tokens, close: string, depth: number): PythonValue[] {
  const values: PythonValue[] = [];
  for (;;) {
    const token = tokens.next();
    if (isMark(token, close)) return values;
    values.push(parseValue(tokens, token, depth + 1));
    const after = tokens.next();
    if (isMark(after, close)) {
      // Parentheses around one value make no tuple.
      if (close === ')' && values.length === 1) throw tokens.unexpected();
      return values;
    }
    if (!isMark(after, ',')) throw tokens.unexpected();
  }
}

function parseDict(tokens: Tokens, depth: number): Map<string, PythonValue> {
  const entries = new Map<string, PythonValue>();
  for (;;) {
    const key = tokens.next();
    if (isMark(key, '}')) return entries;
    if (key.kind !== 'string' || !isMark(tokens.next(), ':')) throw tokens.unexpected();
    if (entries.has(key.text))
      throw new PythonSyntaxError(`the key "${key.text.slice(0, 40)}" appears twice`);
    entries.set(key.text, parseValue(tokens, tokens.next(), depth + 1));
    const after = tokens.next();
    if (isMark(after, '}')) return entries;
    if (!isMark(after, ',')) throw tokens.unexpected();
  }
}

function isMark(token: Token, mark: string): boolean {
  return token.kind === 'mark' && token.text === mark;
}
