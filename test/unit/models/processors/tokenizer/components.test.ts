import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Json } from '../../../../../src/formats/json-text.js';
import { createTokenizer } from '../../../../../src/models/processors/tokenizer/tokenizer.js';
import { readJson } from '../../../../support/models/expected.js';

/** Of each text: numbers of tokens; where each begins and ends, −1 for a special one around the text. */
type Expected = readonly [ids: number[], places: number[]];

/** See make_components.py, which makes the file. */
const fixture = readJson<{
  readonly texts: readonly string[];
  readonly tokenizers: Readonly<Record<string, Json>>;
  readonly expected: Readonly<Record<string, readonly Expected[]>>;
}>(gunzipSync(readFileSync(join(process.cwd(), 'test/fixtures/models/components.json.gz'))).toString('utf8'));

describe('Components of tokenizers', function () {
  this.timeout(30_000);

  it('are many', () => {
    assert.ok(Object.keys(fixture.tokenizers).length >= 150 && fixture.texts.length >= 50);
  });

  for (const [name, description] of Object.entries(fixture.tokenizers)) {
    it(`agree with the tokenizers library on ids and places: ${name}`, () => {
      const tokenizer = createTokenizer(description, name);
      fixture.texts.forEach((text, at) => {
        const { ids, ranges } = tokenizer.encode(text, Infinity);
        const places = ranges.flatMap((range) => (range === null ? [-1, -1] : [range.start, range.end]));
        assert.deepEqual([ids, places], fixture.expected[name]?.[at], JSON.stringify(text));
      });
    });
  }
});
