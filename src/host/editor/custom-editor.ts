import { window } from 'vscode';
import type { CustomDocument, CustomReadonlyEditorProvider, Uri, WebviewPanel } from 'vscode';
import { Disposable } from '../base/disposable.js';
import type { Opener } from '../session/opener.js';

/** "Reopen Editor With… → Attention Inspector": the panel in place of a file's own editor. It never writes. */
export class TensorEditor extends Disposable implements CustomReadonlyEditorProvider {
  constructor(private readonly opener: Opener) {
    super();
    this.own(window.registerCustomEditorProvider('attention-inspector.tensors', this));
  }

  openCustomDocument(uri: Uri): CustomDocument {
    return { uri, dispose: () => undefined };
  }

  resolveCustomEditor({ uri }: CustomDocument, panel: WebviewPanel): void {
    this.opener.fill(panel, uri);
  }
}
