import assert from 'node:assert/strict';
import type { MaskStep } from '../../../../src/models/onnx/attention.js';
import { readMasking, type Masking } from '../../../../src/models/onnx/masking.js';

/** The masking of one tensor of (head, query 2, key 3), kept where it is 1. */
function read(data: readonly number[], ...more: readonly MaskStep[]): Masking {
  const tensor = { shape: [data.length / 6, 2, 3], data: Float32Array.from(data) };
  const steps: readonly MaskStep[] = [{ kind: 'mask', by: 'mask' }, ...more];
  return readMasking(steps, [2, 3], () => tensor);
}

describe('The masks of an ONNX graph', () => {
  const first = [1, 0, 1, 1, 1, 0];
  const second = [0, 1, 1, 1, 0, 1];

  it('keep each head’s own keys', () => {
    const { kind, keep } = read([...first, ...second]);
    assert.equal(kind, 'keep');
    assert.deepEqual(
      [keep?.shape, [...(keep?.data ?? [])]],
      [
        [2, 2, 3],
        [...first, ...second],
      ],
    );
  });

  it('are one where they are the same for all heads', () => {
    const { keep } = read([...first, ...first]);
    assert.deepEqual([keep?.shape, [...(keep?.data ?? [])]], [[2, 3], first]);
  });

  it('take away what any of them takes away', () => {
    // The last of 2 queries stands at the last of 3 keys.
    const { keep } = read([...first, ...second], { kind: 'causal' });
    assert.deepEqual([...(keep?.data ?? [])], [1, 0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1]);
  });

  /** Rows of keys that are kept, as the operator's own documentation draws them. // (query 4, key) */
  const drawn = (keys: number, step: MaskStep, until = 0): string[] => {
    const { keep } = readMasking([step], [4, keys], () => ({ shape: [1], data: Float32Array.of(until) }));
    const data = [...(keep?.data ?? [])];
    return [0, 1, 2, 3].map((row) => data.slice(row * keys, (row + 1) * keys).join(''));
  };

  it('reach as far as ONNX’s Attention says of its windows and of lengths', () => {
    const window = { kind: 'reach', left: 2, right: 1, until: '' } as const;
    assert.deepEqual(drawn(6, window), ['110000', '111000', '111100', '011110']);
    const causal = { kind: 'reach', left: -1, right: 0, until: 'lengths' } as const;
    assert.deepEqual(drawn(8, causal, 4), ['10000000', '11000000', '11100000', '11110000']);
    assert.deepEqual(drawn(8, causal, 8), ['11111000', '11111100', '11111110', '11111111']);
    const fromStart = { ...causal, until: '' };
    assert.deepEqual(drawn(8, fromStart), ['10000000', '11000000', '11100000', '11110000']);
  });
});
