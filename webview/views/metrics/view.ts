import type { RegisteredView } from '../view.js';
import { MetricsView } from './metrics.js';

export const metricsView: RegisteredView = {
  id: 'metrics',
  title: 'Metrics',
  place: 'left',
  open: ({ panel }) => new MetricsView(panel),
};
