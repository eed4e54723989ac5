import type { AxisTokens } from './format.js';
import { parseJson } from './json-text.js';
import { parsePythonLiteral, PythonSyntaxError } from './python-literal.js';
import { FormatError, type ByteSource } from './source.js';
import { utf8 } from './untrusted.js';

/** Labels take a few bytes each; more than this are not labels of anything that can be shown. */
const MAX_TOKEN_BYTES = 16 * 2 ** 20;

/** The axes a name stands for, where it is a name of tokens. */
const TOKEN_NAMES: ReadonlyMap<string, readonly ('query' | 'key')[]> = new Map<
  string,
  readonly ('query' | 'key')[]
>([
  ['tokens', ['query', 'key']],
  ['querytokens', ['query']],
  ['keytokens', ['key']],
  ['targettokens', ['query']],
  ['sourcetokens', ['key']],
  ['strtokens', ['query', 'key']],
]);

/** Which axes the labels called `name` belong to: `tokens`, `queryTokens`, `key_tokens`; undefined for other names. */
export function tokenAxes(name: string): readonly ('query' | 'key')[] | undefined {
  return TOKEN_NAMES.get(name.replaceAll('_', '').toLowerCase());
}

/** Collects the labels of a file; what is named for one axis wins over what is named for both. */
export class TokenCollector {
  private readonly both: Partial<Record<'query' | 'key', readonly string[]>> = {};
  private readonly own: Partial<Record<'query' | 'key', readonly string[]>> = {};

  add(axes: readonly ('query' | 'key')[], tokens: readonly string[]): void {
    const target = axes.length > 1 ? this.both : this.own;
    for (const axis of axes) target[axis] = tokens;
  }

  /** For spreading into `Contents`: without labels, nothing. */
  contents(): { readonly tokens?: AxisTokens } {
    const tokens = { ...this.both, ...this.own };
    return Object.keys(tokens).length === 0 ? {} : { tokens };
  }
}

/** The value as a list of strings, or undefined; of a list of such lists, as of a batch, the only one. */
export function stringList(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const list: unknown[] = value;
  const [first] = list;
  if (list.length === 1 && Array.isArray(first)) return stringList(first);
  return list.every((item) => typeof item === 'string') ? list : undefined;
}

/**
 * Labels written as text: a JSON list of strings, or a list or tuple as Python's `str` writes it.
 * @param where what is read, to begin a message
 * @throws FormatError when it is neither
 */
export function labelsFromText(text: string, where: string): readonly string[] {
  const labels = stringList(listFromText(text, where));
  if (labels === undefined) {
    throw new FormatError(`${where} is no list of strings, so that nothing is labelled by it.`);
  }
  return labels;
}

function listFromText(text: string, where: string): unknown {
  try {
    return parseJson(text, where, { maxDepth: 2 });
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    try {
      return parsePythonLiteral(text);
    } catch (second) {
      if (second instanceof PythonSyntaxError) throw error;
      throw second;
    }
  }
}

/**
 * The labels in a file that lies beside a matrix file: `Q.tokens.json` (a list of strings, or an object with
 * `tokens`, `queryTokens` or `keyTokens`) or `Q.tokens.txt` (one token a line) beside `Q.npy`.
 * @param source that file; its name tells which of the two it is.
 * @throws FormatError when it cannot be read as labels.
 */
export async function tokensBeside(source: ByteSource): Promise<AxisTokens> {
  const text = await readText(source);
  return source.name.toLowerCase().endsWith('.json')
    ? tokensFromJson(text, source.name)
    : tokensFromLines(text);
}

async function readText(source: ByteSource): Promise<string> {
  if (source.size > MAX_TOKEN_BYTES) {
    throw new FormatError(
      `${source.name} has ${source.size} bytes; a list of tokens may have ${MAX_TOKEN_BYTES}.`,
    );
  }
  const text = utf8(await source.read(0, source.size));
  if (text === undefined) throw new FormatError(`${source.name} is not UTF-8 text.`);
  return text;
}

function tokensFromJson(text: string, name: string): AxisTokens {
  // Python's str of a list is taken for the list that it is.
  const isList = /^\s*[[(]/.test(text);
  const value = isList ? listFromText(text, name) : parseJson(text, name, { maxDepth: 3 });
  const collector = new TokenCollector();
  const list = stringList(value);
  if (list) collector.add(['query', 'key'], list);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      const axes = tokenAxes(key);
      const tokens = stringList(item);
      if (axes && tokens) collector.add(axes, tokens);
    }
  }
  const { tokens } = collector.contents();
  if (!tokens) {
    throw new FormatError(
      `${name} is neither a list of strings nor an object with "tokens", "queryTokens" or "keyTokens".`,
    );
  }
  return tokens;
}

function tokensFromLines(text: string): AxisTokens {
  const lines = text.split(/\r?\n/);
  // A line ends with its newline: what follows the last one is no token.
  if (lines.at(-1) === '') lines.pop();
  return { query: lines, key: lines };
}
