import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { formats, openTensors } from '../../../src/formats/index.js';
import { FormatError } from '../../../src/formats/source.js';
import { expected, fixture, folder, numbersOf, readAll, refused } from '../../support/formats/fixtures.js';
import { platform } from '../../support/platform.js';

describe('files written by NumPy, PyTorch, safetensors, gguf and Python', () => {
  for (const [file, content] of Object.entries(expected)) {
    it(`${file} holds what its writer put there`, async () => {
      const opened = await openTensors(platform, fixture(file));
      assert.ok(opened.format.extensions.some((extension) => file.endsWith(extension)));
      assert.deepEqual(
        opened.tensors.map((tensor) => tensor.name).sort(),
        Object.keys(content.tensors).sort(),
      );
      for (const tensor of opened.tensors) {
        const reference = Object.entries(content.tensors).find(([name]) => name === tensor.name)?.[1];
        assert.ok(reference);
        assert.equal(tensor.dtype, reference.dtype);
        assert.deepEqual(tensor.shape, reference.shape);
        // Equal to the bit, the sign of zero included.
        assert.deepEqual([...(await readAll(tensor))], numbersOf(reference.data), tensor.name);
      }
      assert.deepEqual(opened.tokens, content.tokens);
      assert.deepEqual(
        opened.skipped?.map((member) => member.name),
        content.skipped,
      );
      const notices = opened.notices ?? [];
      assert.equal(notices.length, content.notices?.length ?? 0, notices.join('\n'));
      for (const [at, words] of (content.notices ?? []).entries()) {
        const notice = notices[at] ?? '';
        assert.ok(notice.startsWith(file) && notice.includes(words), notice);
        assert.match(notice, /[.]$/);
      }
    });
  }

  it('are all there, each expected or refused', () => {
    const files = ['', 'gguf/', 'variants/', 'tables/'].flatMap((within) =>
      readdirSync(join(folder, within), { withFileTypes: true })
        .filter((entry) => entry.isFile() && !/^(make\w*\.py|expected\.json)$/.test(entry.name))
        .map((entry) => within + entry.name),
    );
    assert.deepEqual(files.sort(), [...Object.keys(expected), ...Object.keys(refused)].sort());
  });
});

describe('files that cannot be read', () => {
  for (const [file, words] of Object.entries(refused)) {
    it(`${file} is refused in a sentence that says ${words.join(', ')}`, async () => {
      const error = await failure(file);
      assert.ok(error instanceof FormatError, String(error));
      assert.ok(error.message.startsWith(file), error.message);
      assert.match(error.message, /[.]$/);
      assert.doesNotMatch(error.message, /\n/);
      assert.ok(error.message.length < 400, error.message);
      for (const word of words) assert.ok(error.message.includes(word), error.message);
    });
  }
});

/** What goes wrong on the way from the file to its numbers, as far as its extension and a person would take it. */
async function failure(file: string): Promise<unknown> {
  try {
    const format = formats.find(({ extensions }) => extensions.some((extension) => file.endsWith(extension)));
    assert.ok(format);
    const { tensors } = await format.open(platform, fixture(file));
    for (const tensor of tensors) await readAll(tensor);
  } catch (error) {
    return error;
  }
  return assert.fail('it was opened');
}
