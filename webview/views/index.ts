import { answersView } from './answers/view.js';
import { axesView } from './axes/view.js';
import { classesView } from './classes/view.js';
import { compareView } from './compare/view.js';
import { diagnosisView } from './diagnosis/view.js';
import { findingsView } from './findings/view.js';
import { headsView } from './heads/view.js';
import { heatmapView } from './heatmap/view.js';
import { imageView } from './image/view.js';
import { metricsView } from './metrics/view.js';
import { nextView } from './next/view.js';
import { plotsView } from './plots/view.js';
import { stepsView } from './steps/view.js';
import { tableView } from './table/view.js';
import type { RegisteredView } from './view.js';
import { whatIfView } from './what-if/view.js';

/** Every view of the panel: tabs, sections and buttons stand in this order. */
export const views: readonly RegisteredView[] = [
  imageView,
  heatmapView,
  tableView,
  answersView,
  diagnosisView,
  axesView,
  findingsView,
  headsView,
  metricsView,
  classesView,
  whatIfView,
  nextView,
  stepsView,
  compareView,
  plotsView,
];
