import type { RegisteredView } from '../view.js';
import { HeatmapView } from './heatmap.js';

export const heatmapView: RegisteredView = {
  id: 'heatmap',
  title: 'Heatmap',
  place: 'centre',
  open: (context) => new HeatmapView(context),
};
