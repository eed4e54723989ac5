export * from '../../../src/drawing/colors/strings.js';
