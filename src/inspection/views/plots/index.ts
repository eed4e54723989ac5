import type { Plotter } from './plotter.js';
import { scalingPlot } from './scaling.js';
import { settlingPlot } from './settling.js';

/** Everything that can be plotted of a layer that has what it takes. */
export const plotters: readonly Plotter[] = [scalingPlot, settlingPlot];
