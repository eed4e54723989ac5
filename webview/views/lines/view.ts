import { defineView } from '../view.js';
import { LinesView, weightsOf } from './lines.js';
import type { LinesSettings } from './settings.js';
import { readSettings, usualSettings } from './settings.js';
import { linesStrings } from './strings.js';

export const linesView = defineView<LinesSettings>({
  id: 'lines',
  title: linesStrings.title,
  place: 'centre',
  offered: (summary) => weightsOf(summary) !== undefined,
  recall: readSettings,
  open: (context, recalled) => new LinesView(context, recalled ?? usualSettings),
});
