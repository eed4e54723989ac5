import assert from 'node:assert/strict';
import { likeliestSpans } from '../../../../../src/inspection/sources/answers/spans.js';

describe('Likely answers', () => {
  const tokens = 44;
  const isContext = Array.from({ length: tokens }, (_, at) => at > 1 && at < tokens - 1);
  /** @param starts @param ends their probabilities, by token */
  const likeliest = (
    starts: Readonly<Record<number, number>>,
    ends: Readonly<Record<number, number>>,
    count: number,
  ): (readonly [first: number, last: number])[] => {
    const probabilities = new Float32Array(2 * tokens);
    for (const [at, share] of Object.entries(starts)) probabilities[Number(at)] = share;
    for (const [at, share] of Object.entries(ends)) probabilities[tokens + Number(at)] = share;
    return likeliestSpans(probabilities, isContext, count).map(({ first, last }) => [first, last]);
  };

  it('never run backwards, out of the text, or on for more than 30 tokens', () => {
    const starts = { 3: 0.5, 0: 0.4 };
    assert.deepEqual(likeliest(starts, { 2: 0.5, 33: 0.3, 43: 0.1, 5: 0.1 }, 1), [[3, 5]]);
    assert.deepEqual(likeliest(starts, { 32: 0.3, 5: 0.1 }, 2), [
      [3, 32],
      [3, 5],
    ]);
  });

  it('may stand at either edge of the text, and be one token', () => {
    assert.deepEqual(likeliest({ 2: 1 }, { 2: 1 }, 1), [[2, 2]]);
    assert.deepEqual(likeliest({ 42: 1 }, { 42: 1 }, 1), [[42, 42]]);
    assert.deepEqual(likeliest({ 20: 1 }, { 42: 1 }, 1), [[20, 42]]);
  });

  it('come in order, of equal ones the first, and no more than are wanted', () => {
    assert.deepEqual(likeliest({ 4: 0.5, 6: 0.5 }, { 6: 0.6, 7: 0.4 }, 3), [
      [4, 6],
      [6, 6],
      [4, 7],
    ]);
    assert.deepEqual(likeliestSpans(new Float32Array(8), [false, false, false, false], 3), []);
  });
});
