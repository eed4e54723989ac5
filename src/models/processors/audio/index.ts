export { logMel, logMelFeatures } from './log-mel.js';
export { logMelSettings } from './settings.js';
