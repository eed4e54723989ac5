import { l10n } from 'vscode';
import { selectedText } from '../editor/selection.js';
import { select, type Example } from './example.js';

export const date: Example = {
  id: 'date',
  title: l10n.t('Translating a date'),
  detail: l10n.t('Which characters of a written date each digit of 2026-11-28 is read from.'),
  icon: 'calendar',
  async open(stage) {
    const editor = await select(stage, 'dates.txt', 'Saturday, 28 November 2026');
    await stage.openText(selectedText(editor), { model: { kind: 'dates', score: 'bahdanau' } });
  },
};
