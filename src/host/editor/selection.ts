import { l10n, window } from 'vscode';
import type { TextDocument, TextEditor } from 'vscode';
import type { Origin, TextRequest } from '../session/request.js';

export interface SelectedText {
  readonly texts: TextRequest['texts'];
  readonly origin: Origin;
}

/**
 * The editor with the focus. Where a panel has it, the one in sight in which something is selected, or the only one in sight:
 * a command of the palette means the text that is looked at.
 */
function editorInSight(): TextEditor | undefined {
  const { activeTextEditor, visibleTextEditors } = window;
  if (activeTextEditor !== undefined) return activeTextEditor;
  const selected = visibleTextEditors.filter(({ selections }) => selections.some((one) => !one.isEmpty));
  const [only, another] = selected.length === 0 ? visibleTextEditors : selected;
  return another === undefined ? only : undefined;
}

/** What is selected in an editor that is seen; undefined where nothing is, or in several. */
export function selectionInSight(): SelectedText | undefined {
  const filled = window.visibleTextEditors.filter(
    ({ document, selection }) => !selection.isEmpty && document.getText(selection).trim() !== '',
  );
  const [editor, another] = filled;
  return editor === undefined || another !== undefined ? undefined : selectedText(editor);
}

/**
 * The selected text of the active editor, or the paragraph at its cursor. Of several selections, the main one.
 * @throws Error with a sentence where there is no editor or no text
 */
export function selectedText(editor = editorInSight()): SelectedText {
  if (editor === undefined) {
    throw new Error(l10n.t('No text editor is active: open a document and select the text to inspect.'));
  }
  const { document, selection, selections } = editor;
  const filled = selection.isEmpty ? selections.find((one) => !one.isEmpty) : selection;
  if (filled === undefined) return paragraphAt(document, selection.active.line);
  const text = document.getText(filled);
  if (text.trim() === '') {
    throw new Error(l10n.t('The selection holds nothing but white space: select some words to inspect.'));
  }
  return {
    texts: [text],
    origin: { document: document.uri.toString(), starts: [document.offsetAt(filled.start)] },
  };
}

/**
 * The selected texts of the active editor: of two selections or more, the first two in the document.
 * @throws Error with a sentence where there is no editor or no text
 */
export function selectedTexts(editor = editorInSight()): SelectedText {
  const filled = (editor?.selections ?? [])
    .filter((one) => !one.isEmpty && editor?.document.getText(one).trim() !== '')
    .toSorted((a, b) => a.start.compareTo(b.start));
  const [first, second] = filled;
  if (editor === undefined || first === undefined || second === undefined) return selectedText(editor);
  const { document } = editor;
  return {
    texts: [document.getText(first), document.getText(second)],
    origin: {
      document: document.uri.toString(),
      starts: [document.offsetAt(first.start), document.offsetAt(second.start)],
    },
  };
}

function paragraphAt(document: TextDocument, line: number): SelectedText {
  const empty = (at: number): boolean => document.lineAt(at).isEmptyOrWhitespace;
  if (empty(line)) {
    throw new Error(
      l10n.t('Nothing is selected and the cursor is on an empty line: select some words to inspect.'),
    );
  }
  let first = line;
  while (first > 0 && !empty(first - 1)) first--;
  let last = line;
  while (last < document.lineCount - 1 && !empty(last + 1)) last++;
  const range = document.lineAt(first).range.with({ end: document.lineAt(last).range.end });
  return {
    texts: [document.getText(range)],
    origin: { document: document.uri.toString(), starts: [document.offsetAt(range.start)] },
  };
}
