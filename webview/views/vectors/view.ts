import { fieldsOf } from '../../parse.js';
import { defineView } from '../view.js';
import { scoresOf } from './pair.js';
import { vectorsStrings } from './strings.js';
import type { VectorsMemory } from './vectors.js';
import { VectorsView } from './vectors.js';

export const vectorsView = defineView<VectorsMemory>({
  id: 'vectors',
  title: vectorsStrings.title,
  place: 'centre',
  offered: (summary) => scoresOf(summary) !== undefined,
  recall: (remembered) => ({ order: fieldsOf(remembered)?.['order'] === 'size' ? 'size' : 'dimension' }),
  open: (context, recalled) => new VectorsView(context, recalled),
});
