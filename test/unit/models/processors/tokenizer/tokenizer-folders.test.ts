import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseJson } from '../../../../../src/formats/json-text.js';
import { openTokenizer } from '../../../../../src/models/processors/tokenizer/open-tokenizer.js';
import { readJson } from '../../../../support/models/expected.js';

interface Case {
  readonly files: Readonly<Record<string, { readonly text?: string; readonly base64?: string }>>;
  /** As in components.test.ts; no places where the reference has none. */
  readonly expected: readonly (readonly [ids: number[], places: number[] | null])[];
}

/** See make_tokenizer_folders.py, which makes the file. */
const fixture = readJson<{
  readonly texts: readonly string[];
  readonly cases: Readonly<Record<string, Case>>;
}>(
  gunzipSync(readFileSync(join(process.cwd(), 'test/fixtures/models/tokenizer-folders.json.gz'))).toString(
    'utf8',
  ),
);

describe('Tokenizers of folders', () => {
  it('are many', () => {
    assert.ok(Object.keys(fixture.cases).length >= 100);
  });

  for (const [name, { files, expected }] of Object.entries(fixture.cases)) {
    it(`agree with transformers on ids and places: ${name}`, async () => {
      const bytes = (file: string): Uint8Array | undefined => {
        const { text, base64 } = files[file] ?? {};
        if (base64 !== undefined) return Uint8Array.from(Buffer.from(base64, 'base64'));
        return text === undefined ? undefined : Uint8Array.from(Buffer.from(text));
      };
      const tokenizer = await openTokenizer(
        {
          json: (file) => {
            const text = files[file]?.text;
            return Promise.resolve(text === undefined ? undefined : parseJson(text, file, { maxDepth: 64 }));
          },
          bytes: (file) => Promise.resolve(bytes(file)),
        },
        name,
      );
      fixture.texts.forEach((text, at) => {
        const { ids, ranges } = tokenizer.encode(text, Infinity);
        const places = ranges.flatMap((range) => (range === null ? [-1, -1] : [range.start, range.end]));
        const [numbers, own] = expected[at] ?? assert.fail();
        assert.deepEqual([ids, own && places], [numbers, own], JSON.stringify(text));
      });
    });
  }
});
