import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Json } from '../../../src/formats/json-text.js';
import { readJson } from './expected.js';

/** What the `tokenizers` library says: ids; places (start, end, start, end, …) of all but the special tokens; which are special. */
export type Expected = readonly [ids: number[], places: number[], special: number[]];

interface Fixture {
  readonly tokenizers: Readonly<Record<string, Json>>;
  readonly normalizers: Readonly<Record<string, Json>>;
  /** A tokenizer with parts that are not known here. */
  readonly searched: {
    readonly tokenizer: Json;
    readonly texts: readonly string[];
    readonly expected: readonly Expected[];
  };
  readonly texts: readonly string[];
  readonly expected: Readonly<Record<string, readonly Expected[]>>;
}

/** See make_tokens.py, which makes the file. */
export const fixture = readJson<Fixture>(
  gunzipSync(readFileSync(join(process.cwd(), 'test/fixtures/models/tokens.json.gz'))).toString('utf8'),
);

const embedded = readJson<Record<string, Json>>(
  readFileSync(join(process.cwd(), 'media/models/all-MiniLM-L6-v2/tokenizer.json'), 'utf8'),
);

/** The tokenizer.json that the fixture was made with. */
export function descriptionOf(name: string): Json {
  return fixture.tokenizers[name] ?? { ...embedded, normalizer: fixture.normalizers[name] ?? null };
}
