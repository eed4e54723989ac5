import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Value } from '../../../src/engine/graph.js';
import { inspectText } from '../../../src/inspection/index.js';
import { embeddedFolder } from '../../../src/models/catalog.js';
import { Model } from '../../../src/models/model.js';
import { Runtime } from '../../../src/runtime/session.js';
import {
  assertClose,
  at,
  fixtures,
  media,
  readJson,
  tensorNamed,
  tensorsIn,
  type Tensors,
} from '../../support/models/expected.js';
import { platform } from '../../support/platform.js';

const folder = embeddedFolder(platform, media, 'gpt');

/** What tools/gpt/export.py measured. */
interface Measured {
  readonly nats_per_token: number;
  readonly bits_per_byte: number;
  readonly previous_token: readonly (readonly number[])[];
  readonly induction: readonly (readonly number[])[];
}

describe('The embedded GPT', function () {
  this.timeout(60_000);
  const runtime = new Runtime(platform);
  let model: Model;
  let expected: Tensors;
  before(async () => {
    model = await Model.open(platform, folder);
    expected = await tensorsIn(join(fixtures, 'gpt-packages', 'expected.safetensors'));
  });
  after(async () => {
    await model.dispose();
    await runtime.dispose();
  });
  const { text, added } = readJson<{ readonly text: string; readonly added: string }>(
    readFileSync(join(fixtures, 'gpt-packages', 'text.json'), 'utf8'),
  );

  async function weightsOf(ids: readonly number[]): ReturnType<Runtime['run']> {
    const graph = model.build(ids.length, model.attention);
    return runtime.run(
      graph.layers.map((steps) => weightsIn(steps)),
      graph.feeds(ids),
    );
  }

  it('is small', () => {
    assert.ok(statSync(join(folder, 'model.safetensors')).size < 16e6);
    const { family, layers, heads, width, limit, writes } = model;
    assert.deepEqual(
      { family, layers, heads, width, limit, writes },
      { family: 'GPT-2', layers: 5, heads: 8, width: 256, limit: 256, writes: true },
    );
  });

  it('computes what transformers computes with it', async () => {
    const { ids } = await model.encode(text);
    assert.deepEqual(ids, [...tensorNamed(expected, 'ids').data]);
    const graph = model.build(ids.length, model.attention);
    const hidden = graph.hiddenStates.at(-1);
    assert.ok(hidden !== undefined && graph.logits !== undefined);
    const [states, logits] = await runtime.run([hidden, graph.logits], graph.feeds(ids));
    assert.ok(states !== undefined && logits !== undefined);
    assertClose(states, tensorNamed(expected, 'hidden_states'), 1e-4, 'hidden states');
    const last = { shape: [4096], data: logits.data.slice(-4096) };
    assertClose(last, tensorNamed(expected, 'logits'), 1e-4, 'logits');
    const weights = await weightsOf(ids);
    [
      [1, 6],
      [3, 2],
    ].forEach(([layer = 0, head = 0], which) => {
      const own = weights[layer];
      assert.ok(own !== undefined);
      assertClose(at(own, head), at(tensorNamed(expected, 'attentions'), which), 1e-5, `head ${head}`);
    });
  });

  it('goes on as transformers lets it, offline', async () => {
    const inspection = await inspectText(text, { media, model: { kind: 'gpt' } });
    const { text: said } = await inspection.continue({ tokens: 24 });
    assert.equal(said, added);
    await inspection.dispose();
  });

  it('has the previous-token and induction heads that are said of it', async () => {
    const measured = readJson<Measured>(readFileSync(join(folder, 'measured.json'), 'utf8'));
    const twice = [...tensorNamed(expected, 'twice').data];
    const half = twice.length / 2;
    const induction = scores(await weightsOf(twice), 1 - half, 1);
    const previous = scores(await weightsOf([...tensorNamed(expected, 'ids').data]), -1, 0);
    for (const [found, name] of [
      [induction, 'induction'],
      [previous, 'previous'],
    ] as const) {
      const wanted = [...tensorNamed(expected, name).data];
      found.flat().forEach((score, index) => {
        assert.ok(Math.abs(score - (wanted[index] ?? NaN)) < 1e-5, `${name} ${index}`);
      });
    }
    // On other text than was measured the same heads stand out.
    assert.equal(strongest(induction), strongest(measured.induction));
    assert.equal(strongest(previous), strongest(measured.previous_token));
    const readme = readFileSync(join(process.cwd(), 'README.md'), 'utf8');
    for (const said of [
      measured.nats_per_token.toFixed(2),
      measured.bits_per_byte.toFixed(2),
      Math.max(...measured.induction.flat()).toFixed(2),
      Math.max(...measured.previous_token.flat()).toFixed(2),
    ]) {
      assert.ok(readme.includes(said), `README does not say ${said}`);
    }
  });
});

function weightsIn(steps: readonly Value[]): Value {
  const found = steps.find(({ label }) => label?.name === 'weights');
  assert.ok(found !== undefined);
  return found;
}

/** The mean of a diagonal of each head's weights, without its first entries. */
function scores(
  layers: readonly { readonly shape: readonly number[]; readonly data: Float32Array }[],
  offset: number,
  skipped: number,
): number[][] {
  return layers.map(({ shape: [heads = 0, n = 0], data }) =>
    Array.from({ length: heads }, (_, head) => {
      const diagonal: number[] = [];
      for (let query = -offset; query < n; query++) {
        diagonal.push(data[(head * n + query) * n + query + offset] ?? NaN);
      }
      const used = diagonal.slice(skipped);
      return used.reduce((sum, weight) => sum + weight, 0) / used.length;
    }),
  );
}

function strongest(heads: readonly (readonly number[])[]): number {
  const all = heads.flat();
  return all.indexOf(Math.max(...all));
}
