import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectText, type OpenInspection } from '../../../../src/inspection/index.js';
import { describe as described } from '../../../../src/models/index.js';
import { Model } from '../../../../src/models/model.js';
import { fixtures, media, readJson } from '../../../support/models/expected.js';
import { platform } from '../../../support/platform.js';

describe('A checkpoint without a language head', () => {
  const folders: string[] = [];
  const open: OpenInspection[] = [];
  /** A copy with other settings: what transformers then reports as missing is the head. */
  function copied(name: string, settings: object): string {
    const folder = mkdtempSync(join(tmpdir(), 'silent-'));
    folders.push(folder);
    cpSync(join(fixtures, name), folder, { recursive: true });
    const config = readJson<object>(readFileSync(join(folder, 'config.json'), 'utf8'));
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, ...settings }));
    return folder;
  }
  async function inspect(model: string, second?: string): Promise<OpenInspection> {
    const more = second === undefined ? {} : { second };
    const inspection = await inspectText('The weight of a value', { media, model, ...more });
    open.push(inspection);
    return inspection;
  }
  async function writes(folder: string): Promise<boolean> {
    const model = await Model.open(platform, folder);
    try {
      return model.writes;
    } finally {
      await model.dispose();
    }
  }
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.dispose()));
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  for (const name of ['t5-text', 'marian-text'])
    it(`shows its encoder, or a target that is given, and never writes: ${name}`, async () => {
      // T5's own class for writing ties them all the same: see t5-untied in unusual.test.ts.
      const architectures = name === 't5-text' ? ['T5Model'] : ['MarianMTModel'];
      const folder = copied(name, { tie_word_embeddings: false, architectures });
      const { summary } = await inspect(folder);
      assert.equal(summary.continues, false);
      assert.equal(summary.queries.count, summary.keys.count);
      assert.ok(
        summary.notices.some((each) => each.includes('has no language head: it cannot write')),
        summary.notices.join(' '),
      );
      const given = await inspect(folder, 'query and key');
      assert.equal(given.summary.continues, false);
      assert.deepEqual(
        (await inspect(join(fixtures, name), 'query and key')).summary.queries,
        given.summary.queries,
      );
      await assert.rejects(given.continue({ tokens: 1 }), /says nothing of what comes next/);
      assert.equal(await writes(folder), false);
      assert.equal(await writes(join(fixtures, name)), true);
    });

  it('that sorts texts offers no next token, though its word vectors are tied', async () => {
    for (const architecture of ['GPT2ForSequenceClassification', 'GPT2ForTokenClassification']) {
      const folder = copied('gpt2-text', { architectures: [architecture] });
      const { summary } = await inspect(folder);
      assert.equal(summary.continues, false);
      assert.ok(
        summary.notices.some((each) => each.endsWith('has no language head: no next token is offered.')),
      );
      const found = await described(platform, folder);
      assert.equal(found.kind === 'model' && found.model.writes, false);
    }
    for (const architecture of ['GPT2LMHeadModel', 'GPT2Model']) {
      assert.equal(await writes(copied('gpt2-text', { architectures: [architecture] })), true);
    }
  });
});
