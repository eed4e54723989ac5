import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  cachedModel,
  choicesOf,
  download,
  HubClient,
  listFiles,
  readText,
  type HubListing,
} from '../../../src/hub/index.js';
import { Model, refusal } from '../../../src/models/index.js';
import { fixtures } from '../../support/models/expected.js';
import { commit, SmallHub } from '../../support/hub/server.js';
import { platform } from '../../support/platform.js';
import { until } from '../../support/until.js';

const reference = { id: 'tiny/bert', revision: 'main' };

describe('A model fetched from a hub', () => {
  let hub: SmallHub;
  let folder: string;
  let pauses: number[];
  beforeEach(async () => {
    hub = await SmallHub.start();
    folder = await mkdtemp(join(tmpdir(), 'fetched-'));
    pauses = [];
    for (const name of ['config.json', 'tokenizer.json', 'model.safetensors']) {
      hub.files.set(name, readFileSync(join(fixtures, 'bert', name)));
    }
    hub.files.set('README.md', Buffer.from('# Tiny'));
  });
  afterEach(async () => {
    await hub.stop();
    await rm(folder, { recursive: true, force: true });
  });

  function client(token?: string): HubClient {
    return new HubClient({ endpoint: hub.endpoint, token, cache: '' }, (milliseconds) => {
      pauses.push(milliseconds);
      return Promise.resolve();
    });
  }
  async function listed(token?: string): Promise<HubListing> {
    return listFiles(client(token), reference);
  }
  async function fetch(options: Parameters<typeof download>[4] = {}, token?: string): Promise<void> {
    const listing = await listed(token);
    const [choice] = choicesOf(listing);
    assert.ok(choice !== undefined);
    await download(client(token), listing, choice.files, folder, options);
  }
  const size = (): number => hub.files.get('model.safetensors')?.length ?? 0;
  const rangesOf = (name: string): (string | undefined)[] =>
    hub.asked.filter(({ url }) => url === `/blob/${name}`).map(({ range }) => range);

  it('has the files that are read, whole, and can be opened', async () => {
    const seen: number[] = [];
    await fetch({ progress: ({ done }) => seen.push(done) });
    assert.deepEqual((await readdir(folder)).toSorted(), [
      'config.json',
      'model.safetensors',
      'tokenizer.json',
    ]);
    const model = await Model.open(platform, folder);
    assert.equal(model.family, 'BERT');
    await model.dispose();
    const total = ['config.json', 'tokenizer.json', 'model.safetensors'].reduce(
      (sum, name) => sum + (hub.files.get(name)?.length ?? 0),
      0,
    );
    assert.equal(seen.at(-1), total);
    assert.deepEqual(
      seen,
      seen.toSorted((a, b) => a - b),
    );
  });

  it('shows its settings before anything large is fetched', async () => {
    const text = await readText(client(), await listed(), 'config.json');
    assert.equal(refusal('tiny/bert', text), undefined);
    assert.match(
      refusal('tiny/bert', text.replace('"bert"', '"mamba"')) ?? '',
      /^tiny\/bert: config\.json says that "model_type" is "mamba"; only /,
    );
    assert.match(
      refusal('tiny/bert', text.replace(/("hidden_size": )\d+/, '$1-3')) ?? '',
      /^tiny\/bert: config\.json says that "hidden_size" is .*, but it has to be a whole number/,
    );
    assert.match(refusal('tiny/bert', '{') ?? '', /^tiny\/bert: config\.json is not valid JSON: /);
    assert.deepEqual(rangesOf('model.safetensors'), []);
  });

  it('is asked for by its commit, and once only', async () => {
    await fetch();
    assert.ok(hub.asked.some(({ url }) => url === `/tiny/bert/resolve/${commit}/config.json`));
    const before = hub.asked.length;
    await fetch();
    assert.equal(hub.asked.length, before + 1);
  });

  it('goes on where the connection broke off, as often as it brings something', async () => {
    const kept = join(folder, 'model.safetensors.part');
    const drops = Array.from({ length: 7 }, (_, at) => ({
      kind: 'drop' as const,
      after: 1000,
      arrived: () => until('its bytes', () => statSync(kept).size === 1000 * (at + 1)),
    }));
    hub.faults.set('model.safetensors', [...drops]);
    await fetch();
    assert.deepEqual(rangesOf('model.safetensors'), [
      undefined,
      ...drops.map((_, at) => `bytes=${1000 * (at + 1)}-`),
    ]);
    await (await Model.open(platform, folder)).dispose();
  });

  it('gives up where it brings nothing any more', async () => {
    hub.faults.set(
      'model.safetensors',
      Array.from({ length: 20 }, () => ({ kind: 'drop', after: 0 }) as const),
    );
    await assert.rejects(fetch(), /^HubError: model\.safetensors broke off again and again: /);
    assert.equal(existsSync(join(folder, 'model.safetensors')), false);
  });

  it('begins anew where a server cannot begin in the middle', async () => {
    hub.faults.set('model.safetensors', [{ kind: 'drop', after: 1000 }, { kind: 'whole' }]);
    await fetch();
    await (await Model.open(platform, folder)).dispose();
  });

  it('keeps what came when it is cancelled, and goes on next time', async () => {
    const controller = new AbortController();
    hub.faults.set('model.safetensors', [{ kind: 'drop', after: 3000 }]);
    const cancelled = fetch({
      signal: controller.signal,
      progress: ({ path }) => {
        if (path === 'model.safetensors' && existsSync(join(folder, `${path}.part`))) controller.abort();
      },
    });
    await assert.rejects(cancelled, { name: 'AbortError' });
    assert.equal(existsSync(join(folder, 'model.safetensors')), false);
    assert.equal(existsSync(join(folder, '.download')), false);
    await fetch();
    assert.equal(readFileSync(join(folder, 'model.safetensors')).length, size());
  });

  it('is fetched anew where what was kept is of an earlier revision', async () => {
    writeFileSync(join(folder, 'model.safetensors.part'), Buffer.alloc(3000, 1));
    const fetched: number[] = [];
    await fetch({ progress: (progress) => fetched.push(progress.fetched) });
    assert.deepEqual(rangesOf('model.safetensors'), ['bytes=3000-', undefined]);
    assert.deepEqual(readFileSync(join(folder, 'model.safetensors')), hub.files.get('model.safetensors'));
    const small = ['config.json', 'tokenizer.json'].reduce(
      (sum, name) => sum + (hub.files.get(name)?.length ?? 0),
      0,
    );
    assert.equal(fetched.at(-1), small + 2 * size() - 3000);
  });

  it('goes on where a connection says nothing any more', async () => {
    hub.faults.set('model.safetensors', [{ kind: 'stall', after: 1000 }]);
    const listing = await listed();
    const [choice] = choicesOf(listing);
    assert.ok(choice !== undefined);
    const impatient = new HubClient({ endpoint: hub.endpoint, token: undefined, cache: '' }, undefined, 200);
    await download(impatient, listing, choice.files, folder);
    assert.deepEqual(rangesOf('model.safetensors'), [undefined, 'bytes=1000-']);
  });

  it('is deleted where its hash is wrong', async () => {
    hub.faults.set('model.safetensors', [{ kind: 'wrong' }]);
    await assert.rejects(
      fetch(),
      /model\.safetensors is not what the hub says it is: its hash is \w{64} instead/,
    );
    assert.deepEqual((await readdir(folder)).toSorted(), ['config.json', 'tokenizer.json']);
    await fetch();
    await (await Model.open(platform, folder)).dispose();
  });

  it('is refused where more comes than was said', async () => {
    hub.faults.set('model.safetensors', [{ kind: 'longer' }]);
    await assert.rejects(fetch(), /model\.safetensors is longer than the \d+ bytes that the hub says it has/);
    assert.equal(existsSync(join(folder, 'model.safetensors.part')), false);
  });

  it('is mended where a file here has another content of the same length', async () => {
    await fetch();
    writeFileSync(join(folder, 'model.safetensors'), Buffer.alloc(size()));
    await fetch();
    assert.deepEqual(readFileSync(join(folder, 'model.safetensors')), hub.files.get('model.safetensors'));
  });

  it('waits as long as a busy server says, and no longer than a minute', async () => {
    hub.faults.set('model.safetensors', [
      { kind: 'status', status: 429, headers: { 'retry-after': '7' } },
      { kind: 'status', status: 503, headers: { 'retry-after': '100000' } },
      { kind: 'status', status: 500 },
    ]);
    await fetch();
    assert.deepEqual(pauses, [7000, 60_000, 4000]);
  });

  it('sends its token to the hub, and never to where that redirects', async () => {
    hub.token = 'hf_secret';
    await fetch({}, 'hf_secret');
    for (const { host, authorization } of hub.asked) {
      assert.equal(authorization, host === hub.storeHost ? undefined : 'Bearer hf_secret');
    }
    assert.ok(hub.asked.some(({ host }) => host === hub.storeHost));
  });

  it('says why it cannot be had', async () => {
    hub.token = 'hf_secret';
    await assert.rejects(listed(), /There is no tiny\/bert that everybody may read: .* a token is needed/);
    await assert.rejects(listed('hf_other'), /There is no tiny\/bert, or your token does not open it\./);
    hub.gated = true;
    await assert.rejects(
      listed('hf_secret'),
      /tiny\/bert is open only to those who asked for it: ask at http/,
    );
    hub.gated = false;
    await assert.rejects(
      listFiles(client('hf_secret'), { id: 'tiny/gone', revision: 'main' }),
      /There is no tiny\/gone at /,
    );
    const { endpoint } = hub;
    await hub.stop();
    await assert.rejects(
      listFiles(new HubClient({ endpoint, token: undefined, cache: '' }, () => Promise.resolve()), reference),
      /^HubError: 127\.0\.0\.1:\d+ cannot be reached: /,
    );
  });

  it('does not begin where the disk has no room for it', async () => {
    await assert.rejects(
      fetch({ free: () => Promise.resolve(1000) }),
      /^HubError: tiny\/bert takes \d+\.\d kB more in .*, where 1\.0 kB are free\.$/,
    );
    assert.deepEqual(await readdir(folder), []);
  });

  it('says that the disk is full, and keeps what came', async function () {
    if (!existsSync('/dev/full')) this.skip();
    symlinkSync('/dev/full', join(folder, 'model.safetensors.part'));
    await assert.rejects(fetch(), /The disk is full: model\.safetensors is not whole\./);
    assert.equal(existsSync(join(folder, 'model.safetensors')), false);
  });

  it('is written by one window at a time; a lock of a process that is gone holds nobody up', async () => {
    writeFileSync(join(folder, '.download'), String(process.ppid));
    await assert.rejects(fetch(), /tiny\/bert is being fetched into .* already, by this window or another\./);
    writeFileSync(join(folder, '.download'), '999999999');
    await fetch();
    assert.equal(existsSync(join(folder, '.download')), false);
    // Another process may have its number by now.
    writeFileSync(join(folder, '.download'), String(process.ppid));
    const long = new Date(Date.now() - 600_000);
    utimesSync(join(folder, '.download'), long, long);
    await fetch();
    assert.equal(existsSync(join(folder, '.download')), false);
  });

  it('is fetched once where two ask for it at the same time', async () => {
    const outcomes = await Promise.allSettled([fetch(), fetch()]);
    const failed = outcomes.flatMap((each) => (each.status === 'rejected' ? [String(each.reason)] : []));
    assert.equal(failed.length, 1);
    assert.match(failed.join(), /is being fetched into .* already, by this window or another\./);
    await (await Model.open(platform, folder)).dispose();
  });

  it('says what cannot be read or written, and why', async () => {
    mkdirSync(join(folder, 'model.safetensors.part'));
    await assert.rejects(fetch(), /^HubError: .*model\.safetensors\.part cannot be read: EISDIR/);
    const blocked = new HubClient({ endpoint: hub.endpoint, token: undefined, cache: '' });
    const file = { path: 'config.json/inside', size: 1, hash: undefined };
    await assert.rejects(
      download(blocked, { id: 'tiny/bert', commit }, [file], folder),
      /^HubError: config\.json\/inside cannot be written: (?:EEXIST|ENOTDIR)/,
    );
  });

  it('writes nothing outside of its folder, whatever the list says', async () => {
    const names = [
      '../model.safetensors',
      '/etc/model.safetensors',
      'a/../../b.gguf',
      'C:\\x.gguf',
      'nul.gguf',
      '.gguf',
    ];
    hub.strange.push(...names.map((rfilename) => ({ rfilename, size: 3 })), null, 7, {
      rfilename: 'x.gguf',
      size: -1,
    });
    const { files } = await listed();
    assert.deepEqual(files.map(({ path }) => path).toSorted(), [...hub.files.keys()].toSorted());
  });

  it('offers each .gguf file by itself, and refuses what holds nothing to read', async () => {
    hub.files.set('m-Q4_K_M.gguf', Buffer.from('GGUF'));
    hub.files.set('m-00001-of-00002.gguf', Buffer.from('GGUF'));
    assert.deepEqual(
      choicesOf(await listed()).map(({ title, kind }) => [title, kind]),
      [
        ['safetensors', 'folder'],
        ['m-Q4_K_M.gguf', 'file'],
      ],
    );
    hub.files.set('m-00002-of-00002.gguf', Buffer.from('GGUF'));
    assert.deepEqual(
      choicesOf(await listed()).map(({ title, files }) => [title, files.length]),
      [
        ['safetensors', 3],
        ['m-Q4_K_M.gguf', 1],
        ['m-00001-of-00002.gguf', 2],
      ],
    );
    hub.files.delete('m-00002-of-00002.gguf');
    hub.files.set('model-00001-of-00002.safetensors', Buffer.from('x'));
    hub.files.set('model.safetensors.index.json', Buffer.from('{}'));
    hub.files.set('pytorch_model.bin', Buffer.from('x'));
    const namesOf = async (): Promise<readonly string[] | undefined> =>
      choicesOf(await listed())[0]?.files.map(({ path }) => path);
    assert.deepEqual(await namesOf(), ['config.json', 'tokenizer.json', 'model.safetensors']);
    hub.files.delete('model.safetensors');
    assert.deepEqual(await namesOf(), [
      'config.json',
      'tokenizer.json',
      'model-00001-of-00002.safetensors',
      'model.safetensors.index.json',
    ]);
    hub.files.delete('tokenizer.json');
    assert.deepEqual(
      choicesOf(await listed()).map(({ title }) => title),
      ['m-Q4_K_M.gguf'],
    );
    hub.files.clear();
    hub.files.set('README.md', Buffer.from('# Nothing'));
    const listing = await listed();
    assert.throws(() => choicesOf(listing), /tiny\/bert holds nothing that can be read here: /);
  });

  it('offers each ONNX export with its weights and its tokenizer, but for the halves of a model', async () => {
    hub.files.delete('model.safetensors');
    for (const path of ['model.onnx', 'model.onnx_data', 'model_fp16.onnx', 'decoder_model_merged.onnx']) {
      hub.files.set(`onnx/${path}`, Buffer.from(path));
    }
    const choices = choicesOf(await listed());
    assert.deepEqual(
      choices.map(({ title, kind, files }) => [title, kind, files.map(({ path }) => path)]),
      [
        [
          'onnx/model.onnx',
          'file',
          ['onnx/model.onnx', 'onnx/model.onnx_data', 'config.json', 'tokenizer.json'],
        ],
        ['onnx/model_fp16.onnx', 'file', ['onnx/model_fp16.onnx', 'config.json', 'tokenizer.json']],
      ],
    );
    hub.files.delete('tokenizer.json');
    const bare = await listed();
    assert.throws(
      () => choicesOf(bare),
      /holds nothing that can be read here: .*\.onnx export with tokenizer\.json/,
    );
  });

  it('offers models that read images, with what says how they are prepared', async () => {
    hub.files.delete('tokenizer.json');
    hub.files.set('preprocessor_config.json', Buffer.from('{}'));
    hub.files.set('onnx/model.onnx', Buffer.from('model'));
    const choices = choicesOf(await listed());
    assert.deepEqual(
      choices.map(({ title, kind, files }) => [title, kind, files.map(({ path }) => path).toSorted()]),
      [
        ['safetensors', 'folder', ['config.json', 'model.safetensors', 'preprocessor_config.json']],
        ['onnx/model.onnx', 'file', ['config.json', 'onnx/model.onnx', 'preprocessor_config.json']],
      ],
    );
  });

  it('is used where another program has it already', async () => {
    const snapshot = join(folder, 'models--tiny--bert', 'snapshots', commit);
    mkdirSync(snapshot, { recursive: true });
    mkdirSync(join(folder, 'models--tiny--bert', 'refs'), { recursive: true });
    writeFileSync(join(folder, 'models--tiny--bert', 'refs', 'main'), commit);
    const [choice] = choicesOf(await listed());
    assert.equal(await cachedModel(folder, reference), undefined);
    for (const { path } of choice?.files ?? []) {
      writeFileSync(join(snapshot, path), hub.files.get(path) ?? '');
    }
    assert.equal(await cachedModel(folder, reference), snapshot);
    assert.equal(await cachedModel(folder, reference, choice?.files), snapshot);
    writeFileSync(join(snapshot, 'model.safetensors'), 'cut');
    assert.equal(await cachedModel(folder, reference, choice?.files), undefined);
  });
});
