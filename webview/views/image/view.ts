import { defineView } from '../view.js';
import { ImageView } from './image.js';
import type { ImageMemory } from './settings.js';
import { readMemory, standardSettings } from './settings.js';
import { liesOnImage } from './shown.js';
import { imageStrings } from './strings.js';

export const imageView = defineView<ImageMemory>({
  id: 'image',
  title: imageStrings.title,
  place: 'centre',
  leads: true,
  offered: liesOnImage,
  recall: readMemory,
  open: (context, recalled) => new ImageView(context, recalled ?? { defaults: standardSettings, own: [] }),
});
