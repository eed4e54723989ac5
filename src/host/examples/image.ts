import { l10n } from 'vscode';
import type { Example } from './example.js';

export const image: Example = {
  id: 'image',
  title: l10n.t('What is in a picture'),
  detail: l10n.t('A small captioner writes about a scene; each word shows the patches that it looked at.'),
  icon: 'file-media',
  async open(stage) {
    await stage.openImage(await stage.file('apple-and-cats.png'));
  },
};
