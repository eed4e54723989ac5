import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attendParameters, standardAttention } from '../../../../src/engine/mechanisms/index.js';
import type { Value } from '../../../../src/engine/graph.js';
import type { Tensor } from '../../../../src/engine/tensor.js';
import { architectures } from '../../../../src/models/architectures/index.js';
import { Model } from '../../../../src/models/model.js';
import { compile } from '../../../../src/runtime/compile.js';
import { Runtime } from '../../../../src/runtime/session.js';
import {
  assertClose,
  at,
  fixtures,
  readJson,
  tensorNamed,
  tensorsIn,
  type Tensors,
} from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

const checkpoints = [
  { name: 'bert', family: 'BERT', layers: 2, heads: 3, width: 12, limit: 40 },
  { name: 'bert-legacy', family: 'BERT', layers: 2, heads: 3, width: 12, limit: 40 },
  { name: 'bert-sharded', family: 'BERT', layers: 3, heads: 3, width: 12, limit: 40 },
  { name: 'bert-bin', family: 'BERT', layers: 2, heads: 3, width: 12, limit: 40 },
  { name: 'bert-bin-sharded', family: 'BERT', layers: 2, heads: 3, width: 12, limit: 40 },
  { name: 'distilbert', family: 'DistilBERT', layers: 2, heads: 2, width: 10, limit: 33 },
  { name: 'roberta', family: 'RoBERTa', layers: 2, heads: 5, width: 15, limit: 48 },
  { name: 'xlm-roberta', family: 'RoBERTa', layers: 2, heads: 5, width: 15, limit: 48 },
  { name: 'camembert', family: 'CamemBERT', layers: 2, heads: 3, width: 12, limit: 48 },
  { name: 'data2vec-text', family: 'data2vec', layers: 2, heads: 3, width: 12, limit: 48 },
  { name: 'albert', family: 'ALBERT', layers: 4, heads: 3, width: 12, limit: 40 },
  { name: 'electra', family: 'ELECTRA', layers: 2, heads: 3, width: 12, limit: 40 },
  { name: 'electra-equal', family: 'ELECTRA', layers: 2, heads: 3, width: 12, limit: 40 },
  { name: 'mpnet', family: 'MPNet', layers: 2, heads: 3, width: 12, limit: 198 },
  { name: 'modernbert', family: 'ModernBERT', layers: 4, heads: 2, width: 12, limit: 64 },
  { name: 'phi', family: 'Phi', layers: 2, heads: 3, width: 24, limit: 64 },
  { name: 'gpt2', family: 'GPT-2', layers: 2, heads: 3, width: 15, limit: 40 },
  { name: 'gpt2-lm', family: 'GPT-2', layers: 2, heads: 2, width: 12, limit: 40 },
  { name: 'gpt2-unscaled', family: 'GPT-2', layers: 2, heads: 5, width: 10, limit: 40 },
  { name: 'llama', family: 'Llama', layers: 2, heads: 4, width: 12, limit: 64 },
  { name: 'llama-linear', family: 'Llama', layers: 1, heads: 2, width: 8, limit: 64 },
  { name: 'llama-dynamic', family: 'Llama', layers: 1, heads: 2, width: 8, limit: 48 },
  { name: 'llama3', family: 'Llama', layers: 2, heads: 3, width: 9, limit: 128 },
  { name: 'mistral', family: 'Mistral', layers: 2, heads: 4, width: 8, limit: 64 },
  { name: 'qwen2', family: 'Qwen2', layers: 2, heads: 4, width: 16, limit: 64 },
  { name: 'phi3', family: 'Phi-3', layers: 2, heads: 4, width: 16, limit: 64 },
  { name: 'gemma', family: 'Gemma', layers: 2, heads: 4, width: 12, limit: 64 },
  { name: 'gemma2', family: 'Gemma 2', layers: 3, heads: 4, width: 12, limit: 64 },
  { name: 'gemma3', family: 'Gemma 3', layers: 3, heads: 2, width: 10, limit: 64 },
  { name: 'gpt-neo', family: 'GPT-Neo', layers: 3, heads: 2, width: 10, limit: 40 },
  { name: 'gpt-neox', family: 'GPT-NeoX', layers: 2, heads: 3, width: 24, limit: 64 },
  { name: 'gpt-neox-serial', family: 'GPT-NeoX', layers: 2, heads: 2, width: 8, limit: 64 },
  { name: 'qwen3', family: 'Qwen3', layers: 2, heads: 2, width: 10, limit: 64 },
  { name: 'clip-text', family: 'CLIP text', layers: 3, heads: 2, width: 10, limit: 14 },
  { name: 'siglip-text', family: 'SigLIP text', layers: 3, heads: 2, width: 10, limit: 14 },
];

