import { defineView } from '../view.js';
import type { RankingSettings } from './question.js';
import { readSettings, usualSettings } from './question.js';
import { RankingView } from './ranking.js';
import { rankingStrings } from './strings.js';

export const rankingView = defineView<RankingSettings>({
  id: 'ranking',
  title: rankingStrings.title,
  place: 'left',
  offered: ({ layers, heads }) => layers * heads > 1,
  recall: readSettings,
  open: (context, recalled) => new RankingView(context, recalled ?? usualSettings),
});
