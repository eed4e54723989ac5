import assert from 'node:assert/strict';
import { LinearExpression } from '../../../../../src/models/processors/tokenizer/expressions/linear.js';
import { parseExpression } from '../../../../../src/models/processors/tokenizer/expressions/parse.js';
import { expressionOf } from '../../../../../src/models/processors/tokenizer/pattern.js';
import { createTokenizer } from '../../../../../src/models/processors/tokenizer/tokenizer.js';
import { fixture } from '../../../../support/models/tokens.js';

/** Marsaglia's xorshift: the same expressions on every run. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function randomExpression(random: (below: number) => number, depth = 0): string {
  const atoms = ['a', 'b', 'c', '[ab]', '[^a]', '\\p{L}', '\\s', '.', '😀', '\\u0061', '\\x62'];
  const parts = Array.from({ length: 1 + random(3) }, (): string => {
    const inner = (): string => randomExpression(random, depth + 1);
    const kind = depth > 2 ? 0 : random(12);
    const atom =
      kind < 6
        ? (atoms[random(atoms.length)] ?? 'a')
        : kind < 8
          ? `(?:${inner()})`
          : kind === 8
            ? `(${inner()})`
            : kind === 9
              ? `(?${random(2) === 0 ? '=' : '!'}${inner()})`
              : kind === 10
                ? `(?<${random(2) === 0 ? '=' : '!'}[ab])`
                : (['^', '$', '\\b', '\\B'][random(4)] ?? '^');
    const sign = ['', '', '', '*', '+', '?', '*?', '+?', '??', '{2}', '{1,3}', '{2,}'][random(12)] ?? '';
    // What may match nothing, again and again, is given up in another way by every engine.
    const isNothing =
      kind > 5 && (/\(\?[=!<]|[\^$]|\\b/i.test(atom) || new RegExp(`^${atom}$`, 'u').test(''));
    return kind > 8 || isNothing ? atom : atom + sign;
  });
  return random(3) === 0 ? `${parts.join('')}|${atoms[random(atoms.length)]}` : parts.join('');
}

const native = (source: string, text: string): unknown =>
  Array.from(text.matchAll(new RegExp(source, 'gu')), (match) => [match.index, match[0].length]);

function linear(source: string, text: string): unknown {
  const characters = Array.from(text);
  const units = [0];
  for (const character of characters) units.push((units.at(-1) ?? 0) + character.length);
  return Array.from(new LinearExpression(parseExpression(source)).matches(characters), ({ from, to }) => [
    units[from],
    (units[to] ?? 0) - (units[from] ?? 0),
  ]);
}

/** Each takes JavaScript's own engine, which tries one way after another, years or hours. */
const endless: Readonly<Record<string, readonly [expression: string, text: string]>> = {
  'repeated repetitions': ['(a+)+$', `${'a'.repeat(50_000)}b`],
  'repeated choices': ['(a|a)*$', `${'a'.repeat(50_000)}b`],
  'three repetitions': ['(.*)(.*)(.*)x', 'a'.repeat(50_000)],
  'an optional many times': [`${'a?'.repeat(30)}${'a'.repeat(30)}b`, 'a'.repeat(50_000)],
  'spaces before the end': [' +\\z', `${' '.repeat(200_000)}x`],
  'a letter that does not come': ['a+b', 'a'.repeat(200_000)],
  'words of words': ['([\\p{L}]+\\s?)+!', 'ab '.repeat(20_000)],
  'a look-ahead': ['(?=(a+)+$)a', `${'a'.repeat(3000)}b`],
  'an atomic group': ['(?>(a|a)*)b', `${'a'.repeat(3000)}c`],
};

describe('An expression of a tokenizer', function () {
  this.timeout(60_000);

  it('matches in linear time what JavaScript’s own engine matches', () => {
    const random = randomFrom(20260901);
    const letters = ['a', 'b', 'c', ' ', 'A', '\n', 'é'];
    let compared = 0;
    for (let round = 0; round < 6000; round++) {
      const source = randomExpression(random);
      const text = Array.from({ length: random(12) }, () => letters[random(letters.length)]).join('');
      assert.deepEqual(linear(source, text), native(source, text), JSON.stringify({ source, text }));
      compared++;
    }
    assert.equal(compared, 6000);
  });

  it('cuts texts of all kinds as JavaScript’s own engine does', () => {
    const sources = [
      "'s|'t| ?\\p{L}+| ?\\p{N}+| ?[^\\p{White_Space}\\p{L}\\p{N}]+|\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+",
      "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?:'[sS])?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    ];
    for (const source of sources) {
      for (const text of fixture.texts) {
        const whole = text.replaceAll(/[\ud800-\udfff]/gu, '\ufffd');
        assert.deepEqual(linear(source, whole), native(source, whole), JSON.stringify({ source, text }));
      }
    }
  });

  for (const [name, [expression, text]] of Object.entries(endless)) {
    it(`takes time in proportion to the text: ${name}`, () => {
      const own = expressionOf({ Regex: expression });
      assert.ok(own instanceof LinearExpression);
      const begun = process.cpuUsage();
      const found = [...own.matches(Array.from(text))];
      assert.ok(process.cpuUsage(begun).user / 1000 < 10_000);
      assert.deepEqual(
        found.filter(({ from, to }) => to > from),
        [],
      );
    });
  }

  it('is refused in a sentence where it cannot be followed', () => {
    const described = (expression: string): (() => unknown) => {
      const pattern = { Regex: expression };
      return () =>
        createTokenizer(
          {
            model: { type: 'BPE', vocab: { a: 0 }, merges: [] },
            pre_tokenizer: { type: 'Split', pattern, behavior: 'Isolated', invert: false },
          },
          'tokenizer.json',
        );
    };
    const refused: Readonly<Record<string, RegExp>> = {
      '(a)\\1': /it refers back to what it has matched/,
      '(?<=ab)c': /it looks behind for more than one character/,
      'a{1,100000}': /more than 4000 parts/,
      [`(${'x'.repeat(1_000_000)}`]: /an expression has 1000001 characters, more than the 16384/,
      '(abc': /the expression ".*" cannot be read: /,
    };
    for (const [expression, message] of Object.entries(refused)) {
      assert.throws(described(expression), (error: Error) => {
        assert.equal(error.name, 'ModelError');
        assert.match(error.message, /^tokenizer\.json describes no tokenizer that can be read: /);
        assert.match(error.message, message);
        assert.ok(error.message.length < 400, `${error.message.length}`);
        return true;
      });
    }
  });
});
