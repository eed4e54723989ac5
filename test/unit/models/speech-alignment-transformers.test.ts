import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { input, stepFor, type Value } from '../../../src/engine/graph.js';
import { speechArchitectureOf } from '../../../src/models/architectures/speech/index.js';
import { Checkpoint } from '../../../src/models/checkpoint.js';
import type { AlignmentHead } from '../../../src/models/speech/alignment.js';
import {
  transformersAlignment,
  transformersBeginnings,
} from '../../../src/models/speech/transformers-alignment.js';
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
  /** Of each token of the text, then the end. */
  readonly times: readonly number[];
}

/** Made by make_speech_alignment_transformers.py. */
const file = join(fixtures, 'speech-alignment-transformers');
const cases = readJson<readonly Case[]>(readFileSync(`${file}.json`, 'utf8'));

describe('aligning words with sound as transformers does', () => {
  const runtime = new Runtime(platform);
  let expected: Tensors;
  before(async () => {
    expected = await tensorsIn(`${file}.safetensors`);
  });
  after(() => runtime.dispose());

  for (const each of cases) {
    it(`is its own, stage by stage: ${each.name}`, async () => {
      const path = join(fixtures, 'speech', each.folder);
      const checkpoint = await Checkpoint.open(platform, path);
      try {
        const spectrogram = tensorNamed(await tensorsIn(join(path, 'expected.safetensors')), 'features');
        const family = speechArchitectureOf(checkpoint.config);
        const { attention, decoder } = family.describe(checkpoint.config);
        const leaf = input(spectrogram.shape);
        const memory = family.build(checkpoint, leaf, attention).hiddenStates.at(-1) ?? assert.fail();
        const writer = family.decoder.build(checkpoint, each.tokens.length, memory, decoder.attention);
        const weights = writer.cross.map((steps) => stepFor(steps, 'weights'));
        const count = each.tokens.length - each.before;
        const { layers, cost } = transformersAlignment({ weights, count, ...each });
        const stages: readonly (readonly [string, readonly Value[]])[] = [
          ['z', layers.map(({ standard }) => standard)],
          ['median', layers.map(({ smooth }) => smooth)],
        ];
        const feeds = new Map([...writer.feeds(each.tokens), [leaf, spectrogram] as const]);
        const found = await runtime.run([cost, ...stages.flatMap(([, values]) => values)], feeds);
        const [costs, ...rest] = found;
        assertClose(costs ?? assert.fail(), tensorNamed(expected, `${each.name}/cost`), 1e-4, 'cost');
        for (const [place, [stage, values]] of stages.entries()) {
          const want = tensorNamed(expected, `${each.name}/${stage}`); // (chosen head, token, frame)
          const size = count * each.frames;
          for (const [at, { layer, head }] of each.heads.entries()) {
            const own = rest[place * values.length + layer]?.data.slice(head * size, (head + 1) * size);
            const shape = [count, each.frames];
            assertClose(
              { shape, data: own ?? assert.fail() },
              { shape, data: want.data.slice(at * size, (at + 1) * size) },
              1e-4,
              `${stage} ${layer} ${head}`,
            );
          }
        }
        const way = warp(costs ?? assert.fail());
        const want = [...tensorNamed(expected, `${each.name}/path`).data];
        assert.deepEqual([...way.rows, ...way.columns], want);
        const times = transformersBeginnings(way).map((frame) => (frame / 50).toFixed(4));
        assert.deepEqual(
          times,
          each.times.map((time) => time.toFixed(4)),
        );
      } finally {
        await checkpoint.dispose();
      }
    });
  }

  it('refuses what cannot be aligned by a sentence', () => {
    const asked = {
      weights: [input([2, 5, 20]), input([2, 5, 20])],
      heads: [{ layer: 1, head: 1 }],
      frames: 20,
      before: 2,
      count: 3,
    };
    assert.doesNotThrow(() => transformersAlignment(asked));
    const refusal = (change: Partial<typeof asked>, message: RegExp): void => {
      assert.throws(() => transformersAlignment({ ...asked, ...change }), { name: 'ModelError', message });
    };
    refusal({ count: 0 }, /no text to align/);
    refusal({ count: 4 }, /no text to align/);
    refusal({ heads: [] }, /needs a head/);
    refusal({ heads: [{ layer: 2, head: 0 }] }, /no head 0 in layer 2/);
    refusal({ frames: 21 }, /not 21/);
  });
});
