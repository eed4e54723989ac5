export { averaged, listen, type Heard } from './listen.js';
export { decodeAudio, openAudio, type DecodedAudio } from './open.js';
export { neededFor, resample, resampledLength, resampling } from './resample.js';
export { AudioError, type Recording, type SampleRange } from './sound.js';
