import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { evaluate } from '../../../../src/engine/evaluate.js';
import { sorted, type Value } from '../../../../src/engine/graph.js';
import { wholeOf, type Tensor } from '../../../../src/engine/tensor.js';
import { datesFolder } from '../../../../src/models/catalog.js';
import { dateScores } from '../../../../src/common/embedded-models.js';
import { DateModel, outputCharacters, type DateGraph } from '../../../../src/models/dates/index.js';
import { Runtime } from '../../../../src/runtime/session.js';
import {
  assertClose,
  at,
  media,
  readJson,
  tensorNamed,
  tensorsIn,
  type Tensors,
} from '../../../support/models/expected.js';
import { dates, fixtures } from '../../../support/models/dates.js';
import { platform } from '../../../support/platform.js';

const folder = datesFolder(platform, media);

/** What is written beside each model when it has been trained. */
interface Card {
  readonly figures: { readonly heldOut: number; readonly unseen: number; readonly tested: number };
  readonly weights: number;
  readonly sha256: string;
}

/** The attentions of the Transformer, beside PyTorch’s names for their weights. */
const attentions = { cross: 'cross', encoder: 'encoder', decoder: 'self' } as const;

describe('Date models', function () {
  this.timeout(120_000);
  const runtime = new Runtime(platform);
  const models = new Map<string, DateModel>();
  const expected = new Map<string, Tensors>();
  before(async () => {
    for (const score of dateScores) {
      models.set(score, await DateModel.open(platform, folder, score));
      expected.set(score, await tensorsIn(join(fixtures, `${score}.safetensors`)));
    }
  });
  after(async () => {
    await runtime.dispose();
    await Promise.all([...models.values()].map((model) => model.dispose()));
  });

  function named<Thing>(things: ReadonlyMap<string, Thing>, score: string): Thing {
    const found = things.get(score);
    assert.ok(found);
    return found;
  }

  /** What a layer presents, from what the model computes for it; beside it what the model itself used. */
  interface Look {
    readonly inputs: ReadonlyMap<string, Tensor<Float32Array>>;
    readonly weights: Tensor<Float32Array>;
    readonly used: Tensor<Float32Array>;
  }

  async function look(
    graph: DateGraph,
    feeds: ReadonlyMap<Value, Tensor>,
  ): Promise<{ readonly layers: readonly Look[]; readonly logits: Tensor<Float32Array> }> {
    const targets = graph.layers.flatMap(({ used, inputs }) => [used, ...inputs.values()]);
    const [logits, ...tensors] = await runtime.run([graph.logits, ...targets], feeds);
    assert.ok(logits);
    const computed = (value: Value): Tensor<Float32Array> => {
      const tensor = tensors[targets.indexOf(value)];
      assert.ok(tensor);
      return tensor;
    };
    const layers: Look[] = [];
    for (const { steps, inputs, used } of graph.layers) {
      const given = new Map([...inputs].map(([leaf, value]) => [leaf, computed(value)]));
      const step = steps.find(({ label }) => label?.name === 'weights');
      assert.ok(step);
      const [weights] = await runtime.run([step], given);
      assert.ok(weights);
      layers.push({
        inputs: new Map([...given].map(([leaf, tensor]) => [leaf.label?.name ?? '', tensor])),
        weights,
        used: computed(used),
      });
    }
    return { layers, logits };
  }

  for (const score of dateScores) {
    it(`${score}: the weights are those that were measured, and most held-out dates come out right`, () => {
      const card = readJson<Card>(readFileSync(join(folder, `${score}.json`), 'utf8'));
      const weights = readFileSync(join(folder, `${score}.safetensors`));
      assert.equal(createHash('sha256').update(weights).digest('hex'), card.sha256);
      assert.ok(weights.length < 1 << 19, 'a few hundred kilobytes');
      assert.ok(card.figures.tested >= 5000);
      assert.ok(card.figures.heldOut > 0.97, `${card.figures.heldOut}`);
      assert.ok(card.figures.unseen > 0.5 && card.figures.unseen < card.figures.heldOut);
      assert.deepEqual(named(models, score).accuracy, {
        heldOut: card.figures.heldOut,
        unseen: card.figures.unseen,
      });
    });

    it(`${score}: README.md says what was measured`, () => {
      const { figures } = readJson<Card>(readFileSync(join(folder, `${score}.json`), 'utf8'));
      const size = readFileSync(join(folder, `${score}.safetensors`)).length;
      const readme = readFileSync(join(process.cwd(), 'README.md'), 'utf8');
      const row = readme.split('\n').find((line) => line.startsWith(`| \`dates-${score}\``));
      const cells = row?.split('|').map((cell) => cell.trim());
      const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
      assert.deepEqual(cells?.slice(3, 6), [
        percent(figures.heldOut),
        percent(figures.unseen),
        `${Math.round(size / 1000)} kB`,
      ]);
    });

    it(`${score}: reads the characters that PyTorch reads, by the same numbers`, () => {
      for (const { text, ids } of dates) {
        const reading = named(models, score).read(text);
        assert.deepEqual(reading.ids, ids, text);
        assert.equal(reading.total, ids.length);
      }
    });

    it(`${score}: at least 12 of the ${dates.length} dates come out right`, () => {
      const right = dates.filter(({ iso, said }) => said[score] === iso);
      assert.ok(right.length >= 12, right.map(({ iso }) => iso).join(' '));
    });
  }

  for (const score of ['bahdanau', 'luong'] as const) {
    it(`${score}: states, weights and outputs are PyTorch’s`, async () => {
      for (const [index, { text, ids, said }] of dates.entries()) {
        const theirs = (name: string): Tensor<Float32Array> =>
          tensorNamed(named(expected, score), `${index}.${name}`);
        const graph = named(models, score).build(ids.length, {});
        assert.equal(graph.layers.length, 1);
        const { layers, logits } = await look(graph, graph.feeds(ids));
        const [layer] = layers;
        assert.ok(layer);
        const { weights, used, inputs } = layer;
        assertClose(named(inputs, 'H'), theirs('H'), 1e-4, `encoder states of ${text}`);
        assertClose(named(inputs, 'S'), theirs('S'), 1e-4, `decoder states of ${text}`);
        assertClose(weights, theirs('weights'), 1e-4, `weights of ${text}`);
        assertClose(weights, used, 1e-5, `weights while writing ${text}`);
        assertClose(logits, theirs('logits'), 1e-3, `logits of ${text}`);
        assert.equal(written(logits), said[score], text);
      }
    });
  }

  it('transformer: the weights of all its attentions and its outputs are PyTorch’s', async () => {
    for (const [index, { text, ids, said }] of dates.entries()) {
      const theirs = (name: string): Tensor<Float32Array> =>
        tensorNamed(named(expected, 'transformer'), `${index}.${name}`);
      for (const [attention, name] of Object.entries(attentions)) {
        const graph = named(models, 'transformer').build(ids.length, { attention });
        assert.ok(graph.decoder);
        assert.equal(graph.layers.length, 2);
        const feeds = new Map(graph.feeds(ids)).set(graph.decoder.previous, theirs('previous'));
        const { layers, logits } = await look(graph, feeds);
        layers.forEach(({ weights, used }, layer) => {
          const what = `${attention} weights of ${text}, layer ${layer}`;
          assertClose(weights, at(theirs(name), layer), 1e-4, what);
          assertClose(weights, used, 1e-5, `${what}, while writing`);
        });
        assertClose(logits, theirs('logits'), 1e-3, `logits of ${text}`);
        assert.equal(written(logits), said['transformer'], text);
      }
    }
  });

  it('the reference evaluation, in float64, writes the same dates', async () => {
    for (const score of dateScores) {
      const index = 3;
      const date = dates[index];
      assert.ok(date);
      const graph = named(models, score).build(date.ids.length, {});
      const given = new Map(graph.feeds(date.ids));
      if (graph.decoder !== undefined)
        given.set(graph.decoder.previous, tensorNamed(named(expected, score), `${index}.previous`));
      for (const value of sorted([graph.logits])) {
        if (value.origin.kind === 'parameter')
          given.set(value, await value.origin.source.read(wholeOf(value.shape)));
      }
      const [logits] = evaluate([graph.logits], given);
      assert.ok(logits);
      const theirs = tensorNamed(named(expected, score), `${index}.logits`);
      assertClose({ ...logits, data: Float32Array.from(logits.data) }, theirs, 1e-3, score);
    }
  });

  it('transformer: no output character attends to what is not yet written', () => {
    for (const index of dates.keys()) {
      const { data, shape } = tensorNamed(named(expected, 'transformer'), `${index}.self`);
      assert.deepEqual(shape, [2, 4, 10, 10]);
      data.forEach((weight, cell) => {
        if (cell % 10 > Math.floor(cell / 10) % 10) assert.equal(weight, 0);
      });
    }
  });

  it('a high temperature flattens the weights, also while writing', async () => {
    for (const score of dateScores) {
      const ids = dates[0]?.ids ?? [];
      const graph = named(models, score).build(ids.length, { temperature: 10_000 });
      const feeds = new Map(graph.feeds(ids));
      if (graph.decoder !== undefined)
        feeds.set(graph.decoder.previous, tensorNamed(named(expected, score), '0.previous'));
      const { layers } = await look(graph, feeds);
      for (const weight of layers.flatMap(({ weights, used }) => [...weights.data, ...used.data]))
        assert.ok(Math.abs(weight - 1 / ids.length) < 0.01, `${score}: ${weight}`);
    }
  });

  it('one character and as many as fit are read; more and none are refused in a sentence', async () => {
    for (const score of dateScores) {
      const model = named(models, score);
      const { ids, total } = model.read(`3 mai 1979 ${'nothing more '.repeat(1000)}`);
      assert.deepEqual([ids.length, total], [64, 13_010]);
      for (const few of [ids.slice(0, 1), ids]) {
        const graph = model.build(few.length, {});
        const feeds = new Map(graph.feeds(few));
        if (graph.decoder !== undefined)
          feeds.set(graph.decoder.previous, { shape: [10], data: new Float64Array(10).fill(11) });
        const [logits] = await runtime.run([graph.logits], feeds);
        assert.ok(logits?.data.every(Number.isFinite));
      }
      assert.throws(() => model.build(0, {}), /reads 1 to 64 characters at a time, not 0/);
      assert.throws(() => model.build(65, {}), /reads 1 to 64 characters at a time, not 65/);
    }
  });

  it('a character that was rare in training has one number with all others of its kind', () => {
    const model = named(models, 'bahdanau');
    assert.deepEqual(model.read('𓀀☃').ids, [1, 1]);
    assert.equal(model.knows('𓀀'), false);
    assert.equal(model.knows('7'), true);
  });

  describe('that are damaged', () => {
    let scratch: string;
    before(async () => {
      scratch = await mkdtemp(join(tmpdir(), 'dates-'));
    });
    after(() => rm(scratch, { recursive: true, force: true }));

    async function damaged(change: (copy: string) => Promise<void>): Promise<DateModel> {
      const copy = await mkdtemp(join(scratch, 'copy-'));
      await cp(folder, copy, { recursive: true });
      await change(copy);
      return DateModel.open(platform, copy, 'bahdanau');
    }

    it('are said in a sentence that names the file', async () => {
      const cases: readonly [RegExp, (copy: string) => Promise<void>][] = [
        [/bahdanau\.safetensors cannot be read/, (copy) => unlink(join(copy, 'bahdanau.safetensors'))],
        [/bahdanau\.safetensors cannot be read/, (copy) => truncate(join(copy, 'bahdanau.safetensors'), 999)],
        [/vocabulary\.json/, (copy) => unlink(join(copy, 'vocabulary.json'))],
        [
          /vocabulary\.json is not a list of diff/,
          (copy) => writeFile(join(copy, 'vocabulary.json'), '["a","a"]'),
        ],
        [/vocabulary\.json is not a list of diff/, (copy) => writeFile(join(copy, 'vocabulary.json'), '[1]')],
        [/bahdanau\.json does not say.*heldOut/, (copy) => writeFile(join(copy, 'bahdanau.json'), '{}')],
        [/bahdanau\.json/, (copy) => writeFile(join(copy, 'bahdanau.json'), '{')],
      ];
      for (const [sentence, change] of cases) await assert.rejects(damaged(change), sentence);
    });

    it('where the vocabulary is another’s, the tensor that does not fit is named', async () => {
      const model = await damaged((copy) => writeFile(join(copy, 'vocabulary.json'), '["1","2"]'));
      assert.throws(() => model.build(3, {}), /"?encoder\.embedding\.weight"?.*instead of \[?\(?4/);
      await model.dispose();
    });

    it('where a model’s weights are another’s, the tensor that is missing is named', async () => {
      const model = await damaged((copy) =>
        cp(join(copy, 'luong.safetensors'), join(copy, 'bahdanau.safetensors')),
      );
      assert.throws(() => model.build(3, {}), /bahdanau\.safetensors/);
      await model.dispose();
    });
  });
});

/** The character that fits best at each place. */
function written({ data }: Tensor): string {
  const width = outputCharacters.length;
  return Array.from({ length: 10 }, (_, row) => {
    const own = [...data.subarray(row * width, (row + 1) * width)];
    return outputCharacters[own.indexOf(Math.max(...own))] ?? '?';
  }).join('');
}
