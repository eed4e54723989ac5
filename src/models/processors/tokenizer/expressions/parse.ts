/** A part of an expression, as JavaScript writes them with the flag "u". */
export type Node =
  /** One character of a kind. */
  | {
      readonly kind: 'character';
      readonly source: string;
      readonly matches: (character: string) => boolean;
    }
  | { readonly kind: 'sequence'; readonly parts: readonly Node[] }
  | { readonly kind: 'choice'; readonly options: readonly Node[] }
  | {
      readonly kind: 'repeat';
      readonly part: Node;
      readonly least: number;
      readonly most: number;
      readonly lazy: boolean;
    }
  /** Whether something stands, or does not stand, behind a place. */
  | { readonly kind: 'ahead'; readonly part: Node; readonly negated: boolean }
  /** Whether the character before a place is, or is not, of a kind. */
  | {
      readonly kind: 'behind';
      readonly matches: (character: string) => boolean;
      readonly negated: boolean;
    }
  /** What it has matched is not matched otherwise any more. */
  | { readonly kind: 'atomic'; readonly part: Node }
  | { readonly kind: 'edge'; readonly of: 'start' | 'end' | 'word' | 'within' };

/** An expression cannot be read; the message is the end of a sentence. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
}

/** The deepest group within a group. */
const MAX_DEPTH = 100;

/** The most parts once repetitions are written out. */
export const MAX_PARTS = 4000;

/**
 * @param source of a RegExp with the flag "u", which has been checked by making one
 * @throws ExpressionError where it has parts that cannot be matched in linear time
 */
export function parseExpression(source: string): Node {
  return new Parser(source).parse();
}

const escapes =
  /\\(?:[pP]\{[^}]*\}|x[0-9A-Fa-f]{2}|u\{[0-9A-Fa-f]+\}|u[0-9A-Fa-f]{4}(?:\\u[dD][c-fC-F][0-9A-Fa-f]{2})?|c[A-Za-z]|[^])/uy;
const quantifier = /(?:([*+?])|\{(\d+)(,?)(\d*)\})(\??)/y;
const group = /\((\?:|\?=|\?!|\?<=|\?<!|\?<\w+>|(?!\?))/y;

type Group = Node & { readonly name?: string };

class Parser {
  private at = 0;
  private depth = 0;

  constructor(private readonly source: string) {}

  parse(): Node {
    const whole = this.choice();
    if (this.at < this.source.length) throw new ExpressionError('it has a ")" that closes nothing');
    return whole;
  }

  private choice(): Node {
    const options = [this.sequence()];
    while (this.source[this.at] === '|') {
      this.at++;
      options.push(this.sequence());
    }
    const [only] = options;
    return options.length === 1 && only !== undefined ? only : { kind: 'choice', options };
  }

  private sequence(): Node {
    const parts: Group[] = [];
    while (this.at < this.source.length && this.source[this.at] !== '|' && this.source[this.at] !== ')') {
      const back = /\\k<(\w+)>/y;
      back.lastIndex = this.at;
      const name = back.exec(this.source)?.[1];
      if (name !== undefined) {
        // (?=(?<name>…))\k<name>: what a look-ahead has matched is taken, and not matched otherwise.
        const before = parts.pop();
        if (before?.kind !== 'ahead' || before.negated || before.name !== name) {
          throw new ExpressionError('it refers back to what it has matched');
        }
        parts.push({ kind: 'atomic', part: before.part });
        this.at = back.lastIndex;
        continue;
      }
      parts.push(this.repeated(this.atom()));
    }
    return { kind: 'sequence', parts };
  }

  private repeated(part: Group): Group {
    quantifier.lastIndex = this.at;
    const found = quantifier.exec(this.source);
    if (found === null) return part;
    this.at = quantifier.lastIndex;
    const [, sign, least, comma, most, lazy] = found;
    const range =
      sign === undefined
        ? { least: Number(least), most: comma === '' ? Number(least) : most === '' ? Infinity : Number(most) }
        : { least: sign === '+' ? 1 : 0, most: sign === '?' ? 1 : Infinity };
    return { kind: 'repeat', part, ...range, lazy: lazy === '?' };
  }

  private atom(): Group {
    const { source } = this;
    const sign = source[this.at];
    if (sign === '(') return this.group();
    if (sign === '[') return this.character(this.classEnd());
    if (sign === '^' || sign === '$') {
      this.at++;
      return { kind: 'edge', of: sign === '^' ? 'start' : 'end' };
    }
    if (sign === '\\') {
      const next = source[this.at + 1] ?? '';
      if (/[1-9]/.test(next)) throw new ExpressionError('it refers back to what it has matched');
      if (next === 'b' || next === 'B') {
        this.at += 2;
        return { kind: 'edge', of: next === 'b' ? 'word' : 'within' };
      }
      escapes.lastIndex = this.at;
      escapes.exec(source);
      return this.character(escapes.lastIndex);
    }
    return this.character(this.at + String.fromCodePoint(source.codePointAt(this.at) ?? 0).length);
  }

  private group(): Group {
    group.lastIndex = this.at;
    const opening = group.exec(this.source);
    if (opening === null) throw new ExpressionError('it has a group of an unknown kind');
    if (++this.depth > MAX_DEPTH) {
      throw new ExpressionError(`it has more than ${MAX_DEPTH} groups within one another`);
    }
    this.at = group.lastIndex;
    const begun = this.at;
    const part = this.choice();
    if (this.source[this.at] !== ')') throw new ExpressionError('it has a group that is not closed');
    this.at++;
    this.depth--;
    const kind = opening[1] ?? '';
    switch (kind) {
      case '?=': {
        const inner = /^\(\?<(\w+)>/.exec(this.source.slice(begun, begun + 100))?.[1];
        return { kind: 'ahead', part, negated: false, ...(inner === undefined ? {} : { name: inner }) };
      }
      case '?!':
        return { kind: 'ahead', part, negated: true };
      case '?<=':
      case '?<!': {
        const matches = single(part);
        if (matches === undefined) throw new ExpressionError('it looks behind for more than one character');
        return { kind: 'behind', matches, negated: kind === '?<!' };
      }
      default:
        return part;
    }
  }

  private character(end: number): Node {
    const source = this.source.slice(this.at, end);
    this.at = end;
    return { kind: 'character', source, matches: matcher(source) };
  }

  /** Behind the bracket that closes a class. */
  private classEnd(): number {
    for (let at = this.at + 1; at < this.source.length; at++) {
      if (this.source[at] === '\\') at++;
      else if (this.source[at] === ']') return at + 1;
    }
    throw new ExpressionError('it has a class of characters that is not closed');
  }
}

/** What JavaScript's own expression says of a character, asked once. */
function matcher(source: string): (character: string) => boolean {
  const expression = new RegExp(`^(?:${source})$`, 'u');
  const known = new Map<string, boolean>();
  return (character) => {
    const before = known.get(character);
    if (before !== undefined) return before;
    const matches = expression.test(character);
    known.set(character, matches);
    return matches;
  };
}

function single(node: Node): ((character: string) => boolean) | undefined {
  if (node.kind === 'character') return node.matches;
  if (node.kind === 'sequence' && node.parts.length === 1 && node.parts[0] !== undefined) {
    return single(node.parts[0]);
  }
  if (node.kind !== 'choice') return undefined;
  const options = node.options.map(single);
  return (character) => options.some((each) => each?.(character) === true);
}
