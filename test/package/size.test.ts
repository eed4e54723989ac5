import assert from 'node:assert/strict';
import { statSync } from 'node:fs';

/** In MiB, by platform. */
const budgets: Readonly<Record<string, number>> = { 'linux-x64': 80 };

describe('the package for this platform', () => {
  const budget = budgets[`${process.platform}-${process.arch}`];
  if (budget === undefined) return;

  it(`is no larger than ${budget} MiB`, () => {
    const vsix = process.env['ATTENTION_INSPECTOR_VSIX'];
    assert.ok(vsix !== undefined, 'ATTENTION_INSPECTOR_VSIX names no package');
    const size = statSync(vsix).size / 2 ** 20;
    assert.ok(size <= budget, `it has ${size.toFixed(1)} MiB`);
  });
});
