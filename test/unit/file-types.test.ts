import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileEndings, fileTypes, imageEndings, namedFileTypes } from '../../src/file-types.js';
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

  it('of images are all in the menus of the manifest', () => {
    const menus = [...manifest.matchAll(/resourceExtname =~ \/\^\\\\\.\(([^)]*)\)\$\/i/g)].map(
      ([, list = '']) => list.split('|').map((each) => `.${each}`),
    );
    const ofImages = menus.filter((endings) => endings.includes('.png'));
    assert.equal(ofImages.length, 3);
    for (const endings of ofImages) assert.deepEqual(sorted(endings), sorted(imageEndings));
    const editors = [...manifest.matchAll(/"filenamePattern": "\*(\.[a-z]+)"/g)].map(
      ([, ending = '']) => ending,
    );
    for (const ending of imageEndings) assert.ok(editors.includes(ending), ending);
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
