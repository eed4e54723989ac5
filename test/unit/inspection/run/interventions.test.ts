import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '../../../../src/inspection/core/engine.js';
import type { Inspection } from '../../../../src/inspection/core/inspection.js';
import { inspectTensors, inspectText } from '../../../../src/inspection/index.js';
import { growing, intervene, wholeLayers } from '../../../../src/inspection/run/interventions.js';
import { layerStages, runStages } from '../../../../src/inspection/run/stages.js';
import { Model } from '../../../../src/models/model.js';
import type { Intervention, ModelReference, ParameterValues, WireTensor } from '../../../../src/protocol.js';
import { Runtime } from '../../../../src/runtime/session.js';
import { openText } from '../../../support/inspections.js';
import {
  distance,
  media,
  readJson,
  tensorNamed,
  tensorsIn,
  type Tensors,
} from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

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
  const whole = new Engine(platform, media);
  /** Nothing may be held: every model runs layer by layer. */
  const streamed = new Engine(platform, media, 1000);
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

  for (const score of ['bahdanau', 'luong', 'transformer']) {
    for (const each of of(score)) {
      it(`${each.name}: as PyTorch has it, and what is written`, async () => {
        const inspection = await inspect(each, setIn(each));
        const written = [...tensorNamed(tensors, `${each.name}/written`).data];
        assert.deepEqual(
          inspection.summary.queries.words,
          written.map((id) => '0123456789-'[id]),
        );
        if (score !== 'transformer') {
          await assertWeights(inspection, tensorNamed(tensors, `${each.name}/weights`));
          return;
        }
        for (const attention of ['encoder', 'decoder', 'cross']) {
          await inspection.change({ attention });
          const name = attention === 'decoder' ? 'self' : attention;
          await assertWeights(inspection, tensorNamed(tensors, `${each.name}/${name}`));
        }
      });
    }
  }

  const silenced: Intervention = { layer: 2, step: 'head', head: 5, set: { kind: 'zero' } };
  const animal = { model: 'embedded', text: 'The animal was too tired.' };

  it('shows what was set at the step itself, and says in words that a cell was set', async () => {
    const inspection = await inspect(animal, [silenced]);
    const id = inspection.id;
    const place = { inspection: id, step: 'head', layer: 2 };
    const set = await inspection.slice({ ...place, head: 5 });
    assert.ok(set.data.every((number) => number === 0));
    const other = await inspection.slice({ ...place, head: 4 });
    assert.ok(other.data.some((number) => number !== 0));

    const told = await inspection.arithmetic({ ...place, head: 5, row: 1, column: 3 });
    assert.equal(told.value, 0);
    assert.equal(told.remark, 'Set to 0 by an intervention.');
    assert.match(told.tex, /= 0$/);
    assert.ok(!told.tex.includes('cdot'), told.tex);
    assert.deepEqual(told.sums, []);
    // Beside what was set, everything is worked out as ever.
    const computed = await inspection.arithmetic({ ...place, head: 4, row: 1, column: 3 });
    assert.equal(computed.remark, undefined);
    assert.equal(computed.sums.length, 1);
    const total = computed.sums[0]?.columns.at(-1)?.total ?? Number.NaN;
    assert.ok(Math.abs(total - computed.value) < 1e-5);
    // What comes after it is made from what was set.
    const concat = await inspection.arithmetic({ ...place, step: 'output', head: 0, row: 1, column: 3 });
    const line = concat.sums[0]?.columns[0]?.values ?? [];
    assert.ok(line.slice(5 * 32, 6 * 32).every((number) => number === 0));
    assert.ok(line.slice(0, 32).some((number) => number !== 0));

    const { steps, notices } = inspection.summary;
    assert.deepEqual(steps, (await inspect(animal, [])).summary.steps);
    assert.ok(notices.includes('Set by an intervention: head (layer 2, head 5) is 0.'));
  });

  it('shows the mean, and how it came about', async () => {
    const [mean, plain] = [
      await inspect(animal, [{ layer: 1, step: 'X', set: { kind: 'mean' } }]),
      await inspect(animal, []),
    ];
    const place = { layer: 1, head: 0, step: 'X' };
    const { data, shape } = await plain.slice({ inspection: plain.id, ...place });
    const [rows = 0, columns = 0] = shape;
    const column = Array.from({ length: rows }, (_, row) => data[row * columns + 7] ?? Number.NaN);
    const expected = column.reduce((sum, each) => sum + each, 0) / rows;
    const told = await mean.arithmetic({ inspection: mean.id, ...place, row: 2, column: 7 });
    assert.ok(Math.abs(told.value - expected) < 1e-6);
    assert.equal(told.remark, `Set by an intervention to the mean of its column over all ${rows} rows.`);
    const total = told.sums[0]?.columns.at(-1)?.total ?? Number.NaN;
    assert.ok(Math.abs(total - expected) < 1e-6);
    assert.ok(told.tex.includes('\\check{X}'), told.tex);
  });

  it('shows weights that were given to masked keys, and no others', async () => {
    const given = { shape: [1, 6], data: Float32Array.of(0.5, 0, 0.25, 0, 0.25, 0) };
    const inspection = await inspect(of('gpt')[0] ?? animal, [
      {
        layer: 0,
        step: 'weights',
        head: 1,
        rows: { start: 2, end: 3 },
        set: { kind: 'values', values: given },
      },
    ]);
    const place = { inspection: inspection.id, step: 'weights', layer: 0 };
    const { data } = await inspection.slice({ ...place, head: 1 });
    assert.deepEqual([...data.subarray(12, 18)], [...given.data]);
    assert.ok(Number.isNaN(data[1]), 'a key after its query is masked where nothing was set');
    const metrics = await inspection.metrics({ layer: 0, head: 1 });
    assert.ok(metrics.every(({ value }) => Number.isFinite(value)));
    const thumbnails = await inspection.thumbnails(6, {}, { start: 0, end: 1 });
    assert.deepEqual([...thumbnails.data.subarray(36 + 12, 36 + 18)], [...given.data]);
    const told = await inspection.arithmetic({ ...place, head: 1, row: 2, column: 4 });
    assert.equal(told.value, 0.25);
    assert.equal(told.remark, 'Set to a given value by an intervention.');
  });

  it('keeps interventions while parameters change, until others or none are given', async () => {
    const inspection = await inspect(animal, [silenced]);
    const [set, plain] = [await weightsOf(inspection), await weightsOf(await inspect(animal, []))];
    assert.ok(distance(set.data, plain.data) > 1e-3);
    assert.deepEqual(inspection.summary.interventions, [silenced]);
    await inspection.change({ temperature: 2 });
    await inspection.change({ temperature: 1 });
    assert.deepEqual((await weightsOf(inspection)).data, set.data);
    await assert.rejects(inspection.change({}, {}, [{ ...silenced, layer: 9 }]), /layers are 0 to 5/);
    assert.deepEqual(inspection.summary.interventions, [silenced], 'what fails changes nothing');
    await inspection.change({}, {}, []);
    assert.equal(inspection.summary.interventions, undefined);
    assert.deepEqual((await weightsOf(inspection)).data, plain.data);
  });

  it('is compared with the same interventions, and has its code', async () => {
    const inspection = await inspect(animal, [silenced]);
    const [variant] = await whole.compare({ inspection: inspection.id, variants: [{ temperature: 2 }] });
    assert.ok(variant?.kind === 'variant');
    assert.deepEqual(variant.summary.interventions, [silenced]);
    assert.match(
      inspection.code({ language: 'numpy', scope: { layer: 2, head: 'all' } }),
      /^head = np\.where\(\(set_1\) > 0, fill_1, .*\)  # \(head 12/m,
    );
    assert.doesNotMatch(inspection.code({ language: 'numpy', scope: { layer: 1, head: 'all' } }), /set_1/);
    assert.match(
      inspection.code({ language: 'latex', scope: { layer: 2, head: 'all' } }),
      /\\begin\{cases\}/,
    );
  });

  const zero = { kind: 'zero' } as const;
  const refused: readonly (readonly [string, Intervention, RegExp])[] = [
    ['a layer', { layer: 6, step: 'head', set: zero }, /“head” cannot be set in layer 6: layers are 0 to 5/],
    [
      'a step',
      { layer: 0, step: 'attention', set: zero },
      /no step “attention” to set; .*X, Q, K, V, scores/,
    ],
    ['a head', { layer: 0, step: 'head', head: 12, set: zero }, /in head 12: heads are 0 to 11/],
    ['half a head', { layer: 0, step: 'head', head: 0.5, set: zero }, /in head 0.5/],
    [
      'rows',
      { layer: 0, step: 'Q', rows: { start: 2, end: 99 }, set: zero },
      /Rows 2 to 99 .* of “Q”.* 8 rows/,
    ],
    ['no row', { layer: 0, step: 'Q', rows: { start: 2, end: 2 }, set: zero }, /Rows 2 to 2/],
    ['a head of all', { layer: 0, step: 'concat', head: 1, set: zero }, /“concat” is the same for all heads/],
    [
      'a shape',
      {
        layer: 0,
        step: 'Q',
        head: 1,
        set: { kind: 'values', values: { shape: [2, 32], data: new Float32Array(64) } },
      },
      /values for “Q” have shape \(2, 32\).* \(8, 32\): \(row, column\)/,
    ],
    [
      'numbers',
      {
        layer: 0,
        step: 'Q',
        head: 1,
        rows: { start: 0, end: 1 },
        set: { kind: 'values', values: { shape: [1, 32], data: new Float32Array(32).fill(NaN) } },
      },
      /finite numbers/,
    ],
    ['another attention', { layer: 0, step: 'Q', attention: 'cross', set: zero }, /one attention/],
  ];
  for (const [what, intervention, message] of refused) {
    it(`refuses ${what} that there is not, in a sentence`, async () => {
      await assert.rejects(inspect(animal, [silenced, intervention]), message);
    });
  }

  it('refuses the mean of masked scores, and of what is written one after the other', async () => {
    const gpt = of('gpt')[0] ?? animal;
    const mean = { kind: 'mean' } as const;
    await assert.rejects(inspect(gpt, [{ layer: 0, step: 'masked', set: mean }]), /it is −∞/);
    const marian = of('marian-text')[0] ?? animal;
    const own = { layer: 0, step: 'Q', attention: 'decoder' };
    await assert.rejects(inspect(marian, [{ ...own, set: mean }]), /written one after the other/);
    const values = { shape: [2, 1, 6], data: new Float32Array(12) };
    await assert.rejects(
      inspect(marian, [{ ...own, set: { kind: 'values', values } }]),
      /Say which rows of “Q”/,
    );
    await assert.rejects(inspect(marian, [{ ...own, attention: 'both', set: zero }]), /no attention “both”/);
    const date = caseNamed('date, contexts gone');
    await assert.rejects(inspect(date, [{ layer: 0, step: 'context', set: mean }]), /one after the other/);
  });

  it('are made in tensors as PyTorch has it, of a head that shares its keys in its whole group', async () => {
    const given = caseNamed('tensors');
    const inputs = Object.fromEntries(
      ['Q', 'K', 'V'].map((name) => [name, tensorNamed(tensors, `tensors/${name}`)]),
    );
    const inspection = await inspectTensors(inputs, { media, interventions: setIn(given) });
    try {
      for (const step of ['weights', 'output']) {
        const expected = tensorNamed(tensors, `tensors/${step}`);
        for (let at = 0; at < 8; at++) {
          const { data } = await inspection.slice(step, { layer: Math.floor(at / 4), head: at % 4 });
          const apart = distance(data, expected.data.subarray(at * data.length, (at + 1) * data.length));
          assert.ok(
            apart < 1e-5,
            `${step} of head ${at % 4}, layer ${Math.floor(at / 4)} differs by ${apart}`,
          );
        }
      }
      const told = await inspection.arithmetic('Q', { layer: 1, head: 1, row: 0, column: 2 });
      assert.match(told.remark ?? '', /mean of its column over all 5 rows/);
      assert.match(await inspection.code('numpy', { layer: 1 }), /^Q_before_1 = np.load\("Q.npy"\)/m);
      const { interventions } = await inspection.change({ temperature: 2 });
      assert.equal(interventions?.length, 3);
      await inspection.change({}, { interventions: [] });
      assert.equal(inspection.summary.interventions, undefined);
    } finally {
      await inspection.dispose();
    }
  });

  it('are made where a mechanism reads the embeddings of a text', async () => {
    const inspection = await inspectText('cats and dogs', {
      media,
      mechanism: 'scaled-dot-product',
      interventions: [{ layer: 0, step: 'weights', rows: { start: 1, end: 2 }, set: { kind: 'zero' } }],
    });
    try {
      const { data, shape } = await inspection.slice('output');
      const [, width = 0] = shape;
      assert.ok(data.subarray(width, 2 * width).every((number) => number === 0));
      assert.ok(data.subarray(0, width).some((number) => number !== 0));
    } finally {
      await inspection.dispose();
    }
  });

  it('are refused by an ONNX export, whose own graph computes it', async () => {
    const path = join(process.cwd(), 'test/fixtures/models/onnx/bert/fixed-24.onnx');
    await assert.rejects(
      inspectText('a word', { media, model: path, interventions: [silenced] }),
      /ONNX export: its own graph computes all of its layers, so that no step can be set in it/,
    );
  });

  it('come again with what a model wrote before', async () => {
    const each = caseNamed('gpt, weights given in some rows');
    const first = await inspect(each, setIn(each));
    await first.continue({ inspection: first.id, tokens: 3 });
    const { continuation, interventions } = first.summary;
    assert.ok(continuation !== undefined && interventions !== undefined);
    const again = await openText(whole, {
      text: each.text,
      model: { kind: 'gpt' },
      continuation,
      interventions,
    });
    open.push(again);
    await assertWeights(again, tensorNamed(tensors, `${each.name}/weights, went on`));
  });

  it('leave the rows of a long text to be computed some at a time', async () => {
    const model = await Model.open(platform, join(media, 'models/all-MiniLM-L6-v2'));
    const runtime = new Runtime(platform);
    try {
      const ids = (await model.encode(animal.text)).ids;
      const own = model.build(ids.length, model.attention);
      const made = [silenced, { layer: 3, step: 'weights', set: { kind: 'mean' } } as const];
      const { graph, feeds } = intervene(own, made, model.heads, () => growing.both);
      const stages = layerStages(
        graph.layers,
        graph.hiddenStates,
        graph.hiddenStates.slice(-1),
        wholeLayers(made),
      );
      const fed = new Map([...own.feeds(ids), ...feeds(ids.length)]);
      const [inParts] = await runStages(stages, fed, runtime, {}, 12 * 8 * 3);
      const [atOnce] = await runtime.run(graph.hiddenStates.slice(-1), fed);
      assert.ok(inParts !== undefined && atOnce !== undefined);
      assert.ok(distance(inParts.data, atOnce.data) < 1e-4);
    } finally {
      await runtime.dispose();
      await model.dispose();
    }
  });
});
