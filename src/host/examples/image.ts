import { l10n } from 'vscode';
import type { Session } from '../session/session.js';
import type { Example } from './example.js';

/** Of emoji-scenes, counted from 0: the head of the cross-attention that looks most at what the word names. */
const [layer, head] = [0, 1];

export const image: Example = {
  id: 'image',
  title: l10n.t('What is in a picture'),
  detail: l10n.t('A small captioner writes about a scene; each word shows the patches that it looked at.'),
  icon: 'file-media',
  async open(stage) {
    const session = await stage.openImage(await stage.file('apple-and-cats.png'));
    const row = session.summary?.queries.words?.indexOf('apple') ?? -1;
    if (row >= 0) session.move({ layer, head, step: 'weights', cell: await largestOf(session, row) });
  },
};

/** The cell of a row that has the largest weight. */
async function largestOf(session: Session, row: number): Promise<{ row: number; column: number }> {
  const rows = { start: row, end: row + 1 };
  const { data } = await session.ask('slice', { layer, head, step: 'weights', rows });
  let column = 0;
  for (const [at, weight] of data.entries()) if (weight > (data[column] ?? 0)) column = at;
  return { row, column };
}
