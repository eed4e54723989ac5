export { onOriginal, gridOf, patchBoxes, seenOf, type Box, type Geometry, type Size } from './geometry.js';
export { layout, processImage, type ProcessedImage } from './process.js';
export { imageSettings, type ImageSettings } from './settings.js';
