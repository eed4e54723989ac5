export * from '../../../src/drawing/colors/scale.js';
