import { l10n } from 'vscode';
import { selectedText } from '../editor/selection.js';
import { select, type Example } from './example.js';

export const nextToken: Example = {
  id: 'next-token',
  title: l10n.t('What a GPT says next'),
  detail: l10n.t('The next tokens with their probabilities, and where each one looks.'),
  icon: 'arrow-right',
  async open(stage) {
    const editor = await select(stage, 'prompt.txt', 'This package contains the development files');
    const session = await stage.openText(selectedText(editor), { model: { kind: 'gpt' } });
    await session.continue({ tokens: 8 });
  },
};
