export { decodeImage } from './decode.js';
export { checkSize, ImageError, maxFileBytes, type Image } from './image.js';
export { crop, filterNumbers, resize, type Filter } from './resize.js';
