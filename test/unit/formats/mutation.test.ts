import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sizeOf } from '../../../src/engine/tensor.js';
import { formats, openTensors, tokensBeside } from '../../../src/formats/index.js';
import { FormatError, fromBytes } from '../../../src/formats/source.js';
import { ModelError, OnnxModel } from '../../../src/models/index.js';
import { expected, fixtureBytes, readAll } from '../../support/formats/fixtures.js';
import { fixtures } from '../../support/models/expected.js';
import { platform } from '../../support/platform.js';

/** How many damaged files of each format are tried; a few seconds in all. */
const TURNS = 400;

/** Numbers that a damaged header may claim without harm. */
const MOST_NUMBERS = 1 << 22;

/** What engines and systems say by themselves, which is no sentence for people. */
const raw =
  /undefined|\bnull\b|is not (?:a function|iterable)|Cannot (?:read|convert|mix|set)|out of (?:range|bounds|memory)|Invalid (?:array|typed|string|code|count)|Unexpected (?:token|end|identifier)|call stack|\[object|\bNaN\b|Offset is outside|at position \d|ERR_/;

/** The same on every run (Park and Miller). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => (state = (state * 48271) % 2147483647) % below;
}

/** Bytes changed, cut out, doubled, put in from another file, or cut off; a few of these at once. */
function damaged(
  bytes: Uint8Array,
  other: Uint8Array,
  random: (below: number) => number,
): Uint8Array<ArrayBuffer> {
  let current = Uint8Array.from(bytes);
  for (let times = 1 + random(4); times > 0; times--) {
    const length = current.length;
    // Headers, where a byte means most, stand at the ends.
    const near = 1 + random(Math.min(length, 600) + 1);
    const at = Math.min(length, [near, Math.max(0, length - near), random(length + 1)][random(3)] ?? 0);
    const count = 1 + random([1, 4, 8, 64, 512][random(5)] ?? 1);
    const rest = current.subarray(Math.min(length, at + count));
    const start = random(Math.max(1, other.length));
    const noise = Uint8Array.from({ length: count }, () => [0, 0xff, 0x80, random(256)][random(4)] ?? 0);
    const parts = [
      [current.subarray(0, at), noise, rest],
      [current.subarray(0, at), rest],
      [current.subarray(0, at + count), current.subarray(at)],
      [current.subarray(0, at), other.subarray(start, start + count), rest],
      [current.subarray(0, at)],
    ][random(5)] ?? [current];
    const next = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let to = 0;
    for (const part of parts) {
      next.set(part, to);
      to += part.length;
    }
    current = next;
  }
  return current;
}

function checkSentence(error: unknown, file: string): void {
  assert.ok(error instanceof FormatError || error instanceof ModelError, String(error));
  const { message } = error;
  // What a file itself says stands in quotation marks.
  const own = message.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
  assert.ok(message.includes(file), message);
  assert.doesNotMatch(own, raw);
  assert.doesNotMatch(message, /[\n\r]/);
  assert.match(message, /[.]$/);
  assert.ok(message.length < 600, message);
}

describe('files damaged in several ways at once', function () {
  this.timeout(60_000);

  const names = Object.keys(expected);
  for (const { id, extensions } of formats) {
    const own = names.filter((name) => extensions.some((extension) => name.endsWith(extension)));

    it(`${id}: every failure is a sentence of ours that names the file`, async () => {
      const random = randomFrom(20261128 + id.length);
      let refused = 0;
      for (let turn = 0; turn < TURNS; turn++) {
        const name = own[random(own.length)] ?? '';
        const bytes = damaged(fixtureBytes(name), fixtureBytes(names[random(names.length)] ?? ''), random);
        const file = `turn-${turn}${/\.\w+$/.exec(name)?.[0] ?? ''}`;
        try {
          const { tensors, notices = [], skipped = [] } = await openTensors(platform, fromBytes(file, bytes));
          for (const tensor of tensors) {
            if (sizeOf(tensor.shape) > MOST_NUMBERS) continue;
            assert.equal((await readAll(tensor)).length, sizeOf(tensor.shape));
          }
          for (const notice of [...notices, ...skipped.map(({ reason }) => reason)]) {
            assert.doesNotMatch(notice.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""'), /undefined|\[object|[\n\r]/);
          }
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
          checkSentence(error, file);
          refused++;
        }
      }
      assert.ok(refused > TURNS / 20, `only ${refused} were refused`);
    });
  }

  it('labels beside a file: every failure is a sentence of ours', async () => {
    const random = randomFrom(5);
    const whole = new TextEncoder().encode(
      '{"tokens": ["the", "caf\\u00e9", "\\ud83d\\ude00"], "keyTokens": ["a"]}',
    );
    for (let turn = 0; turn < TURNS; turn++) {
      const source = fromBytes('Q.tokens.json', damaged(whole, whole, random));
      await tokensBeside(source).catch((error: unknown) => {
        checkSentence(error, 'Q.tokens.json');
      });
    }
  });

  it('ONNX exports: every failure is a sentence of ours', async () => {
    const random = randomFrom(9);
    const folder = join(fixtures, 'onnx');
    const exports = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /(?:forms|by-hand).*\.onnx$/.test(name))
      .map((name) => new Uint8Array(readFileSync(join(folder, name))));
    const scratch = await mkdtemp(join(tmpdir(), 'attention-mutation-'));
    const path = join(scratch, 'turn.onnx');
    let refused = 0;
    try {
      for (let turn = 0; turn < 150; turn++) {
        const one = exports[random(exports.length)] ?? new Uint8Array();
        const other = exports[random(exports.length)] ?? new Uint8Array();
        await writeFile(path, damaged(one, other, random));
        try {
          const model = await OnnxModel.open(platform, path);
          model.part(model.attention.map(({ result }) => result.value));
        } catch (error) {
          checkSentence(error, 'turn.onnx');
          refused++;
        }
      }
    } finally {
      await rm(scratch, { recursive: true });
    }
    assert.ok(refused > 20, `only ${refused} were refused`);
  });
});
