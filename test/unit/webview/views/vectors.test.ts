import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { Inspection } from '../../../../src/inspection/core/inspection.js';
import { chartOf } from '../../../../webview/views/vectors/chart.js';
import {
  chainOf,
  isOperand,
  orderOf,
  runningSum,
  scoresOf,
  stagesOf,
  termsOf,
} from '../../../../webview/views/vectors/pair.js';
import { random, randomTensor } from '../../../support/engine/numbers.js';
import { everyInput } from '../../../support/engine/variants.js';
import { openText } from '../../../support/inspections.js';
import { platform } from '../../../support/platform.js';

const models = join(process.cwd(), 'test/fixtures/models');

describe('vectors of a pair', () => {
  let engine: Engine;
  let scratch: string;
  before(async () => {
    engine = new Engine(platform, 'media');
    scratch = await mkdtemp(join(tmpdir(), 'attention-vectors-'));
  });
  after(async () => {
    await engine.dispose();
    await rm(scratch, { recursive: true });
  });

  /** A checkpoint that has no words of its own, with a word for each letter. */
  async function withWords(path: string): Promise<string> {
    const folder = join(scratch, basename(path));
    await mkdir(folder);
    for (const file of ['config.json', 'model.safetensors'])
      await copyFile(join(path, file), join(folder, file));
    const vocab = Object.fromEntries(['?', 'a', 'b', 'c', 'd', 'e'].map((word, at) => [word, at + 4]));
    const tokenizer = {
      ...{ version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null },
      ...{ pre_tokenizer: { type: 'WhitespaceSplit' }, post_processor: null, decoder: null },
      model: { type: 'WordLevel', vocab, unk_token: '?' },
    };
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
    return folder;
  }

  /** The running sum of the terms ends at the score that ran; the last vectors are those that were multiplied. */
  async function addsUp(inspection: Inspection): Promise<number> {
    const { summary } = inspection;
    const scores = scoresOf(summary);
    assert.ok(scores);
    let stages = 0;
    for (let layer = 0; layer < summary.layers; layer++) {
      const place = { inspection: summary.id, layer, head: summary.heads - 1 };
      const [row, column] = [summary.queries.count - 1, Math.min(1, summary.keys.count - 1)];
      const terms = termsOf(await inspection.arithmetic({ ...place, step: scores.name, row, column }));
      assert.ok(terms, 'a score is a sum');
      const slice = await inspection.slice({ ...place, step: scores.name });
      const score = slice.data[row * summary.keys.count + column] ?? NaN;
      const scale = Math.max(1, Math.abs(score));
      for (const by of ['dimension', 'size'] as const) {
        const sum = runningSum(terms.products, orderOf(terms.products, by)).at(-1) ?? NaN;
        assert.ok(Math.abs(sum - score) <= 1e-5 * scale, `${summary.title}: ${sum}, not ${score}`);
      }
      const found = stagesOf(summary);
      for (const [at, { query, key }] of found.entries()) {
        const line = async (step: string, index: number): Promise<Float32Array> =>
          (await inspection.slice({ ...place, step, rows: { start: index, end: index + 1 } })).data;
        const [q, k] = [await line(query.name, row), await line(key.name, column)];
        assert.equal(q.length, k.length);
        if (at < found.length - 1) continue;
        assert.ok(isOperand(q, terms.columns[0]?.values), `${summary.title}: ${query.name}`);
        assert.ok(isOperand(k, terms.columns[1]?.values), `${summary.title}: ${key.name}`);
      }
      stages = found.length;
      const chain = chainOf(summary).map(({ role, name }) => role ?? name);
      assert.equal(chain[0], 'scores');
      assert.equal(chain.at(-1), 'weights');
    }
    return stages;
  }

  for (const [folder, stages] of [
    ['bert', 1],
    ['gpt2-text', 1],
    ['llama', 2],
    ['gemma2', 2],
    ['gemma3', 3],
    ['qwen3', 3],
    ['marian-text', 1],
    ['t5-text', 1],
  ] as const) {
    it(`sum to the score, before and after what is done to them: ${folder}`, async () => {
      const path = join(models, folder);
      const model = {
        kind: 'folder',
        path: folder.includes('-') || folder === 'bert' ? path : await withWords(path),
      } as const;
      const inspection = await openText(engine, { text: 'a b c d e', model });
      assert.equal(await addsUp(inspection), stages);
    });
  }

  for (const [mechanism, variants] of Object.entries(everyInput)) {
    for (const [at, shapes] of variants.entries()) {
      // Where scores or weights are given there are no vectors behind them.
      if ('scores' in shapes || 'weights' in shapes || 'mask' in shapes || 'lengths' in shapes) continue;
      it(`sum to the score: ${mechanism} ${at}`, async () => {
        const tensors = Object.fromEntries(
          Object.entries(shapes).map(([name, shape], seed) => {
            const { data } = randomTensor(shape, random(seed + 1));
            return [name, { shape: [...shape], data: Float32Array.from(data) }];
          }),
        );
        const opened = await engine.open({ material: { kind: 'tensors', tensors }, by: { mechanism } });
        assert.ok(opened instanceof Inspection, 'a question was asked instead');
        await addsUp(opened);
      });
    }
  }

  it('are added in the order of their size, or as they lie', () => {
    const products = Float32Array.of(1, -4, 0.5, 2);
    assert.deepEqual(orderOf(products, 'dimension'), [0, 1, 2, 3]);
    assert.deepEqual(orderOf(products, 'size'), [1, 3, 0, 2]);
    assert.deepEqual([...runningSum(products, [1, 3, 0, 2])], [-4, -2, -1, -0.5]);
    assert.equal(termsOf({ sums: [] }), null);
  });

  it('are drawn as bars as long as their numbers, around zero', () => {
    const { rows, width } = chartOf([[2, -1, 0, 1]], 400);
    const [row] = rows;
    assert.ok(row);
    assert.equal(width, 400);
    const [first, second, , last] = row.bars;
    assert.ok(first && second && last);
    assert.ok(Math.abs(first.height - 2 * second.height) < 1e-9);
    assert.deepEqual([first.sign, second.sign], ['positive', 'negative']);
    assert.ok(Math.abs(first.y + first.height - row.zero) < 1e-9);
    assert.ok(Math.abs(second.y - row.zero) < 1e-9);
    assert.deepEqual([second.x, last.x], [100, 300]);
  });
});
