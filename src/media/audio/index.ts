export { listen } from './listen.js';
export { decodeAudio, openAudio, type DecodedAudio } from './open.js';
export { resample, resampledLength } from './resample.js';
