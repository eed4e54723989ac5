import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as index from '../../../src/formats/index.js';
import { FormatError, fromBytes, openFile } from '../../../src/formats/source.js';
import { encodeNpy } from '../../../src/formats/npy.js';
import { expected, fixture, fixtureBytes, refused } from '../../support/formats/fixtures.js';
import { inspectText } from '../../../src/inspection/index.js';
import { fixtures, media } from '../../support/models/expected.js';
import { platform } from '../../support/platform.js';

const { formats, openTensors } = index;

describe('the list of formats', () => {
  it('has every file of src/formats that exports one', () => {
    const folder = join(process.cwd(), 'src/formats');
    const declared = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      if (!entry.isFile()) return [];
      const source = readFileSync(join(folder, entry.name), 'utf8');
      return [...source.matchAll(/^export const (\w+): Format\b/gm)].map(([, name]) => name);
    });
    assert.ok(declared.length > 0);
    assert.deepEqual(formats.map(({ id }) => id).sort(), declared.sort());
  });

  it('gives every format an id, a title and extensions of its own', () => {
    for (const property of ['id', 'title'] as const) {
      assert.equal(new Set(formats.map((format) => format[property])).size, formats.length);
    }
    const extensions = formats.flatMap((format) => format.extensions);
    assert.equal(new Set(extensions).size, extensions.length);
    for (const extension of extensions) assert.match(extension, /^\.[a-z0-9]+$/);
  });

  it('agrees with the manifest: menus for every extension and no other, an editor for every binary format', () => {
    const manifest = readFileSync(join(process.cwd(), 'package.json'), 'utf8');
    const extensions = formats.flatMap((format) => format.extensions.map((extension) => extension.slice(1)));
    const menu =
      /attention-inspector\.inspectFile",\s+"group": "[^"]+",\s+"when": "[^"]*resourceExtname =~ \/\^\\\\\.\(([a-z|0-9]+)\)\$\/i/g;
    const menus = [...manifest.matchAll(menu)];
    assert.equal(menus.length, 2, 'the menus list extensions');
    for (const [, list = ''] of menus) assert.deepEqual(list.split('|').sort(), extensions.sort());
    for (const format of formats.filter(({ recognises }) => recognises)) {
      for (const extension of format.extensions) {
        assert.ok(manifest.includes(`"filenamePattern": "*${extension}"`), extension);
      }
    }
  });

  it('has a fixture that opens for every format, and one that is refused for every binary one', () => {
    for (const { extensions, recognises, id } of formats) {
      const ofFormat = (file: string) => extensions.some((extension) => file.endsWith(extension));
      assert.ok(Object.keys(expected).some(ofFormat), id);
      if (recognises) assert.ok(Object.keys(refused).some(ofFormat), id);
    }
  });
});

describe('openTensors', () => {
  it('goes by the first bytes before the extension', async () => {
    for (const [file, id] of [
      ['version_1.npy', 'npy'],
      ['savez.npz', 'npz'],
      ['tokens.safetensors', 'safetensors'],
    ] as const) {
      for (const name of ['a.json', 'a.csv', 'a', 'a.bin', 'A.NPY']) {
        assert.equal((await openTensors(platform, fromBytes(name, fixtureBytes(file)))).format.id, id);
      }
    }
  });

  it('names what Git LFS leaves in place of a file, for every format, and where a file is opened by its path', async () => {
    const pointer = new TextEncoder().encode(
      `version https://git-lfs.github.com/spec/v1\noid sha256:${'4d'.repeat(32)}\nsize 548118077\n`,
    );
    const said = /model\.\w+ is a Git LFS pointer, .*548118077 bytes: run "git lfs pull"/;
    for (const { extensions } of formats) {
      const name = `model${extensions[0] ?? ''}`;
      await assert.rejects(openTensors(platform, fromBytes(name, pointer)), (error) => {
        assert.ok(error instanceof FormatError);
        assert.match(error.message, said);
        return true;
      });
    }
    const folder = mkdtempSync(join(tmpdir(), 'attention-pointer-'));
    try {
      const path = join(folder, 'model.onnx');
      writeFileSync(path, pointer);
      await assert.rejects(openFile(platform, path), said);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('names them in folders and files of models', async () => {
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 20\n`;
    const folder = mkdtempSync(join(tmpdir(), 'attention-pointer-'));
    const isNamed = async (path: string, said: RegExp) => {
      const failed = await inspectText('a', { media, model: path }).catch((error: unknown) => error);
      assert.ok(failed instanceof Error);
      assert.match(failed.message, said);
    };
    try {
      for (const file of ['config.json', 'tokenizer.json', 'model.safetensors']) {
        const model = join(folder, file.replace('.', '-'));
        cpSync(join(fixtures, 'bert'), model, { recursive: true });
        writeFileSync(join(model, file), pointer);
        await isNamed(model, new RegExp(`^[a-z-]+: ${file} is a Git LFS pointer.* 20 bytes: .*again\\.$`));
      }
      for (const file of ['model.gguf', 'model.onnx']) {
        writeFileSync(join(folder, file), pointer);
        await isNamed(join(folder, file), new RegExp(`^${file} is a Git LFS pointer.*again\\.$`));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('goes by the extension, in any case, where the bytes tell nothing', async () => {
    assert.equal(
      (await openTensors(platform, fromBytes('A.CSV', fixtureBytes('savetxt.csv')))).format.id,
      'csv',
    );
    assert.equal(
      (await openTensors(platform, fromBytes('a.b.Json', fixtureBytes('nested.json')))).format.id,
      'json',
    );
  });

  it('names what can be read when it is none of it', async () => {
    await assert.rejects(openTensors(platform, fromBytes('photo.png', new Uint8Array(100))), (error) => {
      assert.ok(error instanceof FormatError);
      assert.match(
        error.message,
        /^photo\.png is in no format that can be read: NumPy array \(\.npy\), .*JSON \(\.json\)\.$/,
      );
      return true;
    });
  });

  it('refuses an empty file by its name', async () => {
    for (const name of ['Q.npy', 'Q.csv', 'Q.json', 'Q']) {
      await assert.rejects(
        openTensors(platform, fromBytes(name, new Uint8Array())),
        new RegExp(`^FormatError: ${name} is empty\\.$`),
      );
    }
  });

  it('names the tensor of a file after it', async () => {
    const bytes = encodeNpy({ shape: [1], data: Float32Array.of(1) });
    for (const [file, name] of [
      ['Q.npy', 'Q'],
      ['layer.0.npy', 'layer.0'],
      ['.npy', '.npy'],
      ['Q', 'Q'],
    ] as const) {
      const [tensor] = (await openTensors(platform, fromBytes(file, bytes))).tensors;
      assert.equal(tensor?.name, name);
    }
  });

  it('closes nothing: the tensors read on', async () => {
    let closed = false;
    const source = { ...fixture('savez.npz'), close: () => Promise.resolve(void (closed = true)) };
    await openTensors(platform, source);
    assert.equal(closed, false);
  });
});
