export * from '../../../src/drawing/colors/choice.js';
