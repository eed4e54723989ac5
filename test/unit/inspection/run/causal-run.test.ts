import assert from 'node:assert/strict';
import { join } from 'node:path';
import { wholeOf } from '../../../../src/engine/tensor.js';
import { CausalRun } from '../../../../src/inspection/run/causal-run.js';
import { Model } from '../../../../src/models/model.js';
import { Runtime } from '../../../../src/runtime/session.js';
import {
  assertClose,
  at,
  fixtures,
  tensorNamed,
  tensorsIn,
  type Tensors,
} from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

/** Of make_continuations.py. */
const checkpoints = [
  'gpt2',
  'gpt2-lm',
  'gpt2-unscaled',
  'llama',
  'llama3',
  'qwen2',
  'phi3',
  'gemma2',
  'gemma3',
  'gpt-neox',
  'phi',
  'gpt-neo',
];

function runOf(model: Model, runtime: Runtime): CausalRun {
  const build = (tokens: number) => model.build(tokens, model.attention);
  return new CausalRun({ build, growing: model.growing }, runtime);
}

describe('A causal run', () => {
  const runtime = new Runtime(platform);
  after(() => runtime.dispose());

  for (const name of checkpoints) {
    describe(name, () => {
      let model: Model;
      let continued: Tensors;
      let ids: number[];
      before(async () => {
        model = await Model.open(platform, join(fixtures, name));
        continued = await tensorsIn(join(fixtures, name, 'continued.safetensors'));
        ids = [...tensorNamed(await tensorsIn(join(fixtures, name, 'expected.safetensors')), 'ids').data];
      });
      after(() => model.dispose());

      it('says of each next token what transformers says, also when the text came in pieces', async () => {
        const run = runOf(model, runtime);
        await run.append(ids.slice(0, 1));
        await run.append(ids.slice(1, 4));
        await run.append(ids.slice(4));
        const logits = tensorNamed(continued, 'logits');
        for (let row = 0; row < ids.length; row++) {
          const expected = at(logits, row);
          const actual = { shape: expected.shape, data: await run.logits(row) };
          assertClose(actual, expected, 1e-4, `logits after token ${row}`);
        }
      });

      it('keeps of pieces what a run of the whole text gives', async () => {
        const run = runOf(model, runtime);
        await run.append(ids.slice(0, 6));
        for (const id of ids.slice(6)) await run.append([id]);
        const graph = model.build(ids.length, model.attention);
        for (const [layer, kept] of run.kept(graph).entries()) {
          assert.equal(kept.size, 4);
          for (const [value, source] of kept) {
            const [whole] = await runtime.run([value], graph.feeds(ids));
            assert.ok(whole);
            assertClose(await source.read(wholeOf(source.shape)), whole, 1e-4, `layer ${layer}`);
          }
        }
      });

      it('gives the same layer by layer, where weights are too large to be held together', async () => {
        const build = (tokens: number) => model.build(tokens, model.attention);
        const run = new CausalRun({ build, growing: model.growing, byLayer: () => true }, runtime, 5);
        await run.append(ids.slice(0, 7));
        const told: string[] = [];
        await run.append(ids.slice(7), { progress: (message) => told.push(message) });
        const logits = tensorNamed(continued, 'logits');
        for (let row = 0; row < ids.length; row++) {
          const expected = at(logits, row);
          const actual = { shape: expected.shape, data: await run.logits(row) };
          assertClose(actual, expected, 1e-4, `logits after token ${row}`);
        }
        assert.deepEqual(
          [...new Set(told)],
          Array.from({ length: model.layers }, (_, layer) => `Layer ${layer} of 0–${model.layers - 1}`),
        );
        const graph = model.build(ids.length, model.attention);
        for (const [layer, kept] of run.kept(graph).entries()) {
          assert.equal(kept.size, 4);
          for (const [value, source] of kept) {
            const [whole] = await runtime.run([value], graph.feeds(ids));
            assert.ok(whole);
            assertClose(await source.read(wholeOf(source.shape)), whole, 1e-4, `layer ${layer}`);
          }
        }
      });

      it('goes on greedily, token for token, with the same sessions from the second token on', async () => {
        const greedy = [...tensorNamed(continued, 'greedy').data];
        const own = new Runtime(platform);
        const run = runOf(model, own);
        await run.append(greedy.slice(0, 5));
        const said = greedy.slice(0, 5);
        let ready = 0;
        while (said.length < greedy.length) {
          const logits = await run.logits(said.length - 1);
          const next = logits.indexOf(Math.max(...logits));
          said.push(next);
          await run.append([next]);
          if (said.length === 6) ready = await own.ready();
        }
        assert.deepEqual(said, greedy);
        assert.equal(await own.ready(), ready);
        await own.dispose();
      });
    });
  }

  it('a long text passes in parts, and says how far it is and how much it keeps', async () => {
    const model = await Model.open(platform, join(fixtures, 'gemma3'));
    try {
      const continued = await tensorsIn(join(fixtures, 'gemma3', 'continued.safetensors'));
      const ids = [
        ...tensorNamed(await tensorsIn(join(fixtures, 'gemma3', 'expected.safetensors')), 'ids').data,
      ];
      const build = (tokens: number) => model.build(tokens, model.attention);
      const run = new CausalRun({ build, growing: model.growing }, runtime, 5);
      const fractions: (number | null)[] = [];
      await run.append(ids, { progress: (_, fraction) => fractions.push(fraction) });
      assert.deepEqual(
        fractions,
        [0, 5, 10, 15].map((done) => done / ids.length),
      );
      const expected = at(tensorNamed(continued, 'logits'), ids.length - 1);
      const data = await run.logits(ids.length - 1);
      assertClose({ shape: expected.shape, data }, expected, 1e-4, 'the last logits');
      // Per layer X and Q of 10 and 16 columns, K and V of 8 for one group: (10 + 16 + 8 + 8) numbers a token.
      assert.equal(run.bytesFor(ids.length), 3 * ids.length * 42 * 4);
    } finally {
      await model.dispose();
    }
  });

  it('where angles grow with the text, a shorter text is run again', async () => {
    const model = await Model.open(platform, join(fixtures, 'llama-dynamic'));
    try {
      const ids = [
        ...tensorNamed(await tensorsIn(join(fixtures, 'llama-dynamic', 'expected.safetensors')), 'ids').data,
      ];
      const run = runOf(model, runtime);
      await run.append(ids.slice(0, 20));
      await run.append(ids.slice(20));
      const graph = model.build(ids.length, model.attention);
      const [kept] = run.kept(graph);
      assert.ok(kept);
      for (const [value, source] of kept) {
        const [whole] = await runtime.run([value], graph.feeds(ids));
        assert.ok(whole);
        assertClose(await source.read(wholeOf(source.shape)), whole, 1e-5, value.label?.name ?? 'kept');
      }
    } finally {
      await model.dispose();
    }
  });

  it('an aborted piece leaves the run as it was', async () => {
    const model = await Model.open(platform, join(fixtures, 'llama'));
    try {
      const run = runOf(model, runtime);
      await run.append([1, 2, 3]);
      const before = await run.logits(2);
      await assert.rejects(run.append([4, 5], { signal: AbortSignal.abort() }), { name: 'AbortError' });
      assert.deepEqual(run.ids, [1, 2, 3]);
      assert.deepEqual(await run.logits(2), before);
    } finally {
      await model.dispose();
    }
  });

  it('refuses what is beyond the limit, and keeps what was there', async () => {
    const model = await Model.open(platform, join(fixtures, 'gpt2'));
    try {
      const run = runOf(model, runtime);
      await run.append(Array.from({ length: 40 }, () => 7));
      await assert.rejects(run.append([7]), /gpt2 reads 1 to 40 tokens at a time, not 41/);
      assert.equal(run.ids.length, 40);
      await assert.rejects(run.logits(40), RangeError);
    } finally {
      await model.dispose();
    }
  });
});
