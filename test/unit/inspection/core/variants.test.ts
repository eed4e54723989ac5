import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Engine } from '../../../../src/inspection/core/engine.js';
import type { InspectionSummary, Variant } from '../../../../src/protocol.js';
import { seeded, tensor } from '../../../support/inspection/numbers.js';
import { openTensors, openText } from '../../../support/inspections.js';
import { platform } from '../../../support/platform.js';

const media = join(process.cwd(), 'media');
const next = seeded(11);
const tensors = { Q: tensor([5, 8], next), K: tensor([6, 8], next), V: tensor([6, 4], next) };

function summaryOf(variant: Variant | undefined): InspectionSummary {
  assert.ok(
    variant?.kind === 'variant',
    variant?.kind === 'failed' ? variant.message : 'There is no variant.',
  );
  return variant.summary;
}

describe('variants of an inspection', () => {
  const engine = new Engine(platform, media);
  after(() => engine.dispose());
  const weights = async (inspection: string): Promise<Float32Array> => {
    const request = { inspection, step: 'weights', layer: 0, head: 0 };
    return (await engine.inspection(inspection).slice(request)).data;
  };

  it('are the same input through other mechanisms, as each would be by itself', async () => {
    const base = await openTensors(engine, { tensors });
    const choices = [{ mechanism: 'hard' }, { mechanism: 'linear' }, { mask: 'causal' }];
    const variants = await engine.compare({ inspection: base.id, variants: choices });
    for (const [at, parameters] of choices.entries()) {
      const { id } = summaryOf(variants[at]);
      const alone = await openTensors(engine, { tensors, parameters });
      assert.deepEqual(await weights(id), await weights(alone.id));
      await engine.close(alone.id);
    }
    assert.deepEqual(
      variants.map((each) => summaryOf(each).mechanism.id),
      ['hard', 'linear', 'scaled-dot-product'],
    );
    await engine.close(base.id);
  });

  it('start from what has been changed, and change nothing themselves', async () => {
    const base = await openTensors(engine, { tensors, parameters: { temperature: 3 } });
    const before = await weights(base.id);
    const [hard] = await engine.compare({ inspection: base.id, variants: [{ scaling: 'none' }] });
    const values = Object.fromEntries(summaryOf(hard).parameters.map(({ name, value }) => [name, value]));
    assert.equal(values['temperature'], 3);
    assert.equal(values['scaling'], 'none');
    assert.deepEqual(await weights(base.id), before);
    await engine.close(base.id);
  });

  it('one that cannot be says why, and the others stand', async () => {
    const base = await openTensors(engine, { tensors });
    const [bad, good] = await engine.compare({
      inspection: base.id,
      variants: [{ mechanism: 'bahdanau' }, { mechanism: 'hard' }],
    });
    assert.deepEqual(bad, {
      kind: 'failed',
      message: 'These tensors can be run through scaled-dot-product, hard, linear, not bahdanau.',
    });
    assert.equal(summaryOf(good).mechanism.id, 'hard');
    await engine.close(base.id);
  });

  it('go with the next comparison, with a change, and with the inspection', async () => {
    const base = await openTensors(engine, { tensors });
    const one = async (): Promise<string> =>
      summaryOf((await engine.compare({ inspection: base.id, variants: [{ mechanism: 'hard' }] }))[0]).id;
    const first = await one();
    const second = await one();
    assert.throws(() => engine.inspection(first), /no longer open/);
    await engine.close(base.id);
    assert.throws(() => engine.inspection(second), /no longer open/);
  });

  it('are at most eight', async () => {
    const base = await openTensors(engine, { tensors });
    const variants = Array.from({ length: 9 }, () => ({}));
    await assert.rejects(engine.compare({ inspection: base.id, variants }), /At most 8 variants.*not 9/);
    await engine.close(base.id);
  });

  it('of text run the model again', async () => {
    const base = await openText(engine, { text: 'One two three.', model: { kind: 'embedded' } });
    const [causal] = await engine.compare({ inspection: base.id, variants: [{ mask: 'causal' }] });
    const alone = await openText(engine, {
      text: 'One two three.',
      model: { kind: 'embedded' },
      parameters: { mask: 'causal' },
    });
    assert.deepEqual(await weights(summaryOf(causal).id), await weights(alone.id));
    await engine.close(base.id);
    await engine.close(alone.id);
  });
});
