export { decodeImage, type DecodedImage } from './decode.js';
export { checkSize, ImageError, maxPixels, type Image } from './image.js';
export { crop, filterNumbers, resize, type Filter } from './resize.js';
