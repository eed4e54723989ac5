import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '../../../src/models/index.js';
import { platform } from '../../support/platform.js';

describe('what a model is, by its contents', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'attention-digest-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const signal = new AbortController().signal;
  const of = (path: string): Promise<string> => digestOf(platform, { kind: 'folder', path }, signal);

  async function model(name: string): Promise<string> {
    const path = join(folder, name);
    await mkdir(path);
    await writeFile(join(path, 'config.json'), '{"a": 1}');
    await writeFile(join(path, 'model.safetensors'), Buffer.alloc(100, 7));
    return path;
  }

  it('is the hash that its description says, computed by another program', async () => {
    const path = await model('one');
    const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('base64');
    const lines = [
      `config.json 8 ${hash(Buffer.from('{"a": 1}'))}`,
      `model.safetensors 100 ${hash(Buffer.alloc(100, 7))}`,
    ];
    assert.equal(await of(path), createHash('sha256').update(lines.join('\n')).digest('hex'));
  });

  it('hashes large files in pieces', async () => {
    const path = join(folder, 'large');
    await mkdir(path);
    const bytes = Buffer.alloc(17 * 2 ** 20, 3);
    await writeFile(join(path, 'weights.bin'), bytes);
    const hash = (part: Buffer): string => createHash('sha256').update(part).digest('base64');
    const line = `weights.bin ${bytes.length} ${hash(bytes.subarray(0, 2 ** 24))} ${hash(bytes.subarray(2 ** 24))}`;
    assert.equal(await of(path), createHash('sha256').update(line).digest('hex'));
  });

  it('is the same elsewhere and at another time, and another where one byte is', async () => {
    const path = await model('one');
    const copy = join(folder, 'copy');
    await cp(path, copy, { recursive: true });
    await utimes(join(copy, 'config.json'), 1, 1);
    assert.equal(await of(copy), await of(path));
    await writeFile(join(copy, 'README.md'), 'words about it');
    assert.equal(await of(copy), await of(path), 'what is written about it is no part of it');
    const weights = Buffer.alloc(100, 7);
    weights[99] = 8;
    await writeFile(join(copy, 'model.safetensors'), weights);
    assert.notEqual(await of(copy), await of(path));
  });

  it('stops when it is cancelled', async () => {
    const path = await model('one');
    await assert.rejects(digestOf(platform, { kind: 'folder', path }, AbortSignal.abort()));
  });
});
