import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { openText } from '../../../support/inspections.js';
import {
  assertClose,
  at,
  fixtures,
  media,
  tensorNamed,
  tensorsIn,
} from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

const folder = join(fixtures, 'classifiers');
const text = "The animal didn't cross the street because it was too tired.";
const labels = ['negative', 'neutral', 'positive'];

describe('a text that is sorted', () => {
  const engine = new Engine(platform, media);
  after(() => engine.dispose());
  const model = (name: string) => ({ kind: 'folder', path: join(folder, name) }) as const;

  for (const name of readdirSync(folder).filter((each) => each !== 'bert-number')) {
    it(`has the classes and gradients that transformers computes: ${name}`, async () => {
      const expected = await tensorsIn(join(folder, name, 'expected.safetensors'));
      const inspection = await openText(engine, { text, model: model(name) });
      const { queries, continues, notices } = inspection.summary;
      assert.equal(queries.count, tensorNamed(expected, 'ids').data.length);
      assert.equal(continues, false);
      assert.ok(!notices.join().includes('language head'), notices.join());
      const { classes, of, by } = inspection.classes({ count: 10 });
      assert.deepEqual(
        [classes.length, of, by],
        [3, 'classes', name === 'bert-several' ? 'sigmoid' : 'softmax'],
      );
      for (const { index, label, logit, probability } of classes) {
        assert.equal(label, labels[index]);
        assert.ok(Math.abs(logit - (tensorNamed(expected, 'logits').data[index] ?? NaN)) < 1e-4, label);
        assert.ok(Math.abs(probability - (tensorNamed(expected, 'scores').data[index] ?? NaN)) < 1e-4, label);
      }
      await inspection.change({ gradient: 'class', class: 1 });
      const gradients = tensorNamed(expected, 'gradients 1');
      const { layers, heads } = inspection.summary;
      for (let layer = 0; layer < layers; layer++) {
        for (let head = 0; head < heads; head++) {
          const slice = await inspection.slice({ inspection: '', step: 'gradient_weights', layer, head });
          const wanted = at(at(gradients, layer), head);
          const n = queries.count;
          // What a mask hides has a gradient there that nothing passes through.
          slice.data.forEach((value, cell) => {
            if (Number.isNaN(value)) slice.data[cell] = wanted.data[cell] ?? NaN;
          });
          assert.deepEqual(slice.shape, [n, n]);
          assertClose(slice, wanted, 1e-4, `${name}: layer ${layer}, head ${head}`);
        }
      }
      await engine.close(inspection.id);
    });
  }

  it('is given a number where the model says so, and no class', async () => {
    const expected = await tensorsIn(join(folder, 'bert-number', 'expected.safetensors'));
    const inspection = await openText(engine, { text, model: model('bert-number') });
    const [number = NaN] = tensorNamed(expected, 'logits').data;
    assert.ok(
      inspection.summary.notices.includes(
        `bert-number gives a text numbers, no classes (regression): stars: ${number.toFixed(4)}.`,
      ),
      inspection.summary.notices.join('\n'),
    );
    assert.throws(() => inspection.classes({ count: 3 }), /does not sort what it reads/);
    await engine.close(inspection.id);
  });

  it('is sorted otherwise where a step is set', async () => {
    const inspection = await openText(engine, { text, model: model('gpt2') });
    const before = inspection.classes({ count: 3 }).classes;
    await inspection.change({}, {}, [{ layer: 0, step: 'output', set: { kind: 'zero' } }]);
    assert.notDeepEqual(inspection.classes({ count: 3 }).classes, before);
    await engine.close(inspection.id);
  });
});
