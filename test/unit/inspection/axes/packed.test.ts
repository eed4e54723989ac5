import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectFiles, RolesNeeded } from '../../../../src/inspection/index.js';
import { Fixture } from '../../../support/engine/numbers.js';

/** A file of packed queries, keys and values, and the weights that PyTorch comes to: see make_packed.py. */
interface Case {
  readonly name: string;
  readonly params: Readonly<Record<string, string | number>>;
  /** The parameter that is asked for first, where one is. */
  readonly asked: string | null;
}

const folder = join(process.cwd(), 'test/fixtures/inspection/packed');
const fixture = new Fixture(join('../inspection/packed', 'expected.safetensors'));

describe('queries, keys and values in one tensor', () => {
  for (const { name, params, asked } of fixture.described<readonly Case[]>('cases')) {
    it(`are ${asked === null ? 'taken apart' : 'asked about'}: ${name}`, async () => {
      const path = join(folder, `${name}.pt`);
      if (asked !== null) {
        const question = await inspectFiles(path).then(
          () => assert.fail('It was not asked.'),
          (error: unknown) => (error instanceof RolesNeeded ? error.question : assert.fail(String(error))),
        );
        assert.deepEqual(
          question.settings?.map(({ parameter }) => parameter),
          [asked],
        );
        const value = String(params[asked]);
        assert.ok(question.settings[0]?.choices.some((choice) => choice.value === value));
      }
      const inspection = await inspectFiles(path, { params, roles: {} });
      try {
        assert.match(inspection.summary.notices.join(), /was taken apart along its axis of/);
        const { shape, data } = fixture.tensor(name);
        const [heads = 0, rows = 0, columns = 0] = shape;
        assert.equal(inspection.summary.heads, heads);
        for (let head = 0; head < heads; head++) {
          const own = await inspection.slice('weights', { head });
          assert.deepEqual(own.shape, [rows, columns]);
          own.data.forEach((value, cell) => {
            assert.ok(Math.abs(value - (data[head * rows * columns + cell] ?? Number.NaN)) < 1e-5);
          });
        }
      } finally {
        await inspection.dispose();
      }
    });
  }

  it('whose order nothing says are left as they are, with a word', async () => {
    const here = await mkdtemp(join(tmpdir(), 'packed-'));
    try {
      const path = join(here, 'dump.json');
      await writeFile(
        path,
        JSON.stringify({ qkv: [Array.from({ length: 4 }, (_, row) => [row, 1, 2, 3, 4, 5])] }),
      );
      await assert.rejects(inspectFiles(path), (error: unknown) => {
        assert.ok(error instanceof RolesNeeded);
        assert.match(
          error.question.notices?.join() ?? '',
          /qkv \(1, 4, 6\) seems to hold .* Save them apart/,
        );
        return true;
      });
    } finally {
      await rm(here, { recursive: true });
    }
  });
});
