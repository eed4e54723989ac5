import { quoted } from './untrusted.js';

type Expectation = 'value' | 'value or ]' | 'name or }' | 'name' | 'colon' | 'comma' | 'nothing';

const wanted: Readonly<Record<Exclude<Expectation, 'comma'>, string>> = {
  value: 'a value',
  'value or ]': 'a value or "]"',
  'name or }': 'a name in quotation marks or "}"',
  name: 'a name in quotation marks',
  colon: '":"',
  nothing: 'the end of the file',
};

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i;
const words: ReadonlySet<string> = new Set(['true', 'false', 'null']);
const pythonWords: ReadonlySet<string> = new Set(['NaN', 'Infinity', '-Infinity']);

/**
 * Where a text stops being JSON, and what should stand there, as part of a sentence; undefined where it is JSON.
 * @param endOfString the character after a string that begins at a quotation mark
 */
export function jsonFault(
  text: string,
  pythonNumbers: boolean,
  endOfString: (text: string, at: number) => number,
): string | undefined {
  const open: ('[' | '{')[] = [];
  let expected: Expectation = 'value';
  const word = /[^\s,:[\]{}"]+/y;
  const space = /[ \t\n\r]*/y;
  for (let at = 0; ;) {
    space.lastIndex = at;
    space.exec(text);
    at = space.lastIndex;
    const inside = open.at(-1);
    const character = text[at];
    if (character === undefined) {
      return expected === 'nothing'
        ? undefined
        : `it ends ${placeOf(text, at)}, where ${describe(expected, inside)} is expected`;
    }
    let next: Expectation | undefined;
    let end = at + 1;
    const after: Expectation = open.length === 0 ? 'nothing' : 'comma';
    const takesValue = expected === 'value' || expected === 'value or ]';
    if (character === '"') {
      end = endOfString(text, at);
      if (!isString(text.slice(at, end))) {
        return `the string that begins ${placeOf(text, at)} is not closed, or has a character in it that must be escaped`;
      }
      if (takesValue) next = after;
      else if (expected === 'name' || expected === 'name or }') next = 'colon';
    } else if (character === '[' || character === '{') {
      if (takesValue) {
        open.push(character);
        next = character === '[' ? 'value or ]' : 'name or }';
      }
    } else if (character === ']' || character === '}') {
      const isEnd = expected === 'comma' || expected === (character === ']' ? 'value or ]' : 'name or }');
      if (isEnd && inside === (character === ']' ? '[' : '{')) {
        open.pop();
        next = open.length === 0 ? 'nothing' : 'comma';
      }
    } else if (character === ',') {
      if (expected === 'comma') next = inside === '[' ? 'value' : 'name';
    } else if (character === ':') {
      if (expected === 'colon') next = 'value';
    } else {
      word.lastIndex = at;
      const found = word.exec(text)?.[0] ?? character;
      end = at + found.length;
      const isKnown = NUMBER.test(found) || words.has(found) || (pythonNumbers && pythonWords.has(found));
      if (takesValue && isKnown) next = after;
      else return `${placeOf(text, at)} is ${quoted(found)}, where ${describe(expected, inside)} is expected`;
    }
    if (next === undefined) {
      return `${placeOf(text, at)} is ${quoted(character)}, where ${describe(expected, inside)} is expected`;
    }
    expected = next;
    at = end;
  }
}

function describe(expected: Expectation, inside: '[' | '{' | undefined): string {
  return expected === 'comma' ? `"," or "${inside === '[' ? ']' : '}'}"` : wanted[expected];
}

function isString(literal: string): boolean {
  try {
    return typeof JSON.parse(literal) === 'string';
  } catch {
    return false;
  }
}

function placeOf(text: string, at: number): string {
  let [line, start] = [1, 0];
  for (let next = text.indexOf('\n'); next >= 0 && next < at; next = text.indexOf('\n', start)) {
    line++;
    start = next + 1;
  }
  return `at line ${line}, column ${at - start + 1}`;
}
