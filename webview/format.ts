export * from '../src/drawing/format.js';