describe('Architectures', () => {
  const runtime = new Runtime(platform);
  after(() => runtime.dispose());

  for (const { name, ...description } of checkpoints) {
    describe(name, () => {
      let model: Model;
      let expected: Tensors;
      let ids: number[];
      before(async () => {
        model = await Model.open(platform, join(fixtures, name));
        expected = await tensorsIn(join(fixtures, name, 'expected.safetensors'));
        ids = [...tensorNamed(expected, 'ids').data];
      });
      after(() => model.dispose());

      it('says what it is', () => {
        const { family, layers, heads, width, limit } = model;
        assert.deepEqual({ family, layers, heads, width, limit }, description);
        assert.equal(model.name, name);
      });

      it('computes the hidden states and attention weights that transformers computes', async () => {
        const graph = model.build(ids.length, model.attention);
        const weights = graph.layers.map((steps) => stepNamed(steps, 'weights'));
        const targets = [...graph.hiddenStates, ...weights];
        const results = await runtime.run(targets, graph.feeds(ids));
        const states = tensorNamed(expected, 'hidden_states');
        const attentions = tensorNamed(expected, 'attentions');
        assert.equal(states.shape[0], graph.hiddenStates.length);
        assert.equal(attentions.shape[0], graph.layers.length);
        results.forEach((result: Tensor<Float32Array>, index) => {
          const layer = index - graph.hiddenStates.length;
          if (layer < 0) assertClose(result, at(states, index), 1e-4, `hidden states ${index}`);
          else assertClose(result, at(attentions, layer), 1e-5, `weights of layer ${layer}`);
        });
      });

      it('compiles to the same ONNX model for any number of tokens', () => {
        // Below the length from which the base of dynamic rotary positions grows.
        const [short, long] = [2, Math.min(15, model.limit)].map((tokens) => {
          const { hiddenStates, layers } = model.build(tokens, model.attention);
          return compile([...hiddenStates, ...layers.map((steps) => stepNamed(steps, 'Q'))]).bytes;
        });
        assert.deepEqual(short, long);
      });

      it('refuses more tokens than it has positions for', () => {
        const { limit } = description;
        assert.doesNotThrow(() => model.build(limit, standardAttention));
        for (const tokens of [0, limit + 1]) {
          assert.throws(() => model.build(tokens, standardAttention), {
            name: 'ModelError',
            message: `${name} reads 1 to ${limit} tokens at a time, not ${tokens}.`,
          });
        }
      });
    });
  }

  it('are all registered, and each model type has a checkpoint to compare with', () => {
    const folder = join(process.cwd(), 'src/models/architectures');
    const shared = new Set(['sequence/sequence-stack.ts']);
    const families = ['bidirectional', 'causal', 'sequence']
      .flatMap((kind) => readdirSync(join(folder, kind)).map((file) => `${kind}/${file}`))
      .filter((file) => !shared.has(file));
    const index = readFileSync(join(folder, 'index.ts'), 'utf8');
    for (const file of families) {
      assert.ok(index.includes(`from './${file.replace(/ts$/, 'js')}'`), `${file} is not in index.ts`);
    }
    // Those of two halves are compared in sequences.test.ts.
    const halves = ['bart', 'm2m-100', 'marian', 'mbart', 'mt5', 'pegasus', 't5'];
    const compared = [...checkpoints.map(({ name }) => name), ...halves].map((name) => {
      const config: unknown = JSON.parse(readFileSync(join(fixtures, name, 'config.json'), 'utf8'));
      assert.ok(typeof config === 'object' && config !== null && 'model_type' in config);
      return config.model_type;
    });
    const types = architectures.flatMap(({ modelTypes }) => modelTypes);
    assert.deepEqual(new Set(compared), new Set(types));
  });

  it('read rotary positions from older configurations as from newer ones', async () => {
    const older: readonly [string, Readonly<Record<string, unknown>>][] = [
      ['gpt-neox', { rotary_pct: 0.5, rotary_emb_base: 700 }],
      ['phi', { partial_rotary_factor: 0.5, rope_theta: 10_000 }],
      ['modernbert', { global_rope_theta: 160_000, local_rope_theta: 10_000, layer_types: null }],
      ['llama-linear', { rope_theta: 500, rope_scaling: { type: 'linear', factor: 2.5 } }],
      [
        'gemma3',
        { rope_theta: 5000, rope_local_base_freq: 100, rope_scaling: { rope_type: 'linear', factor: 4 } },
      ],
    ];
    const scratch = await mkdtemp(join(tmpdir(), 'older-'));
    try {
      for (const [name, settings] of older) {
        const copy = join(scratch, name);
        await cp(join(fixtures, name), copy, { recursive: true });
        const config = readJson<object>(readFileSync(join(copy, 'config.json'), 'utf8'));
        const written = JSON.stringify({ ...config, rope_parameters: undefined, ...settings });
        await writeFile(join(copy, 'config.json'), written);
        const expected = await tensorsIn(join(fixtures, name, 'expected.safetensors'));
        const ids = [...tensorNamed(expected, 'ids').data];
        const model = await Model.open(platform, copy);
        const graph = model.build(ids.length, model.attention);
        const states = tensorNamed(expected, 'hidden_states');
        const last = graph.hiddenStates.length - 1;
        const [result] = await runtime.run(graph.hiddenStates.slice(-1), graph.feeds(ids));
        await model.dispose();
        assert.ok(result);
        assertClose(result, at(states, last), 1e-4, name);
      }
    } finally {
      await rm(scratch, { recursive: true });
    }
  });

  it('say what a reader finds set: a causal mask, a cap, a scaling; and what there is nothing to choose of', async () => {
    const defaults = async (name: string): Promise<Record<string, unknown>> => {
      const model = await Model.open(platform, join(fixtures, name));
      await model.dispose();
      const offered = attendParameters({
        inputs: {},
        keys: 9,
        pairs: model.positions !== 'rotary',
        bias: model.positions !== 'bias',
        standard: model.attention,
      });
      for (const { value, default: standard } of offered) assert.equal(value, standard);
      return Object.fromEntries(offered.map((each) => [each.name, each.default]));
    };
    const bert = await defaults('bert');
    assert.deepEqual(
      [bert['causal'], bert['scaling'], bert['rotary'], bert['bias']],
      ['off', 'sqrt', 'none', 'none'],
    );
    const gpt2 = await defaults('gpt2');
    assert.deepEqual([gpt2['causal'], gpt2['scaling'], gpt2['softcap']], ['on', 'sqrt', 0]);
    const gemma = await defaults('gemma2');
    assert.deepEqual([gemma['causal'], gemma['scaling'], gemma['softcap']], ['on', 'number', 2.5]);
    assert.equal(gemma['divisor'], Math.sqrt(11));
    assert.ok(!('rotary' in gemma) && 'bias' in gemma);
    assert.ok(!('bias' in (await defaults('mpnet'))));
  });

  it('keep a layer’s window when the mask is taken away', async () => {
    const model = await Model.open(platform, join(fixtures, 'mistral'));
    const graph = model.build(9, { ...model.attention, mask: { kind: 'none' } });
    const targets = graph.layers.map((steps) => stepNamed(steps, 'weights'));
    const results = await runtime.run(targets, graph.feeds([5, 6, 7, 8, 9, 10, 11, 12, 13]));
    await model.dispose();
    for (const { data } of results) {
      data.forEach((weight, cell) => {
        const apart = Math.abs((Math.floor(cell / 9) % 9) - (cell % 9));
        assert.equal(weight > 0, apart < 5, `${apart}`);
      });
    }
  });

  it('refuse rotary scalings that are not built here, and heads that do not share evenly', async () => {
    const model = (settings: object): Promise<Model> => {
      const read = readJson<object>(readFileSync(join(fixtures, 'llama/config.json'), 'utf8'));
      return openWith({ ...read, ...settings });
    };
    await assert.rejects(model({ rope_parameters: { rope_type: 'proportional', factor: 4 } }), {
      name: 'ModelError',
      message:
        /says that "rope_type" is "proportional", but it has to be one of "default", "linear", "dynamic", "llama3", "yarn", "longrope"\.$/,
    });
    const long = { rope_type: 'longrope', short_factor: [1, 1, 1], long_factor: [1, 2] };
    await assert.rejects(
      model({ rope_parameters: long }),
      /scales rotary positions by LongRoPE, whose "long_factor" has 2 numbers; 3 positive ones are needed/,
    );
    await assert.rejects(model({ rope_parameters: 7 }), /"rope_parameters" is .*7.* has to be an object/);
    await assert.rejects(
      model({ rope_parameters: { rope_type: 'linear', factor: 0 } }),
      /"factor" is .*0.* a positive number/,
    );
    const partly = { rope_type: 'linear', factor: 2, partial_rotary_factor: 0.5 };
    await assert.rejects(
      model({ rope_parameters: partly }),
      /lets 4 of 6 features turn, for which this family has no code in transformers/,
    );
    await assert.rejects(model({ num_key_value_heads: 3 }), /shares 3 heads of keys among 4 of queries/);
    await assert.rejects(model({ head_dim: 5 }), /a head has 5 of them, which is not even/);
  });

  it('passes a mask and a temperature on to every layer', async () => {
    const model = await Model.open(platform, join(fixtures, 'bert'));
    const ids = [2, 9, 30, 31, 3];
    const graph = model.build(ids.length, {
      ...standardAttention,
      mask: { kind: 'causal' },
      temperature: 2,
    });
    const plain = model.build(ids.length, standardAttention);
    const steps = graph.layers.map((layer) => stepNamed(layer, 'weights'));
    const results = await runtime.run(steps, graph.feeds(ids));
    const [before] = await runtime.run([stepNamed(plain.layers[0] ?? [], 'weights')], plain.feeds(ids));
    for (const { data } of results) {
      for (let cell = 0; cell < data.length; cell++) {
        const [query, key] = [Math.floor(cell / 5) % 5, cell % 5];
        if (key > query) assert.equal(data[cell], 0);
      }
    }
    // Of the second token: half as far apart in logarithms, and only its first two keys.
    const [first, second] = [before?.data[5] ?? NaN, before?.data[6] ?? NaN];
    const ratio = (results[0]?.data[5] ?? NaN) / (results[0]?.data[6] ?? NaN);
    assert.ok(Math.abs(ratio - Math.sqrt(first / second)) < 1e-5);
    await model.dispose();
  });
});

/** The Llama fixture with another config.json. */
async function openWith(config: object): Promise<Model> {
  const copy = await mkdtemp(join(tmpdir(), 'llama-'));
  try {
    await cp(join(fixtures, 'llama'), copy, { recursive: true });
    await writeFile(join(copy, 'config.json'), JSON.stringify(config));
    const model = await Model.open(platform, copy);
    await model.dispose();
    return model;
  } finally {
    await rm(copy, { recursive: true });
  }
}

function stepNamed(steps: readonly Value[], name: string): Value {
  const found = steps.find((step) => step.label?.name === name);
  assert.ok(found, `there is no step ${name}`);
  return found;
}
