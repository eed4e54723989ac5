import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Value } from '../../../../src/engine/graph.js';
import { architectures } from '../../../../src/models/architectures/index.js';
import { Model } from '../../../../src/models/model.js';
import { Runtime } from '../../../../src/runtime/session.js';
import { assertClose, at, fixtures, tensorNamed, tensorsIn } from '../../../support/models/expected.js';
import { openModel } from '../../../support/inspection/export-cases.js';
import { platform } from '../../../support/platform.js';

/** Made by make_settings.py. */
const folder = join(fixtures, 'settings');
const tolerance = 5e-5;

describe('Settings that config.json leaves out, calls otherwise or has unusual ones of', () => {
  const runtime = new Runtime(platform);
  after(() => runtime.dispose());
  const types = new Set<string | undefined>();

  for (const name of readdirSync(folder)) {
    it(`${name} comes to what transformers makes of it`, async () => {
      const model = await Model.open(platform, join(folder, name));
      try {
        types.add(model.checkpoint.config.modelType);
        const expected = await tensorsIn(join(folder, name, 'expected.safetensors'));
        const ids = [...tensorNamed(expected, 'ids').data];
        const first = model.build(ids.length, model.attention);
        const memory = first.hiddenStates.at(-1);
        assert.ok(memory !== undefined);
        const previous = [...(expected.get('previous')?.data ?? [])];
        const second = model.decoder && model.buildDecoder(previous.length, memory, model.decoder.attention);
        const wanted: readonly (readonly [name: string, values: readonly Value[]])[] =
          second === undefined
            ? [
                ['hidden_states', first.hiddenStates],
                ['attentions', first.layers.map(weightsOf)],
              ]
            : [
                ['encoder_states', first.hiddenStates],
                ['encoder_attentions', first.layers.map(weightsOf)],
                ['decoder_states', second.hiddenStates],
                ['decoder_attentions', second.layers.map(weightsOf)],
                ['cross_attentions', second.cross.map(weightsOf)],
              ];
        const feeds = new Map([...first.feeds(ids), ...(second?.feeds(previous) ?? [])]);
        const logits = second === undefined ? [] : [second.logits ?? assert.fail()];
        const results = await runtime.run([...wanted.flatMap(([, values]) => values), ...logits], feeds);
        for (const [of, values] of wanted) {
          const all = tensorNamed(expected, of);
          assert.equal(all.shape[0], values.length, of);
          for (const index of values.keys()) {
            const result = results.shift();
            assert.ok(result !== undefined);
            const reference = at(all, index);
            // Sums that are not normalised may be large, and float32 has only so many digits.
            const largest = reference.data.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
            assertClose(result, reference, tolerance * largest, `${of} ${index}`);
          }
        }
        const [said] = results;
        if (said !== undefined) assertClose(said, tensorNamed(expected, 'logits'), tolerance, 'logits');
      } finally {
        await model.dispose();
      }
    });
  }

  it('are said where other programs follow what transformers does not', async () => {
    const remarks = async (name: string): Promise<readonly string[]> => {
      const model = await Model.open(platform, join(folder, name));
      await model.dispose();
      return model.remarks;
    };
    assert.deepEqual(await remarks('llama-bare'), []);
    for (const [name, setting] of [
      ['llama-share', 'partial_rotary_factor'],
      ['mistral-null', 'partial_rotary_factor'],
      ['gemma2-bare', 'partial_rotary_factor'],
      ['llama-dynamic-original', 'original_max_position_embeddings'],
      ['llama-dynamic-beside', 'original_max_position_embeddings'],
    ] as const) {
      assert.deepEqual(await remarks(name), [
        `The setting "${setting}" is not followed: transformers does not heed it in this family, though other programs may.`,
      ]);
    }
    const { inspection, dispose } = await openModel('settings/llama-share');
    const notices = inspection.summary.notices.filter((notice) => notice.includes('partial_rotary_factor'));
    await dispose();
    assert.equal(notices.length, 1);
    const capped = await remarks('gemma3-capped');
    assert.match(capped[1] ?? '', /"attn_logit_softcapping" is not followed/);
    assert.match((await remarks('mpnet-pad'))[0] ?? '', /count from behind token 1/);
  });

  it('are tried of every family', () => {
    const known = architectures.flatMap(({ modelTypes }) => modelTypes);
    assert.deepEqual(
      known.filter((type) => !types.has(type)),
      // The same as RoBERTa; Gemma is held with two settings in lengths.test.ts, CLIP's and SigLIP's halves in contrastive.test.ts.
      ['camembert', 'clip_text_model', 'data2vec-text', 'gemma', 'xlm-roberta', 'siglip_text_model'],
    );
  });
});

function weightsOf(steps: readonly Value[]): Value {
  const found = steps.find((step) => step.label?.name === 'weights');
  assert.ok(found !== undefined);
  return found;
}
