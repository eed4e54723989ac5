import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Model } from '../../../../src/models/model.js';
import { Runtime } from '../../../../src/runtime/session.js';
import {
  assertClose,
  at,
  failure,
  fixtures as all,
  readJson,
  tensorNamed,
  tensorsIn,
} from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

/** Made by make_unusual.py. */
const fixtures = join(all, 'unusual');

describe('Settings that few models have are computed as transformers does:', () => {
  const runtime = new Runtime(platform);
  after(() => runtime.dispose());
  const folders: string[] = [];
  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });

  /** A copy with other settings. */
  function copied(name: string, settings: object): string {
    const folder = join(mkdtempSync(join(tmpdir(), 'unusual-')), name);
    folders.push(folder);
    cpSync(join(fixtures, name), folder, { recursive: true });
    const config = readJson<object>(readFileSync(join(folder, 'config.json'), 'utf8'));
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, ...settings }));
    return folder;
  }

  it('every activation without parameters of its own', async () => {
    const expected = await tensorsIn(join(fixtures, 'activations', 'expected.safetensors'));
    const ids = [...tensorNamed(expected, 'ids').data];
    const names = [...expected.keys()].filter((name) => name !== 'ids');
    assert.ok(names.length > 20);
    for (const hidden_act of names) {
      const model = await Model.open(platform, copied('activations', { hidden_act }));
      const graph = model.build(ids.length, model.attention);
      const [last] = await runtime.run(graph.hiddenStates.slice(-1), graph.feeds(ids));
      assertClose(last ?? assert.fail(), tensorNamed(expected, hidden_act), 2e-5, hidden_act);
      await model.dispose();
    }
  });

  it('ALBERT’s groups of several layers', async () => {
    const model = await Model.open(platform, join(fixtures, 'albert-inner'));
    const expected = await tensorsIn(join(fixtures, 'albert-inner', 'expected.safetensors'));
    const ids = [...tensorNamed(expected, 'ids').data];
    const graph = model.build(ids.length, model.attention);
    assert.equal(model.layers, 8);
    assert.equal(graph.hiddenStates.length, tensorNamed(expected, 'hidden_states').shape[0]);
    const weights = graph.layers.map(
      (steps) => steps.find((step) => step.label?.name === 'weights') ?? assert.fail(),
    );
    const results = await runtime.run([...graph.hiddenStates, ...weights], graph.feeds(ids));
    results.forEach((result, index) => {
      const own = index - graph.hiddenStates.length;
      const reference =
        own < 0
          ? at(tensorNamed(expected, 'hidden_states'), index)
          : at(tensorNamed(expected, 'attentions'), own);
      assertClose(result, reference, 5e-5, `result ${index}`);
    });
    await model.dispose();
  });

  it('T5’s odd number of buckets, and a gate of another form', async () => {
    const model = await Model.open(platform, join(fixtures, 't5-odd'));
    const expected = await tensorsIn(join(fixtures, 't5-odd', 'expected.safetensors'));
    const [ids, previous] = ['ids', 'previous'].map((name) => [...tensorNamed(expected, name).data]);
    assert.ok(ids !== undefined && previous !== undefined && model.decoder !== undefined);
    const encoder = model.build(ids.length, model.attention);
    const memory = encoder.hiddenStates.at(-1) ?? assert.fail();
    const decoder = model.buildDecoder(previous.length, memory, model.decoder.attention);
    const [states, logits] = await runtime.run(
      [memory, decoder.logits ?? assert.fail()],
      new Map([...encoder.feeds(ids), ...decoder.feeds(previous)]),
    );
    const all = tensorNamed(expected, 'encoder_states');
    assertClose(states ?? assert.fail(), at(all, (all.shape[0] ?? 0) - 1), 5e-5, 'encoder');
    assertClose(logits ?? assert.fail(), tensorNamed(expected, 'logits'), 5e-5, 'logits');
    await model.dispose();
  });

  for (const name of ['t5-untied', 'mt5-untied']) {
    it(`words that are said with the vectors they are read with, untied or not: ${name}`, async () => {
      const model = await Model.open(platform, join(fixtures, name));
      const expected = await tensorsIn(join(fixtures, name, 'expected.safetensors'));
      const [ids, previous] = ['ids', 'previous'].map((each) => [...tensorNamed(expected, each).data]);
      assert.ok(ids !== undefined && previous !== undefined && model.decoder !== undefined && model.writes);
      const encoder = model.build(ids.length, model.attention);
      const memory = encoder.hiddenStates.at(-1) ?? assert.fail();
      const decoder = model.buildDecoder(previous.length, memory, model.decoder.attention);
      const [logits] = await runtime.run(
        [decoder.logits ?? assert.fail()],
        new Map([...encoder.feeds(ids), ...decoder.feeds(previous)]),
      );
      assertClose(logits ?? assert.fail(), tensorNamed(expected, 'logits'), 5e-5, 'logits');
      await model.dispose();
    });
  }

  it('but not what their own code cannot compute', async () => {
    assert.equal(
      await failure(copied('t5-odd', { relative_attention_num_buckets: 3 })),
      't5-odd: config.json puts distances into 3 buckets; for both directions at least 4 are needed.',
    );
    assert.equal(
      await failure(
        copied('t5-odd', { relative_attention_num_buckets: 8, relative_attention_max_distance: 2 }),
      ),
      't5-odd: config.json lets distances from 2 on share a bucket, but 2 of 8 buckets hold one distance each: the largest distance has to be above that.',
    );
    assert.match(
      await failure(copied('activations', { hidden_act: 'prelu' })),
      /^activations: config\.json says that "hidden_act" is "prelu", but it has to be one of "gelu", /,
    );
  });
});
