import { l10n } from 'vscode';
import type { Example } from './example.js';
import { largestOf } from './largest.js';

/** Of numbers-speech, counted from 0: the head of the cross-attention that follows what is said best. */
const [layer, head] = [1, 3];

export const sound: Example = {
  id: 'sound',
  title: l10n.t('When a word is said'),
  detail: l10n.t('A small Whisper writes what it hears; each word shows the moment that it was heard in.'),
  icon: 'unmute',
  async open(stage) {
    const session = await stage.openMedium('audio', await stage.file('date.wav'));
    const row = session.summary?.queries.words?.findIndex((word) => word.trim() === 'november') ?? -1;
    if (row >= 0)
      session.move({ layer, head, step: 'weights', cell: await largestOf(session, { layer, head, row }) });
  },
};
