import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Inspection } from '../../../src/inspection/inspection.js';
import { TextPreparation } from '../../../src/inspection/text.js';
import { Model } from '../../../src/models/model.js';
import { Runtime } from '../../../src/runtime/session.js';
import { assertClose, at, fixtures, tensorNamed, tensorsIn } from '../models/expected.js';

/** Models that read in both directions, whatever comes before their first layer and is shared by their layers. */
const names = ['bert', 'bert-sharded', 'distilbert', 'roberta', 'albert', 'electra', 'mpnet', 'modernbert'];

describe('A model whose weights are too large to be held together', () => {
  // Not a single weight fits into it.
  const runtime = new Runtime({ bytes: 1 });
  after(() => runtime.dispose());

  for (const name of names) {
    it(`attends as transformers does, layer by layer: ${name}`, async () => {
      const model = await Model.open(join(fixtures, name));
      const expected = await tensorsIn(join(fixtures, name, 'expected.safetensors'));
      const ids = [...tensorNamed(expected, 'ids').data];
      const encoding = {
        ids,
        tokens: ids.map(String),
        ranges: ids.map(() => null),
        total: ids.length,
      };
      const lease = { model, release: () => model.dispose() };
      const told: string[] = [];
      const inspection = await Inspection.open(
        name,
        TextPreparation.ofTokens(encoding, lease, runtime),
        runtime,
        { parameters: {} },
        { progress: (message) => told.push(message) },
      );
      try {
        const { layers, heads, notices } = inspection.summary;
        assert.match(notices[0] ?? '', /^The weights of .* may be held: they are read anew for each layer/);
        assert.ok(told.includes(`Layer ${layers} of ${layers}`));
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
