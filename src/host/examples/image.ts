import { l10n } from 'vscode';
import type { Example } from './example.js';
import { largestOf } from './largest.js';

/** Of emoji-scenes, counted from 0: the head of the cross-attention that looks most at what the word names. */
const [layer, head] = [0, 1];

export const image: Example = {
  id: 'image',
  title: l10n.t('What is in a picture'),
  detail: l10n.t('A small captioner writes about a scene; each word shows the patches that it looked at.'),
  icon: 'file-media',
  async open(stage) {
    const session = await stage.openMedium('image', await stage.file('apple-and-cats.png'));
    const row = session.summary?.queries.words?.indexOf('apple') ?? -1;
    if (row >= 0) {
      session.move({ layer, head, step: 'weights', cell: await largestOf(session, { layer, head, row }) });
    }
  },
};
