import { Range, Selection, window, workspace } from 'vscode';
import type { TextEditor, Uri } from 'vscode';
import type { MediumRequest } from '../session/request.js';
import type { Session } from '../session/session.js';
import type { Reader } from '../session/opener.js';
import type { SelectedText } from '../editor/selection.js';

/** Something to begin with, that comes with the extension: one file here, and one line in `index.ts`. */
export interface Example {
  readonly id: string;
  readonly title: string;
  /** What there is to see, in one sentence. */
  readonly detail: string;
  /** Of VS Code's icons. */
  readonly icon: string;
  /** @throws Error with a sentence for people */
  open(stage: ExampleStage): Promise<void>;
}

/** What examples are made with. */
export interface ExampleStage {
  /** A file of the sample, where the user may change it. */
  file(name: string): Promise<Uri>;
  openText(selected: SelectedText, reader: Reader): Promise<Session>;
  openFiles(uris: readonly Uri[]): Promise<void>;
  /** An image or a recording, by the embedded model that reads it. */
  openMedium(kind: MediumRequest['kind'], uri: Uri): Promise<Session>;
}

/** Shows a file of the sample with a passage of it selected. @throws Error where the passage is not in it */
export async function select(stage: ExampleStage, name: string, passage: string): Promise<TextEditor> {
  const document = await workspace.openTextDocument(await stage.file(name));
  const start = document.getText().indexOf(passage);
  if (start < 0) throw new Error(`“${passage}” is not in ${document.uri.fsPath} any more.`);
  const range = new Range(document.positionAt(start), document.positionAt(start + passage.length));
  const editor = await window.showTextDocument(document, { preview: false });
  editor.selection = new Selection(range.start, range.end);
  editor.revealRange(range);
  return editor;
}
