import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hubSettings, parseReference, Rate, sizeText } from '../../../src/hub/index.js';

describe('The name of a model on a hub', () => {
  const meant: readonly (readonly [string, string, string])[] = [
    ['org/name', 'org/name', 'main'],
    [' gpt2 ', 'gpt2', 'main'],
    ['org/name@v1.0', 'org/name', 'v1.0'],
    ['https://huggingface.co/org/name', 'org/name', 'main'],
    ['https://huggingface.co/org/name/tree/dev', 'org/name', 'dev'],
    ['https://huggingface.co/org/name/tree/refs%2Fpr%2F1', 'org/name', 'refs/pr/1'],
    ['https://hf.co/gpt2', 'gpt2', 'main'],
    ['https://mirror.example/hub/org/name/tree/dev', 'org/name', 'dev'],
  ];
  for (const [text, id, revision] of meant) {
    it(`is understood: ${text.trim()}`, () => {
      assert.deepEqual(parseReference(text, 'https://mirror.example/hub'), { id, revision });
    });
  }

  it('may be the address of one file', () => {
    assert.deepEqual(parseReference('https://huggingface.co/org/name/resolve/main/a/q4.gguf?download=true'), {
      id: 'org/name',
      revision: 'main',
      file: 'a/q4.gguf',
    });
  });

  it('is no address of another site, a dataset or a space', () => {
    assert.throws(
      () => parseReference('https://github.com/org/name'),
      /^HubError: github\.com is not the hub, which is huggingface\.co: /,
    );
    assert.throws(
      () => parseReference('https://huggingface.co/datasets/org/name'),
      /is one of the hub’s datasets, not a model\.$/,
    );
  });

  for (const text of [
    '',
    '/',
    'a/b/c',
    '../secret',
    'org/..',
    'a--b/c',
    'org/name@../..',
    'https://',
    'https://huggingface.co/org/%E0%A4%A',
    'org/name@v1@v2',
    'a b',
  ]) {
    it(`is refused: ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseReference(text), { name: 'HubError' });
    });
  }
});

describe('Settings of a hub', () => {
  it('are those of huggingface_hub', async () => {
    const home = await mkdtemp(join(tmpdir(), 'home-'));
    mkdirSync(join(home, '.cache/huggingface'), { recursive: true });
    writeFileSync(join(home, '.cache/huggingface/token'), 'hf_kept\n');
    assert.deepEqual(await hubSettings({}, undefined, home), {
      endpoint: 'https://huggingface.co',
      token: 'hf_kept',
      cache: join(home, '.cache/huggingface/hub'),
    });
    const told = { HF_ENDPOINT: 'https://mirror.example/', HF_TOKEN: 'hf_said', HF_HUB_CACHE: '/cache' };
    assert.deepEqual(await hubSettings(told, undefined, home), {
      endpoint: 'https://mirror.example',
      token: 'hf_said',
      cache: '/cache',
    });
    assert.equal((await hubSettings(told, 'hf_own', home)).token, 'hf_own');
    await assert.rejects(
      hubSettings({ HF_ENDPOINT: 'mirror.example' }, undefined, home),
      /^HubError: HF_ENDPOINT is “mirror\.example”, which is no address: /,
    );
    assert.equal((await hubSettings({ HF_HOME: '/hf' }, undefined, home)).cache, join('/hf', 'hub'));
    // As huggingface_hub 2.4 has them, asked with HOME=/h.
    const cacheOf = async (environment: Readonly<Record<string, string>>): Promise<string> =>
      (await hubSettings({ HOME: '/h', ...environment }, undefined, '/h')).cache;
    assert.equal(await cacheOf({ HF_HOME: '~/hf' }), join('/h/hf', 'hub'));
    assert.equal(await cacheOf({ HF_HUB_CACHE: '$HOME/c' }), '/h/c');
    assert.equal(await cacheOf({ HF_HUB_CACHE: '${HOME}/c/$NONE' }), '/h/c/$NONE');
    assert.equal(await cacheOf({ HUGGINGFACE_HUB_CACHE: '/old' }), '/old');
    assert.equal((await hubSettings({ HUGGING_FACE_HUB_TOKEN: 'abc' }, undefined, '/h')).token, 'abc');
    await rm(home, { recursive: true });
  });
});

describe('How fast something comes', () => {
  it('is told of the last seconds', () => {
    let now = 0;
    const rate = new Rate(() => now);
    assert.equal(rate.at(0), undefined);
    now = 100;
    assert.equal(rate.at(1000), undefined);
    now = 1000;
    assert.equal(rate.at(2000), 2000);
    now = 2000;
    assert.equal(rate.at(4000), 2000);
    // Twelve seconds of nothing: none of what came before counts.
    for (; now <= 14_000; now += 1000) rate.at(4000);
    assert.equal(rate.at(4000), 0);
  });

  it('has sizes in the unit that fits', () => {
    assert.deepEqual([0, 999, 1000, 723_600_000, 5e15].map(sizeText), [
      '0 B',
      '999 B',
      '1.0 kB',
      '723.6 MB',
      '5000.0 TB',
    ]);
  });
});
