import assert from 'node:assert/strict';
import { join } from 'node:path';
import { standardAttention } from '../../../../../src/engine/mechanisms/index.js';
import type { Value } from '../../../../../src/engine/graph.js';
import { Model } from '../../../../../src/models/model.js';
import { Runtime } from '../../../../../src/runtime/session.js';
import {
  assertClose,
  at,
  fixtures,
  tensorNamed,
  tensorsIn,
  type Tensors,
} from '../../../../support/models/expected.js';
import { platform } from '../../../../support/platform.js';

/** Made by make_sequences.py: all have two encoder and three decoder layers. */
const checkpoints = [
  { name: 't5', family: 'T5', heads: [3, 3], width: 12, vocabularies: [37, 37], limit: 4096 },
  { name: 't5-gated', family: 'T5', heads: [3, 3], width: 12, vocabularies: [37, 37], limit: 4096 },
  { name: 'mt5', family: 'mT5', heads: [3, 3], width: 12, vocabularies: [37, 37], limit: 4096 },
  { name: 'bart', family: 'BART', heads: [3, 2], width: 12, vocabularies: [37, 37], limit: 24 },
  { name: 'mbart', family: 'mBART', heads: [3, 2], width: 12, vocabularies: [37, 37], limit: 24 },
  { name: 'marian', family: 'Marian', heads: [3, 2], width: 12, vocabularies: [37, 37], limit: 24 },
  { name: 'marian-apart', family: 'Marian', heads: [3, 5], width: 15, vocabularies: [37, 41], limit: 24 },
  { name: 'm2m-100', family: 'M2M-100 / NLLB', heads: [3, 2], width: 12, vocabularies: [37, 37], limit: 24 },
  { name: 'pegasus', family: 'PEGASUS', heads: [3, 2], width: 12, vocabularies: [37, 37], limit: 24 },
];

describe('Encoder–decoder architectures', () => {
  const runtime = new Runtime(platform);
  after(() => runtime.dispose());

  for (const { name, family, heads, width, vocabularies, limit } of checkpoints) {
    describe(name, () => {
      let model: Model;
      let expected: Tensors;
      before(async () => {
        model = await Model.open(platform, join(fixtures, name));
        expected = await tensorsIn(join(fixtures, name, 'expected.safetensors'));
      });
      after(() => model.dispose());

      it('says what it is', () => {
        const { decoder } = model;
        assert.equal(model.family, family);
        assert.deepEqual([model.layers, decoder?.layers], [2, 3]);
        assert.deepEqual([model.heads, decoder?.heads], heads);
        assert.deepEqual([model.width, model.limit, decoder?.limit], [width, limit, limit]);
        assert.equal(decoder?.vocabulary, vocabularies[1]);
      });

      it('computes the hidden states, the weights of all three attentions and the logits that transformers computes', async () => {
        const [ids, previous] = ['ids', 'previous'].map((each) => [...tensorNamed(expected, each).data]);
        assert.ok(ids !== undefined && previous !== undefined && model.decoder !== undefined);
        const encoder = model.build(ids.length, model.attention);
        const memory = encoder.hiddenStates.at(-1);
        assert.ok(memory !== undefined);
        const decoder = model.buildDecoder(previous.length, memory, model.decoder.attention);
        const wanted: readonly (readonly [string, readonly Value[], number])[] = [
          ['encoder_states', encoder.hiddenStates, 1e-4],
          ['decoder_states', decoder.hiddenStates, 1e-4],
          ['encoder_attentions', encoder.layers.map(weightsOf), 1e-5],
          ['decoder_attentions', decoder.layers.map(weightsOf), 1e-5],
          ['cross_attentions', decoder.cross.map(weightsOf), 1e-5],
        ];
        assert.ok(decoder.logits !== undefined);
        const targets = [...wanted.flatMap(([, values]) => values), decoder.logits];
        const feeds = new Map([...encoder.feeds(ids), ...decoder.feeds(previous)]);
        const results = (await runtime.run(targets, feeds)).values();
        for (const [of, values, tolerance] of wanted) {
          const all = tensorNamed(expected, of);
          assert.equal(all.shape[0], values.length, of);
          for (const index of values.keys()) {
            const { value: result } = results.next();
            assert.ok(result !== undefined);
            assertClose(result, at(all, index), tolerance, `${of} ${index}`);
          }
        }
        const { value: logits } = results.next();
        assert.ok(logits !== undefined);
        assertClose(logits, tensorNamed(expected, 'logits'), 1e-4, 'logits');
      });

      it('refuses more tokens than it has positions for, on either side', () => {
        const memory = model.build(3, standardAttention).hiddenStates.at(-1);
        const { decoder } = model;
        assert.ok(memory !== undefined && decoder !== undefined);
        assert.doesNotThrow(() => model.buildDecoder(limit, memory, decoder.attention));
        for (const tokens of [0, limit + 1]) {
          const message = `${name} reads 1 to ${limit} tokens at a time, not ${tokens}.`;
          assert.throws(() => model.build(tokens, standardAttention), { name: 'ModelError', message });
          assert.throws(() => model.buildDecoder(tokens, memory, decoder.attention), {
            name: 'ModelError',
            message,
          });
        }
      });
    });
  }

  it('are told from models that only read', async () => {
    const bert = await Model.open(platform, join(fixtures, 'bert'));
    const memory = bert.build(3, standardAttention).hiddenStates.at(-1);
    assert.ok(memory !== undefined);
    assert.equal(bert.decoder, undefined);
    assert.throws(
      () => bert.buildDecoder(2, memory, { decoder: standardAttention, cross: standardAttention }),
      { name: 'ModelError', message: 'bert only reads: it has no decoder.' },
    );
    await bert.dispose();
  });
});

function weightsOf(steps: readonly Value[]): Value {
  const found = steps.find(({ label }) => label?.name === 'weights');
  assert.ok(found !== undefined);
  return found;
}
