import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectText, type OpenInspection } from '../../../../src/inspection/index.js';
import { Model } from '../../../../src/models/model.js';
import { fixtures, media, readJson } from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

/** Of make_languages.py. */
interface Expected {
  readonly text: string;
  readonly target_text: string;
  readonly standard: string;
  readonly source: Readonly<Record<string, readonly number[]>>;
  readonly target: Readonly<Record<string, readonly number[]>>;
  readonly said: Readonly<Record<string, readonly number[]>>;
}
interface Marian {
  readonly text: string;
  readonly said: readonly number[];
  readonly cases: readonly {
    readonly text: string;
    readonly source: readonly number[];
    readonly target: readonly number[];
    readonly decoded: string;
  }[];
}

const folder = (name: string): string => join(fixtures, 'languages', name);
function expectedOf<Shape>(name: string): Shape {
  return readJson<Shape>(readFileSync(join(folder(name), 'expected.json'), 'utf8'));
}

/** Tokens as labels have them. */
async function spelled(name: string, ids: readonly number[] = []): Promise<readonly string[]> {
  const model = await Model.open(platform, folder(name));
  try {
    return await Promise.all(ids.map((id) => model.spell(id)));
  } finally {
    await model.dispose();
  }
}

const open: OpenInspection[] = [];
async function inspect(
  model: string,
  text: string,
  params: Readonly<Record<string, string | number>> = {},
  second?: string,
): Promise<OpenInspection> {
  const more = second === undefined ? { params: { length: 8, ...params } } : { params, second };
  const inspection = await inspectText(text, { media, model, ...more });
  open.push(inspection);
  return inspection;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.dispose()));
});

describe('A translator for many languages reads and writes what transformers does:', () => {
  for (const name of ['mbart-50', 'mbart', 'nllb', 'nllb-legacy']) {
    it(name, async () => {
      const expected = expectedOf<Expected>(name);
      const { source, target, said, text, standard, target_text: second } = expected;
      for (const from of Object.keys(source)) {
        const { keys } = (await inspect(folder(name), text, from === 'none' ? {} : { from })).summary;
        assert.deepEqual(keys.words, await spelled(name, source[from]), `from ${from}`);
      }
      for (const into of Object.keys(said)) {
        const inspection = await inspect(folder(name), text, {
          attention: 'decoder',
          ...(into === 'none' ? {} : { into }),
        });
        const { queries, keys } = inspection.summary;
        const words = await spelled(name, said[into]);
        assert.deepEqual([keys.words?.[0], ...(queries.words ?? [])], words, `into ${into}`);
      }
      for (const into of Object.keys(target)) {
        const { keys } = (await inspect(folder(name), text, { attention: 'decoder', into }, second)).summary;
        assert.deepEqual(keys.words, await spelled(name, target[into]), `target ${into}`);
      }
      assert.equal(standard in source, true);
    });
  }

  it('and says which languages nobody chose', async () => {
    const about = async (
      name: string,
      params: Readonly<Record<string, string>> = {},
      second?: string,
    ): Promise<readonly string[]> => {
      const { notices } = (await inspect(folder(name), 'The weight', params, second)).summary;
      return notices.filter((each) => each.includes('Choose “'));
    };
    const read =
      'The text was read as “en_XX”, as tokenizer_config.json says (src_lang). Choose “From” for another language.';
    assert.deepEqual(await about('mbart-50'), [
      'The text was read as “en_XX”, which is what transformers’ tokenizer puts there. Choose “From” for another language.',
      'No language to write was chosen: the model began without one. Choose “Into” above.',
    ]);
    assert.deepEqual(await about('mbart-50', { from: 'fr_XX', into: 'de_DE' }), []);
    assert.deepEqual(await about('mbart'), [
      read,
      'Written in “ro_RO”, as the model’s settings say (decoder_start_token_id). Choose “Into” for another language.',
    ]);
    assert.deepEqual(await about('mbart', {}, 'query'), [
      read,
      'The target was read as “ro_RO”, as tokenizer_config.json says (tgt_lang). Choose “Into” for another language.',
    ]);
  });
});

describe('A Marian checkpoint with two vocabularies', () => {
  const { cases, said, text } = expectedOf<Marian>('marian');

  it('cuts and numbers its target as transformers does', async () => {
    const model = await Model.open(platform, folder('marian'));
    for (const { text: each, source, target, decoded } of cases) {
      assert.deepEqual((await model.encode(each)).ids, source, each);
      assert.deepEqual((await model.encodeTarget(each)).ids, target, each);
      assert.equal(await model.decode(target), decoded.trim());
    }
    await model.dispose();
  });

  it('spells what it writes by the vocabulary of the target', async () => {
    const { queries } = (await inspect(folder('marian'), text)).summary;
    const words = await spelled('marian', said.slice(1));
    assert.deepEqual(queries.words, words);
    const given = await inspect(folder('marian'), text, {}, 'query');
    assert.equal(given.summary.queries.words?.join('').trim(), 'query</s>');
  });

  it('names the file that is missing', async () => {
    const copy = mkdtempSync(join(tmpdir(), 'marian-'));
    cpSync(folder('marian'), copy, { recursive: true });
    rmSync(join(copy, 'target_vocab.json'));
    await assert.rejects(inspect(copy, text), /"separate_vocabs", but target_vocab\.json.* is missing\.$/);
    writeFileSync(join(copy, 'tokenizer_config.json'), '{}');
    rmSync(join(copy, 'target.spm'));
    await assert.rejects(inspect(copy, text, {}, 'query'), /has no target\.spm, without which a target/);
    rmSync(copy, { recursive: true });
  });
});

describe('A Marian checkpoint that writes several languages', () => {
  const many = join(fixtures, 'marian-text');

  it('offers them, and says so where none was chosen', async () => {
    const notices = async (text: string, params = {}): Promise<readonly string[]> =>
      (await inspect(many, text, params)).summary.notices.filter((each) => each.includes('language'));
    assert.deepEqual(await notices('the weight'), [
      'No language to write was chosen: the model expects one of >>deu<<, >>fra<< before the text. Choose “Into” above.',
    ]);
    assert.deepEqual(await notices('>>fra<< the weight'), []);
    assert.deepEqual(await notices('the weight', { into: '>>fra<<' }), []);
    const { keys } = (await inspect(many, 'the weight', { into: '>>fra<<' })).summary;
    assert.deepEqual(keys.words, (await inspect(many, '>>fra<< the weight')).summary.keys.words);
  });
});
