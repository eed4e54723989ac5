import { window } from 'vscode';
import type { CustomDocument, CustomReadonlyEditorProvider, Uri, WebviewPanel } from 'vscode';
import { Disposable } from '../base/disposable.js';
import type { Opener } from '../session/opener.js';

/** "Reopen Editor With… → Attention Inspector": the panel in place of a file's own editor. It never writes. */
export class PanelEditor extends Disposable implements CustomReadonlyEditorProvider {
  constructor(
    private readonly opener: Opener,
    viewType: `attention-inspector.${'audio' | 'image' | 'tensors'}`,
    private readonly kind: 'audio' | 'files' | 'image',
  ) {
    super();
    this.own(window.registerCustomEditorProvider(viewType, this));
  }

  openCustomDocument(uri: Uri): CustomDocument {
    return { uri, dispose: () => undefined };
  }

  async resolveCustomEditor({ uri }: CustomDocument, panel: WebviewPanel): Promise<void> {
    await this.opener.fill(panel, uri, this.kind);
  }
}
