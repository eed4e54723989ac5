export * from '../../../src/drawing/colors/automatic.js';
