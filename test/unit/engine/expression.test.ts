import assert from 'node:assert/strict';
import { factor, number } from '../../../src/engine/expression.js';

describe('numbers in formulas', () => {
  const written: readonly (readonly [number, string])[] = [
    [0, '0'],
    [-0, '0'],
    [64, '64'],
    [-3, '-3'],
    [0.5, '0.5000'],
    [1 / 3, '0.3333'],
    [-1234.5678, '-1235'],
    [12345, '12345'],
    [12345.6, '1.235 \\cdot 10^{4}'],
    [99999.7, '1.000 \\cdot 10^{5}'],
    [9999.96, '1.000 \\cdot 10^{4}'],
    [100000, '1.000 \\cdot 10^{5}'],
    [0.001, '0.001000'],
    [0.00099999, '0.001000'],
    [0.00099, '9.900 \\cdot 10^{-4}'],
    [-1.5e-30, '-1.500 \\cdot 10^{-30}'],
    [-3.4028234663852886e38, '-3.403 \\cdot 10^{38}'],
    [Infinity, '\\infty'],
    [-Infinity, '-\\infty'],
    [Number.NaN, '\\text{n/a}'],
  ];
  for (const [value, text] of written) {
    it(`${value} is ${text}`, () => {
      assert.equal(number(value).text, text);
    });
  }

  it('stand in parentheses where a product would misread them', () => {
    assert.equal(factor(-2), '\\left(-2\\right)');
    assert.equal(factor(-Infinity), '\\left(-\\infty\\right)');
    assert.equal(factor(2e6), '2.000 \\cdot 10^{6}');
  });
});
