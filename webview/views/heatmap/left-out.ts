export * from '../../../src/drawing/colors/left-out.js';
