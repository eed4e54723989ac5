import { l10n } from 'vscode';
import { selectedText } from '../editor/selection.js';
import { select, type Example } from './example.js';

export const additive: Example = {
  id: 'additive',
  title: l10n.t('Bahdanau’s attention on word embeddings'),
  detail: l10n.t('Additive scores, softmax and weighted sum, with untrained projections.'),
  icon: 'symbol-operator',
  async open(stage) {
    const editor = await select(
      stage,
      'story.md',
      'The trophy does not fit into the brown suitcase because it is too large.',
    );
    await stage.openText(selectedText(editor), { mechanism: 'bahdanau' });
  },
};
