import assert from 'node:assert/strict';
import { join } from 'node:path';
import { capturable } from '../../../../src/inspection/run/capture.js';
import { Inspection } from '../../../../src/inspection/core/inspection.js';
import { layerStages, runStages } from '../../../../src/inspection/run/stages.js';
import { TextPreparation } from '../../../../src/inspection/sources/text.js';
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

/** Models that read in both directions, whatever comes before their first layer and is shared by their layers. */
const names = ['bert', 'bert-sharded', 'distilbert', 'roberta', 'albert', 'electra', 'mpnet', 'modernbert'];

/** A model, and what transformers computes with it. */
async function opened(name: string): Promise<{ model: Model; expected: Tensors; ids: number[] }> {
  const model = await Model.open(platform, join(fixtures, name));
  const expected = await tensorsIn(join(fixtures, name, 'expected.safetensors'));
  return { model, expected, ids: [...tensorNamed(expected, 'ids').data] };
}

describe('Stages of a model', () => {
  const runtime = new Runtime(platform);
  after(() => runtime.dispose());

  for (const name of names) {
    it(`compute some rows at a time where scores would be too large, to the same hidden states: ${name}`, async () => {
      const { model, expected, ids } = await opened(name);
      const { layers, hiddenStates, feeds } = model.build(ids.length, model.attention);
      const captured = layers.flatMap(capturable);
      const last = hiddenStates.at(-1) ?? assert.fail();
      const stages = layerStages(layers, hiddenStates, [...captured, last]);
      // Of a head's scores no more than two rows.
      const results = await runStages(stages, feeds(ids), runtime, {}, 2 * model.heads * ids.length);
      assert.equal(results.length, captured.length + 1);
      const states = tensorNamed(expected, 'hidden_states');
      assertClose(results.at(-1) ?? assert.fail(), at(states, hiddenStates.length - 1), 1e-4, 'the last one');
      await model.dispose();
    });
  }
});

describe('A model whose weights are too large to be held together', () => {
  // Not a single weight fits into it.
  const runtime = new Runtime(platform, { bytes: 1 });
  after(() => runtime.dispose());

  for (const name of names) {
    it(`attends as transformers does, layer by layer: ${name}`, async () => {
      const { model, expected, ids } = await opened(name);
      const encoding = {
        ids,
        tokens: ids.map(String),
        ranges: ids.map(() => null),
        unknown: [],
        total: ids.length,
      };
      const handle = { model, identity: undefined, release: () => model.dispose() };
      const told: string[] = [];
      const inspection = await Inspection.open(
        name,
        new TextPreparation(handle, encoding, runtime),
        runtime,
        { parameters: {} },
        { progress: (message) => told.push(message) },
      );
      try {
        const { layers, heads, notices } = inspection.summary;
        assert.match(notices[0] ?? '', /^The weights of .* may be held: they are read anew for each layer/);
        assert.ok(told.includes(`Layer ${layers - 1} of 0–${layers - 1}`));
        const attentions = tensorNamed(expected, 'attentions');
        for (let layer = 0; layer < layers; layer++) {
          for (let head = 0; head < heads; head++) {
            const { shape, data } = await inspection.slice({
              inspection: name,
              layer,
              head,
              step: 'weights',
            });
            // A key out of sight of a layer's window is masked, not 0.
            const numbers = { shape, data: data.map((weight) => (Number.isNaN(weight) ? 0 : weight)) };
            assertClose(numbers, at(at(attentions, layer), head), 1e-5, `layer ${layer}, head ${head}`);
          }
        }
      } finally {
        await inspection.dispose();
      }
    });
  }
});
