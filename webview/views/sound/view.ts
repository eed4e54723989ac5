import { defineView } from '../view.js';
import type { SoundSettings } from './hearing/settings.js';
import { readSettings, standardSettings } from './hearing/settings.js';
import { audioOf } from './shown.js';
import { SoundView } from './sound.js';
import { soundStrings } from './strings.js';

export const soundView = defineView<SoundSettings>({
  id: 'sound',
  title: soundStrings.title,
  place: 'centre',
  leads: true,
  offered: (summary) => audioOf(summary) !== undefined,
  recall: readSettings,
  open: (context, recalled) => new SoundView(context, recalled ?? standardSettings),
});
