import assert from 'node:assert/strict';
import { cp, mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '../../../../src/inspection/core/engine.js';
import { passage } from '../../../../src/inspection/views/head-types/passage.js';
import { openText } from '../../../support/inspections.js';
import { platform } from '../../../support/platform.js';

const media = join(process.cwd(), 'media');
const fixtures = join(process.cwd(), 'test', 'fixtures', 'models');

describe('head types', () => {
  let engine: Engine;
  before(() => {
    engine = new Engine(platform, media);
  });
  after(() => engine.dispose());

  it('of the embedded BERT are what the weights of an inspection of the passage say', async () => {
    const { stacks, described } = await engine.headTypes({ model: { kind: 'embedded' } });
    const [self] = stacks;
    assert.ok(self !== undefined && stacks.length === 1);
    assert.deepEqual([self.stack, self.layers, self.heads, self.types.length], ['self', 6, 12, 72]);
    assert.ok(!self.looked.includes('induction'));
    const inspection = await openText(engine, { text: passage, model: { kind: 'embedded' } });
    const { id, queries } = inspection.summary;
    const n = queries.count;
    const offset: Record<string, number> = { 'previous-token': -1, 'next-token': 1, 'same-token': 0 };
    let checked = 0;
    for (const [at, type] of self.types.entries()) {
      const by = offset[type?.name ?? ''];
      if (type === null || by === undefined) continue;
      const place = { layer: Math.floor(at / 12), head: at % 12 };
      const { data } = await inspection.slice({ inspection: id, step: 'weights', ...place });
      const weights: number[] = [];
      for (let query = 1; query < n; query++) {
        if (query + by < n) weights.push(data[query * n + query + by] ?? NaN);
      }
      const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
      assert.ok(Math.abs(mean - type.score) < 1e-6, `${type.name}: ${type.score}, not ${mean}`);
      const { threshold = 1 } = described.find(({ name }) => name === type.name) ?? {};
      assert.ok(type.score >= threshold);
      checked++;
    }
    assert.ok(checked > 0, 'no head of BERT looks at a place beside itself');
    await engine.close(id);
  });

  it('of the embedded GPT have induction heads, which random tokens that are repeated show', async () => {
    const { stacks } = await engine.headTypes({ model: { kind: 'gpt' } });
    const names = stacks[0]?.types.map((type) => type?.name) ?? [];
    assert.ok(names.includes('induction'), names.join(', '));
    assert.ok(names.includes('previous-token'), names.join(', '));
    assert.ok(!names.includes('next-token'));
  });

  it('are the same every time', async () => {
    const model = { kind: 'gpt' } as const;
    assert.deepEqual(await engine.headTypes({ model }), await engine.headTypes({ model }));
  });

  it('of an encoder–decoder model are those of its three attentions', async () => {
    const { stacks } = await engine.headTypes({
      model: { kind: 'folder', path: join(fixtures, 'marian-text') },
    });
    assert.deepEqual(
      stacks.map(({ stack }) => stack),
      ['encoder', 'decoder', 'cross'],
    );
    assert.deepEqual(stacks[2]?.looked, ['sink', 'broad']);
  });

  it('are refused for date models and exports, in a sentence', async () => {
    await assert.rejects(
      engine.headTypes({ model: { kind: 'dates', score: 'luong' } }),
      /^ModelError: The heads of a model for written dates are not probed/,
    );
    const model = { kind: 'file', path: 'model.onnx' } as const;
    await assert.rejects(engine.headTypes({ model }), /The heads of an ONNX export are not probed/);
    const { headTypesIdentity } = engine.handlers();
    assert.equal(
      await headTypesIdentity({ model }, { signal: new AbortController().signal, progress: () => undefined }),
      null,
    );
  });

  it('say how far they are, and stop when they are told to', async () => {
    const controller = new AbortController();
    const fractions: number[] = [];
    const probing = engine.headTypes(
      { model: { kind: 'embedded' } },
      {
        signal: controller.signal,
        progress: (_, fraction) => {
          if (fraction !== null) fractions.push(fraction);
          if (fractions.length === 3) controller.abort();
        },
      },
    );
    await assert.rejects(probing, { name: 'AbortError' });
    assert.ok(fractions.length >= 3 && fractions.every((each) => each >= 0 && each <= 1));
  });

  it('are another model’s when a file was written anew', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'head-types-'));
    try {
      const path = join(folder, 'bert');
      await cp(join(fixtures, 'bert'), path, { recursive: true });
      const model = { kind: 'folder', path } as const;
      const call = { signal: new AbortController().signal, progress: (): void => undefined };
      const ask = async (): Promise<string | null> => engine.handlers().headTypesIdentity({ model }, call);
      const before = await ask();
      assert.equal(await ask(), before);
      await utimes(join(path, 'model.safetensors'), new Date(), new Date(2001, 1, 1));
      assert.notEqual(await ask(), before);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
