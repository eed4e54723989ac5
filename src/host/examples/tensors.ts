import { l10n } from 'vscode';
import type { Example } from './example.js';

export const tensors: Example = {
  id: 'tensors',
  title: l10n.t('Q, K and V from a file'),
  detail: l10n.t('Three matrices of an .npz run through scaled dot-product attention.'),
  icon: 'table',
  async open(stage) {
    await stage.openFiles([await stage.file('qkv.npz')]);
  },
};
