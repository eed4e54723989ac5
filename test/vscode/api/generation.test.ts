import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commands, Position, Selection, window, workspace } from 'vscode';
import type { OpenInspection } from '../../../src/library/index.js';
import { until } from '../../support/until.js';
import { api, assertClose, matrix } from '../../support/vscode/extension.js';

/** A small GPT-2 with what transformers says of it. This runs from out/test/vscode/api. */
const folder = join(__dirname, '../../../../test/fixtures/models/gpt2-text');

interface Continued {
  readonly text: string;
  readonly ids: readonly number[];
  readonly greedy: readonly number[];
  readonly end: number;
  readonly said: readonly string[];
  readonly likeliest: readonly { readonly ids: readonly number[] }[];
}

describe('a text that a model goes on with', () => {
  const expected = JSON.parse(readFileSync(join(folder, 'continued.json'), 'utf8')) as Continued;
  const added = expected.greedy.slice(expected.ids.length);
  const untilEnd = added.indexOf(expected.end) + 1;
  const open: OpenInspection[] = [];
  afterEach(async () => {
    for (const each of open.splice(0)) await each.dispose();
  });
  async function inspect(): Promise<OpenInspection> {
    const inspection = await (await api()).inspectText(expected.text, { model: folder });
    open.push(inspection);
    return inspection;
  }

  it('has the tokens that transformers says, and weights for each of them', async () => {
    const inspection = await inspect();
    const told: string[] = [];
    const { ending } = await inspection.continue({ tokens: 9, onText: (text) => told.push(text) });
    assert.equal(ending, 'end');
    assert.deepEqual(told, expected.said.slice(0, untilEnd));
    const { queries, revision } = inspection.summary;
    assert.equal(queries.count, expected.ids.length + untilEnd);
    assert.ok(revision > 1);
    const { shape, data, revision: of } = await inspection.slice('weights', { layer: 1, head: 2 });
    assert.deepEqual(shape, [queries.count, queries.count]);
    assert.equal(of, revision);
    const last = data.subarray(-queries.count).reduce((sum, weight) => sum + weight, 0);
    assert.ok(Math.abs(last - 1) < 1e-5);
  });

  it('is the same when the engine’s process has died since', async () => {
    const inspection = await inspect();
    await inspection.continue({ tokens: 6, sampling: { method: 'sample', temperature: 2, seed: 4 } });
    const before = inspection.summary;
    const weights = (await matrix(inspection, 'weights', { layer: 1, head: 2 })).map((row) =>
      row.map((weight) => (Number.isNaN(weight) ? 0 : weight)),
    );
    const { processId } = (await api()).engine;
    assert.ok(processId !== undefined);
    process.kill(processId, 'SIGKILL');
    const { engine } = await api();
    await until('the next process', () => engine.processId !== processId);
    assertClose(await matrix(inspection, 'weights', { layer: 1, head: 2 }), weights);
    assert.deepEqual(inspection.summary.queries, before.queries);
    await inspection.continue({ tokens: 1 });
    assert.equal(inspection.summary.queries.count, before.queries.count + 1);
  });

  it('says what it expects next', async () => {
    const inspection = await inspect();
    const query = expected.ids.length - 1;
    const { candidates, revision } = await inspection.candidates(query, 5);
    assert.deepEqual(
      candidates.map(({ id }) => id),
      expected.likeliest[query]?.ids,
    );
    assert.equal(revision, inspection.summary.revision);
  });

  it('is gone on with from the editor by a command', async () => {
    const settings = workspace.getConfiguration('attentionInspector');
    await settings.update('model', folder, true);
    try {
      const editor = await window.showTextDocument(
        await workspace.openTextDocument({ content: expected.text }),
      );
      const end = editor.document.positionAt(expected.text.length);
      editor.selection = new Selection(new Position(0, 0), end);
      await commands.executeCommand('attention-inspector.continueSelection');
      assert.equal(editor.document.getText(), expected.text, 'the user’s text is never changed');
      const tab = window.tabGroups.all
        .flatMap(({ tabs }) => tabs)
        .find(({ label }) => label.startsWith('The weight'));
      assert.ok(tab !== undefined, 'a panel is open');
      await window.tabGroups.close(tab);
    } finally {
      await settings.update('model', undefined, true);
    }
  });
});
