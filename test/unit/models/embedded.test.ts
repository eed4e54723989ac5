import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { standardAttention } from '../../../src/engine/mechanisms/index.js';
import type { Value } from '../../../src/engine/graph.js';
import type { Tensor } from '../../../src/engine/tensor.js';
import { embeddedFolder } from '../../../src/models/catalog.js';
import { Model } from '../../../src/models/model.js';
import { joinRanges } from '../../../src/models/processors/tokenizer/tokenizer.js';
import { Runtime } from '../../../src/runtime/session.js';
import {
  assertClose,
  at,
  distance,
  fixtures,
  media,
  readJson,
  tensorNamed,
  tensorsIn,
} from '../../support/models/expected.js';
import { platform } from '../../support/platform.js';

interface Described {
  readonly text: string;
  readonly ids: readonly number[];
  readonly tokens: readonly string[];
  readonly ranges: readonly (readonly [number, number] | null)[];
}

/** Five texts, the last of 512 tokens: see make_models.py. */
const texts = readJson<readonly Described[]>(readFileSync(join(fixtures, 'embedded/texts.json'), 'utf8'));

/** As floats: at most half a step of a 16-bit share away. */
const rounding = 0.5 / 65535 + 1e-7;

describe('Embedded model', function () {
  this.timeout(60_000);
  const runtime = new Runtime(platform);
  let model: Model;
  before(async () => {
    model = await Model.open(platform, embeddedFolder(platform, media));
  });
  after(async () => {
    await runtime.dispose();
    await model.dispose();
  });

  async function run({ ids }: Described): Promise<{ states: Tensor[]; weights: Tensor<Float32Array>[] }> {
    const graph = model.build(ids.length, standardAttention);
    const weights = graph.layers.map(weightsOf);
    const results = await runtime.run([...graph.hiddenStates, ...weights], graph.feeds(ids));
    const count = graph.hiddenStates.length;
    return { states: results.slice(0, count), weights: results.slice(count) };
  }

  it('is a BERT of 6 layers of 12 heads', () => {
    const { name, family, layers, heads, width, limit, size } = model;
    assert.deepEqual(
      { name, family, layers, heads, width, limit },
      { name: 'all-MiniLM-L6-v2', family: 'BERT', layers: 6, heads: 12, width: 384, limit: 512 },
    );
    assert.ok(size > 45e6 && size < 46e6);
  });

  it('is the file that THIRD_PARTY.md vouches for', () => {
    const notice = readFileSync(join(process.cwd(), 'THIRD_PARTY.md'), 'utf8');
    const rows = [...notice.matchAll(/^\| `([\w.]+)` \| (\d+) \| `([0-9a-f]{64})` \|$/gm)];
    assert.ok(rows.some(([, file]) => file === 'model.safetensors'));
    for (const [, file = '', bytes, digest] of rows) {
      const content = readFileSync(join(embeddedFolder(platform, media), file));
      assert.equal(content.length, Number(bytes), file);
      assert.equal(createHash('sha256').update(content).digest('hex'), digest, file);
    }
  });

  it('cuts the texts into the tokens of the tokenizers library, with their places', async () => {
    for (const { text, ids, tokens, ranges } of texts) {
      const encoding = await model.encode(text);
      assert.deepEqual(encoding.ids, ids);
      // An unknown token is labelled by the text that it stands for.
      assert.deepEqual(
        encoding.tokens,
        tokens.map((token, at) => (token === '[UNK]' ? text.slice(...(ranges[at] ?? [0, 0])) : token)),
      );
      assert.deepEqual(
        encoding.ranges.map((range) => range && [range.start, range.end]),
        ranges,
      );
      assert.equal(encoding.total, ids.length);
      let end = 0;
      for (const range of joinRanges(encoding.ranges)) {
        assert.ok(range.start >= end && range.end <= text.length);
        end = range.end;
      }
    }
  });

  texts.slice(0, 4).forEach((described, index) => {
    it(`computes the hidden states and all 72 attention matrices of text ${index + 1}, ${described.ids.length} tokens`, async () => {
      const expected = await tensorsIn(join(fixtures, `embedded/${index}.safetensors`));
      const { states, weights } = await run(described);
      const hidden = tensorNamed(expected, 'hidden_states');
      const attentions = tensorNamed(expected, 'attentions');
      const originals = tensorNamed(expected, 'original_attentions');
      assert.equal(hidden.shape[0], states.length);
      assert.equal(attentions.shape[0], weights.length);
      states.forEach((state, layer) => {
        assertClose(float32(state), at(hidden, layer), 1e-4, `hidden states ${layer}`);
      });
      weights.forEach((matrices, layer) => {
        assert.equal(matrices.shape[0], 12);
        assertClose(matrices, at(attentions, layer), 1e-4, `weights of layer ${layer}`);
        assertClose(matrices, at(originals, layer), 2e-3, `against the original’s float32, layer ${layer}`);
      });
      // The comparison with the original means something only if the two are not the same.
      assert.ok(distance(attentions.data, originals.data) > 1e-6);
    });
  });

  it('computes the hidden states and all 72 attention matrices of a text of 512 tokens', async () => {
    const described = texts[4];
    assert.ok(described?.ids.length === 512);
    const expected = await tensorsIn(join(fixtures, 'embedded/4.safetensors'));
    const rows = [...tensorNamed(expected, 'rows').data];
    const hidden = tensorNamed(expected, 'hidden_states');
    const shares = tensorNamed(expected, 'attention_shares'); // (layer, head, row, key)
    const sums = tensorNamed(expected, 'attention_sums'); // (layer, head, key)
    const { states, weights } = await run(described);
    states.forEach((state, layer) => {
      assertClose(rowsOf(float32(state), rows), at(hidden, layer), 1e-4, `hidden states ${layer}`);
    });
    weights.forEach((matrices, layer) => {
      for (let head = 0; head < 12; head++) {
        const what = `weights of layer ${layer}, head ${head}`;
        const matrix = at(matrices, head); // (query, key)
        const share = at(at(shares, layer), head);
        const numbers = { shape: share.shape, data: share.data.map((each) => each / 65535) };
        assertClose(rowsOf(matrix, rows), numbers, 1e-4 + rounding, what);
        assertClose(columnSums(matrix), at(at(sums, layer), head), 1e-3, `column sums of ${what}`);
      }
    });
  });

  it('says how many tokens a longer text has, and uses those that fit', async () => {
    const long = 'attention '.repeat(2000);
    const { ids, tokens, ranges, total } = await model.encode(long);
    assert.equal(ids.length, 512);
    assert.equal(total, 2002);
    assert.equal(tokens[0], '[CLS]');
    assert.equal(tokens.at(-1), '[SEP]');
    assert.deepEqual(ranges.at(-2), { start: 5090, end: 5099 });
    assert.equal(ranges.at(-1), null);
  });

  it('cuts of 100 kB no more than its limit needs, and says that there is more', async () => {
    const text = texts
      .map((each) => each.text)
      .join('\n')
      .repeat(40)
      .slice(0, 100_000);
    const { ids, total, more } = await model.encode(text);
    assert.deepEqual([ids.length, more], [model.limit, true]);
    // A quarter of the text is cut at most.
    assert.ok(total > model.limit && total < 25_000 / 2, String(total));
  });
});

function weightsOf(steps: readonly Value[]): Value {
  const found = steps.find((step) => step.label?.name === 'weights');
  assert.ok(found);
  return found;
}

function float32({ shape, data }: Tensor): Tensor<Float32Array> {
  return { shape, data: Float32Array.from(data) };
}

/** Some rows of a matrix. */
function rowsOf({ shape, data }: Tensor<Float32Array>, rows: readonly number[]): Tensor<Float32Array> {
  const width = shape[1] ?? 0;
  const out = new Float32Array(rows.length * width);
  rows.forEach((row, index) => {
    out.set(data.subarray(row * width, (row + 1) * width), index * width);
  });
  return { shape: [rows.length, width], data: out };
}

function columnSums({ shape, data }: Tensor<Float32Array>): Tensor<Float32Array> {
  const width = shape[1] ?? 0;
  const sums = new Float64Array(width);
  data.forEach((value, cell) => {
    sums[cell % width] = (sums[cell % width] ?? 0) + value;
  });
  return { shape: [width], data: Float32Array.from(sums) };
}
