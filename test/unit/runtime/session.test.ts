import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { input, label, parameter, positions, type Value } from '../../../src/engine/graph.js';
import {
  add,
  divide,
  gather,
  gelu,
  layerNorm,
  mask,
  matmul,
  mergeHeads,
  repeatHeads,
  softmax,
  splitHeads,
  squareRoot,
  transpose,
} from '../../../src/engine/ops/index.js';
import { inMemory, type Tensor } from '../../../src/engine/tensor.js';
import { Runtime } from '../../../src/runtime/session.js';
import { assertClose, numbers, storageOf, weight } from '../../support/runtime/numbers.js';
import { platform } from '../../support/platform.js';

const X = input([5, 8]);
const feeds = new Map<Value, Tensor>([[X, numbers('x')]]);

function filled(shape: readonly number[], value = 1): Tensor<Float32Array> {
  return { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value) };
}

describe('Runtime', () => {
  let runtime: Runtime;
  beforeEach(() => {
    runtime = new Runtime(platform);
  });
  afterEach(() => runtime.dispose());

  async function one(
    target: Value,
    given: ReadonlyMap<Value, Tensor> = feeds,
  ): Promise<Tensor<Float32Array>> {
    const [result] = await runtime.run([target], given);
    assert.ok(result);
    return result;
  }

  describe('gives what PyTorch gives', () => {
    for (const name of ['w.f32', 'w.f16', 'w.bf16']) {
      it(`with ${name} read from a safetensors file`, async () => {
        assertClose(await one(matmul(X, transpose(weight(name)))), numbers(`x @ ${name}.T`));
      });
    }

    it('at every place inside attention that is asked for', async () => {
      const [Q = X, K = X, V = X] = ['w.f32', 'w.f16', 'w.bf16'].map((name) =>
        splitHeads(matmul(X, transpose(weight(name))), 2),
      );
      const scores = matmul(Q, transpose(K));
      const scaled = divide(scores, [squareRoot(4)]);
      const causal = mask(scaled, positions(5), positions(5), { kind: 'causal' });
      const weights = softmax(scaled);
      const output = matmul(weights, V);
      const targets = {
        scores,
        causal,
        'causal weights': softmax(causal),
        weights,
        output,
        merged: mergeHeads(output),
      };
      const results = await runtime.run(Object.values(targets), feeds);
      Object.keys(targets).forEach((name, at) => {
        assertClose(results[at], numbers(name));
      });
    });

    it('for embeddings, layer norm and both forms of GELU', async () => {
      const ids = input([5], 'integer');
      const embedded = gather(weight('table'), ids);
      const normed = layerNorm(embedded, weight('norm.weight'), weight('norm.bias'), 1e-5);
      const results = await runtime.run(
        [embedded, normed, gelu(normed, 'erf'), gelu(normed, 'tanh')],
        new Map([[ids, numbers('ids')]]),
      );
      ['embedded', 'normed', 'gelu.erf', 'gelu.tanh'].forEach((name, at) => {
        assertClose(results[at], numbers(name));
      });
    });
  });

  describe('takes numbers', () => {
    it('in float64, and of parameters that are not on disk', async () => {
      const double = { shape: [5, 8], data: Float64Array.from(numbers('x').data) };
      const W = parameter(inMemory(numbers('w.f32')));
      const given = new Map<Value, Tensor>([[X, double]]);
      assertClose(await one(matmul(X, transpose(W)), given), numbers('x @ w.f32.T'));
    });

    it('of positions that do not start at 0', async () => {
      const [scores, query, key] = [input([1, 3]), positions(1), positions(3)];
      const given = new Map<Value, Tensor>([
        [scores, filled([1, 3])],
        [query, { shape: [1], data: Float64Array.of(4) }],
        [key, { shape: [3], data: Float64Array.of(3, 4, 5) }],
      ]);
      const { data } = await one(mask(scores, query, key, { kind: 'causal' }), given);
      assert.deepEqual([...data], [1, 1, -Infinity]);
    });

    it('of a value inside the graph, in place of computing it', async () => {
      const S = label(matmul(X, transpose(X)), { name: 'scores', symbol: 'S', axes: ['query', 'key'] });
      const [weights] = await runtime.run([softmax(S)], new Map([[S, filled([5, 5], 7)]]));
      assertClose(weights, filled([5, 5], 0.2));
    });

    it('under a name or without', async () => {
      const named = label(X, { name: 'X', symbol: 'X', axes: ['query', 'model'] });
      assertClose(await one(add(X, X), new Map([[named, filled([5, 8])]])), filled([5, 8], 2));
    });

    it('and lets −∞ and “not a number” through', async () => {
      const S = input([3, 2]);
      const data = Float32Array.of(-Infinity, 0, Number.NaN, 1, -Infinity, -Infinity);
      const results = await runtime.run([S, softmax(S)], new Map([[S, { shape: [3, 2], data }]]));
      assert.deepEqual(results[0]?.data, data);
      const no = Number.NaN;
      assert.deepEqual([...(results[1]?.data ?? [])], [0, 1, no, no, no, no]);
    });

    it('and returns leaves that are asked for, whole ones too', async () => {
      const ids = input([2], 'integer');
      const results = await runtime.run(
        [ids, positions(3), weight('norm.weight'), ids],
        new Map([[ids, { shape: [2], data: Float32Array.of(5, -2) }]]),
      );
      assert.deepEqual([...(results[0]?.data ?? [])], [5, -2]);
      assert.deepEqual([...(results[1]?.data ?? [])], [0, 1, 2]);
      assert.equal(results[2]?.data.length, 8);
      assert.deepEqual(results[3], results[0]);
    });
  });

  describe('with no tokens, or none to attend to', () => {
    it('gives empty results', async () => {
      const none = input([0, 8]);
      const S = matmul(none, transpose(X));
      const given = new Map<Value, Tensor>([...feeds, [none, filled([0, 8])]]);
      assert.deepEqual(await runtime.run([S, softmax(S)], given), [filled([0, 5]), filled([0, 5])]);
      assert.deepEqual(await runtime.run([], given), []);
    });

    it('computes beside them what is not empty', async () => {
      const none = input([0, 8]);
      const sum = matmul(transpose(none), none);
      const given = new Map<Value, Tensor>([[none, filled([0, 8])]]);
      const results = await runtime.run([none, sum], given);
      assert.deepEqual(results, [filled([0, 8]), filled([8, 8], 0)]);
    });

    it('takes one token', async () => {
      const one_ = input([1, 8]);
      const Q = splitHeads(one_, 2);
      const shared = repeatHeads(splitHeads(input([1, 4]), 1), 2);
      const results = await runtime.run(
        [softmax(matmul(Q, transpose(shared)))],
        new Map<Value, Tensor>([
          [one_, filled([1, 8])],
          [shared, filled([2, 1, 4])],
        ]),
      );
      assertClose(results[0], filled([2, 1, 1]));
    });
  });

  describe('says in a sentence', () => {
    const fails = (run: Promise<unknown>, message: RegExp): Promise<void> =>
      assert.rejects(run, (error: unknown) => {
        assert.ok(error instanceof Error);
        assert.equal(error.name, 'RunError');
        assert.match(error.message, message);
        assert.ok(!error.message.includes('\n') && !error.message.includes('onnxruntime/'), error.message);
        return true;
      });
    const named = label(X, { name: 'X', symbol: 'X', axes: ['query', 'model'] });

    it('that an input is missing', () =>
      fails(runtime.run([softmax(named)], new Map()), /^No numbers were given for X of shape \(5, 8\)\.$/));

    it('that an input has another shape', () =>
      fails(
        one(softmax(named), new Map([[X, filled([5, 9])]])),
        /^X has shape \(5, 8\), but numbers of shape \(5, 9\)/,
      ));

    it('that an input has too few numbers', () =>
      fails(
        one(softmax(named), new Map([[X, { shape: [5, 8], data: new Float32Array(39) }]])),
        /^X of shape \(5, 8\) needs 40 numbers, but 39 were given/,
      ));

    it('that an index is no whole number', async () => {
      const ids = input([2], 'integer');
      for (const wrong of [0.5, Number.NaN, Infinity]) {
        const given = new Map([[ids, { shape: [2], data: Float32Array.of(0, wrong) }]]);
        await fails(one(gather(weight('table'), ids), given), /takes whole numbers, but number 1 is/);
      }
    });

    it('that an index leaves its table, and works on', async () => {
      const ids = input([1], 'integer');
      const look = gather(weight('table'), ids);
      await fails(
        one(look, new Map([[ids, { shape: [1], data: Float32Array.of(11) }]])),
        /ONNX Runtime could not finish the run: .*11/,
      );
      assert.equal(
        (await one(look, new Map([[ids, { shape: [1], data: Float32Array.of(10) }]]))).data.length,
        8,
      );
    });

    it('that a file of weights is missing', () =>
      fails(
        one(weight('w.f32', { ...storageOf('w.f32'), file: 'missing.safetensors' })),
        /^missing\.safetensors: the weights cannot be read from/,
      ));

    it('that it was closed', async () => {
      await runtime.dispose();
      await fails(one(softmax(X)), /closed/);
    });
  });

  describe('and files that change', () => {
    let folder: string;
    const copied = (): Value => weight('w.f32', { ...storageOf('w.f32'), folder, file: 'copy.safetensors' });
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'attention-inspector-'));
      await copyFile(
        join(storageOf('w.f32').folder, 'numbers.safetensors'),
        join(folder, 'copy.safetensors'),
      );
    });
    afterEach(() => rm(folder, { recursive: true }));

    it('reads a file again that was written anew', async () => {
      const target = add(copied(), copied());
      const before = await one(target, new Map());
      const { offset, length } = storageOf('w.f32');
      const path = join(folder, 'copy.safetensors');
      await rm(path);
      await writeFile(path, Buffer.alloc(offset + length));
      await utimes(path, new Date(0), new Date(1));
      assert.notEqual(before.data[0], 0);
      assertClose(await one(target, new Map()), filled([8, 8], 0));
    });

    it('says that a file ends too early', async () => {
      await truncate(join(folder, 'copy.safetensors'), 100);
      await assert.rejects(one(copied(), new Map()), {
        name: 'RunError',
        message: /^copy\.safetensors ends too early: its weights reach to byte \d+, but the file has 100\.$/,
      });
    });
  });

  describe('keeps sessions', () => {
    const graph = (size: number, tokens = 2): { target: Value; given: Map<Value, Tensor> } => {
      const Y = input([tokens, 8]);
      return { target: divide(Y, [squareRoot(size)]), given: new Map([[Y, filled([tokens, 8])]]) };
    };
    const run = ({ target, given }: ReturnType<typeof graph>): Promise<unknown> => one(target, given);

    it('for graphs that differ only in how much they are fed', async () => {
      for (const tokens of [1, 2, 300]) await run(graph(4, tokens));
      assert.equal(await runtime.ready(), 1);
    });

    it('of the latest graphs only, and starts the others anew', async () => {
      runtime = new Runtime(platform, { sessions: 2 });
      for (const size of [4, 9, 16, 25, 4]) await run(graph(size));
      assert.equal(await runtime.ready(), 2);
    });

    it('as long as their weights do not weigh too much', async () => {
      runtime = new Runtime(platform, { bytes: 500 });
      const heavy = (name: string): Promise<unknown> => one(matmul(X, weight(name)));
      await run(graph(4));
      await heavy('w.f32');
      assert.equal(await runtime.ready(), 2);
      await heavy('w.f16');
      assert.equal(await runtime.ready(), 2);
      await one(add(X, weight('norm.bias')));
      assert.equal(await runtime.ready(), 3);
    });

    it('and weights that are fed, each read once, the last used ones where room is short', async () => {
      runtime = new Runtime(platform, { bytes: 2 * 64 * 4 });
      const read: string[] = [];
      const fed = ['a', 'b', 'c'].map((name) =>
        parameter({
          shape: [8, 8],
          read: () => {
            read.push(name);
            return Promise.resolve(numbers('w.f32'));
          },
        }),
      );
      for (const at of [0, 1, 0, 2, 0, 1]) {
        assertClose(await one(matmul(X, transpose(fed[at] ?? X))), numbers('x @ w.f32.T'));
      }
      assert.deepEqual(read, ['a', 'b', 'c', 'b']);
      assert.equal(await runtime.ready(), 1);
    });

    it('and runs side by side in the order they were asked for', async () => {
      runtime = new Runtime(platform, { sessions: 1 });
      const order: number[] = [];
      await Promise.all(
        [4, 9, 16, 4].map(async (size, at) => {
          await run(graph(size));
          order.push(at);
        }),
      );
      assert.deepEqual(order, [0, 1, 2, 3]);
    });

    it('gives numbers that stay when the session is gone', async () => {
      const { target, given } = graph(4);
      const { data } = await one(target, given);
      await runtime.dispose();
      runtime = new Runtime(platform);
      await run(graph(9, 2));
      assert.ok(data.every((value) => value === 0.5));
    });
  });

  it('stops when told to, and works on', async () => {
    await assert.rejects(runtime.run([softmax(X)], feeds, { signal: AbortSignal.abort() }), {
      name: 'AbortError',
    });
    const controller = new AbortController();
    const W = parameter({
      shape: [8, 8],
      read: () => {
        controller.abort();
        return Promise.resolve(numbers('w.f32'));
      },
    });
    await assert.rejects(runtime.run([matmul(X, W)], feeds, { signal: controller.signal }), {
      name: 'AbortError',
    });
    assert.equal((await one(softmax(X))).data.length, 40);
  });
});
