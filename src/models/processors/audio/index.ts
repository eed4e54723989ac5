export { logMel, logMelFeatures, type LogMelGraph } from './log-mel.js';
export { logMelSettings, type LogMelSettings } from './settings.js';
