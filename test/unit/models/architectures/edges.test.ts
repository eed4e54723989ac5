import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Value } from '../../../../src/engine/graph.js';
import { architectures } from '../../../../src/models/architectures/index.js';
import { Model } from '../../../../src/models/model.js';
import { Runtime } from '../../../../src/runtime/session.js';
import {
  assertClose,
  fixtures,
  readJson,
  tensorNamed,
  tensorsIn,
  type Tensors,
} from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

/** Made by make_edges.py: a folder's name, then what was read, then of which half where there are two. */
const path = join(fixtures, 'edges.safetensors');

describe('At its edges, each family computes what transformers computes', () => {
  const runtime = new Runtime(platform);
  let expected: Tensors;
  before(async () => {
    expected = await tensorsIn(path);
  });
  after(() => runtime.dispose());

  const idsOf = (key: string): number[] => [...tensorNamed(expected, `${key}/ids`).data];

  async function assertReads(model: Model, key: string): Promise<void> {
    const ids = idsOf(key);
    const graph = model.build(ids.length, model.attention);
    const [result] = await runtime.run(graph.hiddenStates.slice(-1), graph.feeds(ids));
    assert.ok(result !== undefined);
    assertClose(result, tensorNamed(expected, key), 1e-4, key);
  }

  /** @param previous what the decoder has read */
  async function statesOf(
    model: Model,
    ids: readonly number[],
    previous: readonly number[],
  ): Promise<readonly [Float32Array, Float32Array]> {
    const encoder = model.build(ids.length, model.attention);
    const memory = encoder.hiddenStates.at(-1);
    assert.ok(memory !== undefined && model.decoder !== undefined);
    const decoder = model.buildDecoder(previous.length, memory, model.decoder.attention);
    const targets: Value[] = [memory, ...decoder.hiddenStates.slice(-1)];
    const feeds = new Map([...encoder.feeds(ids), ...decoder.feeds(previous)]);
    const [read, written] = await runtime.run(targets, feeds);
    assert.ok(read !== undefined && written !== undefined);
    return [read.data, written.data];
  }

  function assertState(data: Float32Array, key: string): void {
    const { shape } = tensorNamed(expected, key);
    assertClose({ shape, data }, tensorNamed(expected, key), 1e-4, key);
  }

  const folders = [
    ...['bert', 'distilbert', 'roberta', 'xlm-roberta', 'albert', 'electra', 'electra-equal', 'mpnet'],
    ...['modernbert', 'gpt2', 'gpt2-lm', 'gpt2-unscaled', 'gpt-neo', 'gpt-neox', 'gpt-neox-serial', 'llama'],
    ...[
      'llama-linear',
      'llama-dynamic',
      'llama3',
      'mistral',
      'qwen2',
      'qwen3',
      'phi',
      'phi3',
      'gemma2',
      'gemma3',
      'gemma',
      'camembert',
      'data2vec-text',
      'clip-text',
      'siglip-text',
    ],
    ...['t5', 't5-gated', 'mt5', 'bart', 'mbart', 'marian', 'marian-apart', 'm2m-100', 'pegasus'],
  ];

  for (const name of folders) {
    it(`${name}: one token, as many as it reads, and a text that stands padded beside a longer one`, async () => {
      const model = await Model.open(platform, join(fixtures, name));
      try {
        if (model.decoder === undefined) {
          for (const edge of ['one', 'limit', 'padded']) await assertReads(model, `${name}/${edge}`);
          assert.equal(idsOf(`${name}/limit`).length, model.limit);
          return;
        }
        for (const edge of ['one', 'limit']) {
          const ids = idsOf(`${name}/${edge}/encoder`);
          const [read, written] = await statesOf(model, ids, ids.toReversed());
          assertState(read, `${name}/${edge}/encoder`);
          assertState(written, `${name}/${edge}/decoder`);
        }
        const ids = idsOf(`${name}/padded`);
        const [, written] = await statesOf(model, ids, ids.toReversed());
        assertState(written, `${name}/padded`);
        // T5 has none: its biases tell distances apart up to a bound, and nothing beyond.
        if (model.positions !== 'bias') assert.equal(idsOf(`${name}/limit/encoder`).length, model.limit);
      } finally {
        await model.dispose();
      }
    });
  }

  it('of every model type that is read', () => {
    const types = folders.map((name) => {
      const config = readFileSync(join(fixtures, name, 'config.json'), 'utf8');
      return readJson<{ model_type: string }>(config).model_type;
    });
    assert.deepEqual(new Set(types), new Set(architectures.flatMap(({ modelTypes }) => modelTypes)));
    assert.deepEqual(new Set([...expected.keys()].map((key) => key.split('/')[0])), new Set(folders));
  });
});
