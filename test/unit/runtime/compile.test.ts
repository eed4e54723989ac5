import assert from 'node:assert/strict';
import { input, label, parameter, positions, type Value } from '../../../src/engine/graph.js';
import {
  add,
  divide,
  mask,
  matmul,
  mergeHeads,
  softmax,
  splitHeads,
  squareRoot,
  transpose,
} from '../../../src/engine/ops/index.js';
import { inMemory } from '../../../src/engine/tensor.js';
import { compile } from '../../../src/runtime/compile.js';
import { folder, storageOf, weight } from '../../support/runtime/numbers.js';

/** Two heads of causal self-attention over n tokens, with weights on disk. */
function attention(n: number): readonly Value[] {
  const X = input([n, 8]);
  const project = (name: string): Value => splitHeads(matmul(X, transpose(weight(name))), 2);
  const [Q, K, V] = [project('w.f32'), project('w.f16'), project('w.bf16')];
  const scaled = divide(matmul(Q, transpose(K)), [squareRoot(4)]);
  const weights = softmax(mask(scaled, positions(n), positions(n), { kind: 'causal' }));
  return [weights, mergeHeads(matmul(weights, V))];
}

/** How often a word stands in a model. */
function count(bytes: Uint8Array, word: string): number {
  return Buffer.from(bytes).toString('latin1').split(word).length - 1;
}

describe('compile', () => {
  it('gives the same bytes for any number of tokens', () => {
    const bytes = [1, 16, 512].map((n) => Buffer.from(compile(attention(n)).bytes));
    assert.ok(bytes.every((each) => each.equals(bytes[0] ?? Buffer.of())));
  });

  it('gives other bytes for another graph', () => {
    const X = input([3, 8]);
    assert.notDeepEqual(compile([add(X, X)]).bytes, compile([matmul(X, transpose(X))]).bytes);
    assert.notDeepEqual(
      compile([divide(X, [squareRoot(4)])]).bytes,
      compile([divide(X, [squareRoot(9)])]).bytes,
    );
  });

  it('keeps weights out of the model', () => {
    const { bytes, weights } = compile(attention(16));
    assert.ok(bytes.byteLength < 4096);
    assert.equal(weights?.folder, folder);
    assert.deepEqual([...weights.files.keys()], ['numbers.safetensors']);
    assert.equal(weights.size, 3 * 64 * 4);
  });

  it('computes a value once, however often and under whatever name it is reached', () => {
    const X = input([3, 8]);
    const S = matmul(X, transpose(X));
    const named = label(S, { name: 'scores', symbol: 'S', axes: ['query', 'key'] });
    const { bytes, outputs, feeds } = compile([S, named, add(S, named)]);
    assert.equal(outputs[0], outputs[1]);
    assert.equal(feeds.length, 1);
    assert.equal(count(bytes, 'MatMul'), count(compile([S]).bytes, 'MatMul'));
  });

  it('is fed the numbers of what is not plainly on disk, so that graphs that differ in them alone are equal', () => {
    const X = input([3, 8]);
    const [first, other] = [1, 2].map(() => {
      const W = parameter(inMemory({ shape: [8, 8], data: new Float32Array(64) }));
      return { W, graph: compile([matmul(X, W)]) };
    });
    assert.ok(first && other);
    assert.deepEqual(
      first.graph.feeds.map(({ value }) => value),
      [X, first.W],
    );
    assert.equal(first.graph.weights, undefined);
    assert.deepEqual(first.graph.bytes, other.graph.bytes);
  });

  it('reads what lies plainly in files although other weights are fed', () => {
    const W = parameter(inMemory({ shape: [8, 8], data: new Float32Array(64) }));
    const { feeds, weights } = compile([matmul(weight('w.f32'), W)]);
    assert.deepEqual(
      feeds.map(({ value }) => value),
      [W],
    );
    assert.equal(weights?.size, 64 * 4);
  });

  it('is fed the numbers of all weights where they lie in several folders', () => {
    const here = weight('w.f32');
    const there = parameter(inMemory({ shape: [8, 8], data: new Float32Array(64) }), {
      ...storageOf('w.f32'),
      folder: 'elsewhere',
    });
    const { feeds, weights } = compile([matmul(here, there)]);
    assert.equal(feeds.length, 2);
    assert.equal(weights, undefined);
  });

  it('does not look behind a value that is fed', () => {
    const [weights = input([])] = attention(4);
    const doubled = add(weights, weights);
    const { feeds, weights: files } = compile([doubled], (value) => value === weights);
    assert.deepEqual(
      feeds.map(({ value }) => value),
      [weights],
    );
    assert.equal(files, undefined);
  });

  for (const file of [
    '../secret',
    'a/../../secret',
    '..\\secret',
    '/etc/passwd',
    'C:\\secret',
    'C:secret',
    '\\\\host\\share',
    '',
    'a\0b',
  ]) {
    it(`refuses weights in ${JSON.stringify(file)}`, () => {
      assert.throws(() => compile([weight('w.f32', { ...storageOf('w.f32'), file })]), {
        name: 'RunError',
        message: /outside its checkpoint's folder/,
      });
    });
  }

  it('refuses weights whose bytes are not those of their shape', () => {
    const storage = storageOf('w.f16');
    for (const wrong of [
      { length: storage.length - 1 },
      { dtype: 'F32' as const },
      { offset: -8 },
      { offset: Number.NaN },
    ]) {
      assert.throws(() => compile([weight('w.f16', { ...storage, ...wrong })]), {
        name: 'RunError',
        message: /^numbers\.safetensors: a F(16|32) weight of shape \(8, 8\) takes \d+ bytes/,
      });
    }
  });
});
