import assert from 'node:assert/strict';
import { join } from 'node:path';
import { toHalves } from '../../../src/runtime/half.js';
import { tensorNamed, tensorsIn } from '../../support/models/expected.js';

describe('Half precision', () => {
  it('is the nearest half, as NumPy rounds', async () => {
    const expected = await tensorsIn(join(process.cwd(), 'test/fixtures/runtime/halves.safetensors'));
    const { data: single } = tensorNamed(expected, 'single');
    const { data: bits } = tensorNamed(expected, 'bits');
    assert.ok(single.length > 5000);
    assert.deepEqual(Array.from(toHalves(single)), Array.from(bits));
  });

  it('keeps what is no number', () => {
    assert.deepEqual(Array.from(toHalves([NaN, 0, -0])), [0x7e00, 0, 0x8000]);
  });
});
