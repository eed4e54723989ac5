export { onOriginal, patchBoxes, seenOf } from './geometry.js';
export { layout, processImage } from './process.js';
export { imageSettings } from './settings.js';
