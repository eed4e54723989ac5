import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '../../../src/inspection/core/engine.js';
import { Inspection } from '../../../src/inspection/core/inspection.js';
import { platform } from '../../support/platform.js';

describe('Files of a process', function () {
  let folder: string;
  beforeEach(async function () {
    // Windows has no pipes among its files.
    if (process.platform === 'win32') this.skip();
    folder = await mkdtemp(join(tmpdir(), 'files-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('are regular files, or links to them: neither a pipe nor a device is opened', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const link = join(folder, 'link');
    symlinkSync(pipe, link);
    for (const path of [pipe, link, '/dev/zero']) {
      await assert.rejects(platform.files.open(path), {
        name: 'FileError',
        code: 'EFTYPE',
        message: `${path} is no file but a pipe, a socket or a device.`,
      });
    }
    await assert.rejects(platform.files.open(folder), { code: 'EISDIR' });
    mkdirSync(join(folder, 'elsewhere'));
    writeFileSync(join(folder, 'elsewhere', 'blob'), 'abc');
    const linked = join(folder, 'linked');
    symlinkSync(join(folder, 'elsewhere', 'blob'), linked);
    const file = await platform.files.open(linked);
    assert.equal(file.size, 3);
    await file.close();
  });

  it('are read although a pipe lies where labels would', async () => {
    const path = join(folder, 'scores.csv');
    writeFileSync(path, '1,2\n3,4\n');
    execFileSync('mkfifo', [join(folder, 'scores.tokens.json')]);
    const engine = new Engine(platform, join(process.cwd(), 'media'));
    try {
      const opened = await engine.open({
        material: {
          kind: 'files',
          files: [{ kind: 'path', path }],
          roles: { '0:scores.csv/scores': 'scores' },
        },
      });
      assert.ok(opened instanceof Inspection);
      assert.deepEqual([opened.summary.queries.count, opened.summary.keys.count], [2, 2]);
    } finally {
      await engine.dispose();
    }
  });
});
