export * from '../../../src/drawing/colors/maps.js';
