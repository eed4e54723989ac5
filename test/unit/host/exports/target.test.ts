import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onDisk } from '../../../../src/host/exports/target.js';

describe('files of an export on the disk', () => {
  let folder: string;
  const describe_ = (path: string, reason: string): string => `${path} cannot be written: ${reason}`;
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'attention-export-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('are appended to, and are there under their names when all are whole', async () => {
    const paths = [join(folder, 'a.py'), join(folder, 'a.npz')];
    await writeFile(join(folder, 'a.py'), 'before');
    const target = onDisk(paths, describe_);
    await target.write(0, bytes('one '));
    await target.write(0, bytes('two'));
    await target.write(1, bytes('three'));
    assert.equal(await readFile(join(folder, 'a.py'), 'utf8'), 'before');
    await target.finish();
    assert.equal(await readFile(join(folder, 'a.py'), 'utf8'), 'one two');
    assert.equal(await readFile(join(folder, 'a.npz'), 'utf8'), 'three');
    await target.discard();
    assert.deepEqual((await readdir(folder)).toSorted(), ['a.npz', 'a.py']);
  });

  it('leave nothing behind where they are not finished, and what was there before as it was', async () => {
    await writeFile(join(folder, 'a.npy'), 'before');
    const target = onDisk([join(folder, 'a.npy')], describe_);
    await target.write(0, bytes('half'));
    await target.discard();
    assert.deepEqual(await readdir(folder), ['a.npy']);
    assert.equal(await readFile(join(folder, 'a.npy'), 'utf8'), 'before');
  });

  it('that cannot be written are named in a sentence', async () => {
    const path = join(folder, 'missing', 'a.npy');
    const target = onDisk([path], describe_);
    await assert.rejects(target.write(0, bytes('x')), (error) => {
      assert.ok(error instanceof Error);
      assert.ok(error.message.startsWith(`${path} cannot be written: ENOENT`), error.message);
      return true;
    });
    await target.discard();
    assert.deepEqual(await readdir(folder), []);
  });
});
