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
    const { texts, origin } = selectedText(editor);
    assert.deepEqual(texts, ['second']);
    assert.deepEqual(origin.starts, [story.indexOf('second')]);
    assert.match(origin.document, /^untitled:/);
  });

  it('is the paragraph at the cursor where nothing is selected', async () => {
    const editor = await editorOf(story);
    editor.selection = new Selection(3, 2, 3, 2);
    const { texts, origin } = selectedText(editor);
    assert.deepEqual(texts, ['The second paragraph\nhas two lines.']);
    assert.deepEqual(origin.starts, [story.indexOf('The second')]);
  });

  it('is the selection that is not empty, where the cursor of another is', async () => {
    const editor = await editorOf(story);
    editor.selections = [new Selection(5, 0, 5, 0), new Selection(0, 0, 0, 5)];
    assert.deepEqual(selectedText(editor).texts, ['First']);
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
    const anchor = new Anchor({ document: document.uri.toString(), starts: [0] }, [content]);
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
    const range = anchor.range(document, 0, span('five'));
    assert.equal(document.getText(range), 'five');
    assert.equal(range?.start.line, 2);
  });

  it('does not move what stands before an edit, or touches it', async () => {
    const { document, anchor } = await anchored();
    await replace(document, ' three', ' 3');
    assert.equal(document.getText(anchor.range(document, 0, span('two'))), 'two');
    assert.equal(document.getText(anchor.range(document, 0, span('One'))), 'One');
  });

  it('lets go of what an edit reached into, and of nothing else', async () => {
    const { document, anchor } = await anchored();
    await replace(document, 'ee.\nFo', '');
    assert.equal(anchor.range(document, 0, span('three')), undefined);
    assert.equal(anchor.range(document, 0, span('Four')), undefined);
    assert.equal(document.getText(anchor.range(document, 0, span('six'))), 'six');
  });

  it('follows several edits at once', async () => {
    const { document, anchor } = await anchored();
    const edit = new WorkspaceEdit();
    edit.insert(document.uri, new Position(0, 0), '> ');
    edit.insert(document.uri, new Position(1, 0), '> ');
    edit.insert(document.uri, new Position(0, 4), '-- ');
    await workspace.applyEdit(edit);
    for (const word of ['One', 'two', 'three', 'Four', 'six']) {
      assert.equal(document.getText(anchor.range(document, 0, span(word))), word);
    }
  });

  it('tells two texts of a document apart, each with places of its own', async () => {
    const document = await workspace.openTextDocument({ content });
    const start = content.indexOf('Four');
    const origin = { document: document.uri.toString(), starts: [0, start] };
    const anchor = new Anchor(origin, ['One two', content.slice(start)]);
    anchors.push(anchor);
    await replace(document, 'three', '3');
    assert.equal(document.getText(anchor.range(document, 0, span('two'))), 'two');
    assert.equal(document.getText(anchor.range(document, 1, { start: 5, end: 9 })), 'five');
    assert.equal(anchor.range(document, 2, span('One')), undefined);
  });

  it('knows no place in a document with another text', async () => {
    const document = await workspace.openTextDocument({
      content: 'Something else altogether, and long enough.',
    });
    const anchor = new Anchor({ document: document.uri.toString(), starts: [0] }, [content]);
    anchors.push(anchor);
    assert.equal(anchor.range(document, 0, span('One')), undefined);
  });
});
