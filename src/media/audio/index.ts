export { averaged, listen, type Heard } from './listen.js';
export { decodeAudio, openAudio, type DecodedAudio } from './open.js';
export { AudioError, type Recording } from './sound.js';
export { resample, resampledLength } from './resample.js';
