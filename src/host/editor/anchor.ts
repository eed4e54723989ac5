import { Range, workspace } from 'vscode';
import type { EndOfLine, TextDocument, TextDocumentChangeEvent } from 'vscode';
import type { Span } from '../../protocol.js';
import { Disposable } from '../base/disposable.js';
import type { Origin } from '../session/request.js';

interface Edit {
  readonly offset: number;
  readonly removed: number;
  readonly added: number;
}

/** More edits than this, and the text is no longer the one that was inspected. */
const mostEdits = 2000;

/**
 * Knows where parts of an inspected text stand in its document while that is being edited. What an edit touched has no place
 * any more; what merely moved keeps its own.
 */
export class Anchor extends Disposable {
  private edits: Edit[] = [];
  /** Of the document as it was when the text was found in it; nothing before it is looked for, or when it is not there. */
  private found: { readonly eol: EndOfLine } | 'unknown' | 'lost' = 'unknown';

  /**
   * @param texts what was inspected, each from its start in the document
   */
  constructor(
    private readonly origin: Origin,
    private readonly texts: readonly string[],
  ) {
    super();
    const document = workspace.textDocuments.find(({ uri }) => uri.toString() === origin.document);
    if (document !== undefined) this.look(document);
    this.own(
      workspace.onDidChangeTextDocument((event) => {
        this.follow(event);
      }),
    );
    this.own(
      workspace.onDidCloseTextDocument(({ uri }) => {
        if (uri.toString() !== origin.document) return;
        this.edits = [];
        this.found = 'unknown';
      }),
    );
  }

  get uri(): string {
    return this.origin.document;
  }

  /** Where a part of one of the inspected texts stands now, if it does. */
  range(document: TextDocument, text: number, span: Span): Range | undefined {
    if (this.found === 'unknown') this.look(document);
    if (typeof this.found === 'string' || this.found.eol !== document.eol) return undefined;
    const begin = this.origin.starts[text];
    if (begin === undefined) return undefined;
    let start = begin + span.start;
    let end = begin + span.end;
    for (const { offset, removed, added } of this.edits) {
      if (offset >= end) continue;
      if (offset + removed > start) return undefined;
      start += added - removed;
      end += added - removed;
    }
    return new Range(document.positionAt(start), document.positionAt(end));
  }

  private follow({ document, contentChanges }: TextDocumentChangeEvent): void {
    if (document.uri.toString() !== this.origin.document || typeof this.found === 'string') return;
    // Changes of one event are listed from the last in the document to the first, so that none moves another.
    for (const { rangeOffset, rangeLength, text } of contentChanges) {
      this.edits.push({ offset: rangeOffset, removed: rangeLength, added: text.length });
    }
    if (this.edits.length > mostEdits) this.found = 'lost';
  }

  /** After a reload, or when it was opened again, the document may be another one. */
  private look(document: TextDocument): void {
    const { starts } = this.origin;
    const all = document.getText();
    const isWhole = this.texts.every(
      (text, at) => starts[at] === undefined || all.startsWith(text, starts[at]),
    );
    this.found = isWhole ? { eol: document.eol } : 'lost';
  }
}
