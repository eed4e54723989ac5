import assert from 'node:assert/strict';
import { formatDuration, formatNumber, formatShape, formatShort } from '../../../src/drawing/format.js';
import { formatCount } from '../../../src/common/strings.js';

describe('numbers for reading', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0'],
    [-0, '0'],
    [0.64, '0.640'],
    [17.5742, '17.574'],
    [-3.1, '−3.100'],
    [0.001, '0.001'],
    [0.00099, '9.90×10⁻⁴'],
    [-2e-12, '−2.00×10⁻¹²'],
    [999999, '999999.000'],
    [1e6, '1.00×10⁶'],
    [3.4e38, '3.40×10³⁸'],
    [NaN, 'masked'],
    [Infinity, '∞'],
    [-Infinity, '−∞'],
  ];
  for (const [value, text] of cases) {
    it(`writes ${value} as ${text}`, () => {
      assert.equal(formatNumber(value), text);
    });
  }

  it('writes as many decimals as it is asked for', () => {
    assert.equal(formatNumber(0.06694, 4), '0.0669');
    assert.equal(formatNumber(0.00004, 4), '4.00×10⁻⁵');
  });

  it('writes the ends of a legend in few digits', () => {
    assert.deepEqual([0, 0.6234, -12.34, 5678.9, 0.0004, -0.5].map(formatShort), [
      '0',
      '0.62',
      '−12.3',
      '5679',
      '4.00×10⁻⁴',
      '−0.50',
    ]);
  });

  it('writes times and shapes', () => {
    assert.deepEqual([0.42, 9.96, 38.2, 1000, 61_500].map(formatDuration), [
      '0.4 ms',
      '10.0 ms',
      '38 ms',
      '1.0 s',
      '61.5 s',
    ]);
    assert.equal(formatShape(15, 384), '(15, 384)');
    assert.equal(formatCount(1, 'term'), '1 term');
    assert.equal(formatCount(0, 'term'), '0 terms');
  });
});
