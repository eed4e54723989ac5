import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '../../../../src/inspection/core/engine.js';
import type { Inspection } from '../../../../src/inspection/core/inspection.js';
import type { Intervention, ModelReference, ParameterValues, WireTensor } from '../../../../src/protocol.js';
import { openText } from '../../../support/inspections.js';
import { distance, media, readJson, tensorNamed, tensorsIn, type Tensors } from '../../models/expected.js';

/** Of make_interventions.py, where given values are named. */
interface Case {
  readonly name: string;
  readonly model: string;
  readonly text: string;
  readonly second?: string;
  readonly interventions: readonly (Omit<Intervention, 'set'> & {
    readonly set: { readonly kind: 'zero' | 'mean' } | { readonly kind: 'values'; readonly values: string };
  })[];
}

const folder = join(process.cwd(), 'test/fixtures/inspection');
const cases = readJson<readonly Case[]>(readFileSync(join(folder, 'interventions.json'), 'utf8'));

const models: Readonly<Record<string, ModelReference>> = {
  embedded: { kind: 'embedded' },
  gpt: { kind: 'gpt' },
  'marian-text': { kind: 'folder', path: join(process.cwd(), 'test/fixtures/models/marian-text') },
  bahdanau: { kind: 'dates', score: 'bahdanau' },
  luong: { kind: 'dates', score: 'luong' },
  transformer: { kind: 'dates', score: 'transformer' },
};

describe('interventions', function () {
  this.timeout(60_000);
  const whole = new Engine(media);
  /** Nothing may be held: every model runs layer by layer. */
  const streamed = new Engine(media, 1000);
  let tensors: Tensors;
  const open: Inspection[] = [];
  before(async () => {
    tensors = await tensorsIn(join(folder, 'interventions.safetensors'));
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((inspection) => inspection.dispose()));
  });
  after(() => Promise.all([whole.dispose(), streamed.dispose()]));

  function setIn({ interventions }: Case): Intervention[] {
    return interventions.map((each): Intervention => ({
      ...each,
      set:
        each.set.kind === 'values'
          ? { kind: 'values', values: tensorNamed(tensors, each.set.values) }
          : each.set,
    }));
  }

  async function inspect(
    { model, text, second }: Pick<Case, 'model' | 'text' | 'second'>,
    interventions: readonly Intervention[],
    { engine = whole, parameters }: { engine?: Engine; parameters?: ParameterValues } = {},
  ): Promise<Inspection> {
    const reference = models[model];
    assert.ok(reference, model);
    const inspection = await openText(engine, {
      text,
      model: reference,
      interventions,
      ...(second === undefined ? {} : { second }),
      ...(parameters === undefined ? {} : { parameters }),
    });
    open.push(inspection);
    return inspection;
  }

  /** Of all layers and heads, masked cells as 0. // (layer, head, query, key) */
  async function weightsOf(inspection: Inspection): Promise<WireTensor> {
    const { layers, heads, queries, keys } = inspection.summary;
    const size = queries.count * keys.count;
    const data = new Float32Array(layers * heads * size);
    for (let at = 0; at < layers * heads; at++) {
      const place = { layer: Math.floor(at / heads), head: at % heads };
      const slice = await inspection.slice({ inspection: inspection.id, step: 'weights', ...place });
      data.set(
        slice.data.map((weight) => (Number.isNaN(weight) ? 0 : weight)),
        at * size,
      );
    }
    return { shape: [layers, heads, queries.count, keys.count], data };
  }

  async function assertWeights(inspection: Inspection, expected: WireTensor): Promise<void> {
    const { data, shape } = await weightsOf(inspection);
    assert.deepEqual(shape.slice(-2), expected.shape.slice(-2));
    const apart = distance(data, expected.data);
    assert.ok(apart < 1e-5, `weights differ by ${apart}`);
  }

  /** What comes after a token, for the likeliest of them. */
  async function assertNext(inspection: Inspection, query: number, logits: WireTensor): Promise<void> {
    const { candidates } = await inspection.candidates({ inspection: inspection.id, query, count: 20 });
    const best = logits.data.indexOf(logits.data.reduce((most, each) => Math.max(most, each)));
    assert.equal(candidates[0]?.id, best);
    for (const { id, logit } of candidates) {
      const expected = logits.data[id] ?? Number.NaN;
      assert.ok(Math.abs(logit - expected) < 1e-3, `token ${id} has ${logit} instead of ${expected}`);
    }
  }

  const of = (name: string): readonly Case[] => {
    const found = cases.filter((each) => each.model === name);
    assert.ok(found.length > 0, name);
    return found;
  };
  const caseNamed = (name: string): Case => {
    const found = cases.find((each) => each.name === name);
    assert.ok(found, name);
    return found;
  };

  for (const each of of('embedded')) {
    it(`${each.name}: as PyTorch has it, also layer by layer`, async () => {
      for (const engine of [whole, streamed]) {
        const inspection = await inspect(each, setIn(each), { engine });
        await assertWeights(inspection, tensorNamed(tensors, `${each.name}/weights`));
        const { data } = await inspection.slice({ inspection: inspection.id, step: 'X', layer: 5, head: 0 });
        const apart = distance(data, tensorNamed(tensors, `${each.name}/X`).data);
        assert.ok(apart < 1e-4, `what layer 5 reads differs by ${apart}`);
      }
    });
  }

  for (const each of of('gpt')) {
    it(`${each.name}: as PyTorch has it, also layer by layer, and what the model says after it`, async () => {
      for (const engine of [whole, streamed]) {
        const inspection = await inspect(each, setIn(each), { engine });
        await assertWeights(inspection, tensorNamed(tensors, `${each.name}/weights`));
        const { count } = inspection.summary.queries;
        await assertNext(inspection, count - 1, tensorNamed(tensors, `${each.name}/logits`));

        await inspection.continue({ inspection: inspection.id, tokens: 3 });
        assert.equal(inspection.summary.queries.count, count + 3);
        const ids = tensorNamed(tensors, `${each.name}/ids, went on`).data;
        assert.deepEqual(inspection.summary.continuation?.ids, [...ids.subarray(count)]);
        await assertWeights(inspection, tensorNamed(tensors, `${each.name}/weights, went on`));
        await assertNext(inspection, count + 2, tensorNamed(tensors, `${each.name}/logits, went on`));
      }
    });
  }

  for (const each of of('marian-text')) {
    it(`${each.name}: as PyTorch has it in all three attentions, and what is said`, async () => {
      for (const engine of [whole, streamed]) {
        const inspection = await inspect(each, setIn(each), { engine });
        for (const attention of ['encoder', 'decoder', 'cross']) {
          // What was set stays set where it was, whichever attention is looked at.
          await inspection.change({ attention });
          await assertWeights(inspection, tensorNamed(tensors, `${each.name}/${attention}`));
        }
        const { count } = inspection.summary.queries;
        await assertNext(inspection, count - 1, tensorNamed(tensors, `${each.name}/logits`));
      }
    });
  }
});
