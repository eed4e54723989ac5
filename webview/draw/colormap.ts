export * from '../../src/drawing/colors/colormap.js';
