import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json } from '../../../../src/formats/json-text.js';
import { inspectText } from '../../../../src/inspection/index.js';
import { CausalRun } from '../../../../src/inspection/run/causal-run.js';
import { generate } from '../../../../src/inspection/run/generation.js';
import { SequenceRun, tokenInput } from '../../../../src/inspection/run/sequence-run.js';
import { Config } from '../../../../src/models/config.js';
import { generationOf, type Generation } from '../../../../src/models/generation.js';
import { Model } from '../../../../src/models/model.js';
import { Runtime } from '../../../../src/runtime/session.js';
import { fixtures, media, readJson } from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

/** Of make_generation.py. */
interface Case {
  readonly model: string;
  readonly title: string;
  readonly where: 'generation_config' | 'config';
  readonly settings: Readonly<Record<string, Json>>;
  readonly ids: readonly number[];
  /** What a decoder read first. */
  readonly start: readonly number[] | null;
  readonly said: readonly number[];
}

const cases = readJson<readonly Case[]>(readFileSync(join(fixtures, 'generation.json'), 'utf8'));
/** As many new tokens as make_generation.py asks for. */
const most = 14;

/** A copy of a checkpoint with settings of its own. */
function copied(name: string, settings: Case['settings']): string {
  const folder = mkdtempSync(join(tmpdir(), 'settings-'));
  cpSync(join(fixtures, name), folder, { recursive: true });
  writeFileSync(join(folder, 'generation_config.json'), JSON.stringify(settings));
  return folder;
}

describe('A model’s own settings of generation lead to the tokens that transformers writes', () => {
  const runtime = new Runtime(platform);
  after(() => runtime.dispose());

  /** What is written for some tokens, under any settings. */
  interface Writer {
    readonly run: CausalRun;
    /** What stands before all that is written, given what a decoder reads first. */
    before(start: number): readonly number[];
    readonly source?: readonly number[];
  }

  async function writer(model: Model, ids: readonly number[]): Promise<Writer> {
    if (model.decoder === undefined) {
      const build = (tokens: number): ReturnType<Model['build']> => model.build(tokens, model.attention);
      return { run: new CausalRun({ build, growing: false }, runtime), before: () => ids };
    }
    const attention = { ...model.decoder.attention, encoder: model.attention };
    const { target } = await SequenceRun.open(model, tokenInput(model, ids), attention, runtime, {});
    return { run: target, before: (start) => [start], source: ids };
  }

  function generationIn(name: string, { where, settings }: Case, vocabulary: number): Generation {
    const config = readJson<Readonly<Record<string, Json>>>(
      readFileSync(join(fixtures, name, 'config.json'), 'utf8'),
    );
    return where === 'generation_config'
      ? generationOf(settings, Config.of(config, 'config.json'), vocabulary)
      : generationOf(undefined, Config.of({ ...config, ...settings }, 'config.json'), vocabulary);
  }

  for (const name of new Set(cases.map(({ model }) => model))) {
    it(name, async () => {
      const model = await Model.open(platform, join(fixtures, name));
      const writers = new Map<string, Promise<Writer>>();
      for (const each of cases.filter((one) => one.model === name)) {
        const key = each.ids.join();
        const made = writers.get(key) ?? writer(model, each.ids);
        writers.set(key, made);
        const { run, before, source } = await made;
        const generation = generationIn(name, each, model.decoder?.vocabulary ?? model.vocabulary);
        const asked = Object.assign(Object.create(model) as Model, {
          generation: () => Promise.resolve(generation),
          // There is no tokenizer to tell what was said.
          decode: () => Promise.resolve(''),
        });
        const read = before(generation.start ?? -1);
        if (each.start !== null) assert.deepEqual(read, each.start, JSON.stringify(each));
        await run.back(0);
        await run.append(read);
        const rules = { limit: 10_000, ...(source && { source }) };
        await generate(asked, run, { tokens: most }, () => false, {}, rules);
        assert.deepEqual(run.ids.slice(read.length), each.said, JSON.stringify(each));
      }
      await model.dispose();
    });
  }
});

describe('What was followed of a model’s settings of generation, and what was not,', () => {
  async function noticesOf(
    name: string,
    settings: Case['settings'],
    sampling: { method?: 'sample' } = {},
  ): Promise<readonly string[]> {
    const folder = copied(name, settings);
    const inspection = await inspectText('The weight of a value', { media, model: folder });
    try {
      const { summary } = await inspection.continue({ tokens: 3, sampling });
      return summary.notices.filter((notice) => notice.includes('own settings'));
    } finally {
      await inspection.dispose();
      rmSync(folder, { recursive: true });
    }
  }

  it('is said by name, for a causal model', async () => {
    assert.deepEqual(await noticesOf('gpt2-text', {}), []);
    const settings = {
      num_beams: 4,
      length_penalty: 2,
      guidance_scale: 1.5,
      repetition_penalty: 1.3,
      max_length: 90,
      pad_token_id: 0,
      eos_token_id: null,
    };
    assert.deepEqual(await noticesOf('gpt2-text', settings), [
      'Followed of the model’s own settings for generation: repetition_penalty 1.3.',
      'Not followed of the model’s own settings for generation: num_beams 4, length_penalty 2, guidance_scale 1.5; with them it might write another text.',
    ]);
  });

  it('is said of drawing where tokens are not drawn, or drawn otherwise', async () => {
    const settings = { do_sample: true, temperature: 0.6, top_p: 0.9, top_k: 20 };
    assert.deepEqual(await noticesOf('gpt2-text', settings), [
      'Not followed of the model’s own settings for generation: do_sample true, temperature 0.6, top_p 0.9, top_k 20; with them it might write another text.',
    ]);
    assert.deepEqual(await noticesOf('gpt2-text', settings, { method: 'sample' }), [
      'Not followed of the model’s own settings for generation: top_k 20; with them it might write another text.',
    ]);
    assert.deepEqual(await noticesOf('gpt2-text', { temperature: 0.6, top_k: 20 }), []);
  });

  it('is said of an encoder–decoder model', async () => {
    const settings = { decoder_start_token_id: 0, num_beams: 2, no_repeat_ngram_size: 3 };
    assert.deepEqual(await noticesOf('t5-text', settings), [
      'Followed of the model’s own settings for generation: no_repeat_ngram_size 3.',
      'Not followed of the model’s own settings for generation: num_beams 2; with them it might write another text.',
    ]);
  });

  it('names what makes no sense, and what is not known', () => {
    const { left, followed } = generationOf(
      {
        repetition_penalty: 'much',
        bad_words_ids: [[1], [99]],
        sequence_bias: { '(1,)': 2 },
        suppress_tokens: [-1],
        chat_format: 'chatml',
      },
      Config.of({}, 'config.json'),
      40,
    );
    assert.deepEqual(left(false), [
      'sequence_bias {"(1,)":2}',
      'repetition_penalty much',
      'bad_words_ids [[1],[99]]',
      'chat_format chatml',
    ]);
    assert.deepEqual(followed, ['suppress_tokens [-1]']);
  });
});
