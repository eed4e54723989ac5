import assert from 'node:assert/strict';
import { inspectText, type OpenInspection } from '../../src/inspection/index.js';
import { Model } from '../../src/models/model.js';
import { Runtime } from '../../src/runtime/session.js';
import { at, distance, media, tensorNamed } from '../support/models/expected.js';
import {
  assertForward,
  checkpoint,
  described,
  picksOf,
  referencesOf,
  type Text,
} from '../support/checkpoints/references.js';
import { platform } from '../support/platform.js';

interface Continued extends Text {
  /** The most tokens that were asked for. */
  readonly count: number;
  /** The tokens that were added. */
  readonly added: readonly string[];
  readonly said: string;
  readonly ending: 'length' | 'end';
}

const name = 'SmolLM2-135M-Instruct';
const { texts, long, continuations } = described<{
  readonly texts: readonly Text[];
  readonly long: readonly Text[];
  readonly continuations: readonly Continued[];
}>(name);

describe('SmolLM2-135M-Instruct, GGUF in Q4_1', function () {
  this.timeout(120_000);
  let path: string;
  before(() => {
    path = checkpoint(name, `${name}.Q4_1.gguf`);
  });

  describe('as a model', () => {
    const runtime = new Runtime(platform);
    let model: Model;
    before(async () => {
      model = await Model.open(platform, path);
    });
    after(async () => {
      await runtime.dispose();
      await model.dispose();
    });

    it('is a Llama of 30 layers, whose 9 heads share 3 of keys and values', () => {
      const { family, layers, heads, width, limit, size } = model;
      assert.deepEqual(
        { family, layers, heads, width, limit, size },
        { family: 'Llama', layers: 30, heads: 9, width: 576, limit: 8192, size: 98_362_432 },
      );
      const steps = model.build(3, model.attention).layers[0] ?? [];
      assert.deepEqual(steps.find(({ label }) => label?.name === 'K')?.shape, [3, 3, 64]);
    });

    texts.forEach((each, index) => {
      it(`hidden states, attention weights and logits of ${JSON.stringify(each.text)} are those of transformers`, async () => {
        const { ids, tokens } = await model.encode(each.text);
        assert.deepEqual(ids, each.ids);
        assert.deepEqual(tokens, each.tokens);
        await assertForward({ model, runtime }, each, (await referencesOf(name))(index));
      });
    });
  });

  describe('as an inspection', () => {
    const open: OpenInspection[] = [];
    async function inspect(text: string): Promise<OpenInspection> {
      const inspection = await inspectText(text, { media, model: { kind: 'file', path } });
      open.push(inspection);
      return inspection;
    }
    // One stays open until all are done, so that the model is read once.
    before(() => inspect('SmolLM2'));
    after(() => Promise.all(open.splice(0).map((each) => each.dispose())));

    it('runs a long text in parts, whose weights and expectations are those of transformers', async () => {
      const inspection = await assertLong(0);
      assert.ok(inspection.summary.queries.count > 256);
    });

    it('runs a longer one layer by layer, to the same', async () => {
      const inspection = await assertLong(1);
      assert.ok(inspection.summary.queries.count > 1024);
    });

    async function assertLong(which: number): Promise<OpenInspection> {
      const { text, tokens } = long[which] ?? assert.fail();
      const references = (await referencesOf(name))(texts.length + which);
      const inspection = await inspect(text);
      const { words } = inspection.summary.queries;
      assert.deepEqual(words, tokens);
      const rows = [...tensorNamed(references, 'rows').data];
      for (const [pick, { layer, head }] of picksOf(references).entries()) {
        const expected = at(tensorNamed(references, 'attentions'), pick); // (row, key)
        for (const [index, row] of rows.entries()) {
          const { data } = await inspection.slice('weights', { layer, head, rows: [row, row + 1] });
          data.forEach((weight, key) => assert.equal(Number.isNaN(weight), key > row));
          const numbers = data.map((weight) => (Number.isNaN(weight) ? 0 : weight));
          const difference = distance(numbers, at(expected, index).data);
          assert.ok(difference < 1e-4, `layer ${layer}, head ${head}, row ${row} differs by ${difference}`);
        }
      }
      const kept = [...tensorNamed(references, 'ids').data];
      for (const [index, row] of rows.entries()) {
        const logits = at(tensorNamed(references, 'logits'), index).data;
        for (const { id, logit, token } of (await inspection.candidates(row, 16)).candidates) {
          const place = kept.indexOf(id);
          // After the last row the sixteen likeliest were kept, after others those that happen to be among them.
          if (place < 0) assert.notEqual(row, rows.at(-1), `${token} is not among the likeliest`);
          else assert.ok(Math.abs(logit - (logits[place] ?? Number.NaN)) < 1e-3, `${token} after row ${row}`);
        }
      }
      return inspection;
    }

    for (const { text, tokens, count, added, said, ending } of continuations) {
      it(`goes on with ${JSON.stringify(text)} as transformers does, token for token`, async () => {
        const inspection = await inspect(text);
        const result = await inspection.continue({ tokens: count });
        const { words = [] } = inspection.summary.queries;
        const spelled = [...tokens, ...added];
        assert.equal(words.length, spelled.length);
        for (const [index, token] of spelled.entries()) {
          // The others are bytes of a character that several tokens share.
          if (/^[ -~ĠĊ]+$/.test(token)) {
            assert.equal(words[index], token.replaceAll('Ġ', ' ').replaceAll('Ċ', '\n'));
          }
        }
        assert.equal(result.text, said);
        assert.equal(result.ending, ending);
      });
    }
  });
});
