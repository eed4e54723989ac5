import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Model } from '../../../../src/models/model.js';
import { Runtime } from '../../../../src/runtime/session.js';
import {
  assertClose,
  at,
  fixtures as all,
  tensorNamed,
  tensorsIn,
} from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

/** Made by make_scalings.py and make_kin.py. */
const kinds = [
  ['scalings', 'Rotary positions that are scaled for longer texts'],
  ['kin', 'Known families under other names, and the text part of larger models'],
] as const;

const runtime = new Runtime(platform);
after(() => runtime.dispose());

for (const [folder, title] of kinds)
  describe(title, () => {
    const fixtures = join(all, folder);
    for (const name of readdirSync(fixtures)) {
      it(`agree with transformers at every length: ${name}`, async () => {
        const model = await Model.open(platform, join(fixtures, name));
        const expected = await tensorsIn(join(fixtures, name, 'expected.safetensors'));
        const all = [...tensorNamed(expected, 'ids').data];
        const lengths = [...expected.keys()]
          .flatMap((key) => /^(\d+)\.attentions$/.exec(key)?.[1] ?? [])
          .map(Number);
        assert.ok(lengths.length >= 2);
        for (const length of lengths) {
          const graph = model.build(length, model.attention);
          const weights = graph.layers.map(
            (steps) => steps.find((step) => step.label?.name === 'weights') ?? assert.fail(),
          );
          const { logits } = graph;
          assert.equal(logits !== undefined, expected.has(`${length}.logits`));
          const wanted = [...graph.hiddenStates, ...weights, ...(logits === undefined ? [] : [logits])];
          const results = await runtime.run(wanted, graph.feeds(all.slice(0, length)));
          results.forEach((result, index) => {
            const own = index - graph.hiddenStates.length;
            const reference =
              own < 0
                ? at(tensorNamed(expected, `${length}.hidden_states`), index)
                : own < weights.length
                  ? at(tensorNamed(expected, `${length}.attentions`), own)
                  : tensorNamed(expected, `${length}.logits`);
            assertClose(result, reference, 1e-4, `${length} tokens, result ${index}`);
          });
        }
        // Of what reads images nothing is said to be unused.
        assert.ok(!model.remarks.some((each) => each.includes('not used')), model.remarks.join(' '));
        await model.dispose();
      });
    }
  });
