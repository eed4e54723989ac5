export * from '../src/drawing/labels.js';
