import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { dates, embedded, findCheckpoints } from '../../../src/models/catalog.js';
import type { FoundModel } from '../../../src/models/description.js';
import { fixtures, media } from '../../support/models/expected.js';
import { platform } from '../../support/platform.js';

describe('Catalogue', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'catalogue-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Puts a checkpoint there. */
  async function put(name: string, ...at: string[]): Promise<string> {
    const path = join(folder, ...at);
    await mkdir(dirname(path), { recursive: true });
    await cp(join(fixtures, name), path, { recursive: true });
    return path;
  }

  it('describes the embedded model, as the protocol has it', async () => {
    const found: FoundModel = await embedded(platform, media);
    assert.ok(found.kind === 'model');
    assert.deepEqual(
      { ...found.model, size: Math.round(found.model.size / 1e6) },
      {
        reference: { kind: 'embedded' },
        name: 'all-MiniLM-L6-v2',
        family: 'BERT',
        layers: 6,
        heads: 12,
        width: 384,
        limit: 512,
        size: 45,
        writes: false,
      },
    );
  });

  it('describes the embedded GPT', async () => {
    const found: FoundModel = await embedded(platform, media, 'gpt');
    assert.ok(found.kind === 'model');
    assert.deepEqual(
      [found.model.reference, found.model.name, found.model.writes],
      [{ kind: 'gpt' }, 'gpt-packages', true],
    );
  });

  it('describes the models for dates', async () => {
    const found: readonly FoundModel[] = await dates(platform, media);
    assert.deepEqual(
      found.map(
        (each) => each.kind === 'model' && [each.model.reference, each.model.family, each.model.limit],
      ),
      [
        [{ kind: 'dates', score: 'bahdanau' }, 'Date model · Bahdanau', 64],
        [{ kind: 'dates', score: 'luong' }, 'Date model · Luong', 64],
        [{ kind: 'dates', score: 'transformer' }, 'Date model · Transformer', 64],
      ],
    );
    for (const missing of await dates(platform, folder))
      assert.ok(missing.kind === 'unusable' && /^dates: \w+\.json cannot be opened: /.test(missing.reason));
  });

  it('says what is wrong where the embedded model is not there', async () => {
    const found = await embedded(platform, folder);
    assert.ok(found.kind === 'unusable');
    assert.match(found.reason, /^The folder all-MiniLM-L6-v2 cannot be read: /);
  });

  it('finds checkpoints in a folder and a few levels below, in order', async () => {
    await put('bert', 'b', 'models', 'two');
    await put('roberta', 'a');
    await put('distilbert', 'b', 'models', 'one');
    await put('bert', 'too', 'deep', 'to', 'be', 'found');
    const found = await findCheckpoints(platform, [folder]);
    assert.deepEqual(names(found), ['a', 'one', 'two']);
    const [first] = found;
    assert.ok(first?.kind === 'model');
    assert.deepEqual(first.model.reference, { kind: 'folder', path: join(folder, 'a') });
    assert.equal(first.model.family, 'RoBERTa');
  });

  it('finds GGUF files beside folders, each once, and those that it is pointed at', async () => {
    await put('bert', 'b');
    const file = join(folder, 'a', 'small.Q8_0.GGUF');
    await mkdir(dirname(file));
    await cp(join(fixtures, 'gguf', 'llama.gguf'), file);
    await symlink(file, join(folder, 'a', 'linked.gguf'));
    await writeFile(join(folder, 'a', 'damaged.gguf'), 'GGUF');
    const found: readonly FoundModel[] = await findCheckpoints(platform, [folder, file]);
    const [damaged, linked, bert] = found;
    assert.equal(found.length, 3);
    assert.ok(bert?.kind === 'model' && bert.model.name === 'b');
    assert.ok(damaged?.kind === 'unusable' && damaged.reason.startsWith('damaged.gguf ends too early'));
    assert.ok(linked?.kind === 'model');
    assert.deepEqual(linked.model.reference, { kind: 'file', path: join(folder, 'a', 'linked.gguf') });
    assert.equal(linked.model.family, 'Llama');
    const [own] = await findCheckpoints(platform, [file]);
    assert.ok(own?.kind === 'model' && own.model.name === 'small.Q8_0');
  });

  it('takes a checkpoint’s own folder, and finds each once', async () => {
    const path = await put('bert', 'one');
    assert.deepEqual(names(await findCheckpoints(platform, [path, folder, path])), ['one']);
  });

  it('does not look where nobody keeps models, nor into other programs’ config.json', async () => {
    await put('bert', 'node_modules', 'package');
    await put('bert', '.git', 'modules');
    await put('bert', '.venv', 'models');
    await mkdir(join(folder, 'application'));
    await writeFile(join(folder, 'application', 'config.json'), '{"port": 80}');
    await mkdir(join(folder, 'broken'));
    await writeFile(join(folder, 'broken', 'config.json'), '{');
    assert.deepEqual(await findCheckpoints(platform, [folder]), []);
  });

  it('says why a checkpoint cannot be used', async () => {
    const path = await put('bert', 'damaged');
    await truncate(join(path, 'model.safetensors'), 2000);
    const other = await put('bert', 'other');
    await writeFile(join(other, 'config.json'), '{"model_type": "mamba"}');
    const found = await findCheckpoints(platform, [folder]);
    assert.deepEqual(
      found.map((each) => each.kind === 'unusable' && each.path),
      [path, other],
    );
    const [damaged, unknown] = found;
    assert.ok(damaged?.kind === 'unusable' && unknown?.kind === 'unusable');
    assert.match(damaged.reason, /^damaged: model\.safetensors claims/);
    assert.match(unknown.reason, /^other: config\.json says that "model_type" is "mamba"; only/);
  });

  it('says why a folder that someone points at cannot be used, although it has no weights that are read', async () => {
    const path = await put('bert', 'pickled');
    await rename(join(path, 'model.safetensors'), join(path, 'tf_model.h5'));
    assert.deepEqual(await findCheckpoints(platform, [folder]), []);
    assert.deepEqual(names(await findCheckpoints(platform, [path])), [
      `${path}: The folder pickled holds no weights: neither model.safetensors nor pytorch_model.bin nor an index of shards is in it; "tf_model.h5" is not read.`,
    ]);
  });

  it('follows the Hugging Face cache: the current snapshot, through its links, under the model’s name', async () => {
    const hub = join(folder, 'hub');
    const repository = join(hub, 'models--organisation--tiny-bert');
    const blobs = await put('bert', 'hub', 'models--organisation--tiny-bert', 'blobs');
    for (const revision of ['0123abcd', '4567ef01']) {
      const snapshot = join(repository, 'snapshots', revision);
      await mkdir(snapshot, { recursive: true });
      for (const file of ['config.json', 'model.safetensors', 'tokenizer.json']) {
        await symlink(join(blobs, file), join(snapshot, file));
      }
    }
    await mkdir(join(repository, 'refs'));
    await writeFile(join(repository, 'refs', 'main'), '4567ef01\n');
    const found = await findCheckpoints(platform, [hub]);
    assert.deepEqual(names(found), ['organisation/tiny-bert']);
    assert.ok(found[0]?.kind === 'model' && found[0].model.reference.kind === 'folder');
    assert.equal(found[0].model.reference.path, join(repository, 'snapshots', '4567ef01'));
    // A ref that leads elsewhere is not followed.
    await writeFile(join(repository, 'refs', 'main'), '../../..');
    assert.equal((await findCheckpoints(platform, [hub])).length, 2);
  });

  it('comes to an end where links make a circle', async () => {
    await put('bert', 'model');
    await symlink(folder, join(folder, 'model', 'circle'));
    await symlink(join(folder, 'model'), join(folder, 'also'));
    assert.equal((await findCheckpoints(platform, [folder])).length, 1);
  });

  it('finds nothing in a folder that is not there, and stops when told to', async () => {
    assert.deepEqual(await findCheckpoints(platform, [join(folder, 'nowhere')]), []);
    await assert.rejects(findCheckpoints(platform, [folder], AbortSignal.abort(new Error('stop'))), /stop/);
  });
});

function names(found: readonly FoundModel[]): string[] {
  return found.map((each) => (each.kind === 'model' ? each.model.name : `${each.path}: ${each.reason}`));
}
