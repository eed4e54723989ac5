import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Json } from '../../../../../src/formats/json-text.js';
import { createTokenizer } from '../../../../../src/models/processors/tokenizer/tokenizer.js';
import { readJson } from '../../../../support/models/expected.js';

/** See make_decoders.py, which makes the file. */
const fixture = readJson<{
  readonly vocabulary: readonly string[];
  readonly lists: readonly (readonly number[])[];
  readonly cases: Readonly<
    Record<string, { readonly decoder: Json; readonly expected: readonly (string | null)[] }>
  >;
}>(gunzipSync(readFileSync(join(process.cwd(), 'test/fixtures/models/decoders.json.gz'))).toString('utf8'));

const size = fixture.vocabulary.length;

const tokenizerWith = (decoder: Json) =>
  createTokenizer(
    {
      model: {
        type: 'BPE',
        vocab: Object.fromEntries(fixture.vocabulary.map((token, id) => [token, id])),
        merges: [],
      },
      decoder,
      added_tokens: [
        { id: size, content: '<special>', special: true },
        { id: size + 1, content: 'added é ▁', special: false },
      ],
    },
    'tokenizer.json',
  );

describe('Decoders', () => {
  for (const [name, { decoder, expected }] of Object.entries(fixture.cases)) {
    it(`write what the tokenizers library writes: ${name}`, () => {
      const tokenizer = tokenizerWith(decoder);
      fixture.lists.forEach((ids, at) => {
        // The library itself breaks there.
        if (expected[at] === null) return;
        const tokens = ids.map((id) => tokenizer.spell(id));
        assert.equal(tokenizer.decode(ids), expected[at], JSON.stringify(tokens));
      });
    });
  }

  it('that are not known are refused by name', () => {
    assert.throws(
      () => tokenizerWith({ type: 'Sequence', decoders: [{ type: 'Telepathy' }] }),
      /tokenizer\.json writes text with a decoder of the type "Telepathy"; known are BPEDecoder, .*WordPiece\./,
    );
  });
});
