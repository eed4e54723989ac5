export { decodeImage, type DecodedImage } from './decode.js';
export { checkSize, droppedAlpha, ImageError, maxFileBytes, maxPixels, type Image } from './image.js';
export { crop, filterNumbers, resize, type Filter } from './resize.js';
