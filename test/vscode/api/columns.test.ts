import assert from 'node:assert/strict';
import { commands, Position, Selection, TabInputWebview, ViewColumn, window, workspace } from 'vscode';
import { until } from '../../support/until.js';

const groups = (): readonly number[] => window.tabGroups.all.map(({ viewColumn }) => viewColumn);

/** The columns of the panels that are open. */
const panels = (): readonly number[] =>
  window.tabGroups.all.flatMap(({ tabs, viewColumn }) =>
    tabs.filter(({ input }) => input instanceof TabInputWebview).map(() => viewColumn),
  );

describe('the panel of a text', () => {
  beforeEach(() => commands.executeCommand('workbench.action.closeAllEditors'));
  after(() => commands.executeCommand('workbench.action.closeAllEditors'));

  async function inspect(content: string): Promise<void> {
    const document = await workspace.openTextDocument({ content });
    const editor = await window.showTextDocument(document, { viewColumn: ViewColumn.One, preview: false });
    editor.selection = new Selection(new Position(0, 0), document.positionAt(content.length));
    await commands.executeCommand('attention-inspector.inspectSelection');
  }

  it('opens beside it, and that of another text in the same group', async () => {
    await inspect('The cat sat.');
    await until('a panel', () => panels().length === 1);
    assert.deepEqual([groups(), panels()], [[1, 2], [2]]);
    await inspect('The dog ran.');
    await until('both panels', () => panels().length === 2);
    assert.deepEqual(
      [groups(), panels()],
      [
        [1, 2],
        [2, 2],
      ],
    );
  });

  it('makes no third column where a panel has the focus', async () => {
    await inspect('The cat sat.');
    const document = await workspace.openTextDocument({ content: 'The dog ran.' });
    const editor = await window.showTextDocument(document, { viewColumn: ViewColumn.One, preview: false });
    editor.selection = new Selection(new Position(0, 0), document.positionAt(12));
    await commands.executeCommand('workbench.action.focusSecondEditorGroup');
    await until('the focus', () => window.tabGroups.activeTabGroup.viewColumn === ViewColumn.Two);
    await commands.executeCommand('attention-inspector.inspectSelection');
    await until('both panels', () => panels().length === 2);
    assert.deepEqual(
      [groups(), panels()],
      [
        [1, 2],
        [2, 2],
      ],
    );
  });
});
