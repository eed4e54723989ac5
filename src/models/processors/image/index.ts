export { findProcessor, processorFile } from './find.js';
export { onOriginal, patchBoxes, seenOf, type Box as GeometryBox, type Geometry } from './geometry.js';
export { layout, overWhite, processImage, type ProcessedImage, sizeRead } from './process.js';
export { imageSettings, type ImageSettings } from './settings.js';
