import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { input, type Value } from '../../../src/engine/graph.js';
import { evaluate } from '../../../src/engine/evaluate.js';
import { concat, rearrange, slice } from '../../../src/engine/ops/index.js';
import { speechArchitectureOf } from '../../../src/models/architectures/speech/index.js';
import { Checkpoint } from '../../../src/models/checkpoint.js';
import { alignment, beginnings, type AlignmentHead } from '../../../src/models/speech/alignment.js';
import { warp } from '../../../src/models/speech/warping.js';
import { Runtime } from '../../../src/runtime/session.js';
import {
  assertClose,
  fixtures,
  readJson,
  tensorNamed,
  tensorsIn,
  type Tensors,
} from '../../support/models/expected.js';
import { platform } from '../../support/platform.js';

interface Case {
  readonly name: string;
  readonly folder: string;
  readonly tokens: readonly number[];
  readonly before: number;
  readonly frames: number;
  readonly width: number;
  readonly heads: readonly AlignmentHead[];
  /** How many tokens each word has. */
  readonly words: readonly number[];
  readonly times: readonly (readonly [number, number])[];
}

const cases = readJson<readonly Case[]>(readFileSync(join(fixtures, 'speech-alignment.json'), 'utf8'));

describe('aligning words with sound', () => {
  const runtime = new Runtime(platform);
  let expected: Tensors;
  before(async () => {
    expected = await tensorsIn(join(fixtures, 'speech-alignment.safetensors'));
  });
  after(() => runtime.dispose());

  for (const each of cases) {
    it(`is OpenAI’s own, stage by stage: ${each.name}`, async () => {
      const path = join(fixtures, 'speech', each.folder);
      const checkpoint = await Checkpoint.open(platform, path);
      try {
        const spectrogram = tensorNamed(await tensorsIn(join(path, 'expected.safetensors')), 'features');
        const family = speechArchitectureOf(checkpoint.config);
        const { attention, decoder } = family.describe(checkpoint.config);
        const leaf = input(spectrogram.shape);
        const memory = family.build(checkpoint, leaf, attention).hiddenStates.at(-1) ?? assert.fail();
        const writer = family.decoder.build(checkpoint, each.tokens.length, memory, decoder.attention);
        const scores = writer.cross.map(
          (steps) => steps.find(({ label }) => label?.name === 'scaled') ?? assert.fail('nothing is scaled'),
        );
        const { layers, cost } = alignment({ scores, ...each });
        // Every head has its stages; those of the chosen ones are compared.
        const chosen = (stage: 'smooth' | 'standard'): Value =>
          concat(
            each.heads.map(({ layer, head }) => {
              const own = layers[layer]?.[stage] ?? assert.fail();
              const [, rows = 0, columns = 0] = own.shape;
              return rearrange(
                slice(own, [
                  { start: head, end: head + 1 },
                  { start: 0, end: rows },
                  { start: 0, end: columns },
                ]),
                [rows, columns],
              );
            }),
            'rows',
          );
        const stages: readonly (readonly [string, Value])[] = [
          ['z', chosen('standard')],
          ['median', chosen('smooth')],
          ['cost', cost],
        ];
        const feeds = new Map([...writer.feeds(each.tokens), [leaf, spectrogram] as const]);
        const found = await runtime.run(
          stages.map(([, value]) => value),
          feeds,
        );
        for (const [at, [stage]] of stages.entries()) {
          const want = tensorNamed(expected, `${each.name}/${stage}`);
          const { data } = found[at] ?? assert.fail();
          assertClose({ shape: want.shape, data }, want, 1e-4, stage);
        }
        const way = warp(found[2] ?? assert.fail());
        const want = [...tensorNamed(expected, `${each.name}/path`).data];
        assert.deepEqual([...way.rows, ...way.columns], want);
        const begins = beginnings(way);
        let token = 0;
        const times = each.words.map((count) => {
          const start = (begins[token] ?? NaN) / 50;
          token += count;
          return [start, (begins[token] ?? NaN) / 50];
        });
        assert.deepEqual(times, each.times);
      } finally {
        await checkpoint.dispose();
      }
    });
  }

  it('refuses what cannot be aligned by a sentence', () => {
    const scores = [input([2, 5, 20]), input([2, 5, 20])];
    const asked = { scores, heads: [{ layer: 1, head: 1 }], frames: 20, before: 1 };
    assert.doesNotThrow(() => alignment(asked));
    const refusal = (change: Partial<typeof asked>, message: RegExp): void => {
      assert.throws(() => alignment({ ...asked, ...change }), { name: 'ModelError', message });
    };
    refusal({ heads: [] }, /needs a head/);
    refusal(
      { heads: [{ layer: 1, head: 2 }] },
      /no head 2 in layer 1 to align by; it has 2 layers of 2 heads/,
    );
    refusal({ heads: [{ layer: 7, head: 0 }] }, /no head 0 in layer 7/);
    refusal({ frames: 0 }, /1 to 20 frames of sound can be aligned, not 0/);
    refusal({ frames: 21 }, /not 21/);
    refusal({ before: 4 }, /no text to align/);
  });

  it('has the same numbers in double precision', () => {
    const scores = input([1, 4, 9]);
    const data = Float64Array.from({ length: 36 }, (_, at) => Math.sin(at * at));
    const { cost } = alignment({ scores: [scores], heads: [{ layer: 0, head: 0 }], frames: 9, before: 1 });
    const [found] = evaluate([cost], new Map([[scores, { shape: [1, 4, 9], data }]]));
    const way = warp(found ?? assert.fail());
    assert.deepEqual([way.rows[0], way.columns[0], way.rows.at(-1), way.columns.at(-1)], [0, 0, 1, 8]);
  });
});
