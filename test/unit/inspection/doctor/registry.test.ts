import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { slips } from '../../../../src/inspection/doctor/slips/index.js';
import { Fixture } from '../../../support/engine/numbers.js';

describe('the slips that are looked for', () => {
  const folder = join(process.cwd(), 'src/inspection/doctor/slips');

  it('are all that the folder exports, each once', () => {
    const exported = readdirSync(folder)
      .filter((name) => name !== 'index.ts')
      .flatMap((name) => [
        ...readFileSync(join(folder, name), 'utf8').matchAll(/^export const (\w+)(: Slip| = scalingBy)/gm),
      ])
      .map(([, name = '']) => name);
    const index = readFileSync(join(folder, 'index.ts'), 'utf8');
    const listed = [...(index.split('export const slips')[1] ?? '').matchAll(/^ {2}(\w+),$/gm)].map(
      ([, name = '']) => name,
    );
    assert.deepEqual(listed.toSorted(), exported.toSorted());
    assert.equal(new Set(slips.map(({ id }) => id)).size, slips.length);
    assert.equal(slips.length, listed.length);
  });

  it('each have a dump that PyTorch made', () => {
    const dumps = new Fixture('../doctor/dumps.safetensors').described<
      readonly { readonly slips: readonly string[]; readonly made: readonly string[] }[]
    >('cases');
    const tried = new Set(dumps.flatMap(({ slips: told, made }) => [...told, ...made]));
    for (const { id } of slips) assert.ok(tried.has(id), `make_dumps.py makes no dump with ${id}`);
  });
});
