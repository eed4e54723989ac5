import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findCheckpoints } from '../../../src/models/catalog.js';
import { Checkpoint } from '../../../src/models/checkpoint.js';
import { Config } from '../../../src/models/config.js';
import { identityOf } from '../../../src/models/identity.js';
import { logMelSettings } from '../../../src/models/processors/audio/index.js';
import { generationOf, openAiTokens, openAiWriting } from '../../../src/models/speech/openai-tokens.js';
import { beginningOf, writingSettings } from '../../../src/models/speech/writing.js';
import { Runtime } from '../../../src/runtime/session.js';
import { fixtures, readJson, tensorsIn } from '../../support/models/expected.js';
import { assertWhisper } from '../../support/models/speech.js';
import { platform } from '../../support/platform.js';

const folder = join(fixtures, 'speech-openai');

interface Tokens {
  readonly vocabulary: number;
  readonly multilingual: boolean;
  readonly special: Readonly<Record<string, number>>;
  readonly languages: readonly number[];
  readonly suppressed: readonly number[];
  readonly suppressed_first: readonly number[];
  readonly latest_first: number;
  readonly begin: readonly number[];
  readonly untimed: number;
}

/** What OpenAI's tokenizer and decoding have. */
const tokens = readJson<readonly Tokens[]>(readFileSync(join(fixtures, 'speech-openai-tokens.json'), 'utf8'));

describe('Whisper in OpenAI’s own files', () => {
  const runtime = new Runtime(platform);
  after(() => runtime.dispose());

  for (const name of ['odd.pt', 'legacy.pt']) {
    it(`computes what OpenAI’s code computes: ${name}`, async () => {
      const checkpoint = await Checkpoint.open(platform, join(folder, name));
      try {
        assert.equal(checkpoint.name, name.replace('.pt', ''));
        await assertWhisper(runtime, checkpoint, await tensorsIn(join(folder, 'expected.safetensors')));
        assert.deepEqual(checkpoint.unread, []);
        const extractor = (await checkpoint.json('preprocessor_config.json')) ?? assert.fail();
        const { bands, samples, window, hop } = logMelSettings(extractor, name);
        assert.deepEqual([bands, samples, window, hop], [7, 16_000, 400, 160]);
      } finally {
        await checkpoint.dispose();
      }
    });
  }

  for (const each of tokens) {
    it(`knows the tokens of ${each.vocabulary} as OpenAI’s tokenizer does`, () => {
      const { vocabulary } = each;
      const known = openAiTokens(vocabulary) ?? assert.fail();
      const said = openAiWriting(vocabulary) ?? assert.fail();
      for (const [name, id] of Object.entries(each.special)) {
        if (!/\d/.test(name)) assert.equal(known(name), id, name);
      }
      const generation = generationOf(known, vocabulary, said);
      const config = Config.of({ model_type: 'whisper' }, 'it');
      const settings = writingSettings(generation, config, vocabulary);
      assert.deepEqual(settings.suppressed, each.suppressed);
      assert.deepEqual(settings.suppressedFirst, each.suppressed_first);
      assert.equal(settings.latestFirst, each.latest_first);
      assert.equal(settings.untimed, each.untimed);
      assert.deepEqual([...settings.languages.values()], each.multilingual ? each.languages : []);
      const choice = each.multilingual ? { language: 'en', task: 'transcribe' } : {};
      assert.deepEqual(beginningOf(settings, choice).tokens, each.begin);
    });
  }

  it('has no tokens for a vocabulary that OpenAI does not have', () => {
    for (const size of [0, 37, 51_863, 51_867]) assert.equal(openAiTokens(size), undefined);
  });

  describe('with what lies beside them', () => {
    let place: string;
    before(() => {
      place = mkdtempSync(join(tmpdir(), 'attention-tests-'));
      cpSync(join(folder, 'odd.pt'), join(place, 'tiny.pt'));
      cpSync(join(folder, 'odd.pt'), join(place, 'weights.pt'));
    });
    after(() => {
      rmSync(place, { recursive: true });
    });

    it('say what to put there where there is no tokenizer', async () => {
      const checkpoint = await Checkpoint.open(platform, join(place, 'tiny.pt'));
      try {
        await assert.rejects(checkpoint.json('tokenizer.json'), {
          name: 'ModelError',
          message:
            /^tiny\.pt holds no tokenizer, .* put tokenizer\.json of its model \(on Hugging Face\) into/,
        });
        assert.equal(await checkpoint.json('generation_config.json'), undefined);
        const before = await identityOf(platform, { kind: 'file', path: join(place, 'tiny.pt') });
        writeFileSync(join(place, 'tokenizer.json'), '{"added_tokens": [{"id": 3, "content": "<|en|>"}]}');
        assert.deepEqual(await checkpoint.json('tokenizer.json'), {
          added_tokens: [{ id: 3, content: '<|en|>' }],
        });
        assert.notEqual(
          await identityOf(platform, { kind: 'file', path: join(place, 'tiny.pt') }),
          before,
          'the tokenizer is a part of the model',
        );
      } finally {
        await checkpoint.dispose();
      }
    });

    it('are found by OpenAI’s names alone, or where one is named', async () => {
      const pathsIn = async (paths: readonly string[]): Promise<string[]> =>
        (await findCheckpoints(platform, paths)).map((found) =>
          found.kind === 'unusable' ? found.path : JSON.stringify(found.model.reference),
        );
      const found = await pathsIn([place]);
      assert.equal(found.length, 1);
      assert.match(found[0] ?? '', /tiny\.pt/);
      assert.match((await pathsIn([join(place, 'weights.pt')]))[0] ?? '', /weights\.pt/);
      await assert.rejects(Checkpoint.open(platform, place), {
        name: 'ModelError',
        message:
          /has no config\.json, but holds "tiny\.pt", a Whisper in OpenAI's own form\. Open that file\.$/,
      });
    });
  });

  it('are refused by a sentence where they are something else', async () => {
    const refusal = (name: string, message: RegExp): Promise<void> =>
      assert.rejects(Checkpoint.open(platform, join(folder, name)), { name: 'ModelError', message });
    await refusal('other.pt', /^other\.pt is no model that can be read: .*"dims" and "model_state_dict"/);
    await refusal('wide.pt', /^wide\.pt: its "dims" give sound 12 numbers a frame and text 16 a token/);
    await refusal('none.pt', /^none\.pt cannot be opened: there is no such file\.$/);
  });
});
