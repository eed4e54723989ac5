export * from '../../../src/drawing/colors/matrix-scale.js';
