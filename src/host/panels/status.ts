import { l10n, StatusBarAlignment, window, workspace } from 'vscode';
import { modelName, modelPath } from '../models/model-path.js';
import { Disposable } from '../base/disposable.js';
import { activeModel, section } from '../base/settings.js';

/** The active model's name in the status bar; a click chooses another. */
export class ModelStatus extends Disposable {
  private readonly item = this.own(
    window.createStatusBarItem('attention-inspector.model', StatusBarAlignment.Right, 90),
  );

  constructor() {
    super();
    this.item.name = l10n.t('Attention Model');
    this.item.command = 'attention-inspector.useModel';
    this.own(
      workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(section)) this.show();
      }),
    );
    this.show();
    this.item.show();
  }

  private show(): void {
    const model = activeModel();
    const name = modelName(model);
    this.item.text = `$(eye) ${name}`;
    this.item.tooltip = l10n.t(
      'Attention: selected text is read by {0}. Click to choose another.',
      modelPath(model) ?? name,
    );
  }
}
