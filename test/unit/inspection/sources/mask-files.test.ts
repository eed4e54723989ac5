import assert from 'node:assert/strict';
import { join } from 'node:path';
import { inspectFiles, RolesNeeded, type OpenInspection } from '../../../../src/inspection/index.js';
import { Fixture } from '../../../support/engine/numbers.js';

/** A file with a mask, and what PyTorch comes to with each reading of it: see make_mask_files.py. */
interface Case {
  readonly name: string;
  /** The readings that are left, where it has to be asked. */
  readonly asked: readonly string[];
  readonly said: readonly string[];
  readonly answers: readonly {
    readonly key: string;
    readonly params: Readonly<Record<string, string | number>>;
  }[];
}

const folder = join(process.cwd(), 'test/fixtures/inspection/masks');
const fixture = new Fixture(join('../inspection/masks', 'expected.safetensors'));

describe('a mask in a file', () => {
  const open: OpenInspection[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.dispose()));
  });

  for (const { name, asked, said, answers } of fixture.described<readonly Case[]>('cases')) {
    const path = join(folder, `${name}.pt`);
    it(`is ${asked.length > 0 ? 'asked about' : 'read'} as its maker means it: ${name}`, async () => {
      for (const { key, params } of answers) {
        const inspection = await inspectFiles(path, { params });
        open.push(inspection);
        const { notices } = inspection.summary;
        for (const sentence of said)
          assert.ok(
            notices.some((notice) => notice.includes(sentence)),
            `${sentence} is not in ${notices.join('\n')}`,
          );
        const expected = fixture.tensor(key);
        const [heads = 0, rows = 0, columns = 0] = expected.shape;
        assert.equal(inspection.summary.heads, heads);
        for (let head = 0; head < heads; head++) {
          const { data } = await inspection.slice('weights', { head });
          assert.equal(data.length, rows * columns);
          data.forEach((value, cell) => {
            const own = Number.isNaN(value) ? 0 : value;
            const reference = expected.data[head * rows * columns + cell] ?? Number.NaN;
            assert.ok(Math.abs(own - reference) < 1e-5, `${key} ${head}, ${cell}: ${own}, not ${reference}`);
          });
        }
      }
      if (asked.length === 0) return;
      const { givenMask: _, ...params } = answers[0]?.params ?? {};
      const question = await inspectFiles(path, { params }).then(
        () => assert.fail('It was not asked.'),
        (error: unknown) => (error instanceof RolesNeeded ? error.question : assert.fail(String(error))),
      );
      const choices = question.settings?.flatMap((each) => each.choices) ?? [];
      assert.deepEqual(
        choices.map(({ value }) => value),
        asked,
      );
      const pictures = choices.map(({ picture = '' }) => picture);
      assert.ok(pictures.every((picture) => picture.length > 0));
      assert.equal(new Set(pictures).size, pictures.length);
    });
  }
});
