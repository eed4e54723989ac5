import assert from 'node:assert/strict';
import { Position, Range, Selection, window, workspace, WorkspaceEdit } from 'vscode';
import type { TextDocument, TextEditor } from 'vscode';
import { Anchor } from '../../../src/host/editor/anchor.js';
import { selectedText } from '../../../src/host/editor/selection.js';

async function editorOf(content: string): Promise<TextEditor> {
  return window.showTextDocument(await workspace.openTextDocument({ content }));
}

describe('what a selection stands for', () => {
  const story = 'First line.\n\nThe second paragraph\nhas two lines.\n   \nLast.';

  it('is the selected text, in an untitled document too', async () => {
    const editor = await editorOf(story);
    editor.selection = new Selection(2, 4, 2, 10);
    const { text, origin } = selectedText(editor);
    assert.equal(text, 'second');
    assert.equal(origin.start, story.indexOf('second'));
    assert.match(origin.document, /^untitled:/);
  });

  it('is the paragraph at the cursor where nothing is selected', async () => {
    const editor = await editorOf(story);
    editor.selection = new Selection(3, 2, 3, 2);
    const { text, origin } = selectedText(editor);
    assert.equal(text, 'The second paragraph\nhas two lines.');
    assert.equal(origin.start, story.indexOf('The second'));
  });

  it('is the selection that is not empty, where the cursor of another is', async () => {
    const editor = await editorOf(story);
    editor.selections = [new Selection(5, 0, 5, 0), new Selection(0, 0, 0, 5)];
    assert.equal(selectedText(editor).text, 'First');
  });

  it('is refused on an empty line, in white space, and without an editor', async () => {
    const editor = await editorOf(story);
    editor.selection = new Selection(4, 1, 4, 1);
    assert.throws(() => selectedText(editor), /empty line: select some words to inspect\.$/);
    editor.selection = new Selection(4, 0, 4, 3);
    assert.throws(() => selectedText(editor), /nothing but white space: select some words to inspect\.$/);
    const empty = await editorOf('');
    assert.throws(() => selectedText(empty), /empty line/);
  });
});

describe('an anchor in an edited document', () => {
  const content = 'One two three.\nFour five six.';
  const span = (word: string): { start: number; end: number } => {
    const start = content.indexOf(word);
    return { start, end: start + word.length };
  };
  const anchors: Anchor[] = [];

  async function anchored(): Promise<{ readonly document: TextDocument; readonly anchor: Anchor }> {
    const document = await workspace.openTextDocument({ content });
    const anchor = new Anchor({ document: document.uri.toString(), start: 0 }, content);
    anchors.push(anchor);
    return { document, anchor };
  }

  async function replace(document: TextDocument, word: string, by: string): Promise<void> {
    const start = document.getText().indexOf(word);
    const edit = new WorkspaceEdit();
    edit.replace(
      document.uri,
      new Range(document.positionAt(start), document.positionAt(start + word.length)),
      by,
    );
    assert.equal(await workspace.applyEdit(edit), true);
  }

  afterEach(() => {
    for (const anchor of anchors.splice(0)) anchor.dispose();
  });

  it('keeps the place of what only moved', async () => {
    const { document, anchor } = await anchored();
    await replace(document, 'One', 'Eleven\nand twelve,');
    const range = anchor.range(document, span('five'));
    assert.equal(document.getText(range), 'five');
    assert.equal(range?.start.line, 2);
  });

  it('does not move what stands before an edit, or touches it', async () => {
    const { document, anchor } = await anchored();
    await replace(document, ' three', ' 3');
    assert.equal(document.getText(anchor.range(document, span('two'))), 'two');
    assert.equal(document.getText(anchor.range(document, span('One'))), 'One');
  });

  it('lets go of what an edit reached into, and of nothing else', async () => {
    const { document, anchor } = await anchored();
    await replace(document, 'ee.\nFo', '');
    assert.equal(anchor.range(document, span('three')), undefined);
    assert.equal(anchor.range(document, span('Four')), undefined);
    assert.equal(document.getText(anchor.range(document, span('six'))), 'six');
  });

  it('follows several edits at once', async () => {
    const { document, anchor } = await anchored();
    const edit = new WorkspaceEdit();
    edit.insert(document.uri, new Position(0, 0), '> ');
    edit.insert(document.uri, new Position(1, 0), '> ');
    edit.insert(document.uri, new Position(0, 4), '-- ');
    await workspace.applyEdit(edit);
    for (const word of ['One', 'two', 'three', 'Four', 'six']) {
      assert.equal(document.getText(anchor.range(document, span(word))), word);
    }
  });

  it('knows no place in a document with another text', async () => {
    const document = await workspace.openTextDocument({
      content: 'Something else altogether, and long enough.',
    });
    const anchor = new Anchor({ document: document.uri.toString(), start: 0 }, content);
    anchors.push(anchor);
    assert.equal(anchor.range(document, span('One')), undefined);
  });
});
