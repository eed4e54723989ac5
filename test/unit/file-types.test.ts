import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import {
  audioEndings,
  fileEndings,
  fileTypes,
  imageEndings,
  mediumAt,
  namedFileTypes,
} from '../../src/file-types.js';
import { formats } from '../../src/formats/index.js';

const sorted = (texts: Iterable<string>): string[] => [...new Set(texts)].toSorted();

describe('The types of files', () => {
  const manifest = readFileSync('package.json', 'utf8');
  const named = sorted(Object.values(fileTypes).map(([first]) => first));
  const namedIn = (text: string): string[] =>
    sorted([...text.matchAll(/\.(?:npy|npz|safetensors|gguf|pt|csv|tsv|json)\b/g)].map(([each]) => each));

  it('are those that formats read', () => {
    assert.deepEqual(sorted(formats.flatMap(({ extensions }) => [...extensions])), sorted(fileEndings));
  });

  it('are all in the menus of the manifest', () => {
    const menus = [...manifest.matchAll(/resourceExtname =~ \/\^\\\\\.\(([^)]*)\)\$\/i/g)].map(
      ([, list = '']) => list.split('|').map((each) => `.${each}`),
    );
    const ofTensors = menus.filter((endings) => endings.includes('.npy'));
    assert.equal(ofTensors.length, 3);
    for (const endings of ofTensors) assert.deepEqual(sorted(endings), sorted(fileEndings));
  });

  for (const [kind, endings] of Object.entries({ images: imageEndings, recordings: audioEndings })) {
    it(`of ${kind} are all in the menus and editors of the manifest`, () => {
      const menus = [...manifest.matchAll(/resourceExtname =~ \/\^\\\\\.\(([^)]*)\)\$\/i/g)].map(
        ([, list = '']) => list.split('|').map((each) => `.${each}`),
      );
      const ofKind = menus.filter((listed) => listed.includes(endings[0]));
      assert.equal(ofKind.length, 3);
      for (const listed of ofKind) assert.deepEqual(sorted(listed), sorted(endings));
      const editors = [...manifest.matchAll(/"filenamePattern": "\*(\.[a-z0-9]+)"/g)].map(
        ([, ending = '']) => ending,
      );
      for (const ending of endings) assert.ok(editors.includes(ending), ending);
    });
  }

  it('tell images and recordings by the ending of a path, however it is written', () => {
    assert.equal(mediumAt('/a/B.PNG'), 'image');
    assert.equal(mediumAt('/a/b.tiff'), 'image');
    assert.equal(mediumAt('/a/b.Wav'), 'audio');
    assert.equal(mediumAt('/a/png'), undefined);
    assert.equal(mediumAt('/a/b.npy'), undefined);
  });

  it('are named in the README, the welcome text and the Explore view', () => {
    const [paragraph = ''] =
      /\*\*Matrix files\.\*\*[^]*?choose/.exec(readFileSync('README.md', 'utf8')) ?? [];
    assert.deepEqual(namedIn(paragraph), named);
    const [welcome = ''] =
      /"welcome\.inspections": "[^"]*"/.exec(readFileSync('package.nls.json', 'utf8')) ?? [];
    assert.deepEqual(namedIn(welcome), named);
    assert.deepEqual(namedIn(namedFileTypes()), named);
  });
});
